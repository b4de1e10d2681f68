"""This machine as a device: choose networks, measure them, learn from them, look at the space."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from archcost.aliases import Floats, Ints, Progress
from archcost.checkpoints.user import measured_folder
from archcost.encodings import Batch, find_dataset, find_space, parse, useful_macs
from archcost.predictors import Estimate, Target
from archcost.predictors.estimate import LIKELY
from archcost.training.adapt import Adapted, adapt, learned_before, replaceable
from archcost.training.campaign import REFUSED
from archcost.training.collect import Options, Results, measure, representatives
from archcost.training.collect.board.journal import read_journal
from archcost.training.collect.measuring import default_device, journal_path, plan_of
from archcost.training.collect.runners import find_runtime
from archcost.training.pareto import pareto
from archcost.training.suggest import suggest

_SAMPLED = 20_000
_MOST_FURTHER = 200


@dataclass(frozen=True)
class Outlook:
    """What more measurements would bring, by the model's own variances.

    Attributes:
        narrowing: (m,) fraction by which 1, 2, … m further networks narrow the mean interval.
        seconds: that measuring one more network takes; NaN after a single visit.
    """

    narrowing: Floats
    seconds: float

    def halving(self) -> int | None:
        """Further networks that halve the intervals; None: m are not enough."""
        enough = np.flatnonzero(self.narrowing >= 0.5)
        return int(enough[0]) + 1 if len(enough) else None


@dataclass(frozen=True, eq=False)
class Calibration:
    """A machine that has become a device.

    Attributes:
        model: of its latency; `model.learned` has the expected error.
        folder: where the model is kept.
        table: what was measured, a .parquet file.
        measured: the same, with spread and drift.
        networks: k networks of the space that it is likely to run: all of NAS-Bench-201, 20,000
            random ones of FBNet.
        latency: their predicted latency (ms) with 90 % intervals.
        macs: (k,) their multiply-accumulates; of cells, those between input and output only: a
            convolution of nothing or for nothing adds no capacity.
        best: positions of the Pareto set by rising latency: no other of the networks has as many
            multiply-accumulates in less time, or more in as much. Multiply-accumulates stand for
            capacity, which archcost does not know: what a network can learn grows with them
            roughly, and where accuracy is known that should be put in their place.
        outlook: what more measurements would bring.
        replaced: how many networks each model was learned from that this one has replaced.
    """

    model: Adapted
    folder: Path
    table: Path
    measured: Results
    networks: Batch
    latency: Estimate
    macs: Floats
    best: Ints
    outlook: Outlook
    replaced: tuple[int, ...] = ()


def calibrate(
    n: int = 10,
    space: str = "nasbench201",
    dataset: str | None = None,
    *,
    options: Options | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Measure this machine's latency on a few chosen networks and keep it as a device.

    Visits are kept in a journal in the user's archcost folder until the device is stored: stopped
    at any moment, the same call goes on and repeats nothing. Called again after that, it measures
    anew.

    Args:
        n: networks to measure, at least 1.
        space: "nasbench201" or "fbnet".
        dataset: by default cifar10 for nasbench201 and cifar100 for fbnet.
        options: how to measure; `seed` is also that of the choice. Energy is not measured.
        device: name to keep it under; by default from processor, runtime and threads.
        progress: called with what is being done, how much is done, and how much in all.

    Raises:
        UnsupportedError: a missing runtime or GPU, a name that cannot be used or whose model was
            not adapted (it is not replaced), or n below 1.
        UnknownNameError: no such space, data set or runtime.
        MeasurementError: no network could be measured.
        TableError: another process is measuring the same.
        OSError: the user's folder cannot be written.
    """
    options = replace(options or Options(), energy=False)
    runtime = find_runtime(options.runtime)
    runtime.check()
    place = find_space(space)
    dataset = find_dataset(place, dataset)
    device = device or default_device(runtime, options)
    target = Target(place.name, dataset, device, "latency")
    replaceable(target)  # what cannot be kept is not measured
    options = replace(options, device=device)
    if progress is not None:
        progress("choosing networks", 0, n)
    chosen = parse(
        list(suggest(n, place.name, dataset, options.seed)), space=place.name, dataset=dataset
    )
    table = _table_path(device, chosen, options)
    results = measure(chosen, table, options, progress)
    costs = results.latency_ms.copy()
    costs[list(results.reasons)] = REFUSED
    model = adapt(chosen, costs, place.name, dataset, "latency", device)
    replaced = learned_before(target)
    folder = model.save()
    outlook = _outlook(chosen, costs, _visit_seconds(table) * options.rounds)
    journal_path(table).replace(table.with_suffix(".visits.jsonl"))
    return replace(_look_around(model, folder, table, results, outlook), replaced=replaced)


def _table_path(device: str, chosen: Batch, options: Options) -> Path:
    """Named after what is measured and how: the same command finds its journal, another does not
    stumble over it."""
    plan = json.dumps(plan_of(chosen, options), sort_keys=True)
    name = f"{device}-{hashlib.sha256(plan.encode()).hexdigest()[:12]}.parquet"
    folder = measured_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _visit_seconds(table: Path) -> float:
    """What a visit takes, with building the network and warming up."""
    _, records = read_journal(journal_path(table))
    moments = [record["at"] for record in records if "visit" in record]
    return float(np.median(np.diff(moments))) if len(moments) > 1 else float("nan")


def _outlook(chosen: Batch, costs: Floats, seconds: float) -> Outlook:
    place = chosen.groups[0].skeleton
    details = suggest(
        _MOST_FURTHER, place.space, place.dataset, measured=(chosen.strings(), costs)
    ).details
    narrowing = np.array([one.narrowing for one in details], dtype=np.float64)
    return Outlook(1 - np.multiply.accumulate(1 - narrowing), seconds)


def _look_around(
    model: Adapted, folder: Path, table: Path, results: Results, outlook: Outlook
) -> Calibration:
    place = model.target
    networks = representatives(place.space, place.dataset, _SAMPLED)
    if model.feasibility is not None:
        networks = networks.take(np.flatnonzero(model.feasibility.predict(networks) >= LIKELY))
    latency = model.predict(networks)
    macs = useful_macs(networks)
    best = pareto(latency.value, -macs)
    return Calibration(model, folder, table, results, networks, latency, macs, best, outlook)
