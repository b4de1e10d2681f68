"""How well few measurements of an unseen device predict its whole table, beside published figures.

The sets of devices are those of the literature (HELP, MultiPredict, NASFLAT). For each set, only
the named source devices and the measurements of the samples are used: kernel weights, noise and the
calibration of intervals are learned from the sources. Scores are over all measured networks that
were not samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Progress
from archcost.checkpoints.transfer import shipped_cloud, source_devices
from archcost.data import MeasuredTable
from archcost.encodings import Batch, parse
from archcost.errors import TableError, UnsupportedError, unknown_name
from archcost.predictors import metrics
from archcost.predictors.hyperprior import Cloud, Newcomers
from archcost.predictors.kernel_features import BASE
from archcost.predictors.kernels import SourceDevices
from archcost.predictors.transfer import TransferIntervals, TransferPredictor
from archcost.training.suggest import choose
from archcost.training.transfer_sets import SETS, DeviceSet

SAMPLERS = ("random", "suggest")
_CANDIDATES = 3000
_MOST = 1000


@dataclass(frozen=True)
class TransferScore:
    """One device of one set, one number of samples, one seed.

    Attributes:
        set: name of the set.
        device: the unseen one.
        sampler: how the samples were chosen, "random" or "suggest".
        samples: networks measured.
        seed: of the choice.
        spearman: over all other measured networks.
        coverage: share of them in their 90 % intervals.
        error: median relative error.
    """

    set: str
    device: str
    sampler: str
    samples: int
    seed: int
    spearman: float
    coverage: float
    error: float


@dataclass(frozen=True)
class SetScore:
    """Means over the devices and seeds of a set.

    Attributes:
        set: name of the set.
        samples: networks measured.
        spearman: mean correlation.
        coverage: mean share in 90 % intervals.
        error: mean of the median relative errors.
        published: best published correlation; None: there is none.
    """

    set: str
    samples: int
    spearman: float
    coverage: float
    error: float
    published: float | None


def benchmark(
    tables: Iterable[MeasuredTable],
    *,
    sets: Iterable[str] | None = None,
    samples: Iterable[int] = (10, 20),
    seeds: int = 20,
    sampler: str = "random",
    progress: Progress | None = None,
) -> list[TransferScore]:
    """Run transfer on sets of devices.

    Args:
        tables: that hold the unseen devices of the sets.
        sets: names in `archcost.training.transfer_sets.SETS`; by default all.
        samples: numbers of measurements to learn from.
        seeds: how often each is repeated.
        sampler: "random" networks, or those that `suggest` chooses.
        progress: called with what is being done, those done and those in all.

    Raises:
        UnknownNameError: no such set or sampler.
        UnsupportedError: fewer than 1 sample or seed, or as many samples as measured networks.
        TableError: a device of a set is in no table.
    """
    if sampler not in SAMPLERS:
        raise unknown_name("sampler", sampler, SAMPLERS)
    samples = list(samples)
    if seeds < 1 or not 1 <= min(samples, default=0) <= max(samples) <= _MOST:
        raise UnsupportedError(
            f"samples must be 1 to {_MOST} (transfer is for few), and seeds at least 1"
        )
    chosen = [_find(name) for name in (SETS if sets is None else sets)]
    tables = list(tables)
    jobs = [(one, device, n) for one in chosen for device in one.unseen for n in samples]
    for one in chosen:
        for device in one.unseen:
            _table(tables, one, device)
    scores: list[TransferScore] = []
    for done, (one, device, n) in enumerate(jobs):
        if progress is not None:
            progress(f"{one.name} {device}, {n} samples", done, len(jobs))
        scores += _run(_table(tables, one, device), one, device, (sampler, n, seeds))
    return scores


def _find(name: str) -> DeviceSet:
    if name not in SETS:
        raise unknown_name("set of devices", name, SETS)
    return SETS[name]


def _table(tables: list[MeasuredTable], one: DeviceSet, device: str) -> MeasuredTable:
    for table in tables:
        here = (table.space, table.dataset) == (one.space, BASE[one.space])
        if here and (device, "latency") in table.targets:
            return table
    raise TableError(f"set {one.name}: no table holds the latency of {device} in {one.space}")


def _run(
    table: MeasuredTable, one: DeviceSet, device: str, how: tuple[str, int, int]
) -> Iterator[TransferScore]:
    sampler, n, seeds = how
    every = table.targets[device, "latency"]
    measured = np.flatnonzero(every > 0)
    if n >= len(measured):
        raise UnsupportedError(
            f"{n} samples of {device}: the table has {len(measured)} measured networks, and some "
            "must be left to score"
        )
    batch = parse(table.architectures, space=table.space, dataset=table.dataset).take(measured)
    names = list(one.sources)
    sources, cloud = source_devices(one.space, names), shipped_cloud(one.space, names)
    standardised, costs = sources.standardised(batch), every[measured]
    intervals = None
    for seed in range(seeds):
        if sampler == "random":
            shots = np.random.default_rng(seed).choice(len(batch), n, replace=False)
        else:
            shots = _suggested(batch, sources, cloud, (n, seed))
        model = TransferPredictor(sources).fit_features(standardised[shots], costs[shots], cloud)
        if intervals is None:
            intervals = TransferIntervals.fit(model, cloud, n, Newcomers(sources))
        rest = np.setdiff1d(np.arange(len(batch)), shots)
        values, deviation = model.moments_of(standardised[rest])
        lower, upper = intervals.ends(values, deviation, 0.9)
        truth = costs[rest]
        yield TransferScore(
            one.name,
            device,
            sampler,
            n,
            seed,
            metrics.spearman(values, truth),
            metrics.coverage(lower, upper, truth),
            float(np.median(np.abs(values / truth - 1))),
        )


def _suggested(
    batch: Batch, sources: SourceDevices, cloud: Cloud, how: tuple[int, int]
) -> npt.NDArray[np.int64]:
    """Positions of n networks of the batch as `suggest` would choose them."""
    n, seed = how
    candidates = np.random.default_rng(seed).permutation(len(batch))[: max(_CANDIDATES, n)]
    ids = batch.groups[0].ids
    nothing = ids[:0], np.zeros(0)
    chosen = choose(sources, cloud, ids[candidates], n, nothing)
    return candidates[[position for position, _ in chosen]]


def summary(scores: Iterable[TransferScore]) -> list[SetScore]:
    """Means by set and number of samples, in order of first appearance."""
    groups: dict[tuple[str, int], list[TransferScore]] = {}
    for score in scores:
        groups.setdefault((score.set, score.samples), []).append(score)
    return [
        SetScore(
            name,
            samples,
            float(np.mean([score.spearman for score in part])),
            float(np.mean([score.coverage for score in part])),
            float(np.mean([score.error for score in part])),
            SETS[name].published.get(samples),
        )
        for (name, samples), part in groups.items()
    ]
