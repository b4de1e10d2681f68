"""Cells given as graphs, read into operators on edges.

Forms, nodes being anything hashable:

- triples ``(source, target, operator)``;
- a networkx `DiGraph` or `MultiDiGraph` whose edges have an attribute ``op`` or ``operator``;
- a square matrix (lists or an array) whose entry [source][target] is an operator, or None or ""
  where there is no edge; on and below the diagonal ``none`` says the same;
- a pair (adjacency, operators) with operators on the nodes, as in NAS-Bench-101: a square matrix of
  0 and 1 over input, operators and output, and the operators of the nodes between. An operator
  reads the sum of its inputs; those that nothing reaches from the input are left out.

Nodes numbered from 0 so that every edge leads to a higher number stay as they are. Others are put
in topological order, from the node called "input" or the only one that nothing enters to the node
called "output" or the only one that nothing leaves.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from archcost.encodings.text import shown
from archcost.errors import ArchitectureError

Triple = tuple[Any, Any, str]

_ATTRIBUTES = ("op", "operator")
_NO_EDGE = (None, "", "none")


def is_graph(value: object) -> bool:
    """Whether this is one cell in one of the forms of this module."""
    if hasattr(value, "nodes") and hasattr(value, "is_directed"):
        return True
    return _is_pair(value) or _is_matrix(value) or _are_triples(value)


def cell_of(graph: object) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Operators and edges of a cell, as `Architecture` takes them.

    Raises:
        ArchitectureError: no such form, an edge without operator, a cycle, or input or output are
            not to be told.
    """
    triples = _ordered(_triples(graph))
    return tuple(op for _, _, op in triples), tuple((start, end) for start, end, _ in triples)


def _triples(graph: Any) -> list[Triple]:
    if hasattr(graph, "is_directed"):
        return _from_networkx(graph)
    if _is_pair(graph):
        return _from_nodes(np.asarray(graph[0]), list(_plain(graph[1])))
    if _is_matrix(graph):
        return _from_matrix(_plain(graph))
    if _are_triples(graph):
        return [tuple(triple) for triple in graph]
    raise ArchitectureError(
        f"{shown(graph)} is no graph of a cell; expected triples (source, target, operator), a "
        "networkx DiGraph, a square matrix of operators, or a pair (adjacency, operators)"
    )


def _plain(value: Any) -> Any:
    """An array of words as lists; anything else as it is."""
    return value.tolist() if isinstance(value, np.ndarray) and value.dtype.kind in "OU" else value


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0


def _are_triples(value: Any) -> bool:
    return _is_list(value) and all(
        isinstance(e, list | tuple) and len(e) == 3 and isinstance(e[2], str) for e in value
    )


def _is_matrix(value: Any) -> bool:
    rows = _plain(value)
    if not _is_list(rows) or len(rows) < 2:
        return False
    square = all(isinstance(row, list | tuple) and len(row) == len(rows) for row in rows)
    return (
        square
        and all(entry is None or isinstance(entry, str) for row in rows for entry in row)
        and all(row[place] in _NO_EDGE for place, row in enumerate(rows))
    )


def _is_pair(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 2 or not _is_list(_plain(value[1])):
        return False
    try:
        matrix = np.asarray(value[0])
    except (ValueError, TypeError):
        return False
    named = all(isinstance(name, str) for name in value[1])
    return named and matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] > 1


def _from_networkx(graph: Any) -> list[Triple]:
    if not graph.is_directed():
        raise ArchitectureError("the edges of a cell have a direction: give a networkx DiGraph")
    found = []
    for source, target, data in graph.edges(data=True):
        names = [data[key] for key in _ATTRIBUTES if key in data]
        if len(names) != 1 or not isinstance(names[0], str):
            raise ArchitectureError(
                f"edge {source!r} to {target!r} of the graph has no operator; give it an "
                f"attribute 'op', e.g. graph.add_edge({source!r}, {target!r}, op='nor_conv_3x3')"
            )
        found.append((source, target, names[0]))
    return found


