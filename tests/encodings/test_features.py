"""Encodings against their definitions and against the unrolled layer graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archcost.encodings import (
    ENCODINGS,
    NASBENCH201_OPERATORS,
    Architecture,
    Encoded,
    analyse,
    encode,
    lower,
    operator_keys,
    parse,
    skeleton,
    useful_macs,
)
from archcost.encodings.layer_features import QUANTITIES, summed
from archcost.errors import ArchitectureError, UnsupportedError

ARRAYS = [name for name in ENCODINGS if name != "graph"]
SAMPLE = [0, 1, 777, 4242, 9999, 15624]
CELL = ("nor_conv_3x3", "none", "nor_conv_1x1", "avg_pool_3x3", "none", "skip_connect")
CUSTOM = Architecture.custom_cell(
    ["nor_conv_5x5", "none", "dw_conv_3x3", "nor_conv_5x5"],
    [(0, 1), (0, 2), (1, 2), (0, 2)],
    skeleton("nasbench201"),
)


def row(encoded: Encoded) -> dict[str, float]:
    """The columns of a single architecture that are not zero."""
    assert len(encoded) == 1
    pairs = zip(encoded.columns, encoded.values[0].tolist(), strict=True)
    return {name: value for name, value in pairs if value}


@pytest.mark.parametrize("name", ARRAYS)
def test_columns_name_the_values(name: str) -> None:
    encoded = encode(SAMPLE, name)
    assert encoded.values.shape == (len(SAMPLE), len(encoded.columns))
    assert encoded.values.dtype in (np.int8, np.float32)
    assert len(set(encoded.columns)) == len(encoded.columns)
    frame = encoded.to_frame()
    assert tuple(frame.columns) == encoded.columns
    assert encode([], name).columns == encoded.columns


@pytest.mark.parametrize("name", ARRAYS)
def test_a_row_does_not_depend_on_the_batch(name: str) -> None:
    encoded = encode(SAMPLE, name)
    for position, index in enumerate(SAMPLE):
        assert np.array_equal(encode(index, name).values[0], encoded.values[position])


def test_by_place() -> None:
    assert row(encode([list(CELL)], "onehot")) == {
        "edge0-1:nor_conv_3x3": 1,
        "edge0-2:none": 1,
        "edge1-2:nor_conv_1x1": 1,
        "edge0-3:avg_pool_3x3": 1,
        "edge1-3:none": 1,
        "edge2-3:skip_connect": 1,
    }
    wires = {name for name in row(encode([list(CELL)], "adjacency")) if ">" in name}
    assert wires == {
        *("input>edge0-1", "input>edge0-3", "edge0-1>edge1-2"),
        *("edge1-2>edge2-3", "edge2-3>output", "edge0-3>output"),
    }


def test_paths_of_a_cell() -> None:
    encoded = encode([list(CELL)], "path")
    assert len(encoded.columns) == 4 + 16 + 64
    assert row(encoded) == {
        "path:avg_pool_3x3": 1,
        "path:nor_conv_3x3>nor_conv_1x1>skip_connect": 1,
    }


def test_structure_of_a_cell() -> None:
    # The 1x1 on edge 1-2 leads to node 2, which does not reach the output.
    dead = ["nor_conv_3x3", "none", "nor_conv_1x1", "skip_connect", "avg_pool_3x3", "none"]
    found = row(encode([dead], "structural"))
    assert found["count:nor_conv_1x1"] == found["start_reached:count:nor_conv_1x1"] == 1
    assert "end_reaches:count:nor_conv_1x1" not in found
    assert "live:count:nor_conv_1x1" not in found
    assert found["live:count:nor_conv_3x3"] == found["convolution_depth"] == 1
    assert (found["adds"], found["live:adds"], found["depth"], found["connected"]) == (1, 1, 2, 1)
    cut = encode([["nor_conv_3x3", *["none"] * 5]], "structural")
    assert row(cut)["depth"] == -1
    assert "connected" not in row(cut)


def test_counts_of_a_chain() -> None:
    names = ["k5_e6", *["skip"] * 20, "k5_e6"]
    found = row(encode([names], "counts"))
    assert (found["count:k5_e6"], found["count:skip"]) == (2, 20)
    assert found["stage0:count:k5_e6"] == found["stage6:count:k5_e6"] == 1
    sums = row(encode([names], "structural"))
    assert (sums["stage0:expansion"], sums["stage0:kernel"], sums["stage5:skips"]) == (6, 5, 4)


def expected_layers(arch: Architecture) -> np.ndarray:
    """The row of scope "all", from the unrolled network."""
    parts: dict[str, list[object]] = {f"stage{i}": [] for i in range(len(arch.skeleton.channels))}
    parts["rest"] = []
    graph = lower(arch)
    for layer in graph.layers:
        stage, within = layer.name.split(".")[:2]
        inside = within.startswith(("cell", "block"))
        parts[stage if inside else "rest"].append(layer)
    sums = [summed(part) for part in parts.values()]  # type: ignore[arg-type]
    total = summed(graph.layers)
    assert np.array_equal(np.sum(sums, axis=0), total)
    assert total[QUANTITIES.index("macs")] == graph.macs
    assert total[QUANTITIES.index("activation_bytes")] == graph.activation_bytes()
    return np.concatenate([*sums, total]).astype(np.float32)


def alive(arch: Architecture) -> Architecture:
    """The same skeleton with the live edges only, nodes without any left out."""
    assert arch.edges is not None
    names = ["none", *sorted(set(arch.operators) - {"none"})]
    ids = np.array([[names.index(name) for name in arch.operators]], dtype=np.int8)
    live = np.flatnonzero(analyse(ids, arch.edges).live[0])
    kept = sorted({node for edge in live for node in arch.edges[edge]})
    edges = [tuple(kept.index(node) for node in arch.edges[edge]) for edge in live]
    return Architecture.custom_cell([arch.operators[e] for e in live], edges, arch.skeleton)


@pytest.mark.parametrize("dataset", ["cifar10", "ImageNet16-120"])
def test_layers_of_cells_are_those_of_the_unrolled_network(dataset: str) -> None:
    batch = parse(range(3, 15625, 521), dataset=dataset)
    encoded = encode(batch, "layers")
    half = sum(name.startswith("all:") for name in encoded.columns)
    connected = encode(batch, "structural")
    flags = connected.values[:, connected.columns.index("connected")]
    for arch, values, flag in zip(batch, encoded.values, flags, strict=True):
        assert np.array_equal(values[:half], expected_layers(arch))
        if flag:
            assert np.array_equal(values[half:], expected_layers(alive(arch)))
    assert 0 < flags.sum() < len(flags)


def test_layers_of_custom_cells() -> None:
    other = replace(CUSTOM, skeleton=replace(CUSTOM.skeleton, image_size=16, channels=(8, 8, 24)))
    for arch in (CUSTOM, other):
        encoded = encode(arch, "layers")
        expected = np.concatenate([expected_layers(arch), expected_layers(alive(arch))])
        assert np.array_equal(encoded.values[0], expected)
    both = encode([CUSTOM, 3, other], "layers")
    assert np.array_equal(both.values[2], encode(other, "layers").values[0])


@pytest.mark.parametrize("dataset", ["cifar100", "ImageNet"])
def test_layers_of_chains_are_those_of_the_unrolled_network(dataset: str) -> None:
    ids = np.random.default_rng(1).integers(0, 9, (10, 22))
    batch = parse(ids, dataset=dataset)
    for arch, values in zip(batch, encode(batch, "layers").values, strict=True):
        assert np.array_equal(values, expected_layers(arch))


@pytest.mark.parametrize("name", ["onehot", "adjacency"])
def test_rows_of_networks_can_be_read_back(name: str) -> None:
    batch = parse(np.random.default_rng(2).integers(0, 9, (50, 22)), dataset="ImageNet")
    assert parse(encode(batch, name), dataset="ImageNet") == batch


def test_different_columns_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"nasbench201/cifar10 \(5 columns\), fbnet"):
        encode([3, "-".join("8" * 22)], "counts")
    with pytest.raises(UnsupportedError, match="one path only"):
        encode("-".join("8" * 22), "path")


def test_both_data_sets_in_one_matrix() -> None:
    archs = [parse(3, dataset="cifar100")[0], *parse([1, 2]), parse(4, dataset="cifar100")[0]]
    encoded = encode(archs, "onehot")
    assert np.array_equal(encoded.values, encode([3, 1, 2, 4], "onehot").values)


def test_custom_cells() -> None:
    names = ("dw_conv_3x3", "none", "nor_conv_5x5")
    assert encode(CUSTOM, "counts").columns == tuple(f"count:{name}" for name in names)
    assert row(encode(CUSTOM, "path")) == {
        "path:nor_conv_5x5": 1,
        "path:nor_conv_5x5>dw_conv_3x3": 1,
    }
    columns = encode(CUSTOM, "onehot").columns
    assert {"edge0-2:none", "edge0-2#2:nor_conv_5x5"} <= set(columns)
    edges = [(i, j) for j in range(1, 9) for i in range(j)]
    operators = [f"nor_conv_{k}x{k}" for k in (1, 3, 5, 7)] * 9
    many = Architecture.custom_cell(operators, edges, CUSTOM.skeleton)
    with pytest.raises(UnsupportedError, match="'path' would have over"):
        encode(many, "path")


def test_layers_refuse_sizes_that_do_not_work_out() -> None:
    odd = replace(CUSTOM, skeleton=replace(CUSTOM.skeleton, image_size=30))
    with pytest.raises(ArchitectureError, match="cannot be halved"):
        encode(odd, "layers")


def test_graphs() -> None:
    from archcost.encodings.nodes import NODE_COLUMNS, SKELETON_COLUMNS

    chain = "-".join("8" * 22)
    cell, network, custom = encode([list(CELL), chain, CUSTOM], "graph")
    assert cell.x.shape == (8, len(NODE_COLUMNS))
    assert network.x.shape == (24, len(NODE_COLUMNS))
    assert custom.x.shape == (6, len(NODE_COLUMNS))
    assert cell.skeleton.shape == (1, len(SKELETON_COLUMNS))
    # As in the adjacency: input 0, edges 1 to 6, output 7, nothing through edges 0-2 and 1-3.
    wires = {(0, 1), (0, 4), (1, 3), (3, 6), (6, 7), (4, 7)}
    assert set(map(tuple, cell.edge_index.T.tolist())) == wires
    assert set(map(tuple, network.edge_index.T.tolist())) == {(i, i + 1) for i in range(23)}
    convolution = dict(zip(NODE_COLUMNS, cell.x[1].tolist(), strict=True))
    assert (convolution["nor_conv"], convolution["kernel"], convolution["input"]) == (1, 3, 0)
    assert convolution["log_macs"] == pytest.approx(np.log1p(15 * 2_359_296))
    assert (cell.x[:, :2].sum(), cell.x[0, 0], cell.x[7, 1]) == (2, 1, 1)


def test_look_up_keys() -> None:
    arch = parse("-".join(["7", "8", "1", *["8"] * 19]), dataset="cifar100")[0]
    keys = operator_keys(arch)
    assert keys[:4] == (
        "ConvNorm_H32_W32_Cin3_Cout16_kernel3_stride1_group1",
        "ConvBlock_H32_W32_Cin16_Cout16_exp6_kernel5_stride1_group1",
        "Skip_H32_W32_Cin16_Cout24_stride1",
        "ConvBlock_H32_W32_Cin24_Cout24_exp1_kernel3_stride1_group2",
    )
    assert keys[-3:] == (
        "ConvNorm_H4_W4_Cin352_Cout1504_kernel1_stride1_group1",
        "AvgP_H4_W4_Cin1504_Cout1504_kernel4_stride1",
        "FC_Cin1504_Cout100",
    )
    # The table also prices ten classes.
    ten = replace(arch, skeleton=replace(arch.skeleton, classes=10))
    assert operator_keys(ten)[-1] == "FC_Cin1504_Cout10"
    with pytest.raises(UnsupportedError, match="not for cells of nasbench201"):
        operator_keys(parse(1)[0])


def test_vocabulary_order_is_the_published_one() -> None:
    assert encode(0, "counts").columns == tuple(f"count:{name}" for name in NASBENCH201_OPERATORS)


def test_useful_macs_leave_out_what_does_not_reach_the_output() -> None:
    every = ("nor_conv_3x3",) * 6
    dead = ("nor_conv_3x3", "nor_conv_3x3", "nor_conv_3x3", "skip_connect", "none", "none")
    idle = ("none", "none", "none", "skip_connect", "none", "none")
    full, cut, least = useful_macs([every, dead, idle])
    assert full == pytest.approx(220.11969e6)
    assert cut == least == pytest.approx(7.78305e6)
    network = parse([[3] * 22], space="fbnet")
    assert useful_macs(network)[0] == pytest.approx(
        sum(layer.macs for layer in lower(network[0]).layers)
    )
