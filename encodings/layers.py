"""The layer graph: what a network does, layer by layer, with sizes. Batch size 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

KINDS = (
    "conv",
    "pool_avg",
    "pool_max",
    "relu",
    "bn",
    "add",
    "linear",
    "global_pool",
    "identity",
    "shuffle",
    "zero",
)
"""Kinds of layers: `add` takes two inputs of one shape; `shuffle` permutes the channels among its
groups; `zero` is a `none` edge (zeros of its input's shape)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; square kernels, the same stride, padding and dilation in both directions.

    Attributes:
        kind: one of `KINDS`.
        name: where it is: ``stem.conv``, ``stage0.cell1.edge3.conv``, ``stage1.reduce.conv_a``,
            ``stage1.block2.depthwise`` (blocks count
            through the whole chain), ``head.linear``.
        c_in, c_out: channels.
        h_in, w_in, h_out, w_out: size of the (or each) input and of the output.
        kernel, stride, padding, dilation, groups: of convolutions and pooling.
    """

    kind: str
    name: str
    c_in: int
    c_out: int
    h_in: int
    w_in: int
    h_out: int
    w_out: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates, as NAS-Bench-201 counts them.

        Convolutions and linear layers only, the linear layer's bias included (10 of the published
        7.78305 M of the empty cell on CIFAR-10).
        """
        if self.kind == "conv":
            return self.params * self.h_out * self.w_out
        return self.params if self.kind == "linear" else 0

    @property
    def params(self) -> int:
        """Learned parameters: convolutions have no bias, a batch normalisation has two a channel,
        a linear layer has a bias."""
        if self.kind == "conv":
            return self.c_in // self.groups * self.c_out * self.kernel**2
        if self.kind == "linear":
            return (self.c_in + 1) * self.c_out
        return 2 * self.c_out if self.kind == "bn" else 0

    @property
    def input_values(self) -> int:
        """Numbers read, weights aside: both operands of an `add`."""
        return self.c_in * self.h_in * self.w_in * (2 if self.kind == "add" else 1)

    @property
    def output_values(self) -> int:
        """Numbers written."""
        return self.c_out * self.h_out * self.w_out

    def input_bytes(self, bytes_per_value: int = 4) -> int:
        """Bytes read, weights aside."""
        return self.input_values * bytes_per_value

    def output_bytes(self, bytes_per_value: int = 4) -> int:
        """Bytes written."""
        return self.output_values * bytes_per_value

    def weight_bytes(self, bytes_per_value: int = 4) -> int:
        """Bytes of parameters."""
        return self.params * bytes_per_value

    def activation_bytes(self, bytes_per_value: int = 4) -> int:
        """Bytes read and written, weights aside; none where nothing is moved (identity)."""
        if self.kind == "identity":
            return 0
        return (self.input_values + self.output_values) * bytes_per_value


@dataclass(frozen=True)
class LayerGraph:
    """The layers of a whole network in an order in which they can run.

    Attributes:
        layers: what is computed.
        edges: (producer, consumer) positions in `layers`. A layer without a producer reads the
            network's input; the last layer gives the network's output.
        name: what the network is called.
    """

    layers: tuple[Layer, ...]
    edges: tuple[tuple[int, int], ...]
    name: str = field(default="network", compare=False)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.macs for layer in self.layers)

    @cached_property
    def params(self) -> int:
        """Parameters of all layers."""
        return sum(layer.params for layer in self.layers)

    def weight_bytes(self, bytes_per_value: int = 4) -> int:
        """Bytes of all parameters."""
        return self.params * bytes_per_value

    def activation_bytes(self, bytes_per_value: int = 4) -> int:
        """Bytes that all layers read and write, weights aside."""
        return sum(layer.activation_bytes(bytes_per_value) for layer in self.layers)
