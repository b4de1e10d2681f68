"""The weighted geometric mean of several predictors of the same target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import parse
from archcost.errors import UnsupportedError
from archcost.predictors.base import Predictor


class EnsemblePredictor(Predictor):
    """``exp(sum of weight x log(cost))`` over its members.

    Args:
        members: predictors of one target; `fit` leaves them alone and learns copies.
        weights: of each; None: equal. Only their ratios matter.
    """

    kind = "ensemble"

    def __init__(self, members: Sequence[Predictor], weights: npt.ArrayLike | None = None) -> None:
        self.members = members
        self.weights = weights

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`."""
        batch = parse(archs)
        members = [m.unfitted().fit(batch, measured) for m in self.members]
        weights = np.ones(len(members)) if self.weights is None else self.weights
        return self._assemble(members, np.asarray(weights, dtype=np.float64))

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        self._check_fitted("members_")
        batch = parse(archs)
        logs: Floats = np.zeros(len(batch))
        for member, weight in zip(self.members_, self.weights_, strict=True):
            logs += weight * np.log(member.predict(batch))
        return np.exp(logs)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The weights; members are predictors of their own, with their own state."""
        return {"weights": self.weights_}

    @classmethod
    def of(cls, members: Sequence[Predictor], weights: npt.ArrayLike) -> Self:
        """An ensemble of fitted predictors, fitted itself.

        Raises:
            UnsupportedError: not one weight a member, or weights that sum to nothing.
        """
        return cls(members, weights)._assemble(members, np.asarray(weights, dtype=np.float64))

    def _assemble(self, fitted: Sequence[Predictor], weights: Floats) -> Self:
        if weights.shape != (len(fitted),) or not (weights >= 0).all() or weights.sum() <= 0:
            raise UnsupportedError(
                f"weights {weights.tolist()} for {len(fitted)} members; give one each, none "
                "negative, not all zero"
            )
        self.members_ = list(fitted)
        if hasattr(fitted[0], "ground_"):
            self.ground_ = fitted[0].ground_
        self.weights_ = weights / weights.sum()
        return self
