"""The encoding "layers": sums over the layer graph, without unrolling it for each architecture.

What a network consists of is a sum over its operators, so a table of each operator at each place,
made by the same code as `lower`, gives the sums by indexing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archcost.encodings.architecture import Architecture, Skeleton
from archcost.encodings.batch import Group
from archcost.encodings.layers import KINDS, Layer
from archcost.encodings.lowering import Builder, Tensor, lower, lower_block, lower_edge
from archcost.encodings.operators import operator
from archcost.encodings.places import Place, block_places, cell_places
from archcost.encodings.structural import count
from archcost.encodings.structure import analyse

Sums = npt.NDArray[np.float64]

QUANTITIES = ("macs", "params", "activation_bytes", "weight_bytes", *KINDS)
"""What is summed: sizes, then the number of layers of each kind."""


def summed(layers: Iterable[Layer]) -> Sums:
    """`QUANTITIES` of these layers, (q,)."""
    totals = dict.fromkeys(QUANTITIES, 0)
    for layer in layers:
        totals["macs"] += layer.macs
        totals["params"] += layer.params
        totals["activation_bytes"] += layer.activation_bytes()
        totals["weight_bytes"] += layer.weight_bytes()
        totals[layer.kind] += 1
    return np.array(list(totals.values()), dtype=np.float64)


def layer_features(group: Group) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Rows (m, f) float32 and their columns: `exact_layer_features`, rounded."""
    values, columns = exact_layer_features(group)
    return values.astype(np.float32), columns


def exact_layer_features(group: Group) -> tuple[Sums, tuple[str, ...]]:
    """Rows (m, f) of whole numbers and their columns ``scope:part:quantity``.

    Scope "all" is the network as written; for cells, scope "live" is the one whose cells have
    their live edges only. Parts are the stages, "rest" (stem, residual blocks, head) and "total".
    """
    rest = skeleton_sums(group.skeleton, chain=group.edges is None)
    if group.edges is None:
        scopes = {"all": _stages_of_chains(group)}
    else:
        vocabulary = len(group.vocabulary)
        found = analyse(group.ids, group.edges, group.none_id)
        written = np.bincount([target for _, target in group.edges])
        inputs: dict[str, npt.NDArray[np.integer]] = {
            "all": np.tile(written, (len(group), 1)),
            "live": found.live_inputs,
        }
        counts = {
            "all": count(group.ids, vocabulary),
            "live": count(group.ids, vocabulary, found.live),
        }
        scopes = {key: _stages_of_cells(group, counts[key], inputs[key]) for key in counts}
    blocks, columns = [], []
    for key, stages in scopes.items():
        around = np.broadcast_to(rest, (len(group), len(rest)))
        blocks += [*np.moveaxis(stages, 1, 0), around, stages.sum(axis=1) + rest]
        parts = [*(f"stage{i}" for i in range(stages.shape[1])), "rest", "total"]
        columns += [f"{key}:{part}:{name}" for part in parts for name in QUANTITIES]
    return np.concatenate(blocks, axis=1), tuple(columns)


def _stages_of_cells(
    group: Group, counts: npt.NDArray[np.int8], inputs: npt.NDArray[np.integer]
) -> Sums:
    """Sums (m, stages, q) of cells with these operator counts (m, v) and node inputs (m, nodes)."""
    additions = np.maximum(inputs - 1, 0).sum(axis=1, keepdims=True)
    occurrences = np.concatenate([counts, additions], axis=1).astype(np.float64)
    tables = []
    for place in cell_places(group.skeleton):
        rows = [operator_sums(name, place, False) for name in group.vocabulary]
        tables.append(place.repeats * np.array([*rows, summed(_addition(place))]))
    sums: Sums = occurrences @ np.concatenate(tables, axis=1)
    return sums.reshape(len(group), len(tables), len(QUANTITIES))


def _stages_of_chains(group: Group) -> Sums:
    """Sums (m, stages, q) of chains."""
    stages = np.zeros((len(group), len(group.skeleton.channels), len(QUANTITIES)))
    for block, place in enumerate(block_places(group.skeleton)):
        table = np.array([operator_sums(name, place, True) for name in group.vocabulary])
        stages[:, place.stage] += table[group.ids[:, block]]
    return stages


@lru_cache(maxsize=4096)
def operator_sums(name: str, place: Place, chain: bool) -> Sums:
    """`QUANTITIES` (q,) of one operator at one place (once, whatever its repeats); read-only."""
    builder, source = Builder(), Tensor(-1, place.c_in, place.size)
    if chain:
        lower_block(builder, operator(name), source, place.c_out, place.stride, "block")
    else:
        lower_edge(builder, operator(name), source, "edge")
    sums = summed(builder.layers)
    sums.flags.writeable = False
    return sums


@lru_cache(maxsize=64)
def skeleton_sums(skeleton: Skeleton, chain: bool) -> Sums:
    """`QUANTITIES` (q,) of what surrounds the operators; read-only.

    Raises:
        ArchitectureError: sizes do not work out, see `lower`.
    """
    custom = replace(skeleton, space="custom")
    if chain:
        arch = Architecture(custom, ("skip",) * sum(skeleton.repeats))
    else:
        arch = Architecture(custom, ("skip_connect",), ((0, 1),))
    inside = (".block", ".cell")
    sums = summed(layer for layer in lower(arch).layers if not any(i in layer.name for i in inside))
    sums.flags.writeable = False
    return sums


def _addition(place: Place) -> list[Layer]:
    builder, source = Builder(), Tensor(-1, place.c_in, place.size)
    builder.append("add", "add", source, source)
    return builder.layers
