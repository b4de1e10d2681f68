"""The encoding "graph": one `torch_geometric.data.Data` an architecture."""

from __future__ import annotations

import numpy as np
import torch
from torch_geometric.data import Data

from archcost.encodings.batch import Batch, Group
from archcost.encodings.matrices import wiring
from archcost.encodings.nodes import node_rows, skeleton_row


def graphs(batch: Batch) -> list[Data]:
    """Graphs in the order of the batch.

    Each has ``x`` (k + 2, `NODE_COLUMNS`) float32, ``edge_index`` (2, e) int64 and ``skeleton``
    (1, `SKELETON_COLUMNS`) float32; columns are those of `archcost.encodings.nodes`. Graphs may
    share storage: do not write into them.
    """
    found: list[Data] = [Data()] * len(batch)
    for group in batch.groups:
        x = torch.from_numpy(node_rows(group))
        skeleton = torch.from_numpy(skeleton_row(group.skeleton, group.edges is None))
        edge_indices = _edge_indices(group)
        for row, position in enumerate(group.positions.tolist()):
            found[position] = Data(x=x[row], edge_index=edge_indices[row], skeleton=skeleton)
    return found


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
