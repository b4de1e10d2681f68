"""The networks of many measured tables, of all spaces, with their layers and costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from archcost.aliases import Floats, Ints
from archcost.data import LookupTable, MeasuredTable
from archcost.encodings import (
    CUSTOM,
    Architecture,
    Batch,
    Networks,
    parse,
    read_networks,
    skeleton,
)
from archcost.encodings.layer_table import LayerTable
from archcost.predictors import LayersPredictor, LookupPredictor
from archcost.predictors.layers import skeleton_groups
from archcost.predictors.rows import layers_of
from archcost.training.trials import Name, measured

MOST = 1500
"""Networks of one table that are learned from: a device has few rates."""
_FROM_LOOKUP = 500


@dataclass(frozen=True, eq=False)
class Measured:
    """The networks of several tables, and what they cost.

    Attributes:
        networks: n of them.
        layers: theirs.
        group: (n,) number of the skeleton.
        costs: by device and metric, (n,), NaN where not measured.
        sources: where the measurements of each are from; None: the user's own.
    """

    networks: Networks
    layers: LayerTable
    group: Ints
    costs: dict[Name, Floats]
    sources: dict[Name, str | None]

    def rows(self, name: Name) -> Ints:
        """Networks that were measured and ran."""
        return np.flatnonzero(self.costs[name] > 0)

    def fitted(self, name: Name, rows: Ints) -> LayersPredictor:
        """A predictor that learned from these networks."""
        return LayersPredictor().fit_table(
            self.layers.take(rows), self.costs[name][rows], self.group[rows]
        )


def gather(tables: Iterable[MeasuredTable], *, most: int = MOST, seed: int = 0) -> Measured:
    """Put tables together.

    Args:
        tables: of any spaces; costs that are ratios (arithmetic intensity) are left out.
        most: networks taken of a table, at random; tables that hold the same networks in the same
            order get the same ones.
        seed: of the choice.

    Raises:
        MeasurementError: costs of 0.
        ArchitectureError, UnknownNameError: an architecture of a table cannot be read.
    """
    place: dict[Architecture, int] = {}
    found: dict[Name, dict[int, float]] = defaultdict(dict)
    sources: dict[Name, str | None] = {}
    for table in tables:
        batch = _read(table)
        rows = np.sort(np.random.default_rng(seed).permutation(len(batch))[:most])
        numbers = [place.setdefault(arch, len(place)) for arch in batch.take(rows)]
        for name, values in table.targets.items():
            if name[1] != "arithmetic_intensity":
                costs = np.where(measured(table, name), values, np.nan)
                found[name] |= dict(zip(numbers, costs[rows].tolist(), strict=True))
                sources[name] = table.source
    networks = Networks(place)
    every = {name: np.full(len(networks), np.nan) for name in found}
    for name, known in found.items():
        every[name][list(known)] = list(known.values())
    return Measured(networks, layers_of(networks), skeleton_groups(networks), every, sources)


def _read(table: MeasuredTable) -> Batch:
    if table.space == CUSTOM:
        networks = read_networks(table.architectures, table.dataset)
        return Batch.from_architectures(n for n in networks if isinstance(n, Architecture))
    return parse(table.architectures, space=table.space, dataset=table.dataset)


def sums_of(
    lookup: LookupTable, *, count: int = _FROM_LOOKUP, seed: int = 0
) -> list[MeasuredTable]:
    """Tables of random FBNet networks on both data sets, with costs from a look-up table."""
    tables = []
    for dataset in ("cifar100", "ImageNet"):
        ids = np.random.default_rng(seed).integers(0, 9, size=(count, 22))
        batch = Batch.from_ids(skeleton("fbnet", dataset), ids)
        targets = {
            name: LookupPredictor(dict(zip(lookup.keys, costs.tolist(), strict=True))).predict(
                batch
            )
            for name, costs in lookup.targets.items()
        }
        tables.append(MeasuredTable("fbnet", dataset, "hw-nas-bench", batch.strings(), targets))
    return tables
