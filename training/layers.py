"""Models of layers, which price networks outside the measured spaces: from measured tables.

Of each device, the networks of all tables are learned from together. A fifth of them is held out
for the scores; predictions out of fold calibrate intervals inside what was measured; devices of
which a structure or a whole space is held out say how intervals grow outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archcost.data import MeasuredTable
from archcost.encodings import CUSTOM, Architecture, Batch, Networks, parse, read_networks
from archcost.encodings.execution import VIEWS
from archcost.encodings.layer_table import CLASSES, LayerTable
from archcost.errors import MeasurementError
from archcost.predictors import CostModel, LayerIntervals, LayersPredictor, Target
from archcost.predictors.layer_intervals import growth_of
from archcost.predictors.layers import skeleton_groups
from archcost.predictors.rows import layers_of
from archcost.training.cards import Trained, make_card, write_trained
from archcost.training.collect.candidates import sample
from archcost.training.evaluate import evaluate
from archcost.training.trials import Name, Progress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST = 1500
"""Networks of one skeleton that are drawn from: rates are few."""
_TEST, _FOLDS = 0.2, 3
_FEWEST = 50
_MOST_ERROR = 0.2
_GOLDEN = 5
# Residuals over a smaller root of the extrapolation are those inside.
_LEAST_OUTSIDE = 0.05
_METRICS = ("latency", "energy")
HELD_OUT = ("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""Operators of cells that are held out in turn to see how errors grow."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The networks of all tables, and what they cost.

    Attributes:
        networks: n of them.
        layers: theirs.
        group: (n,) number of the skeleton.
        costs: by target, (n,), NaN where not measured.
        sources: of each target's measurements; None: the user's own.
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

    def residuals(self, name: Name, model: LayersPredictor, rows: Ints) -> Floats:
        """Logarithms of measured over predicted costs (m,)."""
        return np.log(self.costs[name][rows] / model.predict_table(self.layers.take(rows)))


def gather(tables: Iterable[MeasuredTable], seed: int = 0) -> Measured:
    """At most 1,500 networks of each skeleton, the same for all devices of a table."""
    rng = np.random.default_rng(seed)
    batches: dict[tuple[str, str], tuple[Networks, dict[str, int]]] = {}
    members: list[Architecture] = []
    columns: dict[Name, dict[int, float]] = {}
    sources: dict[Name, str | None] = {}
    del batches
    place: dict[Architecture, int] = {}
    chosen: dict[tuple[str, str], Ints] = {}
    for table in tables:
        batch = _read(table)
        key = (table.space, table.dataset)
        if key not in chosen or len(chosen[key]) and chosen[key].max() >= len(batch):
            chosen[key] = np.sort(rng.permutation(len(batch))[:_MOST])
        rows = chosen[key]
        positions = []
        for arch in batch.take(rows):
            positions.append(place.setdefault(arch, len(place)))
            if positions[-1] == len(members):
                members.append(arch)
        for name, values in table.targets.items():
            if name[1] in _METRICS:
                columns.setdefault(name, {}).update(
                    zip(positions, values[rows].tolist(), strict=True)
                )
                sources[name] = table.source
    networks = Networks(members)
    costs = {}
    for name, found in columns.items():
        costs[name] = np.full(len(networks), np.nan)
        costs[name][list(found)] = list(found.values())
    return Measured(networks, layers_of(networks), skeleton_groups(networks), costs, sources)
