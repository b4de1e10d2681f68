"""What a report is about: targets, the networks they are compared on, and measurements of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archcost.aliases import Floats, Ints, Progress
from archcost.checkpoints import Card, load_card
from archcost.data import OWN, MeasuredTable, own_tables
from archcost.encodings import Batch, encode, find_space, parse
from archcost.errors import UnsupportedError
from archcost.predictors import CostModel, Estimate
from archcost.search.quality import Quality, quality
from archcost.training import held_out_rows
from archcost.training.collect import representatives

COVERAGE = 0.9
"""Of the intervals in pictures."""
SAMPLED = 5000
"""Random networks that stand for a space too large to be predicted whole (seed 0)."""
_DRAWN = 600
_MOST_DRAWN = 8000
_MILLION = 1e6


@dataclass(frozen=True, eq=False)
class Agreement:
    """A target's predictions beside measurements that its predictor has not seen.

    Attributes:
        model: the predictor.
        batch: m networks.
        measured: (m,) their costs.
        estimate: the predictions, with intervals at `COVERAGE`.
    """

    model: CostModel
    batch: Batch
    measured: Floats
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Study:
    """Targets of one search space on one data set; everything is computed when first asked for.

    Attributes:
        cards: of the checkpoints, one a target.
        tables: measurements of those targets. Only rows that a predictor has not learned from are
            used; tables that this project measured itself need not be given.
        accuracy: what Pareto sets are good for, and among which networks; None: useful
            multiply-accumulates, among `networks`.
        progress: told what is being predicted.

    Raises:
        UnsupportedError: no cards, or cards of several spaces or data sets, or of custom cells.
    """

    cards: tuple[Card, ...]
    tables: tuple[MeasuredTable, ...] = ()
    accuracy: Quality | None = None
    progress: Progress = lambda what, done, total: None

    def __post_init__(self) -> None:
        places = {(card.space, card.dataset) for card in self.cards}
        if len(places) != 1:
            raise UnsupportedError("a report is about the devices of one space and data set")
        find_space(self.cards[0].space)

    @property
    def place(self) -> tuple[str, str]:
        """Space and data set."""
        return self.cards[0].space, self.cards[0].dataset

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A name for each card, such as "raspi4 latency"."""
        return tuple(f"{c.device} {c.metric.replace('_', ' ')}" for c in self.cards)

    @cached_property
    def networks(self) -> Batch:
        """All cells of NAS-Bench-201, `SAMPLED` random networks of other spaces."""
        return representatives(*self.place, SAMPLED)

    @cached_property
    def sizes(self) -> dict[str, Floats]:
        """Millions (n,) of multiply-accumulates ("macs") and of parameters ("params")."""
        found = encode(self.networks, "layers")
        return {
            name: found.values[:, found.columns.index(f"all:total:{name}")].astype(np.float64)
            / _MILLION
            for name in ("macs", "params")
        }

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """Of each card, for the networks, with intervals at `COVERAGE`."""
        found = []
        for number, (card, label) in enumerate(zip(self.cards, self.labels, strict=True)):
            self.progress(label, number, len(self.cards))
            found.append(load_card(card).predict(self.networks, COVERAGE))
        return tuple(found)

    @cached_property
    def wanted(self) -> Quality:
        """The accuracy, or what stands in for it."""
        return quality(None, *self.place) if self.accuracy is None else self.accuracy

    @cached_property
    def candidates(self) -> tuple[Batch, Floats, tuple[Estimate, ...]]:
        """What Pareto sets are among: m networks, what each is good for, and as `estimates`."""
        wanted = self.wanted
        batch = self.networks if wanted.candidates is None else wanted.candidates
        values = wanted.of(batch)
        if batch == self.networks:
            return batch, values, self.estimates
        found = []
        for number, (card, label) in enumerate(zip(self.cards, self.labels, strict=True)):
            self.progress(f"{label}, candidates", number, len(self.cards))
            found.append(load_card(card).predict(batch, COVERAGE))
        return batch, values, tuple(found)

    def drawn(self, count: int) -> Ints:
        """Positions among so many networks of those that pictures show, at random (seed 0)."""
        return np.sort(np.random.default_rng(0).permutation(count)[: self.points])

    @cached_property
    def points(self) -> int:
        """Points a target in pictures: fewer where there are many targets."""
        return min(_DRAWN, _MOST_DRAWN // len(self.cards))

    @cached_property
    def agreements(self) -> dict[str, Agreement]:
        """Label to the measurements of a target, of those that have any."""
        return {
            label: found for label, found in self._checked.items() if isinstance(found, Agreement)
        }

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Label to the reason, of the other targets."""
        return {label: found for label, found in self._checked.items() if isinstance(found, str)}

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Reason to the labels that are left out for it."""
        found: dict[str, list[str]] = {}
        for label, reason in self.left_out.items():
            found.setdefault(reason, []).append(label)
        return found

    @cached_property
    def _checked(self) -> dict[str, Agreement | str]:
        tables = [t for t in self.tables if (t.space, t.dataset) == self.place]
        found: dict[str, Agreement | str] = {}
        for number, (card, label) in enumerate(zip(self.cards, self.labels, strict=True)):
            self.progress(f"{label}, measured", number, len(self.cards))
            found[label] = _agreement(card, _tables_of(card, tables))
        return found


def _tables_of(card: Card, tables: Iterable[MeasuredTable]) -> list[MeasuredTable]:
    """Those with the card's target; the project's own where the card comes from one."""
    every = list(tables)
    if card.source == OWN:
        every += own_tables(card.space)
    here = (card.space, card.dataset)
    target = (card.device, card.metric)
    return [t for t in every if (t.space, t.dataset) == here and target in t.targets]


def _agreement(card: Card, tables: list[MeasuredTable]) -> Agreement | str:
    """The first table's rows that the predictor has not seen, or why there are none."""
    if not tables:
        return "no table given has it"
    table, model = tables[0], load_card(card)
    try:
        rows = held_out_rows(card, table)
    except UnsupportedError as error:
        return str(error)
    if len(rows) < 10:
        return f"{len(rows)} measured networks that it has not learned from; 10 are needed"
    measured = table.targets[card.device, card.metric][rows]
    chosen = parse(table.architectures, space=table.space, dataset=table.dataset).take(rows)
    return Agreement(model, chosen, measured, model.predict(chosen, COVERAGE))
