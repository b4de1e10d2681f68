"""HW-NAS-Bench's look-up keys of FBNet's blocks: a network's cost is the sum over its keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from archcost.encodings.architecture import Architecture, Skeleton
from archcost.encodings.operators import FBNET_OPERATORS, Operator, operator
from archcost.encodings.places import Place, block_places, halved
from archcost.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The keys of all networks of a skeleton.

    Attributes:
        stem: key of the first convolution.
        blocks: of each block, the key of each of FBNet's nine operators by id: 22 x 9.
        tail: keys of head convolution, average pooling and classifier.
    """

    stem: str
    blocks: tuple[tuple[str, ...], ...]
    tail: tuple[str, ...]


@lru_cache(maxsize=64)
def key_table(skeleton: Skeleton) -> KeyTable:
    """The look-up keys of a skeleton of FBNet's kind.

    Raises:
        UnsupportedError: a skeleton without a head convolution: HW-NAS-Bench has no keys for it.
    """
    if skeleton.head_channels is None:
        raise UnsupportedError("look-up keys exist for FBNet's skeleton only")
    blocks = tuple(
        tuple(_block(operator(name), place) for name in FBNET_OPERATORS)
        for place in block_places(skeleton)
    )
    last = block_places(skeleton)[-1]
    size = halved(last.size, last.stride)
    head = skeleton.head_channels
    return KeyTable(
        stem=_convolution(
            skeleton.image_size,
            skeleton.in_channels,
            skeleton.stem_channels,
            3,
            skeleton.stem_stride,
        ),
        blocks=blocks,
        tail=(
            _convolution(size, last.c_out, head, 1, 1),
            f"AvgP_H{size}_W{size}_Cin{head}_Cout{head}_kernel{size}_stride1",
            f"FC_Cin{head}_Cout{skeleton.classes}",
        ),
    )


def operator_keys(arch: Architecture) -> tuple[str, ...]:
    """The look-up keys of an FBNet network in order: stem, 22 blocks, head, pooling, classifier.

    Raises:
        UnsupportedError: not a chain of blocks.
    """
    if arch.edges is not None:
        raise UnsupportedError(
            f"look-up keys exist for FBNet's blocks, not for cells of {arch.skeleton.space}"
        )
    table = key_table(arch.skeleton)
    blocks = (
        keys[FBNET_OPERATORS.index(name)]
        for keys, name in zip(table.blocks, arch.operators, strict=True)
    )
    return (table.stem, *blocks, *table.tail)


def _convolution(size: int, c_in: int, c_out: int, kernel: int, stride: int) -> str:
    shape = f"H{size}_W{size}_Cin{c_in}_Cout{c_out}"
    return f"ConvNorm_{shape}_kernel{kernel}_stride{stride}_group1"


def _block(op: Operator, at: Place) -> str:
    shape = f"H{at.size}_W{at.size}_Cin{at.c_in}_Cout{at.c_out}"
    if op.family == "skip":
        return f"Skip_{shape}_stride{at.stride}"
    kind = f"exp{op.expansion}_kernel{op.kernel}_stride{at.stride}_group{op.groups}"
    return f"ConvBlock_{shape}_{kind}"
