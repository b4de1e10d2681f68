"""Encodings by name: arrays with column names, or graphs, for any model.

==============  ============================================================================
"onehot"        one bit an operator and place
"adjacency"     op-on-node adjacency (upper triangle, nothing through `none`) and "onehot"
"path"          one bit for each sequence of operators from input to output without `none`
                (White, Neiswanger, Savani, AAAI 2021): 4 + 16 + 64 in NAS-Bench-201
"counts"        how often each operator occurs; in chains also by stage
"structural"    counts over all edges, over those whose start is reached, whose end reaches
                the output, and over live ones; these masks; additions and depth
"layers"        multiply-accumulates, parameters, bytes and layers of each kind, by stage
"runtime"       what runtimes execute of a NAS-Bench-201 cell, see `archcost.encodings.runtime`
"onnxruntime"   what ONNX Runtime executes of one, see `archcost.encodings.blocked`
"graph"         `torch_geometric.data.Data`, one an architecture
==============  ============================================================================

Rows of "onehot" and "adjacency" can be given back to `parse`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt

from archcost.encodings.architecture import Edges
from archcost.encodings.batch import Group
from archcost.encodings.blocked import onnxruntime_features
from archcost.encodings.encoded import Encoded
from archcost.encodings.layer_features import layer_features
from archcost.encodings.matrices import (
    adjacency_columns,
    adjacency_rows,
    onehot,
    onehot_columns,
)
from archcost.encodings.parsing import DECODABLE, LOSSY, parse
from archcost.encodings.runtime import runtime_features
from archcost.encodings.spaces import NASBENCH201, find_dataset, find_space
from archcost.encodings.structural import chain_counts, count, structural_features
from archcost.errors import UnsupportedError, unknown_name

if TYPE_CHECKING:
    from torch_geometric.data import Data

Values = npt.NDArray[np.int8] | npt.NDArray[np.float32]
Features = tuple[Values, tuple[str, ...]]
ArrayEncoding = Literal[
    "onehot", "adjacency", "path", "counts", "structural", "layers", "runtime", "onnxruntime"
]

ENCODINGS = (*DECODABLE, *LOSSY)
_MOST_PATHS = 20_000


@overload
def encode(
    archs: object, name: Literal["graph"], *, space: str | None = None, dataset: str | None = None
) -> list[Data]: ...


@overload
def encode(
    archs: object, name: ArrayEncoding, *, space: str | None = None, dataset: str | None = None
) -> Encoded: ...


@overload
def encode(
    archs: object, name: str, *, space: str | None = None, dataset: str | None = None
) -> Encoded | list[Data]: ...


def encode(
    archs: object, name: str, *, space: str | None = None, dataset: str | None = None
) -> Encoded | list[Data]:
    """Encode architectures of any accepted form.

    Args:
        archs: see `parse`, also for `space` and `dataset`.
        name: of the encoding (see the module).

    Returns:
        Rows (n, f) with column names; for "graph" a list of n graphs.

    Raises:
        UnknownNameError: no such encoding; and as `parse`.
        UnsupportedError: the encoding does not apply to such architectures, or gives other columns
            for some of the batch than for others.
        ArchitectureError: as `parse`.
    """
    if name not in ENCODINGS:
        raise unknown_name("encoding", name, ENCODINGS)
    batch = parse(archs, space=space, dataset=dataset)
    if name == "graph":
        from archcost.encodings.graphs import graphs

        return graphs(batch)
    groups = batch.groups or (_no_rows(space, dataset),)
    encoder = _ENCODERS[name]
    parts = [encoder(group) for group in groups]
    columns = parts[0][1]
    if any(other != columns for _, other in parts):
        kinds = ", ".join(
            f"{group.skeleton.space}/{group.skeleton.dataset} ({len(other)} columns)"
            for group, (_, other) in zip(groups, parts, strict=True)
        )
        raise UnsupportedError(
            f"encoding {name!r} gives different columns for the parts of this batch: {kinds}; "
            "encode them apart"
        )
    values = np.empty((len(batch), len(columns)), dtype=parts[0][0].dtype)
    for group, (rows, _) in zip(groups, parts, strict=True):
        values[group.positions] = rows
    return Encoded(name, values, columns)


def useful_macs(archs: object) -> npt.NDArray[np.float64]:
    """Multiply-accumulates (n,) of architectures; of cells, of what lies between input and output.

    What a runtime may remove is not counted: it costs nothing, and is good for nothing.

    Raises:
        ArchitectureError, UnknownNameError: as `parse`.
    """
    encoded = encode(archs, "layers")
    scope = "live" if "live:total:macs" in encoded.columns else "all"
    return encoded.values[:, encoded.columns.index(f"{scope}:total:macs")].astype(np.float64)


def _no_rows(space: str | None, dataset: str | None) -> Group:
    """What stands for an empty batch, so that it has the columns of its space."""
    found = NASBENCH201 if space is None else find_space(space)
    skeleton = found.skeletons[find_dataset(found, dataset)]
    none = np.zeros((0, found.length), dtype=np.int8)
    return Group(skeleton, found.edges, found.operators, np.zeros(0, dtype=np.int64), none)


def _onehot(group: Group) -> Features:
    return (
        onehot(group.ids, len(group.vocabulary)),
        onehot_columns(group.edges, group.ids.shape[1], group.vocabulary),
    )


def _adjacency(group: Group) -> Features:
    return (
        adjacency_rows(group.ids, group.edges, len(group.vocabulary), group.none_id),
        adjacency_columns(group.edges, group.ids.shape[1], group.vocabulary),
    )


def _counts(group: Group) -> Features:
    if group.edges is None:
        return chain_counts(group)
    names = group.vocabulary
    return count(group.ids, len(names)), tuple(f"count:{name}" for name in names)


def _path(group: Group) -> Features:
    if group.edges is None:
        raise UnsupportedError(
            "encoding 'path' does not apply to a chain of blocks: it has one path only; use "
            "'onehot' or 'counts'"
        )
    names = [i for i in range(len(group.vocabulary)) if i != group.none_id]
    paths = _paths(group.edges)
    lengths = sorted({len(path) for path in paths})
    if sum(len(names) ** length for length in lengths) > _MOST_PATHS:
        raise UnsupportedError(
            f"encoding 'path' would have over {_MOST_PATHS} columns for this cell: paths of up to "
            f"{lengths[-1]} out of {len(names)} operators; use 'structural' or 'layers'"
        )
    digit = np.zeros(len(group.vocabulary), dtype=np.int64)
    digit[names] = np.arange(len(names))
    present = np.ones(group.ids.shape, dtype=bool)
    if group.none_id is not None:
        present = group.ids != group.none_id
    blocks, columns = [], []
    for length in lengths:
        bits = np.zeros((len(group), len(names) ** length), dtype=np.int8)
        powers = len(names) ** np.arange(length - 1, -1, -1)
        for path in (list(path) for path in paths if len(path) == length):
            (rows,) = np.nonzero(present[:, path].all(axis=1))
            bits[rows, digit[group.ids[rows][:, path]] @ powers] = 1
        blocks.append(bits)
        words = [group.vocabulary[i] for i in names]
        columns += ["path:" + ">".join(path) for path in product(words, repeat=length)]
    return np.concatenate(blocks, axis=1), tuple(columns)


def _paths(edges: Edges) -> list[tuple[int, ...]]:
    """All ways from input to output, as positions of edges."""
    ways: list[list[tuple[int, ...]]] = [[] for _ in range(edges[-1][1] + 1)]
    ways[0].append(())
    for edge, (source, target) in enumerate(edges):
        ways[target] += [(*way, edge) for way in ways[source]]
    return ways[-1]


_ENCODERS: dict[str, Callable[[Group], tuple[Any, tuple[str, ...]]]] = {
    "onehot": _onehot,
    "adjacency": _adjacency,
    "path": _path,
    "counts": _counts,
    "structural": structural_features,
    "layers": layer_features,
    "runtime": runtime_features,
    "onnxruntime": onnxruntime_features,
}
