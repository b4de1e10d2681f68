"""What is known of the architectures that a search has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch
from archcost.search.goals import Cost
from archcost.search.quality import Quality


@dataclass(frozen=True, eq=False)
class Scores:
    """Of n architectures and t costs.

    Attributes:
        quality: (n,) what is maximised; NaN: not known.
        value, lower, upper: (n, t) predicted costs and their intervals.
        feasible: (n, t) probability that the device runs the network; 1 where it runs all.
        extrapolation: (n, t) how far outside the measured networks they lie.
    """

    quality: Floats
    value: Floats
    lower: Floats
    upper: Floats
    feasible: Floats
    extrapolation: Floats

    def __len__(self) -> int:
        return len(self.quality)

    def take(self, positions: npt.NDArray[np.generic]) -> Scores:
        """Those of the architectures at these positions."""
        return Scores(*(getattr(self, name)[positions] for name in _FIELDS))

    @classmethod
    def joined(cls, parts: Sequence[Scores]) -> Scores:
        """One after the other."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in _FIELDS))


_FIELDS = tuple(field.name for field in fields(Scores))


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Scores architectures, and says what is wanted of the scores.

    Attributes:
        quality: what is maximised.
        costs: predicted costs; those that are objectives come first.
        coverage: of the intervals.
        guarded: whether the upper end of the interval must stay within a limit, not just the
            prediction.
        least_feasible: lowest probability of running that is allowed on each device.
    """

    quality: Quality
    costs: tuple[Cost, ...]
    coverage: float
    guarded: bool
    least_feasible: float

    def __call__(self, batch: Batch) -> Scores:
        """The scores of architectures (n)."""
        found = [cost.model.predict(batch, self.coverage) for cost in self.costs]
        ones = np.ones(len(batch))
        return Scores(
            quality=self.quality.of(batch),
            value=np.stack([e.value for e in found], axis=1),
            lower=np.stack([e.lower for e in found], axis=1),
            upper=np.stack([e.upper for e in found], axis=1),
            feasible=np.stack([ones if e.feasible is None else e.feasible for e in found], axis=1),
            extrapolation=np.stack([e.extrapolation for e in found], axis=1),
        )

    def objectives(self, scores: Scores) -> Floats:
        """(n, 1 + objectives): quality, then costs, all signed so that less is better."""
        columns = [
            cost.sign * scores.value[:, i] for i, cost in enumerate(self.costs) if cost.objective
        ]
        return np.column_stack([-scores.quality, *columns])

    def excess(self, scores: Scores) -> Floats:
        """(n,) how far limits are broken: 0 where all hold, infinite where quality is unknown.

        The sum of the logarithms by which costs exceed their limits, and of what the probabilities
        of running lack.
        """
        limits = np.array([cost.limit for cost in self.costs])
        bounded = scores.upper if self.guarded else scores.value
        over = np.log(np.maximum(bounded / limits, 1)).sum(axis=1)
        lacking = np.maximum(self.least_feasible - scores.feasible, 0).sum(axis=1)
        excess: Floats = np.where(np.isfinite(scores.quality), over + lacking, np.inf)
        return excess
