"""Predictions beside measurements: how often intervals hold, and how large errors are where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archcost.aliases import Floats
from archcost.encodings import Batch
from archcost.errors import MeasurementError
from archcost.predictors import CostModel
from archcost.predictors.metrics import coverage as share_inside

if TYPE_CHECKING:
    import pandas as pd


NOMINAL = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Coverages that a calibration curve shows."""
_BAND = 0.95


def calibration(
    model: CostModel, batch: Batch, predicted: Floats, measured: Floats
) -> pd.DataFrame:
    """Which share of measurements the intervals hold, against the share they are made to hold.

    Args:
        model: whose intervals.
        batch: n architectures that it has not seen.
        predicted: (n,) what it predicts for them.
        measured: (n,) their costs.

    Returns:
        One row for each of `NOMINAL`: nominal, held, and low and high, between which the held
        share falls 95 times in 100 if the intervals are right (binomial, n independent networks).
    """
    import pandas as pd
    from scipy.stats import binom

    held = [share_inside(*model.around(batch, predicted, c), measured) for c in NOMINAL]
    low, high = binom.interval(_BAND, len(measured), NOMINAL)
    return pd.DataFrame(
        {
            "nominal": NOMINAL,
            "held": held,
            "low": low / len(measured),
            "high": high / len(measured),
        }
    )


def errors_by_decile(predicted: Floats, measured: Floats) -> pd.DataFrame:
    """Relative errors in ten equal parts of the networks, from the cheapest predicted to the
    dearest.

    By predicted cost: that is what somebody knows who asks how far to trust it. Errors are absolute
    and relative to the measurement.

    Args:
        predicted: (n,) at least ten.
        measured: (n,) positive.

    Returns:
        Ten rows: decile 1 to 10; from, to: the predicted costs in it; median and p90: of the
        errors, as fractions; bias: median of predicted over measured less 1; n.

    Raises:
        MeasurementError: fewer than ten networks.
    """
    import pandas as pd

    if len(measured) < 10:
        raise MeasurementError(f"{len(measured)} networks cannot be cut into deciles; give 10")
    relative = predicted / measured - 1
    rows = []
    for number, part in enumerate(np.array_split(np.argsort(predicted, kind="stable"), 10), 1):
        errors = np.abs(relative[part])
        rows.append(
            {
                "decile": number,
                "from": float(predicted[part].min()),
                "to": float(predicted[part].max()),
                "median": float(np.median(errors)),
                "p90": float(np.quantile(errors, 0.9)),
                "bias": float(np.median(relative[part])),
                "n": len(part),
            }
        )
    return pd.DataFrame(rows)
