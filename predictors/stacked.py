"""Boosted trees on what a transfer leaves, for hundreds of measured networks and more."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.encodings import parse
from archcost.predictors.base import Floats, Predictor, one_skeleton, positive_costs
from archcost.predictors.gbdt import Booster, train_booster
from archcost.predictors.rows import feature_rows
from archcost.predictors.transfer import TransferPredictor


class StackedPredictor(Predictor):
    """A transfer times what trees learn of its residuals, absolute error of the logarithm.

    Args:
        base: the transfer; fitted on some of the measurements by `fit`.
        n_base: how many of them at most, chosen at random.
        n_estimators: number of trees.
        learning_rate: weight of each.
        max_depth: of each.
        seed: of the sampling of rows and columns.
    """

    kind = "stacked"

    def __init__(
        self,
        base: TransferPredictor,
        n_base: int = 120,
        n_estimators: int = 500,
        learning_rate: float = 0.07,
        max_depth: int = 6,
        seed: int = 0,
    ) -> None:
        self.base = base
        self.n_base = n_base
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.seed = seed

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`."""
        batch = parse(archs)
        one_skeleton(batch, "a stacked predictor")
        costs = positive_costs(measured, len(batch))
        chosen = np.random.default_rng(self.seed).permutation(len(batch))[: self.n_base]
        self.base_ = TransferPredictor(self.base.sources, self.base.cloud)
        self.base_.fit(batch.take(chosen), costs[chosen])
        self.booster_ = train_booster(
            feature_rows(batch),
            np.log(costs / self.base_.predict(batch)),
            "reg:absoluteerror",
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            seed=self.seed,
        )
        return self

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        self._check_fitted("booster_")
        batch = parse(archs)
        if not len(batch):
            return np.zeros(0)
        return self.base_.predict(batch) * np.exp(self.booster_.margin(feature_rows(batch)))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`."""
        content = np.frombuffer(self.booster_.content, dtype=np.uint8)
        return self.base_.state() | {"booster.ubj": content}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        base = TransferPredictor.from_state(state)
        model = cls(base)
        model.base_ = base
        model.booster_ = Booster(state["booster.ubj"].tobytes())
        return model
