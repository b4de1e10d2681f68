"""A predictor with all that a person needs to read its numbers: target, interval, feasibility."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from archcost.aliases import Floats
from archcost.encodings import (
    CUSTOM,
    Architecture,
    Batch,
    Networks,
    parse,
    read_networks,
)
from archcost.encodings.nasbench201 import CELLS, index_of
from archcost.encodings.networks import is_custom, members
from archcost.errors import ArchcostError, MeasurementError, UnsupportedError
from archcost.predictors.base import Predictor
from archcost.predictors.estimate import Estimate, Strings
from archcost.predictors.gbdt import Feasibility
from archcost.predictors.ground import Ground
from archcost.predictors.intervals import ConformalIntervals
from archcost.predictors.layer_intervals import LayerIntervals
from archcost.predictors.transfer import TransferIntervals
from archcost.units import unit_of

CHUNK = 2**14
"""Architectures predicted at a time: feature rows of FBNet take 1.7 kB each, and more of them at a
time would not be faster."""


@dataclass(frozen=True)
class Target:
    """What is predicted: a metric of a device, for one search space on one data set."""

    space: str
    dataset: str
    device: str
    metric: str

    @property
    def unit(self) -> str:
        """The unit of the metric."""
        return unit_of(self.metric)

    def __str__(self) -> str:
        """As in "raspi4 latency, nasbench201 on cifar10"."""
        return f"{self.device} {self.metric}, {self.space} on {self.dataset}"


@lru_cache(maxsize=4)
def _every_cell(space: str, dataset: str) -> Batch:
    """One batch for all models: what they make of it they share."""
    return parse(range(CELLS), space=space, dataset=dataset)


@dataclass(frozen=True, eq=False)
class CostModel:
    """Predicts one target.

    Attributes:
        target: what.
        kind: "additive", "gbdt", "transfer", "stacked", "gnn", "ensemble", "scaled", "carried" or
            "layers".
        predictor: the point predictor.
        intervals: calibrated around it.
        feasibility: for devices whose compiler refuses some networks.
        beyond: of the same device and metric, for networks outside the known search spaces; None:
            there is none, or this is it.
    """

    target: Target
    kind: str
    predictor: Predictor
    intervals: ConformalIntervals | TransferIntervals | LayerIntervals
    feasibility: Feasibility | None = None
    beyond: CostModel | None = field(default=None, kw_only=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.target} ({self.kind})>"

    def predict(self, archs: object, coverage: float = 0.9) -> Estimate:
        """Cost of architectures, with intervals.

        NAS-Bench-201 has 15,625 cells: of as many or more, each is predicted once and kept.

        Args:
            archs: whatever `archcost.encodings.parse` accepts; read in this model's space and data
                set where they do not say theirs. Those outside of it, cells of one's own and
                layer graphs, the model `beyond` predicts; with any of them, this takes whatever
                `archcost.encodings.read_networks` does.
            coverage: share of measurements that the intervals shall hold, 0.5 to 0.99.

        Raises:
            ArchitectureError: an architecture is malformed.
            UnsupportedError: an architecture of another space or data set, or another coverage.
            MeasurementError: the predictor is no part of archcost and gives no costs.
        """
        if self.beyond is not None and is_custom(archs):
            return self._by_the_better(self.beyond, archs, coverage)
        batch = self.batch(archs)
        if isinstance(batch, Batch) and len(batch) >= CELLS and self.target.space == "nasbench201":
            return self._look_up(batch, coverage)
        return self._estimate(batch, *self._in_chunks(batch), coverage)

    def _by_the_better(self, beyond: CostModel, archs: object, coverage: float) -> Estimate:
        """Networks of this model's space by itself, all others by the model of layers."""
        networks = beyond.batch(archs)  # errors count positions in all that was given
        own = [self._own(member) for member in members(archs)]
        known = np.array([architecture is not None for architecture in own], dtype=bool)
        here = Batch.from_architectures(one for one in own if one is not None)
        if known.all():
            return self.predict(here, coverage)
        outside = beyond.predict(networks.take(np.flatnonzero(~known)), coverage)
        if self.feasibility is not None:
            warnings.warn(
                f"{self.target.device} refuses some networks; which ones outside "
                f"{self.target.space} is not known: feasible says nothing of them",
                stacklevel=3,
            )
        if not known.any():
            return outside
        inside = self.predict(here, coverage)
        order = np.argsort(np.concatenate([np.flatnonzero(known), np.flatnonzero(~known)]))
        return Estimate.joined([inside, outside]).take(order)

    def _own(self, network: object) -> Architecture | None:
        """What this is in this model's space, in whatever form; None: not of it."""
        try:
            batch = self.batch([network])
        except ArchcostError:
            return None
        return batch[0] if isinstance(batch, Batch) else None

    def _estimate(
        self, batch: Batch | Networks, value: Floats, feasible: Floats | None, coverage: float
    ) -> Estimate:
        lower, upper = self.around(batch, value, coverage)
        return Estimate(
            value,
            lower,
            upper,
            self.target.unit,
            coverage,
            feasible,
            Strings(batch.strings, len(batch)),
            self.predictor.extrapolation(batch),
        )

    def _in_chunks(self, batch: Batch | Networks) -> tuple[Floats, Floats | None]:
        """Costs (n,), and chances to run, in bounded memory."""
        if not isinstance(batch, Batch) or len(batch) <= CHUNK:
            return self._costs(batch)
        parts = [self._costs(batch[start : start + CHUNK]) for start in range(0, len(batch), CHUNK)]
        feasible = [part for _, part in parts if part is not None]
        value = np.concatenate([part for part, _ in parts])
        return value, np.concatenate(feasible) if feasible else None

    def _costs(self, batch: Batch | Networks) -> tuple[Floats, Floats | None]:
        value = self._checked(self.predictor.predict(batch), len(batch))
        if self.feasibility is None or not isinstance(batch, Batch):
            return value, None
        return value, self.feasibility.predict(batch)

    def _checked(self, predicted: object, n: int) -> Floats:
        """What any predictor gave, which may be somebody's own, as costs (n,)."""
        name = type(self.predictor).__name__
        try:
            value = np.asarray(predicted, dtype=np.float64)
        except (TypeError, ValueError):
            raise MeasurementError(f"{name} predicted no numbers; give {n} costs") from None
        if value.shape != (n,):
            raise MeasurementError(
                f"{name} predicted shape {value.shape} for {n} architectures; give one cost each"
            )
        (bad,) = np.nonzero(~(np.isfinite(value) & (value >= 0)))
        if len(bad):
            raise MeasurementError(
                f"{name} predicted no cost for {len(bad)} of {n} architectures (architecture "
                f"{bad[0]}: {value[bad[0]]}); costs are finite and not negative"
            )
        return value

    @cached_property
    def _cells(self) -> tuple[Batch, Floats, Floats | None]:
        """All 15,625 cells of NAS-Bench-201 by published index, predicted once."""
        batch = _every_cell(self.target.space, self.target.dataset)
        return batch, *self._costs(batch)

    def every_cell(self, coverage: float = 0.9) -> Estimate:
        """Of each cell of NAS-Bench-201 by its published index: what large batches are read off.

        Raises:
            UnsupportedError: a model of another space; a coverage outside 0.5 to 0.99.
        """
        if self.target.space != "nasbench201":
            raise UnsupportedError(f"this model predicts {self.target}, not cells of nasbench201")
        return self._estimate(*self._cells, coverage)

    def _look_up(self, batch: Batch, coverage: float) -> Estimate:
        """As many cells as there are or more: each is predicted once only."""
        return self.every_cell(coverage).take(index_of(batch.groups[0].ids))

    def around(
        self, batch: Batch | Networks, value: Floats, coverage: float
    ) -> tuple[Floats, Floats]:
        """Lower and upper ends (n,) around the predictor's values (n,) for these architectures.

        Raises:
            UnsupportedError: a coverage outside 0.5 to 0.99.
        """
        if isinstance(self.intervals, LayerIntervals):
            return self.intervals.around(batch, value, coverage)
        assert isinstance(batch, Batch)  # only the layers of a network are priced outside spaces
        return self.intervals.around(batch, value, coverage)

    def batch(self, archs: object) -> Batch | Networks:
        """The architectures, read and checked.

        Raises:
            ArchitectureError, UnsupportedError: as `predict`.
        """
        if self.target.space == CUSTOM:
            return read_networks(archs, self.target.dataset)
        batch = parse(archs, space=self.target.space, dataset=self.target.dataset)
        ground = Ground.of_space(self.target.space, self.target.dataset)
        ground.check(batch, f"this model predicts {self.target.device} {self.target.metric} of")
        return batch
