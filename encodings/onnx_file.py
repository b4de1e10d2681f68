"""An ONNX file of a whole network, read into a layer graph.

Understood are convolutions, pooling, normalisation, ReLU (and `Clip`, ReLU6), additions, linear
layers, global pooling, channel shuffles, multiplication by zero, and what only renames or reshapes.
Anything else is refused by name: nothing is priced at zero because it is not known. Sizes are those
of one image, whatever the batch size of the file.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcost.encodings.layers import Layer, LayerGraph
from archcost.errors import ArchitectureError, UnknownNameError
from archcost.optional import require

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Shape = tuple[int, ...]


def read_onnx(model: str | os.PathLike[str] | ModelProto) -> LayerGraph:
    """The layers of an ONNX model: a path, or the loaded model.

    Warns:
        UserWarning: the file's batch size is not 1.

    Raises:
        ArchitectureError: not an ONNX file, shapes that are not fixed, or a layer that layer graphs
            cannot express (kernels that are not square, …); names the node.
        UnknownNameError: an operator that is not understood; names it and the node.
        UnsupportedError: the package onnx is not installed.
    """
    onnx = require("onnx", "onnx")
    name = "network"
    if isinstance(model, str | os.PathLike):
        path = Path(model)
        name = path.name
        try:
            # Weights in files of their own are not needed, and may be missing.
            model = onnx.load(path, load_external_data=False)
        except OSError as error:
            raise ArchitectureError(f"{path}: cannot be read ({error.strerror})") from None
        except Exception as error:  # protobuf's own errors share no base with a public name
            raise ArchitectureError(f"{path}: not an ONNX file ({error})") from None
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:
        raise ArchitectureError(f"{name}: shapes cannot be inferred ({error})") from None
    return _Reader(inferred.graph, onnx).read(name)


class _Reader:
    """Walks through the nodes; knows of each tensor its shape and the layer that made it."""

    def __init__(self, graph: Any, onnx: Any) -> None:
        self.graph = graph
        self.layers: list[Layer] = []
        self.edges: list[tuple[int, int]] = []
        self.shapes = _shapes(graph)
        self.constants = {t.name: t for t in graph.initializer}
        self.attribute = onnx.helper.get_attribute_value
        self.to_array = onnx.numpy_helper.to_array
        self.given = [value.name for value in graph.input if value.name not in self.constants]
        # -1: the network's input, which no layer makes.
        self.makers: dict[str, int] = dict.fromkeys(self.given, -1)
        self.shuffling: dict[str, int] = {}

    def read(self, name: str) -> LayerGraph:
        """The layer graph."""
        for number, node in enumerate(self.graph.node):
            self._node(node, node.name or f"{node.op_type}_{number}")
        if not self.layers:
            raise ArchitectureError(f"{name}: the file holds no layer")
        batch = max((size for given in self.given for size in self.shapes[given][:1]), default=1)
        if batch > 1:
            warnings.warn(
                f"{name}: its batch size {batch} is left out; costs are those of one image, or of "
                "as many as a device's name says (titan_rtx_32)",
                stacklevel=3,
            )
        return self._ending_in_output(name)

    def _ending_in_output(self, name: str) -> LayerGraph:
        """With the layer that makes the output moved to the end."""
        outputs = [value.name for value in self.graph.output]
        last = self.makers.get(outputs[0], -1) if len(outputs) == 1 else -1
        if last < 0:
            raise ArchitectureError(f"{name}: expected one output, made by a layer: {outputs}")
        rest = [place for place in range(len(self.layers)) if place != last]
        if any(producer == last for producer, _ in self.edges):
            raise ArchitectureError(f"{name}: layers go on after the output {outputs[0]!r}")
        order = {old: new for new, old in enumerate([*rest, last])}
        return LayerGraph(
            tuple(self.layers[place] for place in order),
            tuple((order[producer], order[consumer]) for producer, consumer in self.edges),
            name,
        )

    def _node(self, node: NodeProto, name: str) -> None:
        if node.op_type == "Constant":
            self.constants[node.output[0]] = self.attribute(node.attribute[0])
            return
        if node.op_type == "Identity" and node.input[0] in self.constants:
            # Parameters that several layers share, as some exporters write them.
            self.constants[node.output[0]] = self.constants[node.input[0]]
            return
        if node.op_type in _SILENT or node.op_type in _READERS:
            data = [i for i in node.input if i and i not in self.constants]
            lost = [i for i in data if i not in self.makers]
            if lost or not data:
                raise ArchitectureError(f"node {name!r} ({node.op_type}): no input {lost or ''}")
            if node.op_type in _SILENT:
                self._silent(node, name, data)
            else:
                _READERS[node.op_type](self, node, name, data)
            return
        raise UnknownNameError(
            f"node {name!r}: unknown ONNX operator {node.op_type!r}; known: "
            f"{', '.join(sorted(ONNX_OPERATORS))}"
        )

    def _silent(self, node: NodeProto, name: str, data: list[str]) -> None:
        """Nothing is computed, except that a transposition between reshapes is a shuffle."""
        source, made = data[0], node.output[0]
        if node.op_type == "Transpose":
            shape = self._shape(source, name)
            permutation = list(self._attributes(node).get("perm", ()))
            if len(shape) != 5 or permutation != [0, 2, 1, 3, 4]:
                raise ArchitectureError(f"node {name!r} (Transpose): not a shuffle of channels")
            self.shuffling[made] = shape[1]
        elif source in self.shuffling and node.op_type == "Reshape":
            channels, *size = self._image(made, name)
            shape = (channels, *size)
            self._append("shuffle", name, [source], made, shape, shape, self.shuffling[source])
            return
        self.makers[made] = self.makers[source]

    def _convolution(self, node: NodeProto, name: str, data: list[str]) -> None:
        given = self._attributes(node)
        weights = self._shape(node.input[1], name)
        kernel = self._square(node, name, "kernel", weights[2:])
        self._windowed("conv", node, name, data[0], kernel, int(given.get("group", 1)))

    def _pooling(self, node: NodeProto, name: str, data: list[str]) -> None:
        kernel = self._square(node, name, "kernel_shape", ())
        kind = "pool_avg" if node.op_type == "AveragePool" else "pool_max"
        c, h, w = self._image(data[0], name)
        out = self._image(node.output[0], name)
        if kind == "pool_avg" and out[1:] == (1, 1) and kernel == h == w:
            self._append("global_pool", name, data, node.output[0], (c, h, w), out, kernel=kernel)
        else:
            self._windowed(kind, node, name, data[0], kernel, 1)

    def _windowed(
        self, kind: str, node: NodeProto, name: str, source: str, kernel: int, groups: int
    ) -> None:
        made = node.output[0]
        self._append(
            kind,
            name,
            [source],
            made,
            self._image(source, name),
            self._image(made, name),
            groups,
            kernel=kernel,
            stride=self._square(node, name, "strides", (1, 1)),
            dilation=self._square(node, name, "dilations", (1, 1)),
            padding=int(max(self._attributes(node).get("pads", (0,)))),
        )

    def _elementwise(self, node: NodeProto, name: str, data: list[str]) -> None:
        kind = "bn" if node.op_type == "BatchNormalization" else "relu"
        shape = self._shaped(data[0], name)
        self._append(kind, name, data[:1], node.output[0], shape, shape)

    def _addition(self, node: NodeProto, name: str, data: list[str]) -> None:
        made = node.output[0]
        shape = self._shaped(made, name)
        if len(data) == 2 and all(self._shaped(source, name) == shape for source in data):
            self._append("add", name, data, made, shape, shape)
        elif len(data) == 1 and self._kind_of(data[0]) in ("conv", "linear"):
            self.makers[made] = self.makers[data[0]]  # a bias, which those layers include
        else:
            raise ArchitectureError(
                f"node {name!r} (Add): expected two tensors of one shape, or the bias of a "
                "convolution or linear layer"
            )

    def _multiplication(self, node: NodeProto, name: str, data: list[str]) -> None:
        factors = [self.constants[i] for i in node.input if i in self.constants]
        if len(factors) != 1 or self._array(factors[0]).any():
            raise ArchitectureError(f"node {name!r} (Mul): only multiplication by zero is known")
        shape = self._shaped(data[0], name)
        self._append("zero", name, data, node.output[0], shape, shape)

    def _linear(self, node: NodeProto, name: str, data: list[str]) -> None:
        out = self._shaped(node.output[0], name)
        if len(data) != 1:
            raise ArchitectureError(f"node {name!r} ({node.op_type}): expected constant weights")
        shape = self._shaped(data[0], name)
        if out[1:] != (1, 1) or shape[1:] != (1, 1):
            raise ArchitectureError(f"node {name!r} ({node.op_type}): expected (batch, features)")
        self._append("linear", name, data, node.output[0], shape, out)

    def _global_pool(self, node: NodeProto, name: str, data: list[str]) -> None:
        c, h, w = self._image(data[0], name)
        if self._shaped(node.output[0], name) != (c, 1, 1):
            raise ArchitectureError(f"node {name!r} ({node.op_type}): not a global average")
        self._append("global_pool", name, data[:1], node.output[0], (c, h, w), (c, 1, 1), kernel=h)

    def _append(
        self,
        kind: str,
        name: str,
        sources: list[str],
        made: str,
        before: Shape,
        after: Shape,
        groups: int = 1,
        kernel: int = 1,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
    ) -> None:
        place = len(self.layers)
        (c_in, h_in, w_in), (c_out, h_out, w_out) = before, after
        sizes = (c_in, c_out, h_in, w_in, h_out, w_out)
        window = (kernel, stride, padding, dilation, groups)
        self.layers.append(Layer(kind, name, *sizes, *window))
        makers = [self.makers[source] for source in sources]
        self.edges += [(maker, place) for maker in makers if maker >= 0]
        self.makers[made] = place

    def _array(self, constant: Any) -> Any:
        return self.to_array(constant) if hasattr(constant, "dims") else np.asarray(constant)

    def _kind_of(self, tensor: str) -> str:
        maker = self.makers[tensor]
        return self.layers[maker].kind if maker >= 0 else ""

    def _attributes(self, node: NodeProto) -> dict[str, Any]:
        return {a.name: self.attribute(a) for a in node.attribute}

    def _square(self, node: NodeProto, name: str, key: str, default: Shape) -> int:
        """An attribute that must be the same in both directions."""
        values = tuple(self._attributes(node).get(key, default))
        if len(values) != 2 or values[0] != values[1]:
            raise ArchitectureError(
                f"node {name!r} ({node.op_type}): {key} {values}; expected two equal numbers"
            )
        return int(values[0])

    def _shape(self, tensor: str, name: str) -> Shape:
        shape = self.shapes.get(tensor, ())
        if not shape or 0 in shape[1:]:
            raise ArchitectureError(
                f"node {name!r}: the shape of {tensor!r} is not fixed; export the model with fixed "
                "sizes"
            )
        return shape

    def _image(self, tensor: str, name: str) -> Shape:
        shape = self._shape(tensor, name)
        if len(shape) != 4:
            raise ArchitectureError(
                f"node {name!r}: {tensor!r} has shape {shape}; expected (batch, channels, height, "
                "width)"
            )
        return shape[1:]

    def _shaped(self, tensor: str, name: str) -> Shape:
        """Channels, height and width; features are channels of size 1."""
        shape = self._shape(tensor, name)
        return (shape[1], 1, 1) if len(shape) == 2 else self._image(tensor, name)


def _shapes(graph: Any) -> dict[str, Shape]:
    """Of each tensor; 0 where a size is not fixed."""
    values = [*graph.input, *graph.value_info, *graph.output]
    found = {v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in values}
    return found | {t.name: tuple(t.dims) for t in graph.initializer}


_SILENT = ("Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Cast")
_READERS: dict[str, Callable[[_Reader, Any, str, list[str]], None]] = {
    "Conv": _Reader._convolution,
    "AveragePool": _Reader._pooling,
    "MaxPool": _Reader._pooling,
    "BatchNormalization": _Reader._elementwise,
    "Relu": _Reader._elementwise,
    "Clip": _Reader._elementwise,
    "Add": _Reader._addition,
    "Mul": _Reader._multiplication,
    "Gemm": _Reader._linear,
    "MatMul": _Reader._linear,
    "GlobalAveragePool": _Reader._global_pool,
    "ReduceMean": _Reader._global_pool,
}
ONNX_OPERATORS = ("Constant", *_SILENT, *_READERS)
"""All that are understood."""
