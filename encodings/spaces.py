"""The two search spaces: their operators, skeletons per data set, and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from archcost.data.names import dataset_name, fold
from archcost.encodings.architecture import NASBENCH201_EDGES, Edges, Skeleton
from archcost.encodings.operators import FBNET_OPERATORS, NASBENCH201_OPERATORS
from archcost.errors import unknown_name


@dataclass(frozen=True, slots=True)
class Space:
    """A search space whose architectures are rows of operator ids.

    Attributes:
        name: "nasbench201" or "fbnet".
        operators: the vocabulary; an operator's id is its position.
        length: operators of an architecture.
        edges: where they sit in the cell; None: a chain of blocks.
        skeletons: data set (canonical spelling) to skeleton; the first is the default.
    """

    name: str
    operators: tuple[str, ...]
    length: int
    edges: Edges | None
    skeletons: Mapping[str, Skeleton]


def _nasbench201(dataset: str, image_size: int, classes: int) -> Skeleton:
    """Dong & Yang, ICLR 2020: N = 5 cells in each of three stages."""
    return Skeleton(
        space="nasbench201",
        dataset=dataset,
        image_size=image_size,
        in_channels=3,
        classes=classes,
        stem_channels=16,
        channels=(16, 32, 64),
        repeats=(5, 5, 5),
        strides=(1, 2, 2),
        head_channels=None,
    )


_FBNET_CIFAR100 = Skeleton(
    space="fbnet",
    dataset="cifar100",
    image_size=32,
    in_channels=3,
    classes=100,
    stem_channels=16,
    channels=(16, 24, 32, 64, 112, 184, 352),
    repeats=(1, 4, 4, 4, 4, 4, 1),
    strides=(1, 1, 2, 2, 1, 2, 1),
    head_channels=1504,
)
"""FBNet's skeleton as HW-NAS-Bench sets it for CIFAR-100."""

_FBNET_IMAGENET = replace(
    _FBNET_CIFAR100,
    dataset="ImageNet",
    image_size=224,
    classes=1000,
    strides=(1, 2, 2, 2, 1, 2, 1),
    head_channels=1984,
    stem_stride=2,
)

NASBENCH201 = Space(
    name="nasbench201",
    operators=NASBENCH201_OPERATORS,
    length=6,
    edges=NASBENCH201_EDGES,
    skeletons={
        "cifar10": _nasbench201("cifar10", 32, 10),
        "cifar100": _nasbench201("cifar100", 32, 100),
        "ImageNet16-120": _nasbench201("ImageNet16-120", 16, 120),
    },
)
FBNET = Space(
    name="fbnet",
    operators=FBNET_OPERATORS,
    length=22,
    edges=None,
    skeletons={"cifar100": _FBNET_CIFAR100, "ImageNet": _FBNET_IMAGENET},
)
SPACES: dict[str, Space] = {space.name: space for space in (NASBENCH201, FBNET)}


def find_space(name: str, also: tuple[str, ...] = ()) -> Space:
    """The space of this name, in any case, with or without hyphens (``NAS-Bench-201``).

    Args:
        name: of the space.
        also: names beside the spaces' that the caller takes, for the error.

    Raises:
        UnknownNameError: no such space; names the nearest.
    """
    try:
        return SPACES[fold(str(name))]
    except KeyError:
        raise unknown_name("space", name, (*SPACES, *also)) from None


def find_dataset(space: Space, name: str | None = None) -> str:
    """The data set's canonical spelling; without a name, the space's default.

    Raises:
        UnknownNameError: the space has no such data set; names the nearest.
    """
    if name is None:
        return next(iter(space.skeletons))
    return dataset_name(space.name, str(name))


def skeleton(space: str, dataset: str | None = None) -> Skeleton:
    """The skeleton of a space on a data set.

    Args:
        space: "nasbench201" or "fbnet".
        dataset: nasbench201: "cifar10" (default), "cifar100", "ImageNet16-120"; fbnet: "cifar100"
            (default), "ImageNet". Case and hyphens do not matter.

    Raises:
        UnknownNameError: unknown space or data set; names the nearest.
    """
    found = find_space(space)
    return found.skeletons[find_dataset(found, dataset)]
