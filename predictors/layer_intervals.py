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

from archcost.aliases import Floats
from archcost.encodings import Batch, Networks
from archcost.errors import MeasurementError
from archcost.predictors.intervals import check_coverage, closest_quantiles
from archcost.predictors.layers import LayersPredictor

_GRID = 200
_FEWEST = 20
_JUDGED_AT = 0.9
# Beyond a factor of e^20 either way nobody reads the number.
_WIDEST = 20.0


class LayerIntervals:
    """Intervals around the predictions of one fitted `LayersPredictor`.

    Args:
        predictor: says how far networks lie outside.
        quantiles: (201,) of residuals inside, evenly spaced in probability.
        growth: (201,) of the size of residuals over the square root of the extrapolation, over
            structures that were held out.
    """

    def __init__(self, predictor: LayersPredictor, quantiles: Floats, growth: Floats) -> None:
        self.predictor = predictor
        self.quantiles_ = quantiles
        self.growth_ = growth

    @classmethod
    def fit(cls, predictor: LayersPredictor, residuals: list[Floats], growth: Floats) -> Self:
        """From residuals of networks that the predictor had not seen.

        Args:
            predictor: fitted.
            residuals: logarithms of measured over predicted cost, of networks inside; an array for
                each skeleton. The least predictable counts: nobody knows which of them the networks
                to come will be like.
            growth: as the class takes it.

        Raises:
            MeasurementError: no skeleton with 20 residuals.
        """
        residuals = [part for part in residuals if len(part) >= _FEWEST]
        if not residuals:
            raise MeasurementError(
                f"fewer than {_FEWEST} measurements in each skeleton cannot calibrate intervals"
            )
        worst = max(residuals, key=lambda part: float(np.quantile(np.abs(part), _JUDGED_AT)))
        return cls(predictor, np.quantile(worst, np.linspace(0, 1, _GRID + 1)), growth)

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


def evenly(parts: list[Floats]) -> Floats:
    """(201,) quantiles of all parts together, each counting alike whatever its size."""
    probabilities = np.linspace(0, 1, _GRID + 1)
    together = np.concatenate([np.quantile(part, probabilities) for part in parts])
    return np.asarray(np.quantile(together, probabilities))
