"""Predictors for data sets on which only a few cells were measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from archcost.checkpoints import SHIPPED, Card, checkpoint_folder, load_card
from archcost.checkpoints.store import CARD
from archcost.data import MeasuredTable, sha256_of
from archcost.encodings import Batch, parse
from archcost.predictors import ConformalIntervals, CostModel, ScaledPredictor, Target
from archcost.training.cards import Trained, make_card, write_trained

_MOST_ERROR = 0.1
_ENOUGH = 20
_FEW_WIDER = 2.0
_COVERAGE = 0.9
_EXACT = 1e-6


def train_scaled(
    table: MeasuredTable,
    bases: list[Card],
    *,
    root: Path = SHIPPED,
    out: str | Path | None = None,
) -> list[Trained]:
    """Carry predictors over to the data set of a table with few rows.

    A target is left out where the line through its cells misses them by more than 10 % in the
    median (with fewer than 20 cells: any of them): then it has no honest basis. Intervals are those
    of the base, widened: with 20 cells or more so that they hold 90 % of them, with fewer to twice
    their width, since so few cells cannot calibrate. All cells are learned from; none are held out,
    so the cards have no scores.

    Args:
        table: at least three rows of each target.
        bases: cards of predictors on the data set that was measured in full; those of other spaces
            are passed over.
        root: folder of their checkpoints; the new ones refer to them, so they belong there too.
        out: folder to write checkpoints to; None: none are written.

    Raises:
        MeasurementError: a target has fewer than three measurements.
    """
    trained = []
    for card in bases:
        names = (card.device, card.metric)
        if names not in table.targets or card.space != table.space:
            continue
        base = load_card(card, root)
        costs = table.targets[names]
        rows = np.flatnonzero(costs > 0)
        batch = parse(table.architectures, space=table.space, dataset=table.dataset).take(rows)
        predictor = ScaledPredictor(base.predictor).fit(batch, costs[rows])
        found = predictor.predict(batch)
        errors = np.abs(found - costs[rows]) / costs[rows]
        few = len(rows) < _ENOUGH
        if (errors.max() if few else np.median(errors)) > _MOST_ERROR:
            continue
        intervals, width = _intervals(base, batch, found, costs[rows])
        target = Target(table.space, table.dataset, *names)
        model = CostModel(target, "scaled", predictor, intervals, base.feasibility)
        note = (
            f"From {len(rows)} cells measured on {table.dataset}: {predictor.offset_:.4g} "
            f"{base.target.unit} + {predictor.factor_:.4g} x the prediction for {card.dataset}. "
            f"Intervals: {width}. Whether a network is accepted at all, where a device refuses "
            f"some, was learned on {card.dataset}."
        )
        folder = checkpoint_folder(card)
        new = make_card(
            model,
            batch[:5],
            source_id=table.source,
            counts=(len(rows), 0 if few else len(rows), 0),
            chosen_by="the only kind that so few measurements allow",
            note=note,
            bases={folder.as_posix(): sha256_of(root / folder / CARD)},
        )
        trained.append(write_trained(Trained(model, new), out))
    return trained


def _intervals(
    base: CostModel,
    batch: Batch,
    found: npt.NDArray[np.float64],
    costs: npt.NDArray[np.float64],
) -> tuple[ConformalIntervals, str]:
    """Intervals around scaled predictions, and how they came about in words."""
    logs = np.log(costs / found)
    assert isinstance(base.intervals, ConformalIntervals)
    if len(costs) >= _ENOUGH:
        lower, upper = base.intervals.around(batch, found, _COVERAGE)
        needed = np.maximum(logs / np.log(upper / found), logs / np.log(lower / found))
        rank = min(int(np.ceil((len(costs) + 1) * _COVERAGE)), len(costs))
        factor = max(1.0, float(np.sort(needed)[rank - 1]))
        return base.intervals.wider(factor), f"the base's, {factor:.2f} times"
    worst = float(np.abs(logs).max())
    exact = len(base.intervals.weights_) == 0
    if exact and worst > _EXACT:
        # An exact base says nothing about the line: twice the largest miss stands in.
        uniform = np.linspace(-2 * worst, 2 * worst, len(base.intervals.quantiles_))
        return (
            ConformalIntervals(uniform, np.zeros(0), closest=False),
            "uniform up to twice the largest miss",
        )
    factor = 1.0 if exact else _FEW_WIDER
    return base.intervals.wider(factor), f"the base's, {factor:.2f} times"
