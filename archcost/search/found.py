"""What a search found: a table, and what must be known to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from archcost.encodings import Batch, index_of
from archcost.search.scores import Evaluator, Scores

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Found:
    """A Pareto set.

    Attributes:
        evaluator: what was wanted.
        architectures: the set and, with a margin, what lies close to it (p), by rising first cost.
        scores: of these.
        pareto: (p,) whether they belong to the set.
        margin: share of each cost by which others may be dearer.
        looked_at: scores of all architectures that were looked at.
        method: how they were chosen, in words.
        interrupted: whether Ctrl-C ended the search.
    """

    evaluator: Evaluator
    architectures: Batch
    scores: Scores
    pareto: npt.NDArray[np.bool_]
    margin: float
    looked_at: Scores
    method: str
    interrupted: bool

    def __len__(self) -> int:
        return len(self.architectures)

    def __repr__(self) -> str:
        """How many there are, and of how many."""
        names = ", ".join(cost.column for cost in self.evaluator.costs)
        return (
            f"<Found: {int(self.pareto.sum())} of {len(self.looked_at)} architectures that were "
            f"looked at are best for {self.evaluator.quality.column} and {names}>"
        )

    def some(self, count: int) -> npt.NDArray[np.int64]:
        """Positions of at most so many of the set, evenly spaced, both ends among them."""
        (best,) = np.nonzero(self.pareto)
        return best[np.unique(np.linspace(0, len(best) - 1, count).round().astype(np.int64))]

    def to_frame(self) -> pd.DataFrame:
        """One row per architecture.

        Columns: architecture; arch_index for NAS-Bench-201; with a margin ``pareto``, whether it
        belongs to the set; accuracy or ``accuracy_stand_in_mmacs``; for each cost
        ``<device>_<metric>_<unit>`` and the same with ``_lower`` and ``_upper``, with ``_feasible``
        where a device can refuse networks, with ``_extrapolation`` where a network lies outside
        what was measured.
        """
        import pandas as pd

        columns: dict[str, object] = {"architecture": self.architectures.strings()}
        # One search space: cells of NAS-Bench-201 are one group, those of other shapes several.
        first, *others = self.architectures.groups
        if first.skeleton.space == "nasbench201" and not others:
            columns["arch_index"] = index_of(first.ids)
        if self.margin:
            columns["pareto"] = self.pareto
        columns[self.evaluator.quality.column] = self.scores.quality
        for i, cost in enumerate(self.evaluator.costs):
            columns[cost.column] = self.scores.value[:, i]
            columns[f"{cost.column}_lower"] = self.scores.lower[:, i]
            columns[f"{cost.column}_upper"] = self.scores.upper[:, i]
            if cost.model.feasibility is not None:
                columns[f"{cost.column}_feasible"] = self.scores.feasible[:, i]
            if self.scores.extrapolation[:, i].any():
                columns[f"{cost.column}_extrapolation"] = self.scores.extrapolation[:, i]
        return pd.DataFrame(columns)

    def words(self) -> list[str]:
        """What must be known to read the set, a sentence or two each."""
        of = self.evaluator
        said = [self.method, of.quality.words]
        limits = [
            f"{cost.model.target.device} {cost.model.target.metric} at most {cost.limit:.6g} "
            f"{cost.model.target.unit}"
            for cost in of.costs
            if np.isfinite(cost.limit)
        ]
        if limits:
            said.append(f"Limits: {'; '.join(limits)}.")
        if of.guarded:
            said.append(
                f"The upper end of the {of.coverage:.0%} interval is within the limits. At most "
                f"{1 - of.coverage:.0%} of measurements of networks at large lie outside on both "
                "sides together, so at most as many lie above; of networks that a search picks out "
                "it can be more, since it prefers those whose cost is underestimated."
            )
        else:
            said.append(
                f"Intervals hold {of.coverage:.0%} of measurements of networks at large"
                + (
                    "; limits are held by the predicted cost, not by their upper end."
                    * bool(limits)
                    or "."
                )
            )
        if self.margin:
            said.append(
                f"The set has {self.pareto.sum():,} architectures; {(~self.pareto).sum():,} more "
                f"would be in it if their costs were {self.margin:.0%} smaller: predictions do not "
                "tell which of them are better, measurements would."
            )
        refusing = [c.model.target.device for c in of.costs if c.model.feasibility is not None]
        if refusing:
            said.append(
                f"{', '.join(dict.fromkeys(refusing))} can refuse networks: only those that run "
                f"with probability {of.least_feasible:.2g} or more are taken, and costs are those "
                "if they run."
            )
        if self.scores.extrapolation.any():
            said.append(
                "Networks with an extrapolation lie outside what was measured: the larger it is, "
                "the less the numbers are to be trusted."
            )
        return said
