"""A predictor with all that a person needs to read its numbers: target, interval, feasibility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcost.encodings import Batch, parse, skeleton
from archcost.errors import UnsupportedError
from archcost.predictors.base import Predictor
from archcost.predictors.estimate import Estimate
from archcost.predictors.gbdt import Feasibility
from archcost.predictors.intervals import ConformalIntervals
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
        kind: "additive", "gbdt", "transfer", "stacked", "gnn" or "ensemble".
        predictor: the point predictor.
        intervals: calibrated around it.
        feasibility: for devices whose compiler refuses some networks.
    """

    target: Target
    kind: str
    predictor: Predictor
    intervals: ConformalIntervals | TransferIntervals
    feasibility: Feasibility | None = None

    def predict(self, archs: object, coverage: float = 0.9) -> Estimate:
        """Cost of architectures, with intervals.

        Args:
            archs: whatever `archcost.encodings.parse` accepts; read in this model's space and data
                set where they do not say theirs.
            coverage: share of measurements that the intervals shall hold, 0.5 to 0.99.

        Raises:
            ArchitectureError: an architecture is malformed.
            UnsupportedError: an architecture of another space or data set, or another coverage.
        """
        batch = self.batch(archs)
        value = self.predictor.predict(batch)
        lower, upper = self.intervals.around(batch, value, coverage)
        feasible = None if self.feasibility is None else self.feasibility.predict(batch)
        names = tuple(batch.strings())
        return Estimate(value, lower, upper, self.target.unit, coverage, feasible, names)

    def batch(self, archs: object) -> Batch:
        """The architectures, read and checked.

        Raises:
            ArchitectureError, UnsupportedError: as `predict`.
        """
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
