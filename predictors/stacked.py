"""Boosted trees on what a transfer leaves, for hundreds of measured networks and more."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import parse
from archcost.predictors.base import Predictor, one_skeleton, positive_costs
from archcost.predictors.gbdt import GBDTPredictor
from archcost.predictors.transfer import TransferPredictor

N_BASE = 120
"""Measurements that the transfer learns from at most, chosen at random.

A Gaussian process slows down with the cube of their number; what more of them tell the trees learn.
"""


class StackedPredictor(Predictor):
    """A transfer times what trees learn of the ratio of measured to transferred costs.

    Args:
        base: the transfer; `fit` leaves it alone and fits a copy on at most `N_BASE` of the
            measurements.
        trees: of the ratio; `fit` leaves them alone and fits a copy.
    """

    kind = "stacked"

    def __init__(self, base: TransferPredictor, trees: GBDTPredictor) -> None:
        self.base = base
        self.trees = trees

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`."""
        batch = parse(archs)
        one_skeleton(batch, "a stacked predictor")
        costs = positive_costs(measured, len(batch))
        chosen = np.random.default_rng(0).permutation(len(batch))[:N_BASE]
        self.base_ = self.base.unfitted()
        self.base_.fit(batch.take(chosen), costs[chosen])
        self.trees_ = self.trees.unfitted()
        self.trees_.fit(batch, costs / self.base_.predict(batch))
        self.ground_ = self.trees_.ground_
        return self

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        batch = self._asked(archs)
        return self.base_.predict(batch) * self.trees_.predict(batch)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`."""
        return self.base_.state() | self.trees_.state()

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        base, trees = TransferPredictor.from_state(state), GBDTPredictor.from_state(state)
        model = cls(base, trees)
        model.base_, model.trees_, model.ground_ = base, trees, trees.ground_
        return model
