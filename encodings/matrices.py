"""One-hot rows and op-on-node adjacency matrices, from operator ids and back.

Op-on-node: the graph whose nodes are the input, the operators in the order of the ids, and the
output. An operator `none` passes nothing on, so no entry of the adjacency touches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.aliases import Ids
from archcost.encodings.architecture import Edges
from archcost.encodings.spaces import NASBENCH201, SPACES, Space
from archcost.encodings.text import read_names, shown
from archcost.errors import ArchitectureError

Bits = npt.NDArray[np.int8]
AnyArray = npt.NDArray[np.generic]


@lru_cache(maxsize=256)
def wiring(edges: Edges | None, length: int) -> Bits:
    """Op-on-node adjacency (k + 2, k + 2) of a cell, or of a chain of `length` operators."""
    if edges is None:
        return np.eye(length + 2, k=1, dtype=np.int8)
    sources, targets = np.array(edges).T
    starts = np.concatenate([[-1], sources, [targets.max()]])  # the node an operator reads
    ends = np.concatenate([[0], targets, [-2]])  # the node it writes to; nobody reads node -2
    return (ends[:, None] == starts[None, :]).astype(np.int8)


def adjacency(ids: Ids, edges: Edges | None, none_id: int | None) -> Bits:
    """Op-on-node adjacency matrices (n, k + 2, k + 2) of rows of ids (n, k)."""
    full = wiring(edges, ids.shape[1])
    present = np.ones((len(ids), len(full)), dtype=np.int8)
    if none_id is not None:
        present[:, 1:-1] = ids != none_id
    matrices: Bits = full * present[:, :, None] * present[:, None, :]
    return matrices


def onehot(ids: Ids, operators: int) -> Bits:
    """One bit an operator, rows (n, k * operators), from ids (n, k)."""
    return np.eye(operators, dtype=np.int8)[ids].reshape(len(ids), ids.shape[1] * operators)


def adjacency_rows(ids: Ids, edges: Edges | None, operators: int, none_id: int | None) -> Bits:
    """Upper triangles of `adjacency`, row by row, then `onehot`: (n, (k+2)(k+1)/2 + k * ops)."""
    rows, columns = np.triu_indices(ids.shape[1] + 2, k=1)
    upper = adjacency(ids, edges, none_id)[:, rows, columns]
    return np.concatenate([upper, onehot(ids, operators)], axis=1)


def onehot_width(space: Space) -> int:
    """Columns of the encoding "onehot" in a space: 30 or 198."""
    return space.length * len(space.operators)


def adjacency_width(space: Space) -> int:
    """Columns of the encoding "adjacency" in a space: 58 or 474."""
    return (space.length + 2) * (space.length + 1) // 2 + onehot_width(space)


def ids_from_rows(rows: AnyArray, space: Space | None, encoding: str | None) -> tuple[Space, Ids]:
    """Ids (n, k) from numeric rows (n, w) of ids, "onehot" or "adjacency", told apart by w.

    Args:
        rows: numbers or booleans.
        space: where they must belong; None: found from the width.
        encoding: which encoding they must be; None: any, or plain ids.

    Raises:
        ArchitectureError: no such width, or values that are no such encoding.
    """
    width = rows.shape[1]
    choices = []
    for candidate in SPACES.values() if space is None else (space,):
        for name, columns in (
            (None, candidate.length),
            ("onehot", onehot_width(candidate)),
            ("adjacency", adjacency_width(candidate)),
        ):
            if encoding is None or name == encoding:
                choices.append((columns, name, candidate))
    for columns, name, candidate in choices:
        if columns == width:
            values = whole_numbers(rows)
            if name is None:
                return candidate, _checked_ids(values, candidate)
            if name == "onehot":
                return candidate, ids_from_onehot(values, candidate)
            return candidate, _ids_from_adjacency_rows(values, candidate)
    expected = ", ".join(
        f"{columns} ({name or 'operator ids'}, {found.name})" for columns, name, found in choices
    )
    raise ArchitectureError(f"a row of {width} numbers is no architecture; expected {expected}")


def whole_numbers(array: AnyArray) -> npt.NDArray[np.int64]:
    """The array as int64.

    Raises:
        ArchitectureError: not numbers, or not whole ones, or too large to be ids or indices.
    """
    if array.dtype.kind not in "biuf":
        raise ArchitectureError(f"expected whole numbers, got {shown(array.tolist())}")
    if array.dtype.kind != "b":
        bad = ~(np.isfinite(array) & (np.abs(array) < 2**31) & (array == np.floor(array)))
        if bad.any():
            raise ArchitectureError(f"expected whole numbers, got {array[bad].flat[0]}")
    return array.astype(np.int64)


def _checked_ids(values: npt.NDArray[np.int64], space: Space) -> Ids:
    bad = (values < 0) | (values >= len(space.operators))
    if bad.any():
        raise ArchitectureError(
            f"operator id {values[bad].flat[0]} is out of range for {space.name}, expected 0 to "
            f"{len(space.operators) - 1}"
        )
    return values.astype(np.int8)


def ids_from_onehot(values: npt.NDArray[np.int64], space: Space) -> Ids:
    """Ids (n, k) from one-hot rows (n, k * operators).

    Raises:
        ArchitectureError: an operator without exactly one bit; says which.
    """
    bits = values.reshape(len(values), space.length, len(space.operators))
    wrong = ((bits != 0) & (bits != 1)).any(axis=2) | (bits.sum(axis=2) != 1)
    if wrong.any():
        row, position = np.argwhere(wrong)[0]
        raise ArchitectureError(
            f"one-hot bits of operator {position} are {bits[row, position].tolist()}, expected "
            f"a single 1 among {len(space.operators)} ({', '.join(space.operators)})"
        )
    return bits.argmax(axis=2).astype(np.int8)


def _ids_from_adjacency_rows(values: npt.NDArray[np.int64], space: Space) -> Ids:
    split = adjacency_width(space) - onehot_width(space)
    ids = ids_from_onehot(values[:, split:], space)
    none_id = space.operators.index("none") if "none" in space.operators else None
    rows = adjacency_rows(ids, space.edges, len(space.operators), none_id)
    if not np.array_equal(rows[:, :split], values[:, :split]):
        raise ArchitectureError(
            f"the adjacency bits are not those of a {space.name} architecture with these operators"
        )
    return ids


def ids_from_operator_matrix(values: npt.NDArray[np.int64]) -> Ids:
    """Ids (6,) from NAS-Bench-201's 4x4 matrix of operator ids [node, source], or its transpose.

    Raises:
        ArchitectureError: entries on both sides of the diagonal or on it, or no ids.
    """
    if (np.tril(values, k=-1).any() and np.triu(values, k=1).any()) or np.diag(values).any():
        raise ArchitectureError(
            "a 4x4 matrix of operator ids has them below the diagonal ([node, source]) or above "
            f"it, and zeros elsewhere; got {values.tolist()}"
        )
    lower = values if np.tril(values, k=-1).any() else values.T
    ids = np.array([lower[target, source] for source, target in NASBENCH201.edges or ()])
    return _checked_ids(ids[None, :], NASBENCH201)[0]


def ids_from_pair(matrix: AnyArray, operators: object) -> Ids:
    """Ids (6,) of a NAS-Bench-201 cell from its op-on-node adjacency (8, 8) and operators.

    Args:
        matrix: nodes in the order input, six operators as in the string, output; entries of an
            operator `none` may be there or not.
        operators: six names, ids or one-hot rows; or eight names or one-hot rows, with input and
            output (whose columns, if there are any, come first and last).

    Raises:
        ArchitectureError: another graph than that of a cell, or no such operators.
        UnknownNameError: an operator outside the vocabulary.
    """
    ids = _pair_operators(operators)
    given = whole_numbers(matrix)
    pruned = adjacency(ids[None, :], NASBENCH201.edges, none_id=0)[0]
    if not any(np.array_equal(given, known) for known in (wiring(NASBENCH201.edges, 6), pruned)):
        raise ArchitectureError(
            "the 8x8 adjacency is not that of a NAS-Bench-201 cell: nodes in the order input, "
            "(0,1), (0,2), (1,2), (0,3), (1,3), (2,3), output; rows are sources; expected "
            f"{wiring(NASBENCH201.edges, 6).tolist()}, where those of 'none' may be 0"
        )
    return ids


def _pair_operators(operators: object) -> Ids:
    try:
        array = np.asarray(operators)
    except ValueError:
        raise ArchitectureError(f"operators of unequal length: {shown(operators)}") from None
    if array.shape == (8, 7):
        array = array[1:-1, 1:-1]
    elif array.shape in ((8,), (8, 5)) and (array.ndim == 2 or array.dtype.kind in "UO"):
        array = array[1:-1]
    if array.shape == (6, 5):
        return ids_from_rows(array.reshape(1, 30), NASBENCH201, "onehot")[1][0]
    if array.shape != (6,):
        raise ArchitectureError(
            "beside an 8x8 adjacency expected six operators (names, ids or one-hot rows of 5), or "
            f"eight with input and output; got an array of shape {array.shape}"
        )
    if array.dtype.kind in "biuf":
        return _checked_ids(whole_numbers(array)[None, :], NASBENCH201)[0]
    return np.array(read_names(array.tolist(), NASBENCH201.operators), dtype=np.int8)


def onehot_columns(edges: Edges | None, length: int, operators: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns of `onehot`."""
    return tuple(f"{place}:{name}" for place in places(edges, length) for name in operators)


