"""An ONNX model of an architecture, built layer by layer from its layer graph; needs no torch.

Operators are those of the torch module: `none` is a multiplication by zero, which the runtime may
simplify or not: that is part of what a measurement is to show.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcost.data import write_whole
from archcost.encodings import Architecture, Layer, lower
from archcost.errors import UnsupportedError
from archcost.optional import require
from archcost.training.collect.weights import Weights, random_weights

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

# Old enough for runtimes of boards, new enough for all operators here.
OPSET = 13
IR_VERSION = 7
EPSILON = 1e-5
INPUT, OUTPUT = "images", "scores"


def onnx_model(
    arch: Architecture, *, batch_size: int = 1, seed: int = 0, weights: Weights | None = None
) -> ModelProto:
    """The network of an architecture for a fixed batch size, in float32.

    Its input `images` is (batch_size, channels, size, size), its output `scores`
    (batch_size, classes).

    Args:
        arch: of NAS-Bench-201 or FBNet on any of their data sets, or a custom one.
        batch_size: images a run.
        seed: of the random weights.
        weights: use these instead (see `archcost.training.collect.weights`).

    Raises:
        UnsupportedError: the package onnx is not installed.
        ArchitectureError: as `archcost.lower`.
    """
    onnx = require("onnx", "onnx")
    if batch_size < 1:
        raise UnsupportedError(f"batch size {batch_size}: give a whole number from 1 on")
    graph = lower(arch)
    weights = random_weights(graph, seed) if weights is None else weights
    sources: list[list[str]] = [[] for _ in graph.layers]
    for producer, consumer in graph.edges:
        sources[consumer].append(f"v{producer}")
    nodes: list[NodeProto] = []
    constants: list[TensorProto] = []
    for place, (layer, own) in enumerate(zip(graph.layers, weights, strict=True)):
        made = OUTPUT if place == len(graph.layers) - 1 else f"v{place}"
        arrays: dict[str, Any] = own | _constants(layer, batch_size)
        names = [f"{layer.name}.{name}" for name in arrays]
        constants += [
            onnx.numpy_helper.from_array(array, name)
            for name, array in zip(names, arrays.values(), strict=True)
        ]
        nodes += _nodes(onnx.helper.make_node, layer, sources[place] or [INPUT], names, made)
    skeleton = arch.skeleton
    shape = [batch_size, skeleton.in_channels, skeleton.image_size, skeleton.image_size]
    value, single = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    return onnx.helper.make_model(
        onnx.helper.make_graph(
            nodes,
            "network",
            [value(INPUT, single, shape)],
            [value(OUTPUT, single, [batch_size, skeleton.classes])],
            constants,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="archcost",
    )


def write_onnx(
    arch: Architecture,
    path: str | Path,
    *,
    batch_size: int = 1,
    seed: int = 0,
    weights: Weights | None = None,
) -> None:
    """Write the model of `onnx_model` to a file. Raises as it, and OSError."""
    model = onnx_model(arch, batch_size=batch_size, seed=seed, weights=weights)
    with write_whole(path) as part:
        part.write_bytes(model.SerializeToString())


def _constants(layer: Layer, batch_size: int) -> dict[str, Any]:
    if layer.kind == "zero":
        return {"zero": np.zeros((), dtype=np.float32)}
    if layer.kind == "shuffle":
        size = (layer.h_out, layer.w_out)
        split = (batch_size, layer.groups, layer.c_in // layer.groups, *size)
        return {"split": np.array(split), "joined": np.array((batch_size, layer.c_in, *size))}
    return {}


def _nodes(
    make: Any, layer: Layer, inputs: list[str], constants: list[str], made: str
) -> list[NodeProto]:
    """The ONNX nodes of a layer; `make` is onnx's make_node."""
    kind, window = layer.kind, _window(layer)
    if kind == "conv":
        dilations = [layer.dilation] * 2
        return [
            make(
                "Conv",
                [*inputs, *constants],
                [made],
                group=layer.groups,
                dilations=dilations,
                **window,
            )
        ]
    if kind == "bn":
        return [make("BatchNormalization", [*inputs, *constants], [made], epsilon=EPSILON)]
    if kind == "linear":
        return [make("Gemm", [*inputs, *constants], [made], transB=1)]
    if kind == "global_pool":
        wide = f"{made}.wide"
        return [
            make("GlobalAveragePool", inputs, [wide]),
            make("Flatten", [wide], [made], axis=1),
        ]
    if kind == "pool_avg":
        return [make("AveragePool", inputs, [made], count_include_pad=0, **window)]
    if kind == "pool_max":
        return [make("MaxPool", inputs, [made], **window)]
    if kind == "shuffle":
        split, turned = f"{made}.split", f"{made}.turned"
        return [
            make("Reshape", [*inputs, constants[0]], [split]),
            make("Transpose", [split], [turned], perm=[0, 2, 1, 3, 4]),
            make("Reshape", [turned, constants[1]], [made]),
        ]
    plain = {"relu": "Relu", "identity": "Identity", "add": "Add", "zero": "Mul"}
    return [make(plain[kind], [*inputs, *constants], [made])]


def _window(layer: Layer) -> dict[str, list[int]]:
    return {
        "kernel_shape": [layer.kernel] * 2,
        "strides": [layer.stride] * 2,
        "pads": [layer.padding] * 4,
    }
