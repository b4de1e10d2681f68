"""The cost on another data set from the cost on the one that was measured in full.

Between the data sets of a search space only image size and classes change: the same layers run at
another size. What is fixed (call overheads, the classifier) and what scales are told apart by a
straight line through the few cells that were measured on both.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch, parse
from archcost.errors import MeasurementError
from archcost.predictors.additive import round_significant
from archcost.predictors.base import Predictor, one_skeleton, positive_costs
from archcost.predictors.ground import GROUND, Ground
from archcost.predictors.rows import kept

_EXACT = 1e-6
_FEWEST = 3


@kept
def _moved(batch: Batch) -> dict[Ground, Batch]:
    """A batch in the skeletons of bases: devices asked in turn share what is made of it there."""
    return {}


class ScaledPredictor(Predictor):
    """``offset + factor x base``, with the base predictor of another data set.

    Args:
        base: a fitted predictor of the same device and metric.
    """

    kind = "scaled"

    def __init__(self, base: Predictor) -> None:
        self.base = base

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """Find offset and factor from at least three cells; robust to an outlier in many.

        The simplest line that fits: a pure offset where that is exact, a pure factor where it is
        as good as a full line, a full line else.

        Raises:
            MeasurementError: fewer than three measurements, or as `Predictor.fit`.
        """
        batch = parse(archs)
        one_skeleton(batch, "a scaled predictor")
        costs = positive_costs(measured, len(batch))
        if len(costs) < _FEWEST:
            raise MeasurementError(f"{len(costs)} measurements; give at least {_FEWEST}")
        base = self._of_base(batch)
        shift = float(np.median(costs - base))
        factor = float(np.median(costs / base))
        lines = [(shift, 1.0), (0.0, factor), _line(base, costs)]
        errors = [float(np.median(np.abs(o + f * base - costs) / costs)) for o, f in lines]
        if errors[0] < _EXACT:
            chosen = lines[0]
        else:
            # A second parameter has to earn its place.
            chosen = lines[1] if errors[1] <= 1.5 * errors[2] + 0.01 else lines[2]
        self.offset_, self.factor_ = chosen
        self.ground_ = Ground.of(batch)
        return self

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        base = self._of_base(self._asked(archs))
        # Far below the measured cells a line may cross zero; costs do not.
        return round_significant(np.maximum(self.offset_ + self.factor_ * base, 0.1 * base))

    def _of_base(self, batch: Batch) -> Floats:
        """What the base predicts (n,) for the same cells on its own data set."""
        ground = getattr(self.base, "ground_", None)
        if ground is None or any(
            group.skeleton.space != ground.skeleton.space for group in batch.groups
        ):
            return self.base.predict(batch)
        moved = _moved(batch)
        if ground not in moved:
            moved[ground] = ground.moved(batch)
        return self.base.predict(moved[ground])

    def __sklearn_clone__(self) -> Self:
        """For scikit-learn: the base is fitted once and stays."""
        return self.unfitted()

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The line; the base is a predictor of its own, with its own state."""
        return {"line": np.array([self.offset_, self.factor_]), GROUND: self.ground_.array()}

    @classmethod
    def with_base(cls, base: Predictor, state: dict[str, npt.NDArray[Any]]) -> Self:
        """The fitted predictor of which `state` gave this, on the same base."""
        model = cls(base)
        model.offset_, model.factor_ = (float(value) for value in state["line"])
        model.ground_ = Ground.from_array(state[GROUND])
        return model


def _line(base: Floats, costs: Floats) -> tuple[float, float]:
    """The line of least absolute relative error, by iteratively reweighted least squares."""
    design = np.column_stack([np.ones(len(base)), base]) / costs[:, None]
    weights: Floats = np.ones(len(base))
    found: Floats = np.zeros(2)
    for _ in range(30):
        root = np.sqrt(weights)[:, None]
        found = np.asarray(np.linalg.lstsq(design * root, root[:, 0], rcond=None)[0])
        weights = 1 / np.maximum(np.abs(design @ found - 1), 1e-3)
    return float(found[0]), float(found[1])
