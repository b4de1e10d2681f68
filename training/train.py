"""Measured tables in, checkpoints out.

Of each table a test part is split off first and seen by nothing but the scores. The rest trains the
predictors; their out-of-fold predictions choose the kind and calibrate the intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from archcost.aliases import Progress
from archcost.checkpoints import Card, checkpoint_folder
from archcost.checkpoints.store import CARD
from archcost.checkpoints.user import check_device_name
from archcost.data import MeasuredTable, sha256_of
from archcost.errors import MeasurementError, UnsupportedError, unknown_name
from archcost.predictors import ConformalIntervals, CostModel, Feasibility, Target
from archcost.training.cards import Trained, make_card, write_trained
from archcost.training.evaluate import scores
from archcost.training.repeatability import noise_ceiling
from archcost.training.trials import (
    Data,
    Name,
    Networks,
    Settings,
    Trial,
    try_kinds,
)

_FEWEST = 50
_GOLDEN = 5


def train(
    tables: MeasuredTable | Iterable[MeasuredTable],
    *,
    out: str | Path | None = None,
    targets: Iterable[Name] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> list[Trained]:
    """Train predictors of every target of measured tables.

    Args:
        tables: as from `archcost.data.read_table` or `read_hwnasbench`.
        out: folder to write checkpoints to, as each target is done; None: none are written.
        targets: (device, metric) pairs; by default all of the tables.
        settings: see `Settings`.
        progress: called with what begins, the number of steps done and those in all.

    Returns:
        One entry per checkpoint.

    Raises:
        UnknownNameError: the tables have no such target.
        UnsupportedError: a device's name cannot be that of a checkpoint; something is no table.
        MeasurementError: a target has fewer than 50 measurements beside those held out for the
            scores, or costs of 0.
        ArchitectureError: an architecture of the table is malformed, with its row.
    """
    settings = settings or Settings()
    chosen = None if targets is None else _pairs(targets)
    jobs = []
    alone = isinstance(tables, str) or not isinstance(tables, Iterable)
    tables = [tables] if alone else list(tables)  # type: ignore[list-item, arg-type]
    for table in tables:
        if not isinstance(table, MeasuredTable):
            raise UnsupportedError(
                f"a {type(table).__name__} is no table; give what archcost.data.read_table reads"
            )
    _check_known(chosen, tables)
    for table in tables:
        data = Data.of(table, settings)
        names = [name for name in table.targets if chosen is None or name in chosen]
        for name in names:
            check_device_name(name[0])
            _check_enough(data, name, settings)
        jobs.append((data, names))
    networks = (settings.folds + 2) * ("gnn" in settings.kinds)
    total = sum(len(names) + networks for _, names in jobs if names)
    done = 0

    def report(what: str) -> None:
        nonlocal done
        if progress is not None:
            progress(what, done, total)
        done += 1

    trained: list[Trained] = []
    for data, names in jobs:
        together = Networks(data, names, settings, report) if names and networks else None
        for name in names:
            report(f"{name[0]} {name[1]} ({data.table.dataset})")
            trials = try_kinds(data, name, settings, together)
            trained += _finish(data, name, trials, settings, out)
    report("done")
    return trained


def _pairs(targets: object) -> set[Name]:
    pairs: list[Any] = list(targets) if isinstance(targets, Iterable) else [targets]
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise UnsupportedError(
            f"targets {targets!r}: give a list of pairs such as ('raspi4', 'latency')"
        )
    return {(str(device), str(metric)) for device, metric in pairs}


def _check_known(chosen: set[Name] | None, tables: list[MeasuredTable]) -> None:
    every = {name for table in tables for name in table.targets}
    for name in (chosen or set()) - every:
        words = [" ".join(known) for known in every]
        raise unknown_name("target", " ".join(name), words)


def _check_enough(data: Data, name: Name, settings: Settings) -> None:
    found = len(data.measured(name, data.train))
    if found >= _FEWEST:
        return
    target, every = Target(data.table.space, data.table.dataset, *name), len(data.batch)
    measured = len(data.measured(name, np.arange(every)))
    # Of as many more, as many as now go to the part that is held out.
    more = math.ceil((_FEWEST - found) * every / max(len(data.train), 1))
    remedy = f"measure {measured + more}" if settings.n_train is None else "give a larger n_train"
    raise MeasurementError(
        f"{target}: {measured} measurements, {found} of which are left to learn from beside those "
        f"held out for the scores; {_FEWEST} are the fewest: {remedy}"
    )


def _finish(
    data: Data,
    name: Name,
    trials: dict[str, Trial],
    settings: Settings,
    out: str | Path | None,
) -> list[Trained]:
    """Calibrate, score and write the trials of one target."""
    target = Target(data.table.space, data.table.dataset, *name)
    rows, known = data.measured(name, data.train), data.known(name, data.train)
    batch, costs = data.batch.take(rows), data.table.targets[name][rows]
    test = data.measured(name, data.test)
    feasibility, auc = _feasibility(data, name, settings.seed)
    best = max(trials, key=lambda kind: round(trials[kind].tau, 4))
    chosen_by = "Kendall tau out of fold: " + ", ".join(
        f"{kind} {trial.tau:.4f}" for kind, trial in trials.items()
    )
    done: dict[str, Trained] = {}
    for kind, trial in trials.items():
        intervals = ConformalIntervals.fit(batch, trial.like_new(costs), costs)
        model = CostModel(target, kind, trial.predictor, intervals, feasibility)
        members = [done[member].card for member in ("gnn", "gbdt") if kind == "ensemble"]
        card = make_card(
            model,
            batch[:_GOLDEN],
            source_id=data.table.source,
            counts=(len(known), len(rows), len(data.test)),
            chosen_by=chosen_by,
            default=kind == best,
            seed=settings.seed,
            scores=scores(model.predict(data.batch.take(test)), data.table.targets[name][test]),
            auc=auc,
            ceiling=noise_ceiling(batch, costs, trial.out_of_fold),
            bases=None if out is None else dict(_bases(members, Path(out))),
        )
        done[kind] = write_trained(Trained(model, card), out)
    return list(done.values())


def _bases(members: list[Card], out: Path) -> Iterator[tuple[str, str]]:
    """Folders of written checkpoints with the hashes of their cards."""
    for card in members:
        folder = checkpoint_folder(card)
        yield folder.as_posix(), sha256_of(out / folder / CARD)


def _feasibility(data: Data, name: Name, seed: int) -> tuple[Feasibility | None, float | None]:
    """The classifier, and the area under its ROC curve on the test part; none if all ran."""
    failed = data.failed(name)
    if not failed[data.train].any():
        return None, None
    from sklearn.metrics import roc_auc_score

    rows, test = data.known(name, data.train), data.known(name, data.test)
    model = Feasibility.fit(data.batch.take(rows), failed[rows], seed)
    return model, float(roc_auc_score(~failed[test], model.predict(data.batch.take(test))))
