"""Measured tables in, checkpoints out.

Of each target a test part is split off first and seen by nothing but the scores. The rest trains
the predictor; its out-of-fold predictions choose the kind and calibrate the intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archcost.checkpoints import Card, Golden, Scores, checkpoint_folder, write_checkpoint
from archcost.checkpoints.card import ENCODING_VERSION, FORMAT_VERSION
from archcost.data import DEVICES, LookupTable, MeasuredTable, source
from archcost.encodings import Batch, key_table, parse, skeleton
from archcost.errors import MeasurementError
from archcost.predictors import (
    AdditivePredictor,
    ConformalIntervals,
    CostModel,
    Feasibility,
    GBDTPredictor,
    LookupPredictor,
    Predictor,
    Target,
)
from archcost.predictors.metrics import kendall_tau
from archcost.training.evaluate import evaluate
from archcost.training.repeatability import noise_ceiling

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_FOLDS = 5
_FEWEST = 50
_GOLDEN = 5
# A target that sums explain to this relative error is a sum.
_EXACT = 1e-5


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        n_train: measured architectures to learn from; None: all that are not held out.
        n_test: architectures held out for the scores; at most a fifth of the table.
        n_estimators: trees of a gbdt.
        learning_rate: weight of each tree.
        max_depth: of each tree.
        seed: of the split, the folds and the trees.
    """

    n_train: int | None = None
    n_test: int = 2000
    n_estimators: int = 500
    learning_rate: float = 0.07
    max_depth: int = 6
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Trained:
    """A model and its card, before or after writing."""

    model: CostModel
    card: Card


Progress = Callable[[str, int, int], None]


