"""Structure that nobody measured on a device: another search space, or cells unlike all measured.

Spaces: the device's shipped or given model in one space is carried over to the other
(`archcost.predictors.carried`), alone or with a few measurements there. Cells: the model of
`archcost.predictors.transfer` learns from cells without a structure and predicts those with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import mean

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats, Progress
from archcost.checkpoints.transfer import source_devices
from archcost.data import MeasuredTable
from archcost.encodings import Batch, parse
from archcost.errors import TableError
from archcost.predictors import Predictor, TransferPredictor
from archcost.predictors.carried import CarriedNewcomers, in_both
from archcost.predictors.hyperprior import Newcomers, learn
from archcost.predictors.kernel_features import BASE, pool
from archcost.predictors.metrics import spearman

HELD_OUT: dict[str, Callable[[npt.NDArray[np.int8]], npt.NDArray[np.bool_]]] = {
    "four or more nor_conv_3x3": lambda ids: (ids == 3).sum(axis=1) >= 4,
    "any avg_pool_3x3": lambda ids: (ids == 4).any(axis=1),
}
"""Cells (n, 6) of NAS-Bench-201 that hold a structure, by its name."""
_SHOTS = 200
_FEWEST = 10


@dataclass(frozen=True)
class SpaceScore:
    """A device in a space from its costs in another.

    Attributes:
        device: of which no cost in the wanted space is known but the samples.
        wanted: space predicted.
        samples: architectures measured there.
        spearman: over all others, mean over the seeds.
    """

    device: str
    wanted: str
    samples: int
    spearman: float


@dataclass(frozen=True)
class CellScore:
    """A device on cells that hold a structure which no sample has.

    Attributes:
        device: which.
        structure: in `HELD_OUT`.
        spearman: of a model that has seen no such cell, mean over the seeds.
        in_distribution: of the same model that learned from as many cells of all kinds, scored on
            the same cells.
        error: median relative error of the first.
    """

    device: str
    structure: str
    spearman: float
    in_distribution: float
    error: float


def relatives(device: str, names: Iterable[str]) -> list[str]:
    """Those of the devices that are the same hardware at another batch size, and itself.

    Names that end in another number are taken for that: other chips of one series, too.
    """
    stem, _, last = device.rpartition("_")
    family = stem if last.isdigit() else device
    return [name for name in names if name == device or name.startswith(f"{family}_")]


def across_spaces(
    tables: Iterable[MeasuredTable],
    known: str = "nasbench201",
    wanted: str = "fbnet",
    *,
    samples: Iterable[int] = (0, 10, 20, 85),
    seeds: int = 5,
    progress: Progress | None = None,
) -> list[SpaceScore]:
    """Carry each device that both spaces have over from one to the other.

    The device itself and its relatives are no sources.

    Args:
        tables: measurements in the wanted space.
        known: space in which the device is known, by its function there.
        wanted: space to predict.
        samples: numbers of measurements there; those that leave fewer than ten networks to score
            are skipped.
        seeds: how often each number is drawn; 0 samples need no draw.
        progress: called with the device, those done and those in all.

    Raises:
        TableError: no table has a device that was measured in both spaces.
    """
    both = CarriedNewcomers(*in_both(source_devices(known), source_devices(wanted)))
    found = {
        device: (table, costs)
        for table in tables
        if table.space == wanted and table.dataset == BASE[wanted]
        for (device, metric), costs in table.targets.items()
        if metric == "latency" and device in both.devices.names
    }
    if not found:
        raise TableError(f"the tables hold no device in {wanted} that was measured in {known} too")
    counts = list(samples)
    scores = []
    for done, (device, (table, costs)) in enumerate(found.items()):
        if progress is not None:
            progress(device, done, len(found))
        rows = np.flatnonzero(costs > 0)
        batch = parse(table.architectures, space=wanted, dataset=table.dataset).take(rows)
        family = relatives(device, both.devices.names)
        alone = both.only([device, *(name for name in both.devices.names if name not in family)])
        carried = alone.carried(0)
        # It stands beside the others; kernels keep the weights learned without it.
        cloud = learn(CarriedNewcomers(carried.known, carried.wanted)).cloud()
        networks = carried.wanted.standardised(pool(wanted))
        few = TransferPredictor(carried.as_source("carried", carried.wanted, networks), cloud)
        for n in (count for count in counts if len(rows) - count >= _FEWEST):
            values = [
                _space_score(few if n else carried, batch, costs[rows], n, seed)
                for seed in range(seeds if n else 1)
            ]
            scores.append(SpaceScore(device, wanted, n, mean(values)))
    return scores


def _space_score(model: Predictor, batch: Batch, costs: Floats, n: int, seed: int) -> float:
    shuffled = np.random.default_rng(seed).permutation(len(costs))
    shots, rest = shuffled[:n], shuffled[n:]
    if n:
        model.fit(batch.take(shots), costs[shots])
    return spearman(model.predict(batch.take(rest)), costs[rest])


def held_out_structure(
    tables: Iterable[MeasuredTable], *, seeds: int = 5, progress: Progress | None = None
) -> list[CellScore]:
    """Learn from 200 cells without a structure, predict all those with it.

    Args:
        tables: NAS-Bench-201 on CIFAR-10; devices are scored that are source devices too, without
            themselves and their relatives as sources.
        seeds: how often the 200 are drawn.
        progress: called with the device, those done and those in all.

    Raises:
        TableError: no table has such a device.
    """
    every = source_devices("nasbench201")
    jobs = [
        (table, device, costs)
        for table in tables
        if table.space == "nasbench201" and table.dataset == BASE["nasbench201"]
        for (device, metric), costs in table.targets.items()
        if metric == "latency" and device in every.names
    ]
    if not jobs:
        raise TableError("the tables hold no latency of a source device in nasbench201 on cifar10")
    scores = []
    for done, (table, device, costs) in enumerate(jobs):
        if progress is not None:
            progress(device, done, len(jobs))
        family = relatives(device, every.names)
        devices = every.only([name for name in every.names if name not in family])
        model = TransferPredictor(devices, learn(Newcomers(devices)).cloud())
        batch = parse(table.architectures, space=table.space, dataset=table.dataset)
        for structure, holds in HELD_OUT.items():
            scores.append(_cell_score(model, batch, costs, (device, structure), holds, seeds))
    return scores


def _cell_score(
    model: TransferPredictor,
    batch: Batch,
    costs: Floats,
    names: tuple[str, str],
    holds: Callable[[npt.NDArray[np.int8]], npt.NDArray[np.bool_]],
    seeds: int,
) -> CellScore:
    measured, special = costs > 0, holds(batch.groups[0].ids)
    test = np.flatnonzero(measured & special)
    if (measured & ~special).sum() < _SHOTS or len(test) < 2:
        raise TableError(
            f"{names[0]}: {_SHOTS} measured cells without {names[1]} and 2 with are needed; the "
            f"table has {(measured & ~special).sum()} and {len(test)}"
        )
    unseen, usual, errors = [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        # Both learn from as many cells; of the second's, those that are scored are left out.
        without = rng.choice(np.flatnonzero(measured & ~special), _SHOTS, replace=False)
        alike = rng.choice(np.flatnonzero(measured), _SHOTS, replace=False)
        found = model.fit(batch.take(without), costs[without]).predict(batch.take(test))
        unseen.append(spearman(found, costs[test]))
        errors.append(float(np.median(np.abs(found / costs[test] - 1))))
        rest = np.setdiff1d(test, alike)
        found = model.fit(batch.take(alike), costs[alike]).predict(batch.take(rest))
        usual.append(spearman(found, costs[rest]))
    return CellScore(*names, mean(unseen), mean(usual), mean(errors))
