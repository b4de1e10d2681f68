"""From an architecture to the layer graph of the whole network, nothing removed.

Cells stand in NAS-Bench-201's skeleton (Dong & Yang, ICLR 2020, and their code): convolution 3x3
and BN; per stage a residual block where stride or channels change, then the cells; BN, ReLU, global
pooling, linear layer. Nodes add their inputs pairwise, `none` edges are layers of kind "zero".

Blocks stand in FBNet's (Wu et al., CVPR 2019; HW-NAS-Bench, ICLR 2021): a 1x1 convolution in g
groups, a depthwise k x k with the stride, a 1x1 in g groups, each with BN, the first two with ReLU;
g = 2 shuffles channels after the first; the input is added where stride is 1 and the channels stay
the same. `skip` is the identity there, elsewhere a 1x1 convolution with the stride, and BN. Where
the published code and papers leave it open (shuffle, activations around `skip`) this is our
reading: none of it changes multiply-accumulates.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archcost.encodings.architecture import Architecture, Skeleton
from archcost.encodings.layers import Layer, LayerGraph
from archcost.encodings.operators import Operator, operator
from archcost.encodings.places import block_places, halved
from archcost.encodings.text import shown
from archcost.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value on its way through the network: who made it (-1: network input), and its shape."""

    layer: int
    channels: int
    size: int


