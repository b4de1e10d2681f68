"""The encoding "runtime": what of a NAS-Bench-201 cell a runtime really executes.

Four views of each cell, each with the same columns:

- ``all``: every operator, as an eager framework runs them;
- ``reach``: without what cannot reach the output (TensorRT: cells that agree in this view agree in
  measured latency to the repeatability of the measurement);
- ``tflite``: what TensorFlow Lite keeps. Zeros are folded away and with them what only feeds zeros,
  but a convolution whose output is only multiplied by zero survives: the product is folded into its
  weights before the zeros are propagated. Found by comparing cells of HW-NAS-Bench that differ in
  one edge; on the Pixel 3, cells that agree in this view differ by 0.4 % in the median.
- ``live``: what lies on a path from input to output.

In a view, columns count operators, additions, convolutions that read the same tensor (runtimes fuse
them or share their ReLU), ReLUs that can be fused into the layer before, and the longest paths.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.aliases import Ids
from archcost.encodings.architecture import NASBENCH201_EDGES
from archcost.encodings.batch import Group
from archcost.encodings.structure import analyse, canonical, longest_path
from archcost.errors import UnsupportedError

Mask = npt.NDArray[np.bool_]
Columns = dict[str, npt.NDArray[np.generic]]

NONE, SKIP, CONV1, CONV3, POOL = range(5)
_OPERATORS = (SKIP, CONV1, CONV3, POOL)
_NODES = 4
_PATH_WEIGHTS = {
    "convolutions": (0, 0, 1, 1, 0),
    "operators": (0, 0, 1, 1, 1),
    # A 3x3 convolution has nine times the multiply-accumulates of a 1x1.
    "work": (0, 0, 1, 9, 1),
    "edges": (0, 1, 1, 1, 1),
}


def runtime_features(group: Group) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Rows (m, f) float32 and their columns; node relabelling leaves them alone.

    Raises:
        UnsupportedError: not NAS-Bench-201's cell.
    """
    check_cells(group, "runtime")
    ids = np.asarray(canonical(group.ids))
    found = analyse(ids)
    executed, folding = tflite_executed(ids)
    views = {
        "all": ids,
        "reach": np.where(found.end_reaches, ids, NONE),
        "tflite": np.where(executed, ids, NONE),
        "live": np.where(found.live, ids, NONE),
    }
    columns: Columns = {}
    for name, view in views.items():
        columns |= {f"{name}:{key}": column for key, column in _view(canonical(view)).items()}
    columns |= {f"tflite:{key}": column for key, column in folding.items()}
    values = np.stack([column.astype(np.float32) for column in columns.values()], axis=1)
    return values, tuple(columns)


def check_cells(group: Group, encoding: str) -> None:
    """Refuse what is no cell of NAS-Bench-201.

    Raises:
        UnsupportedError: names the encoding, and others that are defined.
    """
    if group.skeleton.space != "nasbench201":
        raise UnsupportedError(
            f"encoding {encoding!r} is defined for the cells of nasbench201, not for "
            f"{group.skeleton.space}; use 'structural' or 'layers'"
        )


def tflite_executed(ids: Ids) -> tuple[Mask, Columns]:
    """Which operators (n, 6) TensorFlow Lite executes, and why: node properties (n,).

    A node is *zero* if nothing but zeros arrive, *lone* if its value is the output of just one
    convolution. A lone node that leads nowhere is *retained* when it is multiplied by zero (edge
    `none`) on the way to a node that is needed.
    """
    e01, e02, e12, e13, e23 = (ids[:, edge] for edge in (0, 1, 2, 4, 5))
    zero1, lone1 = e01 == NONE, is_convolution(e01)
    into2_from0 = e02 != NONE
    into2_from1 = (e12 != NONE) & ~((e12 == SKIP) & zero1)
    zero2 = ~into2_from0 & ~into2_from1
    through1 = is_convolution(e12) | ((e12 == SKIP) & lone1)
    lone2 = np.where(into2_from0, is_convolution(e02) & ~into2_from1, into2_from1 & through1)
    idle2 = e23 == NONE
    idle1 = (e13 == NONE) & ((e12 == NONE) | idle2)
    only_zeroed1 = lone1 & (e12 == NONE) & (e13 == NONE)
    retained2 = idle2 & lone2 & ~(only_zeroed1 & into2_from0)
    retained1 = idle1 & lone1 & np.where(e12 == NONE, ~idle2 | zero2, retained2)
    needed1 = ~idle1 | retained1 | (retained2 & (e12 != NONE))
    needed2 = ~idle2 | retained2
    yes, no = np.ones_like(needed1), np.zeros_like(needed1)
    needed = np.stack([needed1, needed2, needed2, yes, yes, yes], axis=1)
    from_zero = np.stack([no, no, zero1, no, zero1, zero2], axis=1)
    executed = needed & (ids != NONE) & ~((ids == SKIP) & from_zero)
    return executed, {
        "zero1": zero1,
        "zero2": zero2,
        "lone1": lone1,
        "lone2": lone2,
        "retained1": retained1,
        "retained2": retained2,
    }


