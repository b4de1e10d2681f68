"""Every accepted way of writing architectures down, read into a `Batch`.

====================  ==================================================================
any space             `Architecture`; row of the encodings "onehot" and "adjacency"
NAS-Bench-201         string ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``; index 0-15624 in the
                      published order (a number, or its digits as text); six operator names
                      or ids; one-hot matrix 6x5; pair (8x8 op-on-node adjacency,
                      operators); 4x4 matrix of operator ids [node, source]
FBNet                 string ``k3_e1|k5_e6|...`` (canonical; ``,`` ``-`` and blanks separate
                      too, ids may stand for names); 22 operator names or ids; one-hot
                      matrix 22x9
====================  ==================================================================

Lists, tuples, arrays, Series, DataFrames and Arrow columns of these are batches, of both spaces if
need be. Whole numbers in a one-dimensional array, Series or range are indices of NAS-Bench-201. So
are those of a list, except 22 numbers up to 8, which are one FBNet network, and six numbers up to
9 some of which are equal, which could as well be meant as one cell: that is refused. With
``space="fbnet"`` a flat row of numbers is one network. Of a DataFrame the column is read that is
called as architectures are in tables (``arch_str``, ``architecture``, ``arch``, ``cell``,
``network``, ``arch_index``, or ``op_0`` to ``op_21``); without one, rows are architectures. A
column called as a cost, such as ``latency_ms``, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from archcost.aliases import Ids
from archcost.encodings.architecture import Architecture, Skeleton
from archcost.encodings.arranging import Elements, arrange, rows_of
from archcost.encodings.batch import Batch, Group, Positions
from archcost.encodings.bulk_text import from_arrow, is_arrow, is_text, read_texts
from archcost.encodings.encoded import Encoded
from archcost.encodings.matrices import (
    AnyArray,
    ids_from_operator_matrix,
    ids_from_rows,
    whole_numbers,
)
from archcost.encodings.nasbench201 import CELLS, all_ids, index_by_string
from archcost.encodings.reading import ONE_HOT_SHAPES, Reader
from archcost.encodings.spaces import NASBENCH201, SPACES
from archcost.errors import ArchcostError, UnsupportedError, unknown_name

DECODABLE = ("onehot", "adjacency")
"""Encodings whose rows determine the architecture."""

LOSSY = {
    "path": "operators on paths that carry nothing to the output leave no trace",
    "counts": "it says how often an operator occurs, not where",
    "structural": "it is the same for cells that differ in the numbering of their nodes only",
    "layers": "it holds sums over layers",
    "runtime": "cells that run alike have the same row",
    "onnxruntime": "it counts what runs beside the convolutions",
    "graph": "it is a list of graphs, not rows; keep the architectures beside it",
}
"""The other encodings, with the reason why they cannot be read back."""

_OnError = Callable[[int, ArchcostError, int], None]


def parse(
    archs: object,
    *,
    space: str | None = None,
    dataset: str | None = None,
    encoding: str | None = None,
) -> Batch:
    """Read one architecture or many, in any accepted form (see the module).

    Args:
        archs: what to read; a `Batch` is returned as it is.
        space: "nasbench201" or "fbnet" if all must be of that space; None: each says so itself.
        dataset: which skeleton they get: default "cifar10" for nasbench201, "cifar100" for fbnet.
            An `Architecture` has its own, which must agree.
        encoding: `archs` are rows (n, f) of this encoding of `encode`.

    Raises:
        ArchitectureError: malformed, out of range or ambiguous; in a batch with the position.
        UnknownNameError: an operator, space, data set or encoding that is not known.
        UnsupportedError: the encoding does not determine an architecture.
    """

    def fail(position: int, error: ArchcostError, total: int) -> None:
        raise type(error)(
            f"architecture {position}: {error}" if total > 1 else str(error)
        ) from None

    return _parse(archs, Reader.of(space, dataset), encoding, fail)[0]


def parse_each(
    archs: object,
    *,
    space: str | None = None,
    dataset: str | None = None,
    encoding: str | None = None,
) -> tuple[Batch, Positions, list[tuple[int, str]]]:
    """As `parse`, leaving out what cannot be read.

    Returns:
        The readable architectures; their positions in the input (m,); and (position, message) of
        each of the others.

    Raises:
        ArchcostError: as `parse`, where `archs` as a whole cannot be taken apart.
    """
    failures: list[tuple[int, str]] = []

    def note(position: int, error: ArchcostError, _total: int) -> None:
        failures.append((position, str(error)))

    batch, positions = _parse(archs, Reader.of(space, dataset), encoding, note)
    return batch, positions, failures


def _parse(
    archs: object, reader: Reader, encoding: str | None, on_error: _OnError
) -> tuple[Batch, Positions]:
    if isinstance(archs, Encoded):
        encoding, archs = archs.name, archs.values
    if encoding is not None:
        _check_encoding(encoding)
        elements: Elements = rows_of(archs)
    elif isinstance(archs, Batch):
        for group in archs.groups:
            reader.check(group.skeleton)
        return archs, np.arange(len(archs))
    elif is_arrow(archs):
        return _parse_arrow(archs, reader, on_error)
    else:
        elements = arrange(archs, reader)
    batch = _read_together(elements, reader, encoding)
    if batch is not None:
        return batch, np.arange(len(batch))
    return _read_each(elements, reader, encoding, on_error)


def _parse_arrow(column: Any, reader: Reader, on_error: _OnError) -> tuple[Batch, Positions]:
    if is_text(column) and len(column):
        try:
            batch = _read_column(column, reader)
        except ArchcostError:
            batch = None
        if batch is not None:
            return batch, np.arange(len(batch))
    return _parse(from_arrow(column), reader, None, on_error)


def _check_encoding(name: str) -> None:
    if name in LOSSY:
        raise UnsupportedError(
            f"encoding {name!r} does not determine the architecture: {LOSSY[name]}; rows of "
            f"{' and '.join(DECODABLE)} can be read back"
        )
    if name not in DECODABLE:
        raise unknown_name("encoding", name, (*DECODABLE, *LOSSY))


def _read_together(elements: Elements, reader: Reader, encoding: str | None) -> Batch | None:
    """The fast way for batches of one kind; None where it does not apply or something is wrong."""
    if len(elements) == 0:
        return Batch()
    try:
        if isinstance(elements, np.ndarray):
            return _read_array(elements, reader, encoding)
        return _read_strings(elements, reader)
    except ArchcostError:
        return None


def _read_array(array: AnyArray, reader: Reader, encoding: str | None) -> Batch | None:
    if array.ndim == 1:
        indices = whole_numbers(array)
        if array.dtype.kind == "b" or indices.min() < 0 or indices.max() >= CELLS:
            return None
        return Batch.from_ids(reader.skeleton(NASBENCH201), all_ids()[indices])
    if array.shape[1:] == (4, 4):
        cells = np.array([ids_from_operator_matrix(matrix) for matrix in whole_numbers(array)])
        return Batch.from_ids(reader.skeleton(NASBENCH201), cells)
    if array.shape[1:] in ONE_HOT_SHAPES:
        array, encoding = array.reshape(len(array), -1), "onehot"
    if array.ndim != 2:
        return None
    space, ids = ids_from_rows(array, reader.space, encoding)
    return Batch.from_ids(reader.skeleton(space), ids)


def _read_strings(elements: list[Any], reader: Reader) -> Batch | None:
    """Strings in their canonical form, all of one space."""
    # A few are read faster by themselves than tables are made.
    if len(elements) < 50 or not all(type(element) is str for element in elements):
        return None
    if "~" in elements[0]:
        table = index_by_string()
        indices = [table.get(element, -1) for element in elements]
        if min(indices) < 0:
            return None
        return Batch.from_ids(reader.skeleton(NASBENCH201), all_ids()[indices])
    return _read_column(elements, reader)


def _read_column(column: Any, reader: Reader) -> Batch | None:
    """A list or column of Arrow with canonical strings; None where it holds anything else."""
    found = read_texts(column)
    return None if found is None else Batch.from_ids(reader.skeleton(found[0]), found[1])


def _read_each(
    elements: Elements, reader: Reader, encoding: str | None, on_error: _OnError
) -> tuple[Batch, Positions]:
    """One by one, so that errors know their position and spaces may mix."""
    good: list[int] = []
    rows: dict[Skeleton, tuple[list[int], list[Ids]]] = {}
    custom: dict[int, Architecture] = {}
    for position, element in enumerate(elements):
        try:
            found = reader.read(element, encoding)
        except ArchcostError as error:
            on_error(position, error, len(elements))
            continue
        if isinstance(found, Architecture):
            custom[len(good)] = found
        else:
            places, ids = rows.setdefault(found[0], ([], []))
            places.append(len(good))
            ids.append(found[1])
        good.append(position)
    return _assemble(rows, custom), np.array(good, dtype=np.int64)


def _assemble(
    rows: dict[Skeleton, tuple[list[int], list[Ids]]], custom: dict[int, Architecture]
) -> Batch:
    groups = []
    for skeleton, (places, ids) in rows.items():
        space = SPACES[skeleton.space]
        groups.append(
            Group(skeleton, space.edges, space.operators, np.array(places), np.array(ids))
        )
    places_of_custom = np.array(list(custom), dtype=np.int64)
    for group in Batch.from_architectures(custom.values()).groups:
        groups.append(replace(group, positions=places_of_custom[group.positions]))
    return Batch(groups)