def adjacency_columns(
    edges: Edges | None, length: int, operators: Sequence[str]
) -> tuple[str, ...]:
    """Names of the columns of `adjacency_rows`."""
    nodes = ("input", *places(edges, length), "output")
    upper = tuple(
        f"{nodes[a]}>{nodes[b]}" for a, b in zip(*np.triu_indices(len(nodes), k=1), strict=True)
    )
    return upper + onehot_columns(edges, length, operators)


def places(edges: Edges | None, length: int) -> tuple[str, ...]:
    """Name of each operator's place: ``edge0-1`` in a cell, ``block3`` in a chain."""
    if edges is None:
        return tuple(f"block{i}" for i in range(length))
    names = [f"edge{source}-{target}" for source, target in edges]
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[i] = f"{name}#{seen[name]}"
    return tuple(names)


def in_column_order(frame: Any) -> AnyArray:
    """A DataFrame's values; the columns of "onehot" or "adjacency" are put in their order."""
    given = [str(name) for name in frame.columns]
    for space in SPACES.values():
        for columns in (onehot_columns, adjacency_columns):
            names = columns(space.edges, space.length, space.operators)
            if len(given) == len(names) and set(given) == set(names):
                return np.asarray(frame)[:, [given.index(name) for name in names]]
    return np.asarray(frame)
