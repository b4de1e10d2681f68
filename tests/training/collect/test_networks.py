"""Networks that run: torch and ONNX give the same scores and have the counted sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch

import archcost
from archcost.encodings import Architecture, lower, parse, skeleton
from archcost.errors import ArchitectureError, UnsupportedError
from archcost.optional import require
from archcost.training.collect.onnx_network import onnx_model
from archcost.training.collect.torch_network import network_from
from archcost.training.collect.weights import random_weights

MIXED = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|nor_conv_1x1~0|none~1|skip_connect~2|"


def custom() -> Architecture:
    """Five nodes, two edges between the same nodes, every family of operators."""
    edges = ((0, 1), (0, 2), (1, 2), (2, 3), (2, 3), (0, 4), (3, 4))
    names = (
        *("nor_conv_5x5", "dw_conv_3x3", "dil_conv_5x5", "max_pool_3x3"),
        *("avg_pool_5x5", "none", "skip_connect"),
    )
    place = replace(skeleton("nasbench201", "cifar10"), repeats=(1, 1, 1), strides=(1, 1, 2))
    return Architecture.custom_cell(names, edges, place)


def fbnet(dataset: str) -> Architecture:
    ids = np.arange(22) % 9
    return parse([ids.tolist()], space="fbnet", dataset=dataset)[0]


ARCHS = {
    "cifar10": lambda: parse(MIXED)[0],
    "cifar100": lambda: parse(1, dataset="cifar100")[0],
    "imagenet16": lambda: parse(2, dataset="ImageNet16-120")[0],
    "nothing": lambda: parse([[0] * 6], space="nasbench201")[0],
    "fbnet-cifar100": lambda: fbnet("cifar100"),
    "fbnet-imagenet": lambda: fbnet("ImageNet"),
    "custom": custom,
}


def run_onnx(model: onnx.ModelProto, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: images})[0]


@pytest.mark.parametrize("name", ARCHS)
def test_torch_and_onnx_agree(name: str) -> None:
    arch = ARCHS[name]()
    place = arch.skeleton
    images = np.random.default_rng(1).standard_normal(
        (2, place.in_channels, place.image_size, place.image_size), dtype=np.float32
    )
    with torch.inference_mode():
        expected = network_from(arch, seed=3)(torch.from_numpy(images)).numpy()
    model = onnx_model(arch, batch_size=2, seed=3)
    onnx.checker.check_model(model, full_check=True)
    found = run_onnx(model, images)
    assert found.shape == (2, place.classes)
    assert np.abs(expected).max() > 1e-3
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def executed_macs(network: torch.nn.Module, images: torch.Tensor) -> tuple[int, torch.Tensor]:
    """Multiply-accumulates that PyTorch's layers really do for one image, and the scores."""
    macs = 0

    def count(module: torch.nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal macs
        if isinstance(module, torch.nn.Conv2d):
            macs += module.weight.numel() * out.shape[-1] * out.shape[-2]
        elif isinstance(module, torch.nn.Linear):
            # The published counts include the bias.
            macs += module.weight.numel() + module.bias.numel()

    for step in network.modules():
        step.register_forward_hook(count)
    with torch.inference_mode():
        scores = network(images)
    return macs, scores


@pytest.mark.parametrize("name", ARCHS)
def test_sizes_agree_with_the_layer_graph(name: str) -> None:
    arch = ARCHS[name]()
    graph = lower(arch)
    network = network_from(arch)
    assert sum(p.numel() for p in network.parameters()) == graph.params
    size = arch.skeleton.image_size
    macs, _ = executed_macs(network, torch.zeros(1, arch.skeleton.in_channels, size, size))
    assert macs == graph.macs
    statistics = ("mean", "var", "zero", "split", "joined")
    stored = [
        np.prod(tensor.dims, dtype=int)
        for tensor in onnx_model(arch).graph.initializer
        if not tensor.name.endswith(statistics)
    ]
    assert sum(stored) == graph.params


@pytest.mark.parametrize(
    ("arch", "dataset", "size", "classes", "macs", "params"),
    [
        # NAS-Bench-201 publishes 7.78305 M and 220.11969 M as the extremes on CIFAR-10, with
        # 0.073306 M and 1.531546 M parameters.
        ([[0] * 6], "cifar10", 32, 10, 7_783_050, 73_306),
        ([[3] * 6], "cifar10", 32, 10, 220_119_690, 1_531_546),
        ([[3] * 6], "cifar100", 32, 100, 220_125_540, 1_537_396),
        ([[3] * 6], "ImageNet16-120", 16, 120, None, 1_538_696),
        (["k3_e1"] * 22, "cifar100", 32, 100, None, None),
        (["k5_e6"] * 22, "cifar100", 32, 100, None, None),
        (["k3_e1_g2"] * 22, "ImageNet", 224, 1000, None, None),
    ],
)
def test_networks_of_both_spaces(
    arch: object, dataset: str, size: int, classes: int, macs: int | None, params: int | None
) -> None:
    network = archcost.network_from(arch, dataset=dataset)
    counted, scores = executed_macs(network, torch.zeros(2, 3, size, size))
    assert scores.shape == (2, classes)
    assert counted == network.graph.macs
    assert macs in (None, counted)
    assert params in (None, sum(p.numel() for p in network.parameters()))


def test_random_numbers_of_others_stay_as_they_are() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    archcost.network_from(5)
    assert torch.equal(torch.rand(3), expected)


def test_a_network_is_made_of_one_architecture() -> None:
    cell = archcost.network_from(0)
    assert cell.graph == lower(parse(0)[0])
    with pytest.raises(ArchitectureError, match="2 architectures"):
        archcost.network_from([1, 2])


def test_none_contributes_zeros() -> None:
    """A cell of `none` makes the classifier see only its own bias and the normalisation's."""
    arch = parse([[0] * 6], space="nasbench201")[0]
    network = network_from(arch)
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        first, second = network(images)
    assert torch.equal(first, second)


def test_all_skip_hands_the_sum_on() -> None:
    """|skip~0| alone: twice the same network as no cell at all, up to the identity."""
    place = replace(skeleton("nasbench201", "cifar10"), repeats=(1, 1, 1))
    single = Architecture.custom_cell(("skip_connect",), ((0, 1),), place)
    double = Architecture.custom_cell(("skip_connect", "none"), ((0, 1), (0, 1)), place)
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(network_from(single)(images), network_from(double)(images))


def test_given_weights_are_used() -> None:
    arch = parse(MIXED)[0]
    weights = random_weights(lower(arch), seed=5)
    images = torch.ones(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(
            network_from(arch, weights=weights)(images), network_from(arch, seed=5)(images)
        )
    found = run_onnx(onnx_model(arch, weights=weights), images.numpy())
    assert found == pytest.approx(run_onnx(onnx_model(arch, seed=5), images.numpy()))


def test_refusals() -> None:
    with pytest.raises(UnsupportedError, match="batch size"):
        onnx_model(parse(MIXED)[0], batch_size=0)
    with pytest.raises(UnsupportedError, match=r"nosuchpackage.*archcost\[onnx\]"):
        require("nosuchpackage.part", "onnx")
