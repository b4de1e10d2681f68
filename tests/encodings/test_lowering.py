"""The layer graph: published totals, shapes and wiring, and hand computations."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from archcost.encodings import Architecture, Layer, LayerGraph, lower, parse, skeleton
from archcost.errors import ArchitectureError

CIFAR10 = skeleton("nasbench201", "cifar10")


def check_wiring(graph: LayerGraph) -> None:
    """Every layer gets what it says it takes, and gives what its sizes say."""
    producers: dict[int, list[int]] = {i: [] for i in range(len(graph.layers))}
    for producer, consumer in graph.edges:
        assert producer < consumer
        producers[consumer].append(producer)
    for i, layer in enumerate(graph.layers):
        assert len(producers[i]) == (0 if i == 0 else 2 if layer.kind == "add" else 1), layer
        for producer in producers[i]:
            made = graph.layers[producer]
            assert (made.c_out, made.h_out, made.w_out) == (layer.c_in, layer.h_in, layer.w_in)
        if layer.kind in ("conv", "pool_avg", "pool_max"):
            reach = layer.dilation * (layer.kernel - 1) + 1
            assert layer.h_out == (layer.h_in + 2 * layer.padding - reach) // layer.stride + 1
        elif layer.kind not in ("linear", "global_pool"):
            assert (layer.c_in, layer.h_in) == (layer.c_out, layer.h_out)
    assert len({layer.name for layer in graph.layers}) == len(graph.layers)
    consumed = {producer for producer, _ in graph.edges}
    assert set(range(len(graph.layers))) - consumed >= {len(graph.layers) - 1}


@pytest.mark.parametrize(
    ("operator", "macs", "params"),
    [
        # Published for CIFAR-10: 7.78305 M and 0.073306 M; 220.11969 M and 1.531546 M.
        ("none", 7_783_050, 73_306),
        ("skip_connect", 7_783_050, 73_306),
        ("avg_pool_3x3", 7_783_050, 73_306),
        ("nor_conv_3x3", 220_119_690, 1_531_546),
    ],
)
def test_published_totals(operator: str, macs: int, params: int) -> None:
    graph = lower(parse([[operator] * 6])[0])
    assert (graph.macs, graph.params) == (macs, params)
    assert graph.weight_bytes() == 4 * params


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
@pytest.mark.parametrize("index", [0, 6111, 15624])
def test_wiring_of_cells(dataset: str, index: int) -> None:
    check_wiring(lower(parse(index, dataset=dataset)[0]))


@pytest.mark.parametrize("dataset", ["cifar100", "ImageNet"])
@pytest.mark.parametrize("text", ["-".join("8" * 22), "-".join(str(i % 9) for i in range(22))])
def test_wiring_of_chains(dataset: str, text: str) -> None:
    graph = lower(parse(text, dataset=dataset)[0])
    check_wiring(graph)
    first_linear = graph.layers[-1]
    assert first_linear.c_in == {"cifar100": 1504, "ImageNet": 1984}[dataset]
    assert graph.layers[-2].kernel == {"cifar100": 4, "ImageNet": 7}[dataset]


def test_kinds_in_a_cell() -> None:
    names = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "none")
    arch = replace(parse([list(names)])[0], skeleton=replace(CIFAR10, repeats=(1, 1, 1)))
    inside = [layer for layer in lower(arch).layers if layer.name.startswith("stage2.cell0")]
    assert Counter(layer.kind for layer in inside) == {
        "zero": 2,
        "identity": 1,
        "relu": 2,
        "conv": 2,
        "bn": 2,
        "pool_avg": 1,
        "add": 3,
    }
    pool = next(layer for layer in inside if layer.kind == "pool_avg")
    assert (pool.kernel, pool.stride, pool.padding, pool.h_in, pool.h_out) == (3, 1, 1, 8, 8)


def test_residual_block() -> None:
    layers = {layer.name: layer for layer in lower(parse(0)[0]).layers}
    first = layers["stage1.reduce.conv_a.conv"]
    assert (first.c_in, first.c_out, first.kernel, first.stride) == (16, 32, 3, 2)
    assert layers["stage1.reduce.shortcut.pool"].kernel == 2
    assert "stage1.reduce.shortcut.bn" not in layers
    assert "stage0.reduce.add" not in layers


def test_hand_computed_cell_of_five_nodes() -> None:
    """Five nodes, 5x5, depthwise and dilated kernels, other channels, sizes and repeats."""
    place = replace(
        CIFAR10, image_size=24, stem_channels=8, channels=(12, 20), repeats=(2, 1), strides=(1, 2)
    )
    arch = Architecture.custom_cell(
        ["nor_conv_5x5", "dw_conv_5x5", "dil_conv_3x3", "max_pool_3x3", "skip_connect", "none"],
        [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)],
        place,
    )
    graph = lower(arch)
    check_wiring(graph)

    def cell(c: int, size: int) -> int:
        dense, depthwise, dilated = 25 * c * c, 25 * c + c * c, 9 * c + c * c
        return (dense + depthwise + dilated) * size * size

    stem = 24 * 24 * 9 * 3 * 8
    # 8 to 12 channels at stride 1: its shortcut is a 1x1 convolution at full size.
    widen = 24 * 24 * (9 * 8 * 12 + 9 * 12 * 12 + 8 * 12)
    shrink = 12 * 12 * (9 * 12 * 20 + 9 * 20 * 20 + 12 * 20)
    head = 20 * 10 + 10
    assert graph.macs == stem + widen + 2 * cell(12, 24) + shrink + cell(20, 12) + head
    dilated = next(layer for layer in graph.layers if layer.dilation == 2)
    assert (dilated.padding, dilated.groups, dilated.kernel) == (2, 12, 3)


def test_hand_computed_blocks() -> None:
    """The first six blocks of FBNet on CIFAR-100: expansions, groups, skips with and without."""
    names = ["k3_e1_g2", "k5_e6", "skip", "k3_e3", "skip", "skip", *["skip"] * 16]
    graph = lower(parse([names], dataset="cifar100")[0])
    by_block: dict[str, list[Layer]] = {}
    for layer in graph.layers:
        if ".block" in layer.name:
            by_block.setdefault(layer.name.split(".")[1], []).append(layer)
    macs = [sum(layer.macs for layer in by_block[f"block{i}"]) for i in range(6)]
    assert macs == [
        1024 * (16 * 16 // 2 + 16 * 9 + 16 * 16 // 2),
        1024 * (16 * 96 + 96 * 25 + 96 * 24),
        0,
        1024 * (24 * 72 + 72 * 9 + 72 * 24),
        0,
        256 * 24 * 32,
    ]
    kinds = [[layer.kind for layer in by_block[f"block{i}"]] for i in range(6)]
    assert kinds[0].count("shuffle") == 1
    assert [block[-1] for block in kinds] == ["add", "bn", "identity", "add", "identity", "bn"]


def test_bytes_of_layers() -> None:
    shape = {"name": "x", "c_in": 4, "c_out": 4, "h_in": 5, "w_in": 5, "h_out": 5, "w_out": 5}
    add, conv, identity = (Layer(kind=kind, **shape) for kind in ("add", "conv", "identity"))
    assert (add.input_bytes(), add.output_bytes(2), add.weight_bytes()) == (800, 200, 0)
    assert (conv.weight_bytes(), conv.activation_bytes()) == (64, 800)
    assert identity.activation_bytes() == 0


def test_sizes_that_do_not_work_out() -> None:
    odd = replace(parse(0)[0], skeleton=replace(CIFAR10, image_size=30))
    with pytest.raises(ArchitectureError, match=r"stage2.reduce: size 15 cannot be halved"):
        lower(odd)
    fbnet = skeleton("fbnet")
    uneven = replace(fbnet, channels=(15, *fbnet.channels[1:]))
    with pytest.raises(ArchitectureError, match="15 channels in 2 groups"):
        lower(Architecture(uneven, ("k3_e1_g2",) * 22))


def test_only_architectures_have_layers() -> None:
    with pytest.raises(ArchitectureError, match=r"no Architecture; archcost\.parse"):
        lower("|none~0|")  # type: ignore[arg-type]
