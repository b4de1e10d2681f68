"""Predictions for whole search spaces, made in the background: look-ups and ranks.

NAS-Bench-201 is predicted whole: what a cell costs is then a look-up. Of FBNet's 9^22 networks
random ones are predicted, and a network's rank is that among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
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
_AT_ONCE = 1024
"""Networks predicted between two looks at whether somebody waits for an answer: some 20 ms."""
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
    def of(cls, model: CostModel, make_way: Callable[[], None]) -> Table:
        """Ask a model for a space: seconds of work for all models of a space.

        Args:
            model: whom.
            make_way: called every few milliseconds of work.
        """
        space, dataset = model.target.space, model.target.dataset
        networks, parts = _networks(space, dataset), []
        for start in range(0, len(networks), _AT_ONCE):
            make_way()
            parts.append(model.predict(networks[start : start + _AT_ONCE], COVERAGE))
        estimate = Estimate.joined(parts)
        return cls(estimate, np.sort(estimate.value[estimate.runs]), space == "nasbench201")

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
        # A device that is adapted anew is another model: its old table goes with the old model.
        self._made: WeakKeyDictionary[CostModel, Future[Table]] = WeakKeyDictionary()

    def ask(self, cards: list[Card]) -> None:
        """Have these models loaded and their tables made, in this order."""
        self._worker.submit(self._ask, cards)

    def _ask(self, cards: list[Card]) -> None:
        for card in cards:
            model = load_card(card)
            if card.space != CUSTOM:
                self._future(model)

    def get(self, model: CostModel) -> Table | None:
        """The table of a model; None while it is being made, and outside the known spaces."""
        if model.target.space == CUSTOM:
            return None
        future = self._future(model)
        return future.result() if self._made_of(future) else None

    def pending(self, model: CostModel) -> bool:
        """Whether its table is still to come."""
        return model.target.space != CUSTOM and not self._future(model).done()

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

    def _make_way(self) -> None:
        with self._calm:
            self._calm.wait_for(lambda: not self._answers, _PATIENCE)

    def wait(self) -> None:
        """Until all that was asked for is made."""
        for future in list(self._made.values()):
            future.exception()

    def close(self) -> None:
        """Leave what was not begun."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _future(self, model: CostModel) -> Future[Table]:
        with self._lock:
            if model not in self._made:
                self._made[model] = self._worker.submit(Table.of, model, self._make_way)
            return self._made[model]

    @staticmethod
    def _made_of(future: Future[Table]) -> bool:
        return future.done() and not future.cancelled() and future.exception() is None
