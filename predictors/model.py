"""A predictor with all that a person needs to read its numbers: target, interval, feasibility."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from archcost.encodings import (
    CUSTOM,
    Batch,
    Networks,
    distinct_cells,
    parse,
    read_networks,
    skeleton,
)
from archcost.encodings.networks import is_custom
from archcost.errors import UnsupportedError
from archcost.predictors.base import Floats, Predictor
from archcost.predictors.estimate import Estimate
from archcost.predictors.gbdt import Feasibility
from archcost.predictors.intervals import ConformalIntervals
from archcost.predictors.layer_intervals import LayerIntervals
from archcost.predictors.transfer import TransferIntervals
from archcost.units import unit_of


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

    def predict(self, archs: object, coverage: float = 0.9) -> Estimate:
        """Cost of architectures, with intervals.

        NAS-Bench-201 has 15,625 cells: of a longer batch each is predicted once.

        Args:
            archs: whatever `archcost.encodings.parse` accepts; read in this model's space and data
                set where they do not say theirs. If any is outside the known spaces, a cell of
                one's own or a layer graph, the model `beyond` predicts them all; it takes whatever
                `archcost.encodings.read_networks` does.
            coverage: share of measurements that the intervals shall hold, 0.5 to 0.99.

        Raises:
            ArchitectureError: an architecture is malformed.
            UnsupportedError: an architecture of another space or data set, or another coverage.
        """
        if self.beyond is not None and is_custom(archs):
            return self.beyond.predict(archs, coverage)
        batch = self.batch(archs)
        if isinstance(batch, Batch) and self.target.space == "nasbench201" and len(batch):
            distinct, places = distinct_cells(batch)
            if len(distinct) < len(batch):
                return self._estimate(distinct, coverage).take(places)
        return self._estimate(batch, coverage)

    def _estimate(self, batch: Batch | Networks, coverage: float) -> Estimate:
        value = self.predictor.predict(batch)
        lower, upper = self.around(batch, value, coverage)
        feasible = None
        if self.feasibility is not None and isinstance(batch, Batch):
            feasible = self.feasibility.predict(batch)
        return Estimate(
            value,
            lower,
            upper,
            self.target.unit,
            coverage,
            feasible,
            tuple(batch.strings()),
            self.predictor.extrapolation(batch),
        )

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
        expected = skeleton(self.target.space, self.target.dataset)
        for group in batch.groups:
            if group.skeleton != expected:
                found = f"{group.skeleton.space} on {group.skeleton.dataset}"
                first = int(np.min(group.positions))
                raise UnsupportedError(
                    f"architecture {first} is of {found}; this model predicts {self.target}"
                )
        return batch