def train(
    tables: MeasuredTable | Iterable[MeasuredTable],
    *,
    out: str | Path | None = None,
    targets: Iterable[tuple[str, str]] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> list[Trained]:
    """Train predictors of every target of measured tables.

    Args:
        tables: as from `archcost.data.read_table` or `read_hwnasbench`.
        out: folder to write checkpoints to; None: none are written.
        targets: (device, metric) pairs; by default all of the tables.
        settings: see `Settings`.
        progress: called with the target's name, those done and those in all.

    Returns:
        One entry a checkpoint.

    Raises:
        MeasurementError: a target has fewer than 50 measurements.
        ArchitectureError: an architecture of the table is malformed, with its row.
    """
    settings = settings or Settings()
    chosen = None if targets is None else set(targets)
    jobs = [
        (table, target)
        for table in ([tables] if isinstance(tables, MeasuredTable) else tables)
        for target in table.targets
        if chosen is None or target in chosen
    ]
    trained = []
    for done, (table, (device, metric)) in enumerate(jobs):
        if progress is not None:
            progress(f"{device} {metric} ({table.dataset})", done, len(jobs))
        for result in _train_target(table, (device, metric), settings):
            trained.append(write_trained(result, out))
    if progress is not None:
        progress("done", len(jobs), len(jobs))
    return trained


def train_lookup(
    lookup: LookupTable, *, out: str | Path | None = None, seed: int = 0
) -> list[Trained]:
    """Predictors of FBNet's costs from HW-NAS-Bench's look-up table: exact sums of its rows."""
    trained = []
    for dataset in ("cifar100", "ImageNet"):
        place = skeleton("fbnet", dataset)
        keys = key_table(place)
        wanted = {keys.stem, *keys.tail, *(key for row in keys.blocks for key in row)}
        ids = np.random.default_rng(seed).integers(0, 9, size=(_GOLDEN, len(keys.blocks)))
        golden = Batch.from_ids(place, ids)
        for (device, metric), costs in lookup.targets.items():
            priced = dict(zip(lookup.keys, costs.tolist(), strict=True))
            predictor = LookupPredictor({key: priced[key] for key in lookup.keys if key in wanted})
            target = Target("fbnet", dataset, device, metric)
            exact = ConformalIntervals.fit(
                Batch.from_ids(place, np.repeat(ids, 4, axis=0)), np.ones(20), np.ones(20)
            )
            model = CostModel(target, "additive", predictor, exact)
            card = make_card(
                model,
                golden,
                source_id="hw-nas-bench",
                counts=(len(wanted), 0, 0),
                chosen_by="the published cost is defined as this sum",
                note="The sum over a look-up table of blocks, as HW-NAS-Bench defines it: no run "
                "of the whole network. n_train counts the blocks of the table.",
            )
            trained.append(write_trained(Trained(model, card), out))
    return trained


def write_trained(result: Trained, out: str | Path | None) -> Trained:
    """Write a checkpoint to its place under `out`, if there is one; the card gets its hashes."""
    if out is None:
        return result
    folder = Path(out) / checkpoint_folder(result.card)
    return Trained(result.model, write_checkpoint(folder, result.model, result.card))


def _train_target(
    table: MeasuredTable, names: tuple[str, str], settings: Settings
) -> list[Trained]:
    target = Target(table.space, table.dataset, *names)
    costs = table.targets[names]
    failed = table.failed.get(names, np.zeros(len(costs), dtype=bool))
    batch = parse(table.architectures, space=table.space, dataset=table.dataset)
    train_rows, test_rows = split_rows(np.flatnonzero((costs > 0) | failed), settings)
    ran_train, ran_test = (rows[~failed[rows]] for rows in (train_rows, test_rows))
    if len(ran_train) < _FEWEST:
        raise MeasurementError(
            f"{target}: {len(ran_train)} measurements to learn from; give at least {_FEWEST}"
        )
    train_batch, measured = batch.take(ran_train), costs[ran_train]
    candidates = _candidates(train_batch, measured, names[1], settings)
    out_of_fold = {
        kind: _out_of_fold(make, train_batch, measured, settings.seed)
        for kind, make in candidates.items()
    }
    taus = {kind: kendall_tau(found, measured) for kind, found in out_of_fold.items()}
    best = max(taus, key=lambda kind: (round(taus[kind], 4), kind == "additive"))
    feasibility = None
    if failed.any():
        feasibility = Feasibility.fit(batch.take(train_rows), failed[train_rows], settings.seed)
    results = []
    for kind, make in candidates.items():
        predicted = out_of_fold[kind]
        model = CostModel(
            target,
            kind,
            make().fit(train_batch, measured),
            ConformalIntervals.fit(train_batch, predicted, measured),
            feasibility,
        )
        card = make_card(
            model,
            train_batch[:_GOLDEN],
            source_id=table.source,
            counts=(len(train_rows), len(ran_train), len(test_rows)),
            chosen_by="Kendall tau out of fold: "
            + ", ".join(f"{name} {tau:.4f}" for name, tau in taus.items()),
            default=kind == best,
            seed=settings.seed,
            scores=_scores(model, batch, costs, failed, (ran_test, test_rows)),
            ceiling=noise_ceiling(train_batch, measured, predicted),
        )
        results.append(Trained(model, card))
    return results


def split_rows(rows: Indices, settings: Settings) -> tuple[Indices, Indices]:
    """Rows to learn from and rows held out."""
    shuffled = np.random.default_rng(settings.seed).permutation(rows)
    held_out = min(settings.n_test, len(rows) // 5)
    rest = shuffled[held_out:]
    return rest if settings.n_train is None else rest[: settings.n_train], shuffled[:held_out]


def _candidates(
    batch: Batch, measured: Floats, metric: str, settings: Settings
) -> dict[str, Callable[[], Predictor]]:
    """The kinds worth training: the additive one only where it is exact."""

    def gbdt() -> Predictor:
        return GBDTPredictor(
            n_estimators=settings.n_estimators,
            learning_rate=settings.learning_rate,
            max_depth=settings.max_depth,
            seed=settings.seed,
        )

    def additive() -> Predictor:
        return AdditivePredictor(ratio=metric == "arithmetic_intensity")

    errors = np.abs(additive().fit(batch, measured).predict(batch) / measured - 1)
    candidates: dict[str, Callable[[], Predictor]] = {"gbdt": gbdt}
    if errors.max() < _EXACT:
        candidates["additive"] = additive
    return candidates


def _out_of_fold(
    make: Callable[[], Predictor], batch: Batch, measured: Floats, seed: int
) -> Floats:
    """Predictions (n,) of each architecture by a predictor that has not seen it."""
    fold = np.random.default_rng(seed + 1).permutation(len(measured)) % _FOLDS
    predicted = np.empty(len(measured))
    for number in range(_FOLDS):
        held = fold == number
        model = make().fit(batch.take(np.flatnonzero(~held)), measured[~held])
        predicted[held] = model.predict(batch.take(np.flatnonzero(held)))
    return predicted


def _scores(
    model: CostModel,
    batch: Batch,
    costs: Floats,
    failed: npt.NDArray[np.bool_],
    test: tuple[Indices, Indices],
) -> Scores:
    """On the test part: costs where it ran, feasibility on all of it."""
    ran, every = test
    found = evaluate(model, batch.take(ran), costs[ran])
    auc = None
    if model.feasibility is not None:
        from sklearn.metrics import roc_auc_score

        accepted = model.feasibility.predict(batch.take(every))
        auc = float(roc_auc_score(~failed[every], accepted))
    return Scores(**asdict(found), auc=auc)


def make_card(
    model: CostModel,
    golden: Batch,
    *,
    source_id: str | None,
    counts: tuple[int, int, int],
    chosen_by: str,
    default: bool = True,
    seed: int | None = None,
    scores: Scores | None = None,
    ceiling: float | None = None,
    note: str | None = None,
) -> Card:
    """The card of a model; `counts` are architectures to train, to calibrate and to test."""
    target = model.target
    device = DEVICES.get(target.device)
    known = device is not None and source_id is not None
    return Card(
        format_version=FORMAT_VERSION,
        space=target.space,
        dataset=target.dataset,
        device=target.device,
        metric=target.metric,
        unit=target.unit,
        kind=model.kind,
        predictor=type(model.predictor).__name__,
        default=default,
        chosen_by=chosen_by,
        batch_size=device.batch_size if known and device else None,
        source=source_id,
        licence=None if source_id is None else source(source_id).licence,
        n_train=counts[0],
        n_calibration=counts[1],
        n_test=counts[2],
        split_seed=seed,
        scores=scores,
        ceiling=ceiling,
        encoding_version=ENCODING_VERSION,
        package_version=version("archcost"),
        files={},
        golden=Golden(golden.strings(), model.predictor.predict(golden).tolist()),
        note=note if note is not None else (device.note if known and device else ""),
    )
