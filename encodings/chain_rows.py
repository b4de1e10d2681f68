"""Feature rows of FBNet's networks by look-up: what a stage adds is tabulated once.

Each column of "onehot", "counts", "structural" and "layers" belongs to one stage, or is a sum over
the stages. A stage has at most four blocks, so at most 9^4 variants; a row is seven look-ups and
one sum. The tables are made by the encodings themselves and hold whole numbers, so that rows
are the same to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archcost.encodings.architecture import Skeleton
from archcost.encodings.batch import Group
from archcost.encodings.layer_features import exact_layer_features
from archcost.encodings.matrices import onehot
from archcost.encodings.places import block_places
from archcost.encodings.spaces import SPACES
from archcost.encodings.structural import chain_counts, structural_features

Rows = npt.NDArray[np.float32]
Exact = npt.NDArray[np.float64]

_WORTH_TABLES = 2000
"""Rows from which on the tables (50,000 networks to encode, once) pay."""


def chain_rows(group: Group) -> Rows:
    """The encodings "onehot", "counts", "structural" and "layers" side by side, (m, f) float32."""
    if len(group) < _WORTH_TABLES or not group.known:
        return _encoded(group).astype(np.float32)
    tables = _tables(group.skeleton)
    rows = np.empty((len(group), tables.width), dtype=np.float32)
    rows[:, tables.fixed] = tables.fixed_values
    sums = np.tile(tables.offset, (len(group), 1))
    for stage in tables.stages:
        variant = group.ids[:, stage.blocks].astype(np.int64) @ stage.digits
        for columns, table in stage.own:
            rows[:, columns] = table[variant]
        sums += stage.shared[variant]
    rows[:, tables.sums] = sums
    return rows


@dataclass(frozen=True, eq=False, slots=True)
class _Stage:
    """One stage: its blocks, the weight of each in the number of a variant, and tables by variant.

    `own` has runs of neighbouring columns with their values (v, width); `shared` what the stage
    adds to the columns that are sums (v, sums).
    """

    blocks: slice
    digits: npt.NDArray[np.int64]
    own: tuple[tuple[slice, Rows], ...]
    shared: Exact


@dataclass(frozen=True, eq=False, slots=True)
class _Tables:
    """All of a skeleton; `offset` (sums,) is what the sums begin with."""

    width: int
    fixed: npt.NDArray[np.int64]
    fixed_values: Rows
    sums: npt.NDArray[np.int64]
    offset: Exact
    stages: tuple[_Stage, ...]


def _encoded(group: Group) -> Exact:
    parts = (
        onehot(group.ids, len(group.vocabulary)),
        chain_counts(group)[0],
        structural_features(group)[0],
        exact_layer_features(group)[0],
    )
    return np.concatenate(parts, axis=1, dtype=np.float64)


@lru_cache(maxsize=8)
def _tables(skeleton: Skeleton) -> _Tables:
    space = SPACES[skeleton.space]
    stage_of = np.array([place.stage for place in block_places(skeleton)])
    operators = len(space.operators)
    variants = []
    for stage in range(stage_of.max() + 1):
        (here,) = np.nonzero(stage_of == stage)
        digits = operators ** np.arange(len(here) - 1, -1, -1, dtype=np.int64)
        ids = np.zeros((operators ** len(here), space.length), dtype=np.int8)
        ids[:, here] = np.arange(len(ids))[:, None] // digits % operators
        every = Group(skeleton, None, space.operators, np.arange(len(ids)), ids)
        variants.append((slice(int(here[0]), int(here[-1]) + 1), digits, _encoded(every)))
    # Variant 0 of each stage is the same network: all blocks the first operator.
    first = variants[0][2][0]
    varies = np.array([(rows != first).any(axis=0) for _, _, rows in variants])
    (sums,) = np.nonzero(varies.sum(axis=0) > 1)
    (fixed,) = np.nonzero(~varies.any(axis=0))
    stages = []
    for (blocks, digits, rows), mine in zip(variants, varies, strict=True):
        (columns,) = np.nonzero(mine & (varies.sum(axis=0) == 1))
        runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
        own = tuple(
            (slice(int(run[0]), int(run[-1]) + 1), rows[:, run].astype(np.float32)) for run in runs
        )
        stages.append(_Stage(blocks, digits, own, rows[:, sums] - first[sums]))
    fixed_values = first[fixed].astype(np.float32)
    return _Tables(len(first), fixed, fixed_values, sums, first[sums], tuple(stages))
