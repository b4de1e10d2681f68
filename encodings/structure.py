"""What of a cell matters: which nodes the input reaches, which reach the output, in bulk.

Runtimes that optimise the graph remove what cannot reach the output; eager ones run it all. All
functions take operator ids (n, E) of cells with the same E edges, sorted as in `Architecture`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Ids
from archcost.encodings.architecture import NASBENCH201_EDGES, Edges

Mask = npt.NDArray[np.bool_]

_SWAPPED = [1, 0, 2, 3, 5, 4]
"""NAS-Bench-201's edges with nodes 1 and 2 exchanged, where edge 1-2 is `none`."""


@dataclass(frozen=True, eq=False, slots=True)
class Structure:
    """Reachability in n cells with E edges.

    Attributes:
        from_input: (n, nodes) the node is reached from the input along edges other than `none`.
        to_output: (n, nodes) the node reaches the output along such edges.
        start_reached: (n, E) the edge's source node is reached, whatever the edge's operator.
        end_reaches: (n, E) the edge's target node reaches the output, whatever its operator.
        live: (n, E) both, and the operator is not `none`: data flows through it to the output.
        inputs: (n, nodes) int8, edges other than `none` that end at the node; what is added there.
        live_inputs: (n, nodes) int8, live edges that end at the node.
    """

    from_input: Mask
    to_output: Mask
    start_reached: Mask
    end_reaches: Mask
    live: Mask
    inputs: npt.NDArray[np.int8]
    live_inputs: npt.NDArray[np.int8]


def analyse(ids: Ids, edges: Edges = NASBENCH201_EDGES, none_id: int | None = 0) -> Structure:
    """Reachability of every node and edge.

    Args:
        ids: (n, E) operator ids.
        edges: (source, target) of each.
        none_id: the id of `none`; None if it does not occur.
    """
    sources, targets = np.array(edges).T
    passes = np.ones(ids.shape, dtype=bool) if none_id is None else ids != none_id
    from_input = np.zeros((len(ids), targets.max() + 1), dtype=bool)
    to_output = from_input.copy()
    from_input[:, 0] = to_output[:, -1] = True
    # Edges are sorted by target: whatever enters a node comes before whatever leaves it.
    for edge, (source, target) in enumerate(edges):
        from_input[:, target] |= from_input[:, source] & passes[:, edge]
    for edge, (source, target) in reversed(list(enumerate(edges))):
        to_output[:, source] |= to_output[:, target] & passes[:, edge]
    start_reached, end_reaches = from_input[:, sources], to_output[:, targets]
    live = start_reached & end_reaches & passes
    incoming = (targets[:, None] == np.arange(from_input.shape[1])).astype(np.int8)
    return Structure(
        from_input=from_input,
        to_output=to_output,
        start_reached=start_reached,
        end_reaches=end_reaches,
        live=live,
        inputs=passes.astype(np.int8) @ incoming,
        live_inputs=live.astype(np.int8) @ incoming,
    )


def longest_path(
    ids: Ids,
    weights: npt.NDArray[np.integer],
    edges: Edges = NASBENCH201_EDGES,
    none_id: int | None = 0,
) -> npt.NDArray[np.int16]:
    """Weight of the heaviest path from input to output (n,); -1 where there is no path.

    Args:
        ids: (n, E) operator ids.
        weights: of each operator id, not negative: 1 for convolutions counts them.
        edges: (source, target) of each.
        none_id: the id of `none`; None if it does not occur.
    """
    best = np.full((len(ids), edges[-1][1] + 1), -1, dtype=np.int16)
    best[:, 0] = 0
    for edge, (source, target) in enumerate(edges):
        reached = best[:, source] >= 0
        if none_id is not None:
            reached = reached & (ids[:, edge] != none_id)
        path = np.where(reached, best[:, source] + weights[ids[:, edge]], -1)
        best[:, target] = np.maximum(best[:, target], path)
    return best[:, -1]


def twins(ids: Ids) -> npt.NDArray[np.int64]:
    """Pairs of rows (p, 2) of cells (n, 6) that are the same network.

    A table of measurements holds two of it: they show how well measurements repeat.
    """
    keys = canonical(ids).astype(np.int64) @ 5 ** np.arange(6)
    order = np.argsort(keys, kind="stable")
    (first,) = np.nonzero(np.diff(keys[order]) == 0)
    return np.stack([order[first], order[first + 1]], axis=1)


def canonical(ids: Ids) -> Ids:
    """One form (n, 6) for NAS-Bench-201 cells that differ in the numbering of their nodes only.

    Nodes 1 and 2 may be exchanged exactly where edge 1-2 is `none`; the lexicographically smaller
    row of ids is returned.
    """
    swapped = ids[:, _SWAPPED]
    differs = ids != swapped
    first = differs.argmax(axis=1)
    rows = np.arange(len(ids))
    smaller = swapped[rows, first] < ids[rows, first]
    chosen: Ids = np.where(((ids[:, 2] == 0) & smaller)[:, None], swapped, ids)
    return chosen
