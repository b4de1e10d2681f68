"""Nodes and edges of a cell (or chain) as arrays: what the encoding "graph" and the GNN start from.

Nodes are the input, the operators of one cell (or of the chain), and the output; edges carry data
from operator to operator, none through `none`. Repeats of a cell are not unrolled: its nodes carry
what their operator costs over all its places. Node columns are the same for all spaces.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archcost.encodings.architecture import Skeleton
from archcost.encodings.batch import Group
from archcost.encodings.layer_features import QUANTITIES, operator_sums, skeleton_sums
from archcost.encodings.operators import FAMILIES, operator
from archcost.encodings.places import Place, block_places, cell_places
from archcost.encodings.structure import analyse

_SUMMED = ("macs", "params", "activation_bytes")

NODE_COLUMNS = (
    "input",
    "output",
    *FAMILIES,
    "kernel",
    "dilation",
    "groups",
    "expansion",
    "stride",
    *("log_c_in", "log_c_out", "log_size"),
    *(f"log_{name}" for name in _SUMMED),
    *("start_reached", "end_reaches", "live"),
)
"""Columns of a node: what it is (one-hot) and its sizes, natural logarithms: channels and size
averaged over its places, then of 1 + the sum over its places; last, where it stands: whether the
input reaches it, whether it reaches the output, and whether data flows through it to the output."""

SKELETON_COLUMNS = (
    "log_image_size",
    "log_in_channels",
    "log_classes",
    "log_stem_channels",
    "log_head_channels",
    "stages",
    "repeats",
    "log_macs_of_rest",
    "log_activation_bytes_of_rest",
)
"""Columns of the skeleton; rest: stem, residual blocks and head."""


def node_rows(group: Group) -> npt.NDArray[np.float32]:
    """Rows (m, k + 2, `NODE_COLUMNS`) of input, operators and output of each architecture."""
    chain = group.edges is None
    length = group.ids.shape[1]
    if chain:
        places: list[tuple[Place, ...]] = [(at,) for at in block_places(group.skeleton)]
    else:
        places = [cell_places(group.skeleton)] * length
    table = np.array([[_node(name, at, chain) for name in group.vocabulary] for at in places])
    rows = np.zeros((len(group), length + 2, len(NODE_COLUMNS)), dtype=np.float32)
    sizes = slice(0, table.shape[-1])
    rows[:, 1:-1, sizes] = table[np.arange(length), group.ids]
    rows[:, 1:-1, sizes.stop :] = _standing(group)
    rows[:, 0, NODE_COLUMNS.index("input")] = rows[:, -1, NODE_COLUMNS.index("output")] = 1
    return rows


def _standing(group: Group) -> npt.NDArray[np.bool_]:
    """(m, k, 3): in a chain every operator is live."""
    if group.edges is None:
        return np.ones((*group.ids.shape, 3), dtype=bool)
    found = analyse(group.ids, group.edges, group.none_id)
    return np.stack([found.start_reached, found.end_reaches, found.live], axis=2)


@lru_cache(maxsize=4096)
def _node(name: str, places: tuple[Place, ...], chain: bool) -> tuple[float, ...]:
    """The row of an operator that stands at these places."""
    op = operator(name)
    sums = np.sum([at.repeats * operator_sums(name, at, chain) for at in places], axis=0)
    shapes = np.array([(place.c_in, place.c_out, place.size) for place in places])
    return (
        *(0, 0, *(family == op.family for family in FAMILIES)),
        *(op.kernel, op.dilation, op.groups, op.expansion, places[0].stride),
        *np.log(shapes).mean(axis=0),
        *np.log1p([sums[QUANTITIES.index(key)] for key in _SUMMED]),
    )


def skeleton_row(skeleton: Skeleton, chain: bool) -> npt.NDArray[np.float32]:
    """The row (1, `SKELETON_COLUMNS`) of a skeleton."""
    rest = skeleton_sums(skeleton, chain)
    logs = np.log(
        [
            skeleton.image_size,
            skeleton.in_channels,
            skeleton.classes,
            skeleton.stem_channels,
            skeleton.head_channels or 1,
        ]
    )
    costs = np.log1p([rest[QUANTITIES.index(key)] for key in ("macs", "activation_bytes")])
    counts = (len(skeleton.channels), sum(skeleton.repeats))
    return np.array([[*logs, *counts, *costs]], dtype=np.float32)
