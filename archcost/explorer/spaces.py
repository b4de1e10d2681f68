"""Predictions for whole search spaces, made in the background: look-ups and ranks.

NAS-Bench-201 is predicted whole: what a cell costs is then a look-up. Of FBNet's 9^22 networks
random ones are predicted, and a network's rank is that among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from threading import Condition, Lock
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from archcost.checkpoints import Card, load_card
from archcost.encodings import CUSTOM, Batch
from archcost.explorer.schema import Rank
from archcost.predictors import CostModel, Estimate
from archcost.predictors.estimate import LIKELY
from archcost.training.collect import representatives

COVERAGE = 0.9
"""At which the look-ups have their intervals; others are made when they are asked for."""
NETWORKS = 5000
"""Random networks that stand for a space too large to be predicted whole."""
_AT_ONCE = 512
"""Networks that a model predicts between two looks at whether somebody waits: some 20 ms."""
_PATIENCE = 1.0
"""Seconds that making tables makes way for answers at a time: it must come to an end."""


@dataclass(frozen=True, eq=False)
class Table:
    """What one model predicts for a space.

    Attributes:
        estimate: of all its architectures by published index, or of random ones.
        ordered: sorted costs of those that the device likely runs.
        whole: whether it is the whole space.
    """

    estimate: Estimate
    ordered: npt.NDArray[np.float64]
    whole: bool

    @classmethod
    def of(cls, estimate: Estimate, whole: bool) -> Table:
        """Of all the architectures of a space, or of random ones."""
        return cls(estimate, np.sort(estimate.value[estimate.runs]), whole)

    def rank(self, value: float, feasible: float | None) -> Rank | None:
        """The place of a cost; None where the device likely refuses the network."""
        if feasible is not None and feasible < LIKELY:
            return None
        cheaper = int(np.searchsorted(self.ordered, value))
        return Rank(cheaper=cheaper, of=len(self.ordered), sampled=not self.whole)


@lru_cache(maxsize=8)
def _networks(space: str, dataset: str) -> Batch:
    return representatives(space, dataset, NETWORKS)


class Tables:
    """The tables of all models that were asked for, made by one thread in the background."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, "archcost-tables")
        self._lock = Lock()
        self._calm = Condition()
        self._answers = 0
        self._closed = False
        # A device that is adapted anew is another model: its old table goes with the old model.
        self._made: WeakKeyDictionary[CostModel, Future[Table]] = WeakKeyDictionary()

    def ask(self, cards: list[Card]) -> None:
        """Have these models loaded and their tables made, in this order."""
        self._worker.submit(self._ask, cards)

    def _ask(self, cards: list[Card]) -> None:
        for _, here in groupby(cards, lambda card: (card.space, card.dataset)):
            self.want([load_card(card) for card in here])

    def want(self, models: list[CostModel]) -> None:
        """Have tables made of models of one space and data set, but those that were wanted before.

        Outside the known spaces there are none.
        """
        with self._lock:
            wanted: dict[CostModel, Future[Table]] = {
                model: Future()
                for model in models
                if model.target.space != CUSTOM and model not in self._made
            }
            self._made.update(wanted)
        if wanted:
            self._worker.submit(self._make, wanted)

    def get(self, model: CostModel) -> Table | None:
        """The table of a model; None if it is not made."""
        future = self._made.get(model)
        if future is None or not future.done() or future.exception() is not None:
            return None
        return future.result()

    def pending(self, model: CostModel) -> bool:
        """Whether its table is still to come."""
        future = self._made.get(model)
        return future is not None and not future.done()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While somebody waits for an answer no tables are made: both want the same processors."""
        with self._calm:
            self._answers += 1
        try:
            yield
        finally:
            with self._calm:
                self._answers -= 1
                self._calm.notify_all()

    def wait(self) -> None:
        """Until all that was wanted is made."""
        for future in list(self._made.values()):
            future.exception()

    def close(self) -> None:
        """Leave what is not made."""
        self._closed = True
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _make(self, wanted: dict[CostModel, Future[Table]]) -> None:
        try:
            self._fill(wanted)
        except BaseException as error:
            for future in wanted.values():
                if not future.done():
                    future.set_exception(error)

    def _fill(self, wanted: dict[CostModel, Future[Table]]) -> None:
        """Ask all models for a part of their space, then for the next: they share its features."""
        target = next(iter(wanted)).target
        networks = _networks(target.space, target.dataset)
        parts: dict[CostModel, list[Estimate]] = {model: [] for model in wanted}
        for start in range(0, len(networks), _AT_ONCE):
            part = networks[start : start + _AT_ONCE]
            for model in [*parts]:
                self._make_way()
                try:
                    parts[model].append(model.predict(part, COVERAGE))
                except Exception as error:  # its own affair: the others go on
                    wanted[model].set_exception(error)
                    del parts[model]
        for model, found in parts.items():
            table = Table.of(Estimate.joined(found), whole=target.space == "nasbench201")
            wanted[model].set_result(table)

    def _make_way(self) -> None:
        with self._calm:
            self._calm.wait_for(lambda: not self._answers, _PATIENCE)
        if self._closed:
            raise CancelledError
