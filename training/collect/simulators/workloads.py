"""What a chip is asked to do for a layer: a convolution, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from archcost.encodings import Layer


@dataclass(frozen=True, slots=True)
class Workload:
    """A convolution for one image, done `copies` times over on different data.

    A convolution in g groups is one of 1/g of the channels, g times; a depthwise one has one
    channel. Sizes are those of square images.

    Attributes:
        c_in, c_out: channels of one copy.
        size: height and width of the output.
        kernel, stride, dilation: of the kernel.
        copies: how often.
    """

    c_in: int
    c_out: int
    size: int
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    copies: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one copy."""
        return self.c_in * self.c_out * self.size**2 * self.kernel**2


def workload_of(layer: Layer, dense_pooling: bool = False) -> Workload | None:
    """The convolution that a layer amounts to; None where it costs nothing.

    Normalisation, ReLU and additions are taken as folded into the convolutions around them, as the
    look-up table has no rows for them. Pooling adds up a window in each channel: a depthwise
    convolution.

    Args:
        layer: of the layer graph.
        dense_pooling: average pooling is priced as a convolution from all channels to all
            channels, which is how HW-NAS-Bench's Eyeriss has it.
    """
    if layer.kind == "linear":
        return Workload(layer.c_in, layer.c_out, 1)
    if layer.kind == "conv":
        return Workload(
            layer.c_in // layer.groups,
            layer.c_out // layer.groups,
            layer.h_out,
            layer.kernel,
            layer.stride,
            layer.dilation,
            layer.groups,
        )
    if layer.kind in ("pool_avg", "global_pool", "pool_max"):
        channels = layer.c_in
        if dense_pooling and layer.kind != "pool_max":
            return Workload(channels, channels, layer.h_out, layer.kernel, layer.stride)
        return Workload(1, 1, layer.h_out, layer.kernel, layer.stride, copies=channels)
    return None