def is_convolution(ids: npt.NDArray[np.int8]) -> Mask:
    """Which operators are convolutions."""
    return (ids == CONV1) | (ids == CONV3)


def _view(ids: Ids) -> Columns:
    """Columns (n,) of the operators that run; the others are `none`."""
    columns: Columns = {}
    for edge in range(len(NASBENCH201_EDGES)):
        for op in _OPERATORS:
            columns[f"edge{edge}:{op}"] = ids[:, edge] == op
    live = analyse(ids).from_input[:, [source for source, _ in NASBENCH201_EDGES]]
    for op in _OPERATORS:
        hits = ids == op
        columns[f"count:{op}"] = hits.sum(axis=1)
        columns[f"fed:{op}"] = (hits & live).sum(axis=1)
        columns[f"constant:{op}"] = (hits & ~live).sum(axis=1)
    origin, inputs = _origins(ids)
    columns |= _node_columns(ids, origin, inputs)
    for name, weights in _PATH_WEIGHTS.items():
        columns[f"path:{name}"] = longest_path(ids, np.array(weights, dtype=np.int16))
    return columns


def _origins(ids: Ids) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The node whose tensor each node really is (n, 4), through lone skips; inputs (n, 4)."""
    origin = np.tile(np.arange(_NODES), (len(ids), 1))
    inputs = np.zeros_like(origin)
    for node in range(1, _NODES):
        edges = [edge for edge, (_, target) in enumerate(NASBENCH201_EDGES) if target == node]
        inputs[:, node] = (ids[:, edges] != NONE).sum(axis=1)
        for edge in edges:
            alias = (inputs[:, node] == 1) & (ids[:, edge] == SKIP)
            origin[:, node] = np.where(
                alias, origin[:, NASBENCH201_EDGES[edge][0]], origin[:, node]
            )
    return origin, inputs


def _node_columns(
    ids: Ids, origin: npt.NDArray[np.int64], inputs: npt.NDArray[np.int64]
) -> Columns:
    columns: Columns = {"additions": np.maximum(inputs - 1, 0).sum(axis=1)}
    reads = origin[:, [source for source, _ in NASBENCH201_EDGES]]
    # (nodes, operators, n): how many operators of a kind read the node's tensor.
    readers = np.array(
        [[((reads == node) & (ids == op)).sum(axis=1) for op in range(5)] for node in range(_NODES)]
    )
    convolutions = readers[:, CONV1] + readers[:, CONV3]
    columns["relus"] = (convolutions > 0).sum(axis=0)
    columns["siblings"] = np.maximum(convolutions - 1, 0).sum(axis=0)
    for op in (CONV1, CONV3, POOL):
        columns[f"siblings:{op}"] = np.maximum(readers[:, op] - 1, 0).sum(axis=0)
    for node in range(_NODES - 1):
        for op in _OPERATORS:
            columns[f"node{node}:readers:{op}"] = readers[node, op]
    for node in range(1, _NODES):
        edges = [edge for edge, (_, target) in enumerate(NASBENCH201_EDGES) if target == node]
        written = is_convolution(ids[:, edges]).sum(axis=1)
        own = origin[:, node] == node
        fused = own & (written >= 1) & (readers[node, SKIP] + readers[node, POOL] == 0)
        columns[f"node{node}:alias"] = ~own
        columns[f"node{node}:inputs"] = inputs[:, node]
        columns[f"node{node}:convolutions"] = written
        columns[f"node{node}:relu_fused"] = fused & (node < _NODES - 1)
        columns[f"node{node}:relu_fused_alone"] = fused & (inputs[:, node] == 1)
        for op in _OPERATORS:
            columns[f"node{node}:inputs:{op}"] = (ids[:, edges] == op).sum(axis=1)
    return columns