@dataclass(slots=True)
class Builder:
    """Appends layers one after the other; each method gives the tensor that the layer makes."""

    layers: list[Layer] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)

    def append(
        self,
        kind: str,
        name: str,
        source: Tensor,
        *others: Tensor,
        c_out: int | None = None,
        size: int | None = None,
        kernel: int = 1,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
    ) -> Tensor:
        """A layer on one or more tensors of one shape; shape kept unless `c_out`, `size` say so."""
        c_in, c_out = source.channels, source.channels if c_out is None else c_out
        size = source.size if size is None else size
        if c_in % groups or c_out % groups:
            raise ArchitectureError(f"{name}: {c_in} to {c_out} channels in {groups} groups")
        place = len(self.layers)
        self.layers.append(
            Layer(
                kind=kind,
                name=name,
                c_in=c_in,
                c_out=c_out,
                h_in=source.size,
                w_in=source.size,
                h_out=size,
                w_out=size,
                kernel=kernel,
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
            )
        )
        self.edges.extend((t.layer, place) for t in (source, *others) if t.layer >= 0)
        return Tensor(place, c_out, size)

    def conv(
        self,
        name: str,
        source: Tensor,
        c_out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> Tensor:
        """A convolution padded so that stride 1 keeps the size."""
        padding = dilation * (kernel - 1) // 2
        return self.append(
            "conv",
            name,
            source,
            c_out=c_out,
            size=halved(source.size, stride),
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
        )

    def pool(self, kind: str, name: str, source: Tensor, kernel: int) -> Tensor:
        """Pooling that keeps the size."""
        return self.append(kind, name, source, kernel=kernel, padding=kernel // 2)


def lower(arch: Architecture) -> LayerGraph:
    """The whole network of an architecture, dead parts of cells included.

    Raises:
        ArchitectureError: not an `Architecture`; sizes do not work out: an odd size before a
            residual block of stride 2, channels that do not divide into groups.
    """
    if not isinstance(arch, Architecture):
        raise ArchitectureError(
            f"{shown(arch)} is no Architecture; archcost.parse gives those of the known spaces, "
            "archcost.Architecture.from_graph makes one of any cell"
        )
    builder = Builder()
    if arch.edges is None:
        _lower_chain(builder, arch)
    else:
        _lower_cells(builder, arch)
    return LayerGraph(tuple(builder.layers), tuple(builder.edges))


def _lower_chain(builder: Builder, arch: Architecture) -> None:
    skeleton = arch.skeleton
    tensor = stem(builder, skeleton)
    tensor = builder.append("relu", "stem.relu", tensor)
    for block, (name, place) in enumerate(zip(arch.operators, block_places(skeleton), strict=True)):
        tensor = lower_block(
            builder,
            operator(name),
            tensor,
            place.c_out,
            place.stride,
            f"stage{place.stage}.block{block}",
        )
    if skeleton.head_channels is not None:
        tensor = builder.conv("head.conv", tensor, skeleton.head_channels)
        tensor = builder.append("bn", "head.bn", tensor)
        tensor = builder.append("relu", "head.relu", tensor)
    classifier(builder, skeleton, tensor)


def _lower_cells(builder: Builder, arch: Architecture) -> None:
    skeleton = arch.skeleton
    tensor = stem(builder, skeleton)
    for stage, repeats in enumerate(skeleton.repeats):
        channels, stride = skeleton.channels[stage], skeleton.strides[stage]
        if stride != 1 or channels != tensor.channels:
            tensor = reduction(builder, tensor, channels, stride, f"stage{stage}.reduce")
        for cell in range(repeats):
            tensor = _lower_cell(builder, arch, tensor, f"stage{stage}.cell{cell}")
    tensor = builder.append("bn", "head.bn", tensor)
    tensor = builder.append("relu", "head.relu", tensor)
    classifier(builder, skeleton, tensor)


def _lower_cell(builder: Builder, arch: Architecture, source: Tensor, name: str) -> Tensor:
    nodes: list[Tensor | None] = [source] + [None] * (arch.nodes - 1)
    for edge, (start, end) in enumerate(arch.edges or ()):
        tensor, before = nodes[start], nodes[end]
        assert tensor is not None  # Architecture: every node has an input, in sorted order
        made = lower_edge(builder, operator(arch.operators[edge]), tensor, f"{name}.edge{edge}")
        nodes[end] = (
            made
            if before is None
            else builder.append("add", f"{name}.node{end}.add{edge}", before, made)
        )
    output = nodes[-1]
    assert output is not None
    return output


def stem(builder: Builder, skeleton: Skeleton) -> Tensor:
    """The first convolution and its BN."""
    tensor = Tensor(-1, skeleton.in_channels, skeleton.image_size)
    channels, stride = skeleton.stem_channels, skeleton.stem_stride
    tensor = builder.conv("stem.conv", tensor, channels, kernel=3, stride=stride)
    return builder.append("bn", "stem.bn", tensor)


def classifier(builder: Builder, skeleton: Skeleton, tensor: Tensor) -> None:
    """Global average pooling and the linear layer."""
    tensor = builder.append("global_pool", "head.pool", tensor, size=1, kernel=tensor.size)
    builder.append("linear", "head.linear", tensor, c_out=skeleton.classes)


def reduction(builder: Builder, source: Tensor, c_out: int, stride: int, name: str) -> Tensor:
    """NAS-Bench-201's ResNetBasicblock, whose convolutions are ReLU-Conv-BN.

    Its shortcut is average pooling 2x2 and a bare 1x1 convolution where the stride is 2, else
    ReLU-Conv-BN 1x1.
    """
    if stride == 2 and source.size % 2:
        raise ArchitectureError(
            f"{name}: size {source.size} cannot be halved; choose an image size whose every "
            "half up to the last stage is whole"
        )
    tensor = _relu_conv_bn(builder, source, c_out, f"{name}.conv_a", kernel=3, stride=stride)
    tensor = _relu_conv_bn(builder, tensor, c_out, f"{name}.conv_b", kernel=3)
    if stride == 2:
        shortcut = builder.append(
            "pool_avg", f"{name}.shortcut.pool", source, size=source.size // 2, kernel=2, stride=2
        )
        shortcut = builder.conv(f"{name}.shortcut.conv", shortcut, c_out)
    else:
        shortcut = _relu_conv_bn(builder, source, c_out, f"{name}.shortcut")
    return builder.append("add", f"{name}.add", shortcut, tensor)


def _relu_conv_bn(
    builder: Builder, source: Tensor, c_out: int, name: str, kernel: int = 1, stride: int = 1
) -> Tensor:
    tensor = builder.append("relu", f"{name}.relu", source)
    tensor = builder.conv(f"{name}.conv", tensor, c_out, kernel=kernel, stride=stride)
    return builder.append("bn", f"{name}.bn", tensor)


def lower_edge(builder: Builder, op: Operator, source: Tensor, name: str) -> Tensor:
    """An operator on the edge of a cell: channels and size stay."""
    channels = source.channels
    if op.family == "none":
        return builder.append("zero", f"{name}.zero", source)
    if op.family == "skip_connect":
        return builder.append("identity", f"{name}.identity", source)
    if op.family == "avg_pool":
        return builder.pool("pool_avg", f"{name}.pool", source, op.kernel)
    if op.family == "max_pool":
        return builder.pool("pool_max", f"{name}.pool", source, op.kernel)
    if op.family == "nor_conv":
        return _relu_conv_bn(builder, source, channels, name, kernel=op.kernel)
    tensor = builder.append("relu", f"{name}.relu", source)
    tensor = builder.conv(
        f"{name}.depthwise",
        tensor,
        channels,
        kernel=op.kernel,
        dilation=op.dilation,
        groups=channels,
    )
    tensor = builder.conv(f"{name}.pointwise", tensor, channels)
    return builder.append("bn", f"{name}.bn", tensor)


def lower_block(
    builder: Builder, op: Operator, source: Tensor, c_out: int, stride: int, name: str
) -> Tensor:
    """A block of a chain."""
    keeps_shape = stride == 1 and c_out == source.channels
    if op.family == "skip":
        if keeps_shape:
            return builder.append("identity", f"{name}.identity", source)
        tensor = builder.conv(f"{name}.conv", source, c_out, stride=stride)
        return builder.append("bn", f"{name}.bn", tensor)
    hidden = source.channels * op.expansion
    tensor = builder.conv(f"{name}.expand", source, hidden, groups=op.groups)
    tensor = builder.append("bn", f"{name}.expand.bn", tensor)
    tensor = builder.append("relu", f"{name}.expand.relu", tensor)
    if op.groups > 1:
        tensor = builder.append("shuffle", f"{name}.shuffle", tensor, groups=op.groups)
    tensor = builder.conv(
        f"{name}.depthwise", tensor, hidden, kernel=op.kernel, stride=stride, groups=hidden
    )
    tensor = builder.append("bn", f"{name}.depthwise.bn", tensor)
    tensor = builder.append("relu", f"{name}.depthwise.relu", tensor)
    tensor = builder.conv(f"{name}.project", tensor, c_out, groups=op.groups)
    tensor = builder.append("bn", f"{name}.project.bn", tensor)
    return builder.append("add", f"{name}.add", source, tensor) if keeps_shape else tensor
