"""Conformal intervals whose widths follow the noise.

Residuals are logarithms of measured over predicted cost, so ends are always positive. Each is
divided by a scale that depends on the architecture (a log-linear function of predicted cost and
operator counts, fitted to the size of the residuals); the quantiles of the normalised residuals,
taken from predictions out of fold, give the interval (cross-conformal: Vovk 2015; normalised
scores: Papadopoulos et al. 2011). Noise is skewed: of all pairs of quantiles that hold the
coverage, the closest pair is used. Of several candidate scales, the fitted one times a power of the
predicted cost, the one with the shortest intervals, in units of the cost, is used.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.encodings import Batch
from archcost.encodings.structural import count
from archcost.errors import MeasurementError, UnsupportedError

Floats = npt.NDArray[np.float64]

COVERAGES = (0.5, 0.99)
"""Lowest and highest coverage that intervals are offered at."""
_GRID = 2000
# Powers of the predicted cost to try, and the coverage and number of residuals to choose one by.
_POWERS = (0.0, -0.1, -0.2, -0.3, -0.4)
_USUAL = 0.9
_ENOUGH = 500
# With fewer residuals, a scale that varies and the closest pair would be fitted to their noise, and
# intervals too short: one scale, the same distance to both sides.
_FEWEST_FOR_SCALE = 200
# Position of the logarithm of the predicted cost among the features.
_LOG = 1
# Below this, residuals are the rounding of the table, not noise.
_EXACT = 1e-6
_FEWEST = 20


class ConformalIntervals:
    """Intervals around the predictions of one fitted predictor.

    Attributes:
        quantiles_: (2001,) of the normalised residuals, evenly spaced in probability.
        weights_: of the scale's features; empty if the scale is constant.
    """

    def __init__(self, quantiles: Floats, weights: Floats) -> None:
        self.quantiles_ = quantiles
        self.weights_ = weights

    @classmethod
    def fit(cls, batch: Batch, predicted: Floats, measured: Floats) -> Self:
        """Learn from predictions (n,) of architectures that the predictor had not seen.

        Raises:
            MeasurementError: fewer than 20 measurements.
        """
        if len(measured) < _FEWEST:
            raise MeasurementError(
                f"{len(measured)} measurements cannot calibrate intervals; give at least {_FEWEST}"
            )
        residuals = np.log(measured / predicted)
        if np.abs(residuals).max() < _EXACT:
            quantiles = np.linspace(-_EXACT, _EXACT, _GRID + 1)
            return cls(quantiles, np.zeros(0))
        chances = np.linspace(0, 1, _GRID + 1)
        size = np.abs(residuals)
        if len(size) < _FEWEST_FOR_SCALE:
            return cls(np.quantile(np.concatenate([-size, size]), chances), np.zeros(0))
        features = _features(batch, predicted)
        # A floor keeps residuals that happen to be tiny from dominating the logarithm.
        logs = np.log(size + 0.3 * np.median(size))
        ridge = 1e-3 * len(size) * np.eye(features.shape[1])
        weights = np.linalg.solve(features.T @ features + ridge, features.T @ logs)
        powers = _POWERS if len(size) >= _ENOUGH else _POWERS[:1]
        found = []
        for power in powers:
            changed = weights.copy()
            changed[_LOG] += power
            scale = np.exp(features @ changed)
            found.append(cls(np.quantile(residuals / scale, chances), changed))
        return min(found, key=lambda one: one._width(batch, predicted))

    def _width(self, batch: Batch, predicted: Floats) -> float:
        """Mean width of usual intervals, in units of the cost."""
        lower, upper = self.around(batch, predicted, _USUAL)
        return float((upper - lower).mean())

    def around(self, batch: Batch, predicted: Floats, coverage: float) -> tuple[Floats, Floats]:
        """Lower and upper ends (n,) around predictions (n,).

        Raises:
            UnsupportedError: a coverage outside 0.5 to 0.99.
        """
        check_coverage(coverage)
        low, high = closest_quantiles(self.quantiles_, coverage)
        scale = np.ones(len(predicted))
        if len(self.weights_) and len(predicted):
            scale = np.exp(_features(batch, predicted) @ self.weights_)
        lower = predicted * np.exp(min(low, 0) * scale)
        upper = predicted * np.exp(max(high, 0) * scale)
        return lower, upper

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What was learned, as named arrays."""
        return {"interval.quantiles": self.quantiles_, "interval.weights": self.weights_}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """The intervals of which `state` gave this."""
        return cls(state["interval.quantiles"], state["interval.weights"])


def check_coverage(coverage: float) -> None:
    """Refuse what intervals are not offered at.

    Raises:
        UnsupportedError: a coverage outside 0.5 to 0.99, or no number.
    """
    low, high = COVERAGES
    if not (isinstance(coverage, Real) and low <= coverage <= high):
        raise UnsupportedError(f"coverage {coverage!r} is no number from {low} to {high}")


def closest_quantiles(quantiles: Floats, coverage: float) -> tuple[float, float]:
    """Of evenly spaced quantiles, the closest pair that holds the coverage."""
    inside = int(np.ceil(coverage * (len(quantiles) - 1)))
    first = int((quantiles[inside:] - quantiles[:-inside]).argmin())
    return float(quantiles[first]), float(quantiles[first + inside])


def _features(batch: Batch, predicted: Floats) -> Floats:
    """(n, f): a constant, the logarithm of the cost and its square, shares of operators."""
    logs = np.log(predicted)
    operators = len(batch.groups[0].vocabulary)
    counts = np.empty((len(batch), operators))
    for group in batch.groups:
        counts[group.positions] = count(group.ids, operators)
    shares = counts[:, 1:] / counts.sum(axis=1, keepdims=True)
    return np.column_stack([np.ones(len(logs)), logs, logs**2, shares])
