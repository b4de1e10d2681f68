"""The search: what is wanted, which architectures are looked at, what is best among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt

from archcost.aliases import Progress
from archcost.checkpoints import find_place
from archcost.encodings import (
    CUSTOM,
    SPACES,
    Batch,
    Skeleton,
    custom_skeleton,
    parse,
)
from archcost.encodings import skeleton as skeleton_of
from archcost.encodings.nasbench201 import CELLS
from archcost.errors import SearchError, UnsupportedError, check_whole, names_given
from archcost.predictors import CostModel
from archcost.predictors.estimate import LIKELY
from archcost.predictors.intervals import check_coverage
from archcost.search.evolution import Evolution
from archcost.search.found import Found
from archcost.search.fronts import near, nondominated
from archcost.search.genomes import Genome, cells
from archcost.search.goals import Most, costs_of
from archcost.search.quality import Accuracy, quality
from archcost.search.scores import Evaluator, Scores

BUDGETS = {"fbnet": 20_000, CUSTOM: 2_000}
"""Architectures that are looked at where the space is too large for all, by space."""
COVERAGE = 0.9
"""Of the intervals that are reported where no confidence is asked for."""
_NODES = 4
_CHUNK = 1000


def search(
    devices: str | CostModel | Iterable[str | CostModel],
    *,
    metrics: str | Collection[str] = "latency",
    max_latency: Most = None,
    max_energy: Most = None,
    confidence: float | None = None,
    min_feasible: float | None = None,
    margin: float = 0.0,
    space: str = "nasbench201",
    dataset: str | None = None,
    accuracy: Accuracy = None,
    accuracy_column: str | None = None,
    nodes: int | None = None,
    operators: str | Collection[str] | None = None,
    budget: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Found:
    """The Pareto set of accuracy against predicted costs, within limits.

    The cells of NAS-Bench-201, the architectures of an accuracy table and spaces no larger than the
    budget are all looked at; FBNet and custom cells are searched by NSGA-II. Ctrl-C ends the search
    early: what was found until then is returned.

    Args:
        devices: ids, or models such as `archcost.adapt` gives; each is an objective with each of
            `metrics`.
        metrics: "latency", "energy", "arithmetic_intensity" (of which more is better).
        max_latency, max_energy: limits: one for all devices (20, "20ms"), or one a device
            ({"raspi4": "20ms"}); a device that is named only here is limited without being an
            objective.
        confidence: hold limits with this probability (0.5 to 0.99): the upper end of the interval
            of this coverage must stay below, not just the prediction. At most 1 - confidence of
            measurements lie outside on both sides together, so it is a bound for the upper side.
            It holds for networks at large; those that a search picks out are more often
            underestimated.
        min_feasible: least probability that a device which refuses some networks runs it; by
            default `confidence`, or 0.5 without one.
        margin: share of each cost; what would be in the set if its costs were smaller by this much
            is kept too, as candidates to measure: predictions that close do not tell which is
            better.
        space: "nasbench201", "fbnet" or "custom".
        dataset: by default cifar10 for nasbench201 and custom, cifar100 for fbnet.
        accuracy: a table with an architecture column (.csv or .parquet; then only its architectures
            are candidates), or a function that takes a `Batch` of n architectures and gives (n,)
            accuracies. None: multiply-accumulates of what reaches the output stand in.
        accuracy_column: of the table; by default "accuracy" or the one called like the data set.
        nodes, operators: of custom cells, by default 4 nodes and the operators that `archcost
            collect run --space custom` draws from; all pairs of nodes are joined.
        budget: architectures to look at; by default all where that can be, else 20,000 for fbnet
            and 2,000 for custom. Fewer than all: drawn at random.
        seed: of everything random.
        progress: called with what is being done, how much is done, and how much in all.

    Raises:
        UnknownNameError, UnsupportedError: names, limits or numbers that cannot be used; pymoo is
            needed and not installed.
        TableError, ArchitectureError: the accuracy table cannot be read.
        SearchError: no architecture that was looked at is within the limits.
        KeyboardInterrupt: before anything was found.
    """
    given: list[str | CostModel]
    if isinstance(devices, Iterable) and not isinstance(devices, str):
        given = list(devices)
    else:
        given = [devices]
    place = find_place(space, dataset)[0]
    wanted = names_given("metrics", metrics)
    operators = None if operators is None else names_given("operators", operators)
    limits = {"latency": max_latency, "energy": max_energy}
    costs = costs_of(given, wanted, limits, place, dataset)
    limited = any(np.isfinite(cost.limit) for cost in costs)
    _check_numbers(confidence, min_feasible, margin, budget, seed, limited)
    if min_feasible is None:
        min_feasible = LIKELY if confidence is None else confidence
    evaluator = Evaluator(
        quality(accuracy, place, dataset, accuracy_column),
        costs,
        COVERAGE if confidence is None else confidence,
        confidence is not None,
        min_feasible,
    )
    if (nodes, operators) != (None, None) and (place != CUSTOM or evaluator.quality.candidates):
        raise UnsupportedError("nodes and operators belong to custom cells without a table of them")
    plan = _plan(evaluator, _skeleton(place, dataset), nodes, operators, budget, seed)
    return _found(evaluator, plan, margin, progress)


def _check_numbers(
    confidence: float | None,
    min_feasible: float | None,
    margin: float,
    budget: int | None,
    seed: int,
    limited: bool,
) -> None:
    """Raises UnsupportedError for what lies outside its range, or applies to nothing."""
    for name, share in (("confidence", confidence), ("min_feasible", min_feasible)):
        if share is not None and not (isinstance(share, Real) and 0 < share < 1):
            raise UnsupportedError(f"{name} {share!r}: give a probability such as 0.9")
    if confidence is not None:
        check_coverage(confidence)
        if not limited:
            raise UnsupportedError("a confidence belongs to a limit: give one, or leave it out")
    if budget is not None:
        check_whole("budget", budget)
    check_whole("seed", seed, least=0)
    if not (isinstance(margin, Real) and 0 <= margin < 1):
        raise UnsupportedError(f"margin {margin!r}: give a share of the cost such as 0.05")


def _skeleton(space: str, dataset: str | None) -> Skeleton:
    return custom_skeleton(dataset) if space == CUSTOM else skeleton_of(space, dataset)


@dataclass(frozen=True, eq=False)
class _Plan:
    """Which architectures are looked at: some candidates one after the other, or by evolution.

    Attributes:
        candidates: all of them in turn; None: by `evolution`.
        evolution: proposes rows of `genome`.
        count: how many, at most.
        words: for the report; with a place for the number that was really looked at.
    """

    words: str
    count: int
    candidates: Batch | None = None
    genome: Genome | None = None
    evolution: Evolution | None = None


def _plan(
    evaluator: Evaluator,
    skeleton: Skeleton,
    nodes: int | None,
    operators: Iterable[str] | None,
    budget: int | None,
    seed: int,
) -> _Plan:
    """How to go through the space.

    Raises:
        UnsupportedError: pymoo is needed and not installed, or as `cells`.
    """
    space, where = skeleton.space, f"{skeleton.space} on {skeleton.dataset}"
    candidates = evaluator.quality.candidates
    genome: Genome | None = None
    if candidates is None and space == "nasbench201":
        candidates = parse(range(CELLS), space=space, dataset=skeleton.dataset)
    elif candidates is None:
        budget = BUDGETS[space] if budget is None else budget
        if space == CUSTOM:
            genome = cells(_NODES if nodes is None else nodes, operators, skeleton)
        else:
            known = SPACES[space]
            genome = Genome(skeleton, known.operators, known.length, known.edges)
        if genome.size <= budget:
            candidates = genome.batch(genome.every())
        else:
            objectives = 1 + sum(cost.objective for cost in evaluator.costs)
            evolution = Evolution(genome, objectives, budget, seed)
            size = f"{genome.size:.2g}" if genome.size >= 1e6 else f"{genome.size:,}"
            words = f"NSGA-II looked at {{}} of the {size} architectures of {where}."
            return _Plan(words, budget, genome=genome, evolution=evolution)
    assert candidates is not None
    count = len(candidates) if budget is None else min(budget, len(candidates))
    # In random order, so that a search cut short has seen a fair sample.
    order = np.random.default_rng(seed).permutation(len(candidates))[:count]
    which = "a random {}" if count < len(candidates) else "{}"
    words = f"Looked at {which} of {len(candidates):,} architectures of {where}."
    return _Plan(words, count, candidates=candidates.take(order))


def _looked_at(plan: _Plan, evaluator: Evaluator) -> Iterator[tuple[Batch, Scores]]:
    if plan.candidates is not None:
        for start in range(0, len(plan.candidates), _CHUNK):
            batch = plan.candidates[start : start + _CHUNK]
            yield batch, evaluator(batch)
        return
    assert plan.genome is not None and plan.evolution is not None
    for rows in plan.evolution.generations():
        batch = plan.genome.batch(rows)
        scores = evaluator(batch)
        plan.evolution.tell(evaluator.objectives(scores), evaluator.excess(scores))
        yield batch, scores


def _found(evaluator: Evaluator, plan: _Plan, margin: float, progress: Progress | None) -> Found:
    """Look, and keep what is best; Ctrl-C ends the looking."""
    looked: list[tuple[Batch, Scores]] = []
    done, interrupted = 0, False
    try:
        for batch, scores in _looked_at(plan, evaluator):
            looked.append((batch, scores))
            done += len(batch)
            if progress is not None:
                progress("architectures", done, plan.count)
    except KeyboardInterrupt:
        if not looked:
            raise
        interrupted = True
    scores = Scores.joined([part for _, part in looked])
    (within,) = np.nonzero(evaluator.excess(scores) == 0)
    if len(within) == 0:
        raise SearchError(_nothing(evaluator, scores))
    objectives = evaluator.objectives(scores)[within]
    best = nondominated(objectives)
    kept = near(objectives, best, margin) if margin else best
    kept = kept[np.argsort(objectives[kept, 1], kind="stable")]
    words = plan.words.format(f"{len(scores):,}")
    if interrupted:
        words += f" Interrupted: {plan.count:,} were planned."
    return Found(
        evaluator,
        _at([batch for batch, _ in looked], within[kept]),
        scores.take(within[kept]),
        np.isin(kept, best),
        margin,
        scores,
        words,
        interrupted,
    )


def _at(batches: list[Batch], positions: npt.NDArray[np.int64]) -> Batch:
    """The architectures at these positions of batches one after the other."""
    starts = np.cumsum([0, *map(len, batches)])
    owner = np.searchsorted(starts, positions, side="right") - 1
    return Batch.from_architectures(
        batches[number][int(position - starts[number])]
        for number, position in zip(owner.tolist(), positions.tolist(), strict=True)
    )


def _nothing(evaluator: Evaluator, scores: Scores) -> str:
    """What the limits would have to be."""
    known = np.isfinite(scores.quality)
    if not known.any():
        return f"none of the {len(scores):,} architectures looked at has a known accuracy"
    bounded = scores.upper if evaluator.guarded else scores.value
    least = [
        f"{cost.title} from {bounded[known, i].min():.4g} (limit {cost.limit:.4g})"
        for i, cost in enumerate(evaluator.costs)
        if np.isfinite(cost.limit)
    ]
    runs = scores.feasible[known].max(axis=0).min()
    if runs < evaluator.least_feasible:
        least.append(f"a probability of running up to {runs:.2f}")
    end = "upper ends of intervals" if evaluator.guarded else "predictions"
    return (
        f"none of the {len(scores):,} architectures looked at is within the limits; there are "
        f"({end}): {', '.join(least)}; raise a limit, or look at more"
    )
