"""ONNX files read into layer graphs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archcost
from archcost.encodings import Architecture, lower, parse, read_onnx
from archcost.encodings.execution import executed
from archcost.encodings.onnx_file import ONNX_OPERATORS
from archcost.errors import ArchitectureError, UnknownNameError
from archcost.training.collect import onnx_model, sample, write_onnx

onnx = pytest.importorskip("onnx")
ARCHS = [*sample(8, "custom", seed=4), *sample(3, "fbnet"), *sample(5)]


@pytest.mark.parametrize("arch", ARCHS, ids=str)
def test_round_trip(arch: Architecture) -> None:
    graph, found = lower(arch), read_onnx(onnx_model(arch))
    kept = [layer.kind != "identity" for layer in graph.layers]
    written = [replace(layer, name="") for layer in graph.layers if layer.kind != "identity"]
    assert [replace(layer, name="") for layer in found.layers] == written
    assert np.array_equal(executed(found), executed(graph)[kept])


def test_a_file_costs_what_its_architecture_costs(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.onnx" for number in range(len(ARCHS))]
    for arch, path in zip(ARCHS, paths, strict=True):
        write_onnx(arch, path)
    for device in ("raspi4", "edgetpu", "2080ti_32"):
        model = archcost.load(device, space="custom")
        files, archs = model.predict(paths), model.predict(ARCHS)
        assert np.allclose(files.value, archs.value, rtol=1e-9)
        assert np.allclose(files.extrapolation, archs.extrapolation)
        assert np.allclose(files.upper, archs.upper)
    assert files.architectures[0] == "0.onnx"


def model_of(nodes: list[Any], shape: list[Any], out: list[int], weights: dict[str, Any]) -> Any:
    value, single = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    constants = [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = onnx.helper.make_graph(
        nodes, "g", [value("x", single, shape)], [value("y", single, out)], constants
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])


def head(*, act: str = "Clip", image: Any = 8, kernel: tuple[int, int] = (3, 3)) -> Any:
    """A small network as other tools export it: ReLU6, mean over the image, MatMul and bias."""
    make = onnx.helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["c"], name="first", pads=[1, 1, 1, 1], strides=[2, 2]),
        make(act, ["c"], ["r"], name="act"),
        make("ReduceMean", ["r"], ["m"], axes=[2, 3], keepdims=0),
        make("MatMul", ["m", "v"], ["s"]),
        make("Add", ["s", "b"], ["y"]),
    ]
    weights = {
        "w": np.ones((16, 3, *kernel), dtype=np.float32),
        "v": np.ones((16, 10), dtype=np.float32),
        "b": np.ones(10, dtype=np.float32),
    }
    return model_of(nodes, [1, 3, image, image], [1, 10], weights)


def test_as_other_tools_export() -> None:
    graph = read_onnx(head())
    assert [layer.kind for layer in graph.layers] == ["conv", "relu", "global_pool", "linear"]
    assert graph.edges == ((0, 1), (1, 2), (2, 3))
    assert graph.macs == 4 * 4 * 9 * 3 * 16 + 17 * 10


def test_shared_parameters_come_through_an_identity() -> None:
    make = onnx.helper.make_node
    norm = [make("BatchNormalization", ["x", *"sbmv"], ["n"]), make("Identity", ["s"], ["t"])]
    norm.append(make("BatchNormalization", ["n", "t", *"bmv"], ["y"]))
    weights = {name: np.ones(3, dtype=np.float32) for name in "sbmv"}
    graph = read_onnx(model_of(norm, [1, 3, 8, 8], [1, 3, 8, 8], weights))
    assert [layer.kind for layer in graph.layers] == ["bn", "bn"]


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lambda: head(act="Softplus"), UnknownNameError, "'act'.*unknown ONNX operator 'Softplus'"),
        (lambda: head(act="Sigmoid"), UnknownNameError, "'Sigmoid'; known: Add, AveragePool"),
        (lambda: head(kernel=(3, 1)), ArchitectureError, r"'first' \(Conv\): kernel \(3, 1\)"),
        (lambda: head(image="n"), ArchitectureError, "not fixed"),
        (
            lambda: model_of(
                [
                    onnx.helper.make_node("Relu", ["x"], ["r"]),
                    onnx.helper.make_node("Mul", ["r", "k"], ["y"], name="scale"),
                ],
                [1, 3, 8, 8],
                [1, 3, 8, 8],
                {"k": np.ones((), dtype=np.float32)},
            ),
            ArchitectureError,
            "'scale'.*multiplication by zero",
        ),
    ],
)
def test_what_is_not_understood(
    model: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_onnx(model())


def test_a_batch_is_read_as_one_image_and_that_is_said() -> None:
    with pytest.warns(UserWarning, match="network: its batch size 8 is left out; .* one image"):
        found = read_onnx(onnx_model(ARCHS[0], batch_size=8))
    assert found == read_onnx(onnx_model(ARCHS[0]))


def test_the_documentation_lists_the_operators() -> None:
    page = (Path(__file__).parents[2] / "docs" / "my-cell.md").read_text(encoding="utf-8")
    table = page.partition("| ONNX operators | read as |")[2].partition("\n\n")[0]
    listed = [name for line in table.splitlines() for name in re.findall("`(.*?)`", line)]
    assert sorted(listed) == sorted(ONNX_OPERATORS)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with pytest.raises(ArchitectureError, match="cannot be read"):
        read_onnx(path)
    path.write_bytes(b"no model at all")
    with pytest.raises(ArchitectureError, match=r"net\.onnx"):
        read_onnx(path)


def test_a_known_network_from_a_file_is_inside() -> None:
    graph = read_onnx(onnx_model(parse(1)[0]))
    found = archcost.load("raspi4").predict(graph)
    assert found.extrapolation[0] == 0
    assert found.value[0] == archcost.load("raspi4", space="custom").predict(1).value[0]
