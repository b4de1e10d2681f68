"""Models of layers, which price networks outside the measured spaces: from measured tables.

Of each device, networks of all tables are learned from together. A fifth of them is held out for
the scores; predictions out of fold calibrate the intervals inside what was measured; devices of
which a structure or a whole space is held out say how intervals grow outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archcost.aliases import Floats, Ints, Progress
from archcost.checkpoints import cards, load_card
from archcost.checkpoints.user import check_device_name
from archcost.data import MeasuredTable
from archcost.encodings import CUSTOM, SPACES, Architecture, skeleton
from archcost.encodings.execution import VIEWS
from archcost.encodings.layer_table import CLASSES
from archcost.errors import MeasurementError
from archcost.predictors import CostModel, LayerIntervals, LayersPredictor, Target
from archcost.predictors.layer_intervals import evenly
from archcost.training.cards import Trained, make_card, write_trained
from archcost.training.collect.candidates import sample
from archcost.training.evaluate import scores
from archcost.training.layer_tables import Measured, gather
from archcost.training.trials import Name

_TEST, _FOLDS = 0.2, 3
_FEWEST = 50
_MOST_ERROR = 0.2
_GOLDEN = 5
# With less extrapolation residuals are mostly those inside.
_LEAST_OUTSIDE = 0.02
_FEWEST_OUTSIDE = 20
_HELD_OUT = ("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""Operators of cells that are held out in turn to see how errors grow."""


@dataclass(frozen=True, eq=False)
class _Trial:
    """A device before intervals: how errors grow is learned from all devices."""

    predictor: LayersPredictor
    train: Ints
    test: Ints
    residuals: list[Floats]
    rates: list[Floats]


def train_layers(
    tables: Iterable[MeasuredTable],
    *,
    out: str | Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Trained]:
    """Train models of layers for every device and metric of measured tables.

    A target is left out where its model misses by more than 20 % in the median within the measured
    spaces: what it says outside is worth nothing then. With too few networks to hold a structure
    out, intervals grow outside as those of the shipped devices.

    Args:
        tables: of any spaces; a device in several is learned from in all of them together.
        out: folder to write checkpoints to; None: none are written.
        seed: of the choice of networks and of the held-out fifth.
        progress: called with what begins, the number of steps done and those in all.

    Raises:
        MeasurementError: a target has fewer than 50 measurements, or costs of 0.
        ArchitectureError, UnknownNameError: an architecture of a table cannot be read.
        UnsupportedError: a device's name cannot be that of a checkpoint.
    """
    data = gather(tables, seed=seed)
    trials: dict[Name, _Trial] = {}
    for done, name in enumerate(data.costs):
        if progress is not None:
            progress(f"{name[0]} {name[1]}", done, len(data.costs))
        check_device_name(name[0])
        if len(data.rows(name)) < _FEWEST:
            raise MeasurementError(
                f"{name[0]} {name[1]}: {len(data.rows(name))} measurements to learn from; give at "
                f"least {_FEWEST}"
            )
        trials[name] = _try(data, name, seed)
    rates = [part for trial in trials.values() for part in trial.rates]
    growth = evenly(rates) if rates else shipped_growth()
    return [
        write_trained(_finish(data, name, trial, growth, seed), out)
        for name, trial in trials.items()
        if np.median(np.abs(np.expm1(np.concatenate(trial.residuals)))) <= _MOST_ERROR
    ]


def shipped_growth() -> Floats:
    """How intervals of the shipped devices grow outside what was measured."""
    card = next(card for card in cards() if card.space == CUSTOM)
    intervals = load_card(card).intervals
    assert isinstance(intervals, LayerIntervals)
    return intervals.growth_


def _try(data: Measured, name: Name, seed: int) -> _Trial:
    rows = np.random.default_rng(seed).permutation(data.rows(name))
    test, train = np.split(rows, [int(_TEST * len(rows))])
    rates = []
    for learned, held in _splits(data, train):
        if min(len(learned), len(held)) >= _FEWEST:
            size, outside = _residuals(data, name, learned, held)
            far = outside > _LEAST_OUTSIDE
            if far.sum() >= _FEWEST_OUTSIDE:
                rates.append(np.abs(size[far]) / np.sqrt(outside[far]))
    predictor = data.fitted(name, train)
    return _Trial(predictor, train, test, out_of_fold(data, name, train), rates)


def out_of_fold(data: Measured, name: Name, rows: Ints) -> list[Floats]:
    """Logarithms of measured over predicted costs, each from other networks; by skeleton.

    Args:
        data: of all networks.
        name: of the device and the metric.
        rows: of the networks, shuffled.
    """
    folds = np.array_split(rows, _FOLDS)
    parts = [_residuals(data, name, np.setdiff1d(rows, fold), fold)[0] for fold in folds]
    group = data.group[np.concatenate(folds)]
    return [np.concatenate(parts)[group == number] for number in np.unique(group)]


def _residuals(data: Measured, name: Name, learned: Ints, held: Ints) -> tuple[Floats, Floats]:
    """Logarithms of measured over predicted costs of held-out networks, and extrapolations."""
    model, table = data.fitted(name, learned), data.layers.take(held)
    logs = np.log(data.costs[name][held] / model.predict_table(table))
    return logs, model.extrapolation_of(table)


def _splits(data: Measured, rows: Ints) -> Iterator[tuple[Ints, Ints]]:
    """What to learn from and what to predict: without an operator of cells, without a space."""
    members = [data.networks[row] for row in rows]
    archs = [member for member in members if isinstance(member, Architecture)]
    spaces = np.array([arch.skeleton.space for arch in archs])
    cells = spaces == "nasbench201"
    for name in _HELD_OUT:
        holds = np.array([name in arch.operators for arch in archs])
        yield rows[cells & ~holds], rows[cells & holds]
    for space in SPACES:  # never custom cells: they show how well all this does
        yield rows[spaces != space], rows[spaces == space]


def _finish(data: Measured, name: Name, trial: _Trial, growth: Floats, seed: int) -> Trained:
    dataset = skeleton("nasbench201").dataset
    model = CostModel(
        Target(CUSTOM, dataset, *name),
        "layers",
        trial.predictor,
        LayerIntervals.fit(trial.predictor, trial.residuals, growth),
    )
    card = make_card(
        model,
        sample(_GOLDEN, CUSTOM),
        source_id=data.sources[name],
        counts=(len(trial.train), len(trial.train), len(trial.test)),
        chosen_by="the only kind for networks outside the known spaces",
        seed=seed,
        scores=scores(model.predict(data.networks.take(trial.test)), data.costs[name][trial.test]),
        note=_note(data, trial),
    )
    return Trained(model, card)


def _note(data: Measured, trial: _Trial) -> str:
    members = (data.networks[row] for row in trial.train)
    skeletons = dict.fromkeys(m.skeleton for m in members if isinstance(m, Architecture))
    places = ", ".join(f"{s.space} on {s.dataset}" for s in skeletons)
    absent = [c for c, varied in zip(CLASSES, trial.predictor.varied_, strict=True) if not varied]
    return (
        f"Any network, from prices of its layers, learned on {places}; scores are on held-out "
        f"networks of these. Layers that count: {VIEWS[trial.predictor.view_]}. Classes of layers "
        f"whose price the measurements do not show, only that of others like them: "
        f"{', '.join(absent) or 'none'}. Cells without a skeleton are put in that of NAS-Bench-201."
    )