def _from_matrix(rows: list[list[str | None]]) -> list[Triple]:
    """Where edges lead to higher numbers, ``none`` is one above the diagonal only."""
    found = [
        (source, target, name)
        for source, row in enumerate(rows)
        for target, name in enumerate(row)
        if name and (name != "none" or source < target)
    ]
    upwards = all(source < target for source, target, _ in found)
    if upwards and all(target < len(rows) - 1 for _, target, _ in found):
        raise ArchitectureError(
            f"node {len(rows) - 1} of the cell, its output, receives nothing; give it an edge "
            "(with the operator 'none' if nothing shall flow), or leave out its row and column"
        )
    return found


def _from_nodes(matrix: Any, names: list[str]) -> list[Triple]:
    """Operators on nodes: each reads a node of sums and writes to the sums of its readers."""
    size = len(matrix)
    if len(names) == size:
        names = names[1:-1]
    if len(names) != size - 2 or not np.isin(matrix, (0, 1)).all() or np.tril(matrix).any():
        raise ArchitectureError(
            f"operators on nodes: expected an upper triangular matrix of 0 and 1 for input, "
            f"{len(names)} operators and output, got {shown(matrix.tolist())}"
        )
    # Nodes of the cell: what an operator reads ("sum", node), and what it made ("made", node).
    made: list[Hashable] = ["input", *(("made", node) for node in range(1, size - 1))]
    sums: list[Hashable] = ["input", *(("sum", node) for node in range(1, size - 1)), "output"]
    found: list[Triple] = []
    reached = [0]
    for node in range(1, size):
        sources = [source for source in reached if matrix[source, node]]
        if not sources:
            continue
        reached.append(node)
        found += [(made[source], sums[node], "skip_connect") for source in sources]
        if node < size - 1:
            found.append((sums[node], made[node], names[node - 1]))
    if size - 1 not in reached:
        raise ArchitectureError(
            f"nothing leads from the input of the cell to its output, node {size - 1}; give it an "
            "edge (from a node with the operator 'none' if nothing shall flow)"
        )
    return found


def _ordered(triples: Sequence[Triple]) -> list[tuple[int, int, str]]:
    """With nodes numbered so that edges lead upwards, input first and output last."""
    labels: list[Any] = list(dict.fromkeys(node for triple in triples for node in triple[:2]))
    numbered = all(type(label) is int for label in labels)
    if numbered and all(0 <= start < end for start, end, _ in triples):
        return [(start, end, op) for start, end, op in triples]
    _check_no_cycle(triples)
    entered = {end for _, end, _ in triples}
    left = {start for start, _, _ in triples}
    first = _only([node for node in labels if node not in entered], labels, "input")
    last = _only([node for node in labels if node not in left], labels, "output")
    if first in entered:
        raise ArchitectureError(f"an edge leads to {shown(first)}, the input of the cell")
    if last in left:
        raise ArchitectureError(f"an edge leaves {shown(last)}, the output of the cell")
    order, waiting = [first], [node for node in labels if node not in (first, last)]
    while waiting:
        ready = [
            node
            for node in waiting
            if all(start in order for start, end, _ in triples if end == node)
        ]
        order += ready
        waiting = [node for node in waiting if node not in ready]
    place = {node: number for number, node in enumerate([*order, last])}
    return [(place[start], place[end], op) for start, end, op in triples]


def _check_no_cycle(triples: Sequence[Triple]) -> None:
    """Raises ArchitectureError with the nodes of a cycle, if there is one."""
    sorter: TopologicalSorter[Any] = TopologicalSorter()
    for start, end, _ in triples:
        sorter.add(end, start)
    try:
        sorter.prepare()
    except CycleError as error:
        around = " to ".join(map(shown, error.args[1]))
        raise ArchitectureError(
            f"the graph of the cell has a cycle, {around}; edges lead from the input to the "
            "output, none back"
        ) from None


def _only(candidates: list[Any], labels: list[Any], name: str) -> Any:
    if name in labels:
        return name
    if len(candidates) != 1:
        what = "enters" if name == "input" else "leaves"
        raise ArchitectureError(
            f"the {name} of the cell is the one node that nothing {what}: found "
            f"{shown(candidates)}; or call a node {name!r}"
        )
    return candidates[0]
