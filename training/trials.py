"""Every kind of predictor tried on every target of a table: fitted, and out of fold.

The folds are drawn over the rows of the table, once: what one kind or target sees, no other one has
to predict, so that out-of-fold predictions can be combined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.data import MeasuredTable
from archcost.encodings import Batch, parse
from archcost.errors import (
    MeasurementError,
    UnsupportedError,
    check_whole,
    first_few,
    names_given,
    unknown_name,
)
from archcost.predictors import (
    AdditivePredictor,
    EnsemblePredictor,
    GBDTPredictor,
    GNNPredictor,
    Predictor,
)
from archcost.predictors.metrics import kendall_tau

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Name = tuple[str, str]

KINDS = ("additive", "gnn", "gbdt", "ensemble")
"""All kinds, the one first that is preferred among equals."""
# A target that sums explain to this relative error is a sum.
_EXACT = 1e-5
# Settings that are whole numbers, and from where on.
_LEAST = {
    "n_test": 0,
    "n_estimators": 1,
    "max_depth": 1,
    "members": 1,
    "steps": 1,
    "folds": 2,
    "seed": 0,
}
_WEIGHTS = np.arange(0.1, 0.95, 0.1)
# Errors of fewer predictions do not show by how much more data lessens them, some percent.
_FEWEST_COMPARED = 1000


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        kinds: what to train; additive models only where they are exact, ensembles only where there
            are a gnn and a gbdt and no sum is exact.
        n_train: measured architectures to learn from; None: all that are not held out.
        n_test: architectures held out for the scores; at most a fifth of the table.
        n_estimators: trees of a gbdt.
        learning_rate: weight of each tree.
        max_depth: of each tree.
        members: networks that a gnn is the mean of.
        steps: of each.
        folds: parts that models of all the others predict; with more of them, these models are
            nearer to the one that has learned from all, whose errors intervals are made for.
        seed: of the split, the folds, the trees and the network.
    """

    kinds: tuple[str, ...] = KINDS
    n_train: int | None = None
    n_test: int = 2000
    n_estimators: int = 500
    learning_rate: float = 0.07
    max_depth: int = 6
    members: int = 2
    steps: int = 3600
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(names_given("kinds", self.kinds)))
        for kind in self.kinds:
            if kind not in KINDS:
                raise unknown_name("kind", kind, KINDS)
        if not {*self.kinds} - {"ensemble"}:
            raise UnsupportedError("an ensemble is of a gnn and a gbdt: give these kinds too")
        for name, least in _LEAST.items():
            check_whole(name, getattr(self, name), least)
        if self.n_train is not None:
            check_whole("n_train", self.n_train)


