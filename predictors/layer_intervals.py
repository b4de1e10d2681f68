"""Intervals around prices of networks that may lie outside what was measured.

Inside, residuals (logarithms of measured over predicted cost) from predictions out of fold give the
interval. Outside it grows with the square root of the extrapolation, as the sum of independent
errors of its doublings would. How fast is learned from devices of which some structure, or a whole
search space, was held out.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.encodings import Batch, Networks
from archcost.errors import MeasurementError
from archcost.predictors.intervals import check_coverage, closest_quantiles
from archcost.predictors.layers import LayersPredictor

Floats = npt.NDArray[np.float64]

_GRID = 200
_FEWEST = 20
# Beyond a factor of e^20 either way nobody reads the number.
_WIDEST = 20.0


class LayerIntervals:
    """Intervals around the predictions of one fitted `LayersPredictor`.

    Args:
        predictor: says how far networks lie outside.
        quantiles: (201,) of residuals inside, evenly spaced in probability.
        growth: (201,) of the size of residuals over the square root of the extrapolation.
    """

    def __init__(self, predictor: LayersPredictor, quantiles: Floats, growth: Floats) -> None:
        self.predictor = predictor
        self.quantiles_ = quantiles
        self.growth_ = growth

    @classmethod
    def fit(cls, predictor: LayersPredictor, residuals: Floats, growth: Floats) -> Self:
        """From residuals (n,) of networks that the predictor had not seen.

        Args:
            predictor: fitted.
            residuals: logarithms of measured over predicted cost, of networks inside.
            growth: see `growth_of`.

        Raises:
            MeasurementError: fewer than 20 residuals.
        """
        if len(residuals) < _FEWEST:
            raise MeasurementError(
                f"{len(residuals)} measurements cannot calibrate intervals; give at least {_FEWEST}"
            )
        return cls(predictor, np.quantile(residuals, np.linspace(0, 1, _GRID + 1)), growth)

    def around(
        self, batch: Batch | Networks, predicted: Floats, coverage: float
    ) -> tuple[Floats, Floats]:
        """Lower and upper ends (n,) around predictions (n,).

        Raises:
            UnsupportedError: a coverage outside 0.5 to 0.99.
        """
        check_coverage(coverage)
        low, high = closest_quantiles(self.quantiles_, coverage)
        rate = float(np.quantile(self.growth_, coverage))
        grown = np.minimum(rate * np.sqrt(self.predictor.extrapolation(batch)), _WIDEST)
        return predicted * np.exp(min(low, 0) - grown), predicted * np.exp(max(high, 0) + grown)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What was learned, as named arrays."""
        return {"interval.quantiles": self.quantiles_, "interval.growth": self.growth_}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]], predictor: LayersPredictor) -> Self:
        """The intervals of which `state` gave this."""
        return cls(predictor, state["interval.quantiles"], state["interval.growth"])


def growth_of(rates: list[Floats]) -> Floats:
    """(201,) quantiles of how fast errors grow, over held-out structures that count alike.

    Args:
        rates: of each structure of each device, sizes of residuals over the square roots of the
            extrapolations.
    """
    probabilities = np.linspace(0, 1, _GRID + 1)
    evenly = [np.quantile(part, probabilities) for part in rates]
    return np.asarray(np.quantile(np.concatenate(evenly), probabilities))
