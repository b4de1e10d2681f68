"""How well predictions agree with measurements that they have not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.checkpoints import Card, load_card
from archcost.data import MeasuredTable, check_order
from archcost.encodings import parse
from archcost.errors import UnsupportedError
from archcost.predictors import (
    CostModel,
    Estimate,
    Evaluation,
    LookupPredictor,
    TransferPredictor,
    metrics,
)
from archcost.predictors.base import positive_costs
from archcost.training.trials import Settings, measured, split_rows


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
        MeasurementError: no costs; costs that are missing, not positive or not numbers, with their
            rows; or Series whose rows are in another order.
        ArchitectureError, UnsupportedError: as `CostModel.predict`.
    """
    if not isinstance(predictor, CostModel):
        raise UnsupportedError(
            f"a {type(predictor).__name__} is no model of archcost.load, adapt or train; score "
            "other predictions with the functions of archcost.predictors.metrics"
        )
    check_order(archs, measured)
    batch = predictor.batch(archs)
    costs = positive_costs(measured, len(batch))
    return scores(predictor.predict(batch, coverage), costs)


def scores(found: Estimate, costs: Floats) -> Evaluation:
    """Score predictions that were made already.

    Args:
        found: predictions of n architectures.
        costs: (n,) measured, positive; of none, scores are NaN.
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


def held_out_rows(
    card: Card, table: MeasuredTable, *, every: bool = False
) -> npt.NDArray[np.int64]:
    """Rows of a table that were measured and that this checkpoint has not learned from.

    Args:
        card: of a checkpoint that ships or is the user's.
        table: with the card's target; where a part of it was held out, the one that the checkpoint
            was trained on, whole.
        every: all rows that were measured, also those learned from.

    Raises:
        UnsupportedError: the table is another one, nothing says which networks were learned from,
            or they were all learned from.
        MeasurementError: as `measured`.
    """
    has_cost = measured(table, (card.device, card.metric))
    if every:
        return np.flatnonzero(has_cost)
    rows = _unseen(card, table, has_cost)
    if has_cost.any() and not len(rows):
        raise UnsupportedError("it has learned from every network that was measured here")
    return rows


def _unseen(
    card: Card, table: MeasuredTable, has_cost: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    batch = parse(table.architectures, space=table.space, dataset=table.dataset)
    if card.split_seed is None:
        rows = np.flatnonzero(has_cost)
        predictor = load_card(card).predictor
        if isinstance(predictor, LookupPredictor):
            return rows  # a published sum, learned from no network
        if not isinstance(predictor, TransferPredictor):
            raise UnsupportedError("which networks it learned from is not recorded")
        learned = set(map(bytes, predictor.ids_))
        ids = batch.groups[0].ids
        return rows[[bytes(ids[row]) not in learned for row in rows]]
    settings = Settings(n_test=card.n_test, seed=card.split_seed)
    train, test = split_rows(len(table), settings)
    # Golden predictions are of the first networks learned from: a table of another length or order
    # has others there.
    golden = card.golden.architectures
    if batch.take(train[has_cost[train]][: len(golden)]).strings() != golden:
        raise UnsupportedError("the table is not the one that it was trained on")
    return test[has_cost[test]]
