"""How well predictions agree with measurements that they have not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.checkpoints import Card
from archcost.data import MeasuredTable
from archcost.predictors import CostModel, Estimate, Evaluation, metrics
from archcost.predictors.base import Floats, positive_costs
from archcost.training.trials import Settings, split_rows


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
    return scores(predictor.predict(batch, coverage), costs)


def scores(found: Estimate, costs: Floats) -> Evaluation:
    """Score predictions that were made already.

    Args:
        found: predictions of n architectures.
        costs: (n,) measured, positive.
    """
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


def scored_rows(card: Card, n: int) -> npt.NDArray[np.int64]:
    """Rows of a table of n that this checkpoint's split held out, measured or not.

    Without a seed of a split: all.
    """
    if card.split_seed is None:
        return np.arange(n)
    return split_rows(n, Settings(n_test=card.n_test, seed=card.split_seed))[1]


def held_out_rows(
    card: Card, table: MeasuredTable, *, every: bool = False
) -> npt.NDArray[np.int64]:
    """Rows of a table that were measured and, when this checkpoint was trained on it, held out.

    Args:
        card: of the checkpoint; without a seed of a split, all rows that were measured.
        table: the one that it was trained on, whole, with the card's target.
        every: all rows that were measured, also those learned from.
    """
    name = (card.device, card.metric)
    costs = table.targets[name]
    failed = table.failed.get(name, np.zeros(len(costs), dtype=bool))
    rows = np.arange(len(costs)) if every else scored_rows(card, len(costs))
    return rows[(costs[rows] > 0) & ~failed[rows]]
