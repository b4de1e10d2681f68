"""Conformal intervals whose widths follow the noise.

Residuals are logarithms of measured over predicted cost, so ends are always positive. Each is
divided by a scale that depends on the architecture (a log-linear function of predicted cost and
operator counts, fitted to the size of the residuals); the quantiles of the normalised residuals,
taken from predictions out of fold, give the interval (cross-conformal: Vovk 2015; normalised
scores: Papadopoulos et al. 2011). The k-th of n residuals is the quantile of k / (n + 1), so that
the next residual falls below it with just this probability. Noise is skewed: where residuals are
many, of all pairs of quantiles that hold the coverage the closest pair is used. Of several
candidate scales, the fitted one times a power of the predicted cost, the one with the shortest
intervals, in units of the cost, is used.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch
from archcost.encodings.structural import count
from archcost.errors import MeasurementError, UnsupportedError

COVERAGES = (0.5, 0.99)
"""Lowest and highest coverage that intervals are offered at."""
_GRID = 2000
# Powers of the predicted cost to try, and the coverage and number of residuals to choose one by.
_POWERS = (0.0, -0.1, -0.2, -0.3, -0.4)
_USUAL = 0.9
_ENOUGH = 500
# With fewer residuals, a scale that varies would be fitted to their noise, and intervals too short:
# one scale, the same distance to both sides.
_FEWEST_FOR_SCALE = 200
# With fewer, so would be the closest pair: at 300 residuals of normal noise, 90 % held 87.5 %. As
# much is cut off at both sides.
_FEWEST_FOR_CLOSEST = 2000
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
        closest_: whether ends are the closest pair of quantiles, instead of equally likely ones.
    """

    def __init__(self, quantiles: Floats, weights: Floats, closest: bool) -> None:
        self.quantiles_ = quantiles
        self.weights_ = weights
        self.closest_ = closest

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
        size = np.abs(residuals)
        if size.max() < _EXACT:
            return cls(np.linspace(-_EXACT, _EXACT, _GRID + 1), np.zeros(0), closest=False)
        if len(size) < _FEWEST_FOR_SCALE:
            return cls(_symmetric(size), np.zeros(0), closest=False)
        features = _features(batch, predicted)
        # A floor keeps residuals that happen to be tiny from dominating the logarithm.
        logs = np.log(size + 0.3 * np.median(size))
        ridge = 1e-3 * len(size) * np.eye(features.shape[1])
        weights = np.linalg.solve(features.T @ features + ridge, features.T @ logs)
        powers = _POWERS if len(size) >= _ENOUGH else _POWERS[:1]
        chances = np.linspace(0, 1, _GRID + 1)
        closest = len(size) >= _FEWEST_FOR_CLOSEST
        found = []
        for power in powers:
            changed = weights.copy()
            changed[_LOG] += power
            scale = np.exp(features @ changed)
            quantiles = np.quantile(residuals / scale, chances, method="weibull")
            found.append(cls(quantiles, changed, closest))
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
        pair = closest_quantiles if self.closest_ else central_quantiles
        low, high = pair(self.quantiles_, coverage)
        scale = np.ones(len(predicted))
        if len(self.weights_) and len(predicted):
            scale = np.exp(_features(batch, predicted) @ self.weights_)
        lower = predicted * np.exp(min(low, 0) * scale)
        upper = predicted * np.exp(max(high, 0) * scale)
        return lower, upper

    def wider(self, factor: float) -> Self:
        """Ends so many times as far away, on the logarithmic scale."""
        return type(self)(self.quantiles_ * factor, self.weights_, self.closest_)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What was learned, as named arrays."""
        return {
            "interval.quantiles": self.quantiles_,
            "interval.weights": self.weights_,
            "interval.closest": np.array([self.closest_]),
        }

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """The intervals of which `state` gave this."""
        weights = state["interval.weights"]
        # Checkpoints that do not say so were made from many residuals, or from one scale.
        closest = state.get("interval.closest", np.array([len(weights) > 0]))
        return cls(state["interval.quantiles"], weights, bool(closest[0]))


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


def central_quantiles(quantiles: Floats, coverage: float) -> tuple[float, float]:
    """Of evenly spaced quantiles, those that cut off as much at both sides."""
    steps = len(quantiles) - 1
    outside = int(np.floor((1 - coverage) / 2 * steps))
    return float(quantiles[outside]), float(quantiles[steps - outside])


def _symmetric(size: Floats) -> Floats:
    """Evenly spaced quantiles (2001,) of residuals of which only the size (n,) matters.

    Beyond the largest of n, that of n / (n + 1), they grow as those of normal errors do.
    """
    from scipy.stats import norm

    sides = np.linspace(-1, 1, _GRID + 1)
    within = len(size) / (len(size) + 1)
    known = np.quantile(size, np.minimum(np.abs(sides), within), method="weibull")
    reach = np.clip(np.abs(sides), within, 1 - 1 / _GRID)
    return np.sign(sides) * known * norm.ppf((1 + reach) / 2) / norm.ppf((1 + within) / 2)


def _features(batch: Batch, predicted: Floats) -> Floats:
    """(n, f): a constant, the logarithm of the cost and its square, shares of operators."""
    logs = np.log(predicted)
    operators = len(batch.groups[0].vocabulary)
    counts = np.empty((len(batch), operators))
    for group in batch.groups:
        counts[group.positions] = count(group.ids, operators)
    shares = counts[:, 1:] / counts.sum(axis=1, keepdims=True)
    return np.column_stack([np.ones(len(logs)), logs, logs**2, shares])
