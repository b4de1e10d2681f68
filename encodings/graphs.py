"""The encoding "graph": one `torch_geometric.data.Data` an architecture.

Nodes are the input, the operators of one cell (or of the chain), and the output; edges carry data
from operator to operator, none through `none`. Repeats of a cell are not unrolled: its nodes carry
what their operator costs over all its places. Node columns are the same for all spaces.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch_geometric.data import Data

from archcost.encodings.architecture import Skeleton
from archcost.encodings.batch import Batch, Group
from archcost.encodings.layer_features import QUANTITIES, operator_sums, skeleton_sums
from archcost.encodings.matrices import wiring
from archcost.encodings.operators import FAMILIES, operator
from archcost.encodings.places import Place, block_places, cell_places

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
)
"""Columns of `Data.x`: what the node is (one-hot) and its sizes; natural logarithms, of 1 + the sum
over its places for the last three, averaged over its places for channels and size."""

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
"""Columns of `Data.skeleton`; rest: stem, residual blocks and head."""


def graphs(batch: Batch) -> list[Data]:
    """Graphs in the order of the batch.

    Each has ``x`` (k + 2, `NODE_COLUMNS`) float32, ``edge_index`` (2, e) int64 and ``skeleton``
    (1, `SKELETON_COLUMNS`) float32. Graphs may share storage: do not write into them.
    """
    found: list[Data] = [Data()] * len(batch)
    for group in batch.groups:
        x = torch.from_numpy(_node_rows(group))
        skeleton = torch.from_numpy(_skeleton_row(group.skeleton, group.edges is None))
        edge_indices = _edge_indices(group)
        for row, position in enumerate(group.positions.tolist()):
            found[position] = Data(x=x[row], edge_index=edge_indices[row], skeleton=skeleton)
    return found


def _node_rows(group: Group) -> npt.NDArray[np.float32]:
    """(m, k + 2, columns)."""
    chain = group.edges is None
    length = group.ids.shape[1]
    if chain:
        places: list[tuple[Place, ...]] = [(at,) for at in block_places(group.skeleton)]
    else:
        places = [cell_places(group.skeleton)] * length
    table = np.array([[_node(name, at, chain) for name in group.vocabulary] for at in places])
    rows = np.zeros((len(group), length + 2, len(NODE_COLUMNS)), dtype=np.float32)
    rows[:, 1:-1] = table[np.arange(length), group.ids]
    rows[:, 0, NODE_COLUMNS.index("input")] = rows[:, -1, NODE_COLUMNS.index("output")] = 1
    return rows


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


def _skeleton_row(skeleton: Skeleton, chain: bool) -> npt.NDArray[np.float32]:
    """(1, columns)."""
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


def _edge_indices(group: Group) -> list[torch.Tensor]:
    """(2, e) int64 of each architecture; those with the same `none`s share one."""
    full = wiring(group.edges, group.ids.shape[1])
    present = np.ones((len(group), len(full)), dtype=bool)
    if group.none_id is not None:
        present[:, 1:-1] = group.ids != group.none_id
    patterns, which = np.unique(present, axis=0, return_inverse=True)
    tensors = [
        torch.from_numpy(np.argwhere(full & pattern & pattern[:, None]).T.copy())
        for pattern in patterns
    ]
    return [tensors[i] for i in which.ravel()]