def split_rows(n: int, settings: Settings) -> tuple[Indices, Indices]:
    """Rows of a table of n to learn from, and rows held out.

    The same for all targets of the table, whichever of the rows were measured: a network that
    learns several targets has seen none of the held-out architectures.
    """
    shuffled = np.random.default_rng(settings.seed).permutation(n)
    held_out = min(settings.n_test, n // 5)
    rest = shuffled[held_out:]
    return rest if settings.n_train is None else rest[: settings.n_train], shuffled[:held_out]


def measured(table: MeasuredTable, name: Name) -> Mask:
    """On which rows (n,) of a table a target was measured.

    Raises:
        MeasurementError: costs of 0: no target of a predictor, and no base of a relative error.
    """
    costs = table.targets[name]
    (zeros,) = np.nonzero(costs == 0)
    if len(zeros):
        rows = first_few((str(row + 1) for row in zeros), len(zeros))
        raise MeasurementError(
            f"{' '.join(name)}: {len(zeros)} of {len(costs)} costs are 0, below the clock's "
            f"resolution (rows {rows}): time many runs of a network and divide, or leave "
            "those cells empty (not measured)"
        )
    return (costs > 0) & ~_failed(table, name)


def _failed(table: MeasuredTable, name: Name) -> Mask:
    return table.failed.get(name, np.zeros(len(table), dtype=bool))


@dataclass(frozen=True, eq=False)
class Trial:
    """A kind on a target.

    Attributes:
        predictor: learned from all rows to learn from.
        out_of_fold: (n,) predictions for the target's rows in `Data.measured`, each by a predictor
            that has not seen it.
        from_fewer: (n,) the same for the first fold, by a predictor that lacks as large a part of
            what those out of fold learned from as they lack of all; NaN in other folds.
        tau: Kendall's tau of `out_of_fold`.
    """

    predictor: Predictor
    out_of_fold: Floats
    from_fewer: Floats
    tau: float

    @classmethod
    def of(
        cls, predictor: Predictor, out_of_fold: Floats, from_fewer: Floats, costs: Floats
    ) -> Self:
        """With the tau that these predictions of costs (n,) have."""
        return cls(predictor, out_of_fold, from_fewer, kendall_tau(out_of_fold, costs))

    def like_new(self, costs: Floats) -> Floats:
        """Predictions (n,) that err as `predictor` does on networks that it has not seen.

        It has learned from more than the predictors out of fold. Errors fall with a power of the
        size of what is learned from (Hestness et al. 2017, arXiv 1712.00409), so from theirs to its
        by the factor by which they fell from the predictor's from fewer to theirs.
        """
        logs = np.log(self.out_of_fold / costs)
        compared = np.isfinite(self.from_fewer)
        if compared.sum() < _FEWEST_COMPARED:
            return self.out_of_fold
        errors = np.abs(logs[compared])
        before = np.abs(np.log(self.from_fewer / costs)[compared])
        if not before.any():
            return self.out_of_fold
        factor = errors.mean() / before.mean()
        # Of a gain no larger than its own standard error nothing is taken.
        doubt = (errors - factor * before).std() / np.sqrt(len(errors)) / before.mean()
        return costs * np.exp(min(factor + doubt, 1.0) * logs)


@dataclass(frozen=True, eq=False)
class Data:
    """A table with its split.

    Attributes:
        table: all of it.
        batch: its architectures.
        train: rows to learn from.
        test: rows held out.
        fold: (n,) number of the fold of each row to learn from, -1 for others.
    """

    table: MeasuredTable
    batch: Batch
    train: Indices
    test: Indices
    fold: npt.NDArray[np.int64]

    @classmethod
    def of(cls, table: MeasuredTable, settings: Settings) -> Data:
        """Read the architectures and split the rows."""
        batch = parse(table.architectures, space=table.space, dataset=table.dataset)
        train, test = split_rows(len(batch), settings)
        fold = np.full(len(batch), -1)
        shuffled = np.random.default_rng(settings.seed + 1).permutation(len(train))
        fold[train] = shuffled % settings.folds
        return cls(table, batch, train, test, fold)

    def known(self, name: Name, rows: Indices) -> Indices:
        """Those of the rows on which the target was measured or failed."""
        return rows[(measured(self.table, name) | self.failed(name))[rows]]

    def measured(self, name: Name, rows: Indices) -> Indices:
        """Those of the rows on which the target was measured."""
        return rows[measured(self.table, name)[rows]]

    def failed(self, name: Name) -> Mask:
        """Whether the device refused the architecture, (n,)."""
        return _failed(self.table, name)


def _left_out(
    predicted: Callable[[Indices, Indices], Floats],
    rows: Indices,
    fold: Indices,
    report: Callable[[str], None] = lambda what: None,
) -> tuple[Floats, Floats]:
    """Predictions as in `Trial`, out of fold and from fewer; (n, …) for rows in random order.

    Args:
        predicted: for rows to learn from and rows held out: predictions (m, …) for the latter.
        rows: (n,) to learn from.
        fold: (n,) of each.
        report: called with what begins.
    """
    numbers = np.unique(fold)
    parts = []
    for done, number in enumerate(numbers, 1):
        report(f"fold {done} of {len(numbers)}")
        parts.append(predicted(rows[fold != number], rows[fold == number]))
    out_of_fold = np.concatenate(parts)[np.argsort(np.argsort(fold, kind="stable"))]
    from_fewer = np.full_like(out_of_fold, np.nan)
    first = fold == 0
    if first.any():
        report("fewer rows")
        rest = rows[~first]
        fewer = rest[: round(len(rest) * (1 - 1 / len(numbers)))]
        from_fewer[first] = predicted(fewer, rows[first])
    return out_of_fold, from_fewer


class Networks:
    """Graph networks for all targets of a table: on all rows, without each fold, on fewer."""

    def __init__(
        self, data: Data, names: list[Name], settings: Settings, report: Callable[[str], None]
    ) -> None:
        self.names = names
        costs = np.column_stack(
            [
                np.where(data.failed(name), np.nan, np.asarray(data.table.targets[name]))
                for name in names
            ]
        )
        costs = np.where(costs > 0, costs, np.nan)
        model = GNNPredictor(settings.members, steps=settings.steps, seed=settings.seed)

        def predicted(rows: Indices, held: Indices) -> Floats:
            batch = data.batch.take(held)
            fitted = model.fit_many(data.batch.take(rows), costs[rows])
            return np.column_stack([one.predict(batch) for one in fitted])

        self.out_of_fold, self.from_fewer = (np.full(costs.shape, np.nan) for _ in range(2))
        self.out_of_fold[data.train], self.from_fewer[data.train] = _left_out(
            predicted,
            data.train,
            data.fold[data.train],
            lambda what: report(f"graph network, {what}"),
        )
        report("graph network, all folds")
        self.fitted = model.fit_many(data.batch.take(data.train), costs[data.train])

    def trial(self, data: Data, name: Name) -> Trial:
        """The trial of kind "gnn"."""
        column = self.names.index(name)
        rows = data.measured(name, data.train)
        costs = data.table.targets[name][rows]
        found, fewer = self.out_of_fold[rows, column], self.from_fewer[rows, column]
        return Trial.of(self.fitted[column], found, fewer, costs)


def try_kinds(
    data: Data, name: Name, settings: Settings, networks: Networks | None
) -> dict[str, Trial]:
    """All kinds of the settings that make sense for a target, in the order of `KINDS`."""
    rows = data.measured(name, data.train)
    batch, costs = data.batch.take(rows), data.table.targets[name][rows]
    trials = {} if networks is None else {"gnn": networks.trial(data, name)}
    if "gbdt" in settings.kinds:
        trials["gbdt"] = _fit(
            lambda: GBDTPredictor(
                n_estimators=settings.n_estimators,
                learning_rate=settings.learning_rate,
                max_depth=settings.max_depth,
                seed=settings.seed,
            ),
            batch,
            costs,
            data.fold[rows],
        )

    def additive() -> Predictor:
        return AdditivePredictor(ratio=name[1] == "arithmetic_intensity")

    exact = "additive" in settings.kinds and _exact(additive(), batch, costs)
    if "ensemble" in settings.kinds and len(trials) > 1 and not exact:
        trials["ensemble"] = _combine(list(trials.values()), costs)
    if exact or ("additive" in settings.kinds and not trials):
        trials["additive"] = _fit(additive, batch, costs, data.fold[rows])
    return {kind: trials[kind] for kind in KINDS if kind in trials}


def _exact(model: Predictor, batch: Batch, costs: Floats) -> bool:
    """Whether sums explain all costs."""
    return bool(np.abs(model.fit(batch, costs).predict(batch) / costs - 1).max() < _EXACT)


def _fit(make: Callable[[], Predictor], batch: Batch, costs: Floats, fold: Indices) -> Trial:
    def predicted(rows: Indices, held: Indices) -> Floats:
        return make().fit(batch.take(rows), costs[rows]).predict(batch.take(held))

    out_of_fold, from_fewer = _left_out(predicted, np.arange(len(costs)), fold)
    return Trial.of(make().fit(batch, costs), out_of_fold, from_fewer, costs)


def _combine(trials: list[Trial], costs: Floats) -> Trial:
    """The mean of two, weighted as does best out of fold."""
    first, second = trials

    def blend(one: Floats, other: Floats, weight: float) -> Floats:
        return np.asarray(one**weight * other ** (1 - weight))

    blends = [blend(first.out_of_fold, second.out_of_fold, weight) for weight in _WEIGHTS]
    best = int(np.argmax([kendall_tau(found, costs) for found in blends]))
    weights = [_WEIGHTS[best], 1 - _WEIGHTS[best]]
    model = EnsemblePredictor.of([first.predictor, second.predictor], weights)
    fewer = blend(first.from_fewer, second.from_fewer, _WEIGHTS[best])
    return Trial.of(model, blends[best], fewer, costs)
