"""What searching with predicted instead of measured costs loses, in hypervolume.

Candidates are cells whose cost was measured. The set that is best by predicted cost and accuracy is
scored by its measured costs; the area it covers is compared with that of the set that is best by
measured costs. The reference point is the highest measured cost and the lowest accuracy among the
candidates, or, more strictly, among the measured set. Accuracies are the same throughout.

Measurements are noisy: part of what the measured set seems to gain is luck. Where edge 1-2 of a
NAS-Bench-201 cell is `none`, exchanging nodes 1 and 2 gives another string for the same network, so
that a table holds two measurements of it (twins). A set chosen by one of them and scored by the
other says what measuring itself would lose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import mean

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats, Ints, Progress
from archcost.checkpoints import find_card, load
from archcost.data import MeasuredTable
from archcost.encodings import parse, twins
from archcost.errors import TableError, UnsupportedError
from archcost.predictors.estimate import LIKELY
from archcost.search.fronts import hypervolume, near, nondominated
from archcost.training.evaluate import held_out_rows

PARTS = ("all", "held out", "twins")
"""All measured cells; those that the shipped predictors have not learned from; networks measured
twice."""
MARGIN = 0.05
"""Of the sets that also hold what is predicted to be so much dearer."""
COVERAGE = 0.9
_FEWEST = 100


@dataclass(frozen=True)
class Regret:
    """One draw of candidates on one device.

    Attributes:
        device: id; the metric is its latency.
        part: of `PARTS`; half of it are the candidates, of twins all, one of each pair at random.
        chosen_by: "prediction", "prediction, 5 % margin" or "second measurement".
        seed: of the draw.
        candidates: how many.
        chosen: architectures in the set.
        lost: share of the measured set's hypervolume.
        lost_strict: the same with the worst corner of the measured set as reference point; NaN if
            that set is a single architecture.
        below: share of the set whose measured cost is below the upper end of its interval; NaN if
            it was not chosen by prediction, or all of it was refused.
    """

    device: str
    part: str
    chosen_by: str
    seed: int
    candidates: int
    chosen: int
    lost: float
    lost_strict: float
    below: float


@dataclass(frozen=True, eq=False)
class Candidates:
    """Cells (n) of a device: `measured` is infinite where it refused them, NaN where unknown."""

    accuracy: Floats
    measured: Floats
    predicted: Floats
    upper: Floats
    runs: Floats

    def take(self, rows: Ints) -> Candidates:
        """Those at these positions."""
        return Candidates(*(column[rows] for column in vars(self).values()))


def candidates(
    table: MeasuredTable,
    accuracy: Floats,
    devices: Iterable[str],
    progress: Progress | None = None,
) -> dict[str, Candidates]:
    """The cells of a table with predicted and measured latency, by device.

    Args:
        table: measured latencies of NAS-Bench-201 cells.
        accuracy: (n,) of its cells.
        devices: of the table, with shipped predictors.
        progress: called with the device, those done and those in all.

    Raises:
        TableError: the table lacks a device.
        UnknownNameError, UnsupportedError: a device has no shipped predictor.
    """
    batch = parse(table.architectures, space=table.space, dataset=table.dataset)
    names = list(devices)
    found = {}
    for done, device in enumerate(names):
        if progress is not None:
            progress(device, done, len(names))
        target = (device, "latency")
        if target not in table.targets:
            has = ", ".join(name for name, metric in table.targets if metric == "latency")
            raise TableError(f"the table holds no latency of {device}; it has {has or 'none'}")
        measured = table.targets[target].copy()
        if target in table.failed:
            measured[table.failed[target]] = np.inf
        estimate = load(*target, table.space, table.dataset).predict(batch, COVERAGE)
        runs = np.ones(len(batch)) if estimate.feasible is None else estimate.feasible
        found[device] = Candidates(accuracy, measured, estimate.value, estimate.upper, runs)
    return found


def regrets(
    table: MeasuredTable, every: Mapping[str, Candidates], *, seeds: int = 20
) -> list[Regret]:
    """Searches on every device, with so many draws of candidates.

    Args:
        table: measured latencies of NAS-Bench-201 cells.
        every: the candidates in it, by device.
        seeds: draws.
    """
    batch = parse(table.architectures, space=table.space, dataset=table.dataset)
    pairs = twins(batch.groups[0].ids)
    found: list[Regret] = []
    for device, here in every.items():
        known = np.flatnonzero(~np.isnan(here.measured))
        unseen = np.intersect1d(held_out(table, device), known)
        for part, rows in (("all", known), ("held out", unseen)):
            if len(rows) >= _FEWEST:
                found += _halves(here, device, part, rows, seeds)
        twice = pairs[np.isfinite(here.measured[pairs]).all(axis=1)]
        if len(twice) >= _FEWEST:
            found += _of_twins(here, device, twice, seeds)
    return found


def held_out(table: MeasuredTable, device: str) -> Ints:
    """Measured rows that the device's predictor has not learned from.

    None where the table is not the one that it was trained on.
    """
    try:
        return held_out_rows(find_card(device, "latency", table.space, table.dataset), table)
    except UnsupportedError:
        return np.zeros(0, dtype=np.int64)


def _halves(every: Candidates, device: str, part: str, rows: Ints, seeds: int) -> Iterator[Regret]:
    for seed in range(seeds):
        half = np.random.default_rng(seed).permutation(rows)[: len(rows) // 2]
        here = every.take(np.sort(half))
        for words, margin in (("prediction", 0.0), (f"prediction, {MARGIN:.0%} margin", MARGIN)):
            chosen = _best(here.predicted, here, here.runs >= LIKELY, margin)
            yield _regret(here, chosen, device, part, words, seed)


def _of_twins(every: Candidates, device: str, pairs: Ints, seeds: int) -> Iterator[Regret]:
    for seed in range(seeds):
        swapped = np.random.default_rng(seed).random(len(pairs)) < 0.5
        first, second = np.where(swapped[:, None], pairs[:, ::-1], pairs).T
        one, other = every.take(first), every.take(second)
        # Twins are one network, trained twice.
        accuracy = (one.accuracy + other.accuracy) / 2
        here = Candidates(accuracy, other.measured, other.predicted, other.upper, other.runs)
        sure = np.ones(len(pairs), dtype=bool)
        for words, costs in (("prediction", other.predicted), ("second measurement", one.measured)):
            chosen = _best(costs, here, sure, 0.0)
            yield _regret(here, chosen, device, "twins", words, seed)


def _best(costs: Floats, here: Candidates, allowed: npt.NDArray[np.bool_], margin: float) -> Ints:
    """Positions of what is best by these costs."""
    rows = np.flatnonzero(allowed)
    objectives = np.stack([-here.accuracy[rows], costs[rows]], axis=1)
    front = nondominated(objectives)
    return rows[near(objectives, front, margin) if margin else front]


def _regret(
    here: Candidates, chosen: Ints, device: str, part: str, words: str, seed: int
) -> Regret:
    ran = np.isfinite(here.measured)
    cost, loss = here.measured, -here.accuracy
    best = _best(cost, here, ran, 0.0)
    lost = []
    for reference in (ran, best):
        corner = (cost[reference].max(), loss[reference].max())
        # What a device refuses covers nothing.
        covered = hypervolume(cost[chosen], loss[chosen], corner)
        whole = hypervolume(cost[best], loss[best], corner)
        lost.append(1 - covered / whole if whole else float("nan"))
    kept = chosen[ran[chosen]]
    below = float("nan")
    if words.startswith("prediction") and len(kept):
        below = float((cost[kept] <= here.upper[kept]).mean())
    return Regret(device, part, words, seed, len(cost), len(chosen), lost[0], lost[1], below)


@dataclass(frozen=True)
class Summary:
    """The draws of a device, part and way of choosing: means, and the largest loss."""

    device: str
    part: str
    chosen_by: str
    candidates: float
    chosen: float
    lost: float
    most_lost: float
    lost_strict: float
    below: float


def summaries(found: Iterable[Regret]) -> list[Summary]:
    """One a device, part and way of choosing, in their order."""
    groups: dict[tuple[str, str, str], list[Regret]] = {}
    for one in found:
        groups.setdefault((one.part, one.chosen_by, one.device), []).append(one)
    return [
        Summary(
            device,
            part,
            chosen_by,
            mean(one.candidates for one in group),
            mean(one.chosen for one in group),
            mean(one.lost for one in group),
            max(one.lost for one in group),
            mean(one.lost_strict for one in group),
            mean(one.below for one in group),
        )
        for (part, chosen_by, device), group in sorted(
            groups.items(), key=lambda item: (PARTS.index(item[0][0]), item[0][1])
        )
    ]
