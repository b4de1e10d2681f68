"""Taking the caller's container apart: which of its parts are one architecture each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from archcost.data.measurements import without_mask
from archcost.data.names import folded, speaks_of_cost
from archcost.data.tables import ARCHITECTURE_COLUMNS, usual_columns
from archcost.encodings.architecture import Architecture
from archcost.encodings.matrices import AnyArray, in_column_order
from archcost.encodings.nasbench201 import index_by_string
from archcost.encodings.reading import ONE_HOT_SHAPES, Reader
from archcost.encodings.spaces import FBNET, SPACES
from archcost.encodings.text import shown
from archcost.errors import ArchitectureError

Elements = list[Any] | AnyArray
"""A list, or an array along its first axis, of single architectures."""

_NUMERIC = "biuf"
_INDEX = "arch_index"
# In a DataFrame "index" is how pandas calls the numbers of its rows.
_COLUMNS = tuple(name for name in ARCHITECTURE_COLUMNS if name != "index")


def arrange(archs: object, reader: Reader) -> Elements:
    """The single architectures of any accepted container.

    Raises:
        ArchitectureError: six small numbers in a flat list: one cell or six indices? Or a column
            whose name speaks of costs.
    """
    archs = _plain(archs)
    if isinstance(archs, np.ndarray):
        return _arrange_array(archs, reader)
    if not isinstance(archs, list):
        return [archs]
    if not archs:
        return []
    if all(isinstance(element, str) for element in archs):
        return [archs] if _are_operators(archs) else archs
    if all(isinstance(element, int | float | np.integer | np.floating) for element in archs):
        return _arrange_numbers(archs, reader)
    if len(archs) == 2 and _is_adjacency(archs[0]):
        return [tuple(archs)]
    if all(isinstance(element, list | tuple | np.ndarray) for element in archs):
        return _arrange_nested(archs, reader)
    return archs


def rows_of(archs: object) -> AnyArray:
    """The rows of an encoding as a matrix of numbers (n, f).

    Raises:
        ArchitectureError: not one.
    """
    archs = _plain(archs)
    try:
        array = np.asarray(archs)
    except ValueError:
        raise ArchitectureError(f"rows of unequal length: {shown(archs)}") from None
    if array.size == 0:
        return np.zeros((0, 0), dtype=np.int8)
    if array.ndim not in (1, 2) or array.dtype.kind not in _NUMERIC:
        raise ArchitectureError(
            f"rows of an encoding are a matrix of numbers, got {array.dtype} of shape {array.shape}"
        )
    return np.atleast_2d(array)


def in_frame(archs: Any) -> Any:
    """Of a DataFrame its column of architectures, if one is called so; anything else as it is.

    Raises:
        ArchitectureError: ``arch_index`` says other cells than the strings beside it.
    """
    if not hasattr(archs, "columns"):
        return archs
    names = _column_names(archs)
    found = usual_columns(names, _COLUMNS)
    if not found:
        return archs
    column = archs[found[0] if len(found) == 1 else found]
    for name in names:
        if folded(name) == _INDEX and name not in found:
            _check_indices(column, name, archs[name])
    return column


def _check_indices(texts: Iterable[object], name: str, indices: Iterable[Any]) -> None:
    known = index_by_string()
    for row, (text, index) in enumerate(zip(texts, indices, strict=True)):
        right = known.get(text) if isinstance(text, str) else None
        # An index that is not there is not equal to itself.
        if right is not None and index != right and index == index:
            raise ArchitectureError(
                f"architecture {row}: column {name!r} says {shown(index)}, but the cell beside it "
                f"is {right}; give the column that is right alone"
            )


def _plain(archs: object) -> object:
    """Arrays, frames and tensors as arrays, other iterables as lists, the rest as it is."""
    if isinstance(archs, range):
        # NumPy refuses what does not fit 64 bits; the elements are then refused one by one.
        within = min(archs, default=0) >= -(2**63) and max(archs, default=0) < 2**63
        return np.array(archs, dtype=np.int64) if within else list(archs)
    if hasattr(archs, "tocsr"):
        raise ArchitectureError("sparse matrices are not read; give .toarray() of it")
    archs = in_frame(archs)
    for name in _column_names(archs):
        if speaks_of_cost(name):
            raise ArchitectureError(
                f"column {name!r} holds costs, not architectures; give the column of those alone; "
                f"it may be called {', '.join(ARCHITECTURE_COLUMNS)}, or anything but a cost"
            )
    if hasattr(archs, "columns"):
        return in_column_order(archs)
    if hasattr(archs, "__array__"):
        return np.asarray(without_mask(archs))
    if isinstance(archs, str | bytes | dict | set | frozenset | Architecture):
        return archs
    if hasattr(archs, "nodes") and hasattr(archs, "edges"):
        raise ArchitectureError(
            "graphs are not read here; give Architecture.from_graph of it, with a skeleton"
        )
    return list(archs) if isinstance(archs, Iterable) else archs


def _column_names(archs: object) -> list[str]:
    """Of a DataFrame or a Series."""
    names = getattr(archs, "columns", (getattr(archs, "name", None),))
    return [name for name in names if isinstance(name, str)]


def _arrange_numbers(numbers: list[Any], reader: Reader) -> Elements:
    """A flat list of numbers: one FBNet network, one row of bits, or indices."""
    if reader.space is FBNET:
        return [numbers]
    # Some id occurs twice in a cell, as there are five; a digit above 4 is one mistyped, or counted
    # from 1.
    if len(numbers) == 6 > len(set(numbers)) and all(0 <= number <= 9 for number in numbers):
        raise ArchitectureError(
            f"{numbers} is ambiguous: [{numbers}] is one NAS-Bench-201 cell of six operator ids 0 "
            f"to 4, np.array({numbers}) six indices of the published order"
        )
    one_network = (
        reader.space is None and len(numbers) == 22 and all(0 <= number <= 8 for number in numbers)
    )
    if one_network or reader.is_bit_row(numbers):
        return [numbers]
    # Faster as an array, if that changes no number: not with booleans or floats among them.
    array = np.asarray(numbers) if all(type(number) is int for number in numbers) else None
    return numbers if array is None or array.dtype.kind not in "iu" else array


def _arrange_nested(rows: list[Any], reader: Reader) -> Elements:
    """A list of lists: a matrix, or a stack of matrices, where it is one of numbers."""
    try:
        array = np.asarray(rows)
    except ValueError:
        return rows
    numeric = array.dtype.kind in _NUMERIC and array.ndim in (2, 3)
    return _arrange_array(array, reader) if numeric else rows


def _arrange_array(array: AnyArray, reader: Reader) -> Elements:
    if array.ndim == 0:
        return [array.item()]
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
        return array if array.dtype.kind in "iu" else arrange(array.tolist(), reader)
    if array.dtype.kind not in _NUMERIC:
        return arrange(array.tolist(), reader) if array.ndim == 1 else list(array)
    if array.ndim == 1:
        one = reader.space is FBNET or reader.is_bit_row(array.tolist())
        return array[None] if one and array.size else array
    one_matrix = array.shape in ONE_HOT_SHAPES or array.shape == (4, 4)
    return array[None] if one_matrix else array


def _are_operators(words: list[str]) -> bool:
    """Whether texts are the operators of one architecture: words, at least one of them known."""
    return all(re.fullmatch(r"\s*\w+\s*", word) for word in words) and any(
        word.strip() in space.operators for word in words for space in SPACES.values()
    )


def _is_adjacency(value: object) -> bool:
    try:
        return np.asarray(value).shape == (8, 8)
    except (ValueError, TypeError):
        return False
