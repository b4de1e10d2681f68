"""How well predictions agree with measurements that they have not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.predictors import CostModel, Evaluation, metrics
from archcost.predictors.base import positive_costs


def evaluate(
    predictor: CostModel, archs: object, measured: npt.ArrayLike, coverage: float = 0.9
) -> Evaluation:
    """Score a predictor against measurements.

    Args:
        predictor: as from `archcost.load`.
        archs: n architectures in any form.
        measured: (n,) costs in the predictor's unit.
        coverage: of the intervals that are scored.

    Raises:
        MeasurementError: costs that are missing, not positive or not numbers, with their rows.
        ArchitectureError, UnsupportedError: as `CostModel.predict`.
    """
    batch = predictor.batch(archs)
    costs = positive_costs(measured, len(batch), empty_allowed=True)
    found = predictor.predict(batch, coverage)
    return Evaluation(
        n=len(costs),
        kendall_tau=metrics.kendall_tau(found.value, costs),
        spearman=metrics.spearman(found.value, costs),
        mape=metrics.mape(found.value, costs) if len(costs) else float("nan"),
        within_10pct=metrics.within(found.value, costs) if len(costs) else float("nan"),
        mae=float(np.abs(found.value - costs).mean()) if len(costs) else float("nan"),
        coverage=metrics.coverage(found.lower, found.upper, costs) if len(costs) else float("nan"),
        width=float((found.upper - found.lower).mean()) if len(costs) else float("nan"),
    )
