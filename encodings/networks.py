"""Networks outside the known spaces: read from what people have, architectures and layer graphs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, overload

from archcost.encodings.architecture import Architecture, Skeleton
from archcost.encodings.arranging import in_frame
from archcost.encodings.batch import Batch
from archcost.encodings.cells import is_graph
from archcost.encodings.layers import LayerGraph
from archcost.encodings.onnx_file import read_onnx
from archcost.encodings.parsing import parse
from archcost.encodings.spaces import SPACES, skeleton
from archcost.errors import ArchcostError, ArchitectureError

CUSTOM = "custom"
"""The name of what lies outside the known spaces."""

ONNX = ".onnx"
"""How names of ONNX files end."""

Network = Architecture | LayerGraph


class Networks(Sequence[Network]):
    """Architectures and layer graphs in input order, immutable."""

    def __init__(self, members: Iterable[Network] = ()) -> None:
        self._members = tuple(members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"Networks({len(self)} networks)"

    @overload
    def __getitem__(self, key: int) -> Network: ...

    @overload
    def __getitem__(self, key: slice) -> Networks: ...

    def __getitem__(self, key: int | slice) -> Network | Networks:
        found = self._members[key]
        return Networks(found) if isinstance(found, tuple) else found

    def take(self, positions: Iterable[int]) -> Networks:
        """The networks at these positions, in this order."""
        return Networks(self._members[position] for position in positions)

    def strings(self) -> list[str]:
        """The canonical string of each architecture, the name of each layer graph."""
        return [m.name if isinstance(m, LayerGraph) else str(m) for m in self._members]


def custom_skeleton(dataset: str | None = None) -> Skeleton:
    """NAS-Bench-201's skeleton on a data set, for cells that are not of its space."""
    return replace(skeleton("nasbench201", dataset), space=CUSTOM)


def read_networks(archs: object, dataset: str | None = None) -> Networks:
    """Read one network or many: of the known spaces or of none.

    Args:
        archs: whatever `archcost.parse` accepts; `Architecture`s of any space; `LayerGraph`s; paths
            of ONNX files (text that ends in ``.onnx``); cells as strings
            (``|nor_conv_5x5~0|+|...``) or graphs (see `Architecture.from_graph`); lists of these.
        dataset: of NAS-Bench-201's skeleton, in which cells without a skeleton are put, those of
            its own space too.

    Raises:
        ArchitectureError: malformed; in a list with the position.
        UnknownNameError: an operator, or an operator of an ONNX file, that is not known.
        UnsupportedError: an ONNX file without the package onnx.
    """
    if isinstance(archs, Networks):
        return archs
    if isinstance(archs, Batch):
        return Networks(archs)
    place = custom_skeleton(dataset)
    elements = members(archs)
    if not any(
        isinstance(element, Architecture) or is_custom(element) or _is_cell(element)
        for element in elements
    ):
        return Networks(_in_known_spaces(archs, place))
    found, problems = _read_each(elements, place)
    for position, error in problems:
        where = f"architecture {position}: " if len(elements) > 1 else ""
        raise type(error)(f"{where}{error}") from None
    return Networks(found)


def read_networks_each(
    archs: Iterable[object], dataset: str | None = None
) -> tuple[Networks, list[tuple[int, str]]]:
    """As `read_networks`, leaving out what cannot be read: its positions, and messages."""
    found, problems = _read_each(list(archs), custom_skeleton(dataset))
    return Networks(found), [(position, str(error)) for position, error in problems]


def _read_each(
    elements: list[Any], place: Skeleton
) -> tuple[list[Network], list[tuple[int, ArchcostError]]]:
    found: list[Network] = []
    problems = []
    for position, element in enumerate(elements):
        try:
            found.append(_read(element, place))
        except ArchcostError as error:
            problems.append((position, error))
    return found, problems


def is_custom(archs: object) -> bool:
    """Whether this is, or holds, anything that `archcost.parse` does not read in a known space."""
    archs = in_frame(archs)
    if isinstance(archs, Networks):
        return True
    if isinstance(archs, Batch):
        return any(not group.known for group in archs.groups)
    if isinstance(archs, Architecture):
        return archs.skeleton.space not in SPACES
    if isinstance(archs, LayerGraph | os.PathLike) or _is_custom_cell(archs):
        return True
    if hasattr(archs, "dtype") and archs.dtype == object and hasattr(archs, "tolist"):
        archs = archs.tolist()
    if isinstance(archs, list | tuple):
        return any(is_custom(element) for element in archs)
    return isinstance(archs, str) and archs.endswith(ONNX)


def members(archs: object) -> list[Any]:
    """The networks of a container, or the one that this is: a graph may be a list too."""
    archs = in_frame(archs)
    sparse = hasattr(archs, "tocsr")  # `parse` says that it does not read them
    if (
        sparse
        or isinstance(archs, str | os.PathLike | Architecture | LayerGraph)
        or is_graph(archs)
    ):
        return [archs]
    if hasattr(archs, "tolist"):
        archs = archs.tolist()
    return list(archs) if isinstance(archs, Iterable) else [archs]


def _is_custom_cell(element: object) -> bool:
    """Whether this is a graph, and not NAS-Bench-201's pair of adjacency and operators."""
    if not is_graph(element):
        return False
    try:
        parse([element])
    except ArchcostError:
        return True
    return False


def _is_cell(element: object) -> bool:
    return isinstance(element, str) and "~" in element


def _read(element: object, place: Skeleton) -> Network:
    if isinstance(element, Architecture | LayerGraph):
        return element
    if isinstance(element, os.PathLike) or (isinstance(element, str) and element.endswith(ONNX)):
        return read_onnx(element)
    if _is_custom_cell(element):
        return Architecture.from_graph(element, place)
    if isinstance(element, str) and _is_cell(element):
        return Architecture.from_string(element, place)
    batch = _in_known_spaces([element] if isinstance(element, list | tuple) else element, place)
    if len(batch) != 1:
        raise ArchitectureError(f"{len(batch)} architectures where one is expected")
    return batch[0]


def _in_known_spaces(archs: object, place: Skeleton) -> Batch:
    """As `parse`, of what comes without a skeleton: cells get this place's data set."""
    usual, wanted = skeleton("nasbench201"), replace(place, space="nasbench201")
    return Batch(
        replace(group, skeleton=wanted) if group.skeleton == usual else group
        for group in parse(archs).groups
    )
