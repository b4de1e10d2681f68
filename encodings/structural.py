"""The encoding "structural": counts by what the graph makes of each operator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.encodings.batch import Group
from archcost.encodings.matrices import places
from archcost.encodings.operators import operator
from archcost.encodings.places import block_places
from archcost.encodings.structure import analyse, canonical, longest_path

Features = npt.NDArray[np.float32]


def count(
    ids: npt.NDArray[np.int8], operators: int, mask: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int8]:
    """How often each operator id occurs in a row (n, operators), where `mask` (n, k) is true."""
    columns = []
    for i in range(operators):
        hits = ids == i
        columns.append((hits if mask is None else hits & mask).sum(axis=1, dtype=np.int8))
    return np.stack(columns, axis=1)


def chain_counts(group: Group) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    """How often each operator occurs in a chain, and in each of its stages, with the columns."""
    names = group.vocabulary
    blocks, columns = [count(group.ids, len(names))], [f"count:{name}" for name in names]
    stages = np.array([place.stage for place in block_places(group.skeleton)])
    for stage in range(stages.max() + 1):
        blocks.append(count(group.ids[:, stages == stage], len(names)))
        columns += [f"stage{stage}:count:{name}" for name in names]
    return np.concatenate(blocks, axis=1), tuple(columns)


def structural_features(group: Group) -> tuple[Features, tuple[str, ...]]:
    """Rows (m, f) float32 and their columns; cells and chains have different ones."""
    return _of_chains(group) if group.edges is None else _of_cells(group, group.edges)


def _of_cells(group: Group, edges: tuple[tuple[int, int], ...]) -> tuple[Features, tuple[str, ...]]:
    # Nodes have no numbers in reality: of NAS-Bench-201's equal cells one stands for both.
    ids = canonical(group.ids) if group.skeleton.space == "nasbench201" else group.ids
    found = analyse(ids, edges, group.none_id)
    masks = {
        "start_reached": found.start_reached,
        "end_reaches": found.end_reaches,
        "live": found.live,
    }
    names = group.vocabulary
    blocks: list[npt.NDArray[np.generic]] = [count(ids, len(names))]
    columns = [f"count:{name}" for name in names]
    for key, mask in masks.items():
        blocks.append(count(ids, len(names), mask))
        columns += [f"{key}:count:{name}" for name in names]
    for key, mask in masks.items():
        blocks.append(mask)
        columns += [f"{key}:{place}" for place in places(edges, len(edges))]
    convolutions = np.array([operator(name).is_convolution for name in names], dtype=np.int16)
    single: dict[str, npt.NDArray[np.generic]] = {
        "adds": _additions(found.inputs),
        "live:adds": _additions(found.live_inputs),
        "depth": longest_path(ids, np.ones_like(convolutions), edges, group.none_id),
        "convolution_depth": longest_path(ids, convolutions, edges, group.none_id),
        "connected": found.to_output[:, 0],
    }
    blocks += [column[:, None] for column in single.values()]
    return np.concatenate(blocks, axis=1).astype(np.float32), (*columns, *single)


def _additions(inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Pairwise additions (n,) at nodes with so many inputs (n, nodes)."""
    return np.maximum(inputs - 1, 0).sum(axis=1, dtype=np.int8)


def _of_chains(group: Group) -> tuple[Features, tuple[str, ...]]:
    operators = [operator(name) for name in group.vocabulary]
    numbers = {
        "expansion": [op.expansion if op.family == "block" else 0 for op in operators],
        "kernel": [op.kernel if op.family == "block" else 0 for op in operators],
        "groups": [op.groups if op.family == "block" else 0 for op in operators],
        "skips": [int(op.family == "skip") for op in operators],
    }
    stages = np.array([place.stage for place in block_places(group.skeleton)])
    blocks, columns = [], []
    for key, table in numbers.items():
        values = np.array(table, dtype=np.float32)[group.ids]
        for stage in range(stages.max() + 1):
            blocks.append(values[:, stages == stage].sum(axis=1))
            columns.append(f"stage{stage}:{key}")
    return np.stack(blocks, axis=1), tuple(columns)
