"""Where in a skeleton the operators stand, with the shapes they get there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from archcost.encodings.architecture import Skeleton


@dataclass(frozen=True, slots=True)
class Place:
    """A block of a chain, or all cells of a stage (whose shapes are the same).

    Attributes:
        stage: number of the stage.
        repeats: how often the same operator stands here: 1 for a block.
        c_in, c_out: channels before and after; the same for cells.
        size: height and width of the input.
        stride: of the block; 1 for cells.
    """

    stage: int
    repeats: int
    c_in: int
    c_out: int
    size: int
    stride: int


def halved(size: int, stride: int) -> int:
    """The size after a stride, as padded convolutions give it."""
    return (size - 1) // stride + 1


@lru_cache(maxsize=64)
def block_places(skeleton: Skeleton) -> tuple[Place, ...]:
    """One place for each block of a chain, in order."""
    size, channels = halved(skeleton.image_size, skeleton.stem_stride), skeleton.stem_channels
    found = []
    for stage, (c_out, repeats) in enumerate(zip(skeleton.channels, skeleton.repeats, strict=True)):
        for block in range(repeats):
            stride = skeleton.strides[stage] if block == 0 else 1
            found.append(Place(stage, 1, channels, c_out, size, stride))
            channels, size = c_out, halved(size, stride)
    return tuple(found)


@lru_cache(maxsize=64)
def cell_places(skeleton: Skeleton) -> tuple[Place, ...]:
    """One place for the cells of each stage, in order."""
    size = halved(skeleton.image_size, skeleton.stem_stride)
    found = []
    for stage, (channels, repeats) in enumerate(
        zip(skeleton.channels, skeleton.repeats, strict=True)
    ):
        size = halved(size, skeleton.strides[stage])
        found.append(Place(stage, repeats, channels, channels, size, 1))
    return tuple(found)
