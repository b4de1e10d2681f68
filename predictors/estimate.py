"""A prediction: values, an interval, a unit, and the chance that the network runs at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self, overload

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.errors import first_few

if TYPE_CHECKING:
    import pandas as pd


LIKELY = 0.5
"""Probability of running from which on a device is taken to run a network."""


class Strings(Sequence[str]):
    """The canonical strings of architectures, made when one of them is first asked for.

    Writing FBNet's names down takes as long as predicting them; many callers never look.
    """

    def __init__(self, write: Callable[[], list[str]], length: int) -> None:
        self._write = write
        self._length = length

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(self._write())

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, key: int) -> str: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[str, ...]: ...

    def __getitem__(self, key: int | slice) -> str | tuple[str, ...]:
        return self._texts[key]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Strings):
            return self._texts == other._texts
        return self._texts == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._texts)

    def __reduce__(self) -> tuple[type[tuple[str, ...]], tuple[tuple[str, ...]]]:
        """Pickled, and copied, as the tuple that it stands for."""
        return tuple, (self._texts,)

    def __repr__(self) -> str:
        return repr(self._texts)


@dataclass(frozen=True, eq=False, repr=False)
class Estimate:
    """Predicted cost of n architectures.

    Attributes:
        value: (n,) the cost, in `unit`; where a device can refuse a network, the cost if it runs.
        lower: (n,) positive lower end of the interval.
        upper: (n,) upper end.
        unit: "ms", "mJ" or "operations/byte".
        coverage: share of measurements that the intervals are made to hold.
        feasible: (n,) probability that the device runs the network; NaN: unknown, for networks
            outside the spaces in which it refuses some; None: it runs them all, or all are unknown.
        architectures: the canonical string of each; the name of a layer graph.
        extrapolation: (n,) how far each lies from what was measured: 0 in the measured space, else
            about the number of doublings by which its layers lie outside what was measured
            (`archcost.predictors.layers`). Intervals widen with it.
    """

    value: Floats
    lower: Floats
    upper: Floats
    unit: str
    coverage: float
    feasible: Floats | None
    architectures: Sequence[str]
    extrapolation: Floats

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        """The first costs with their intervals, and how many there are."""
        numbers = zip(self.value, self.lower, self.upper, strict=True)
        costs = (f"{v:.4g} ({a:.4g} to {b:.4g})" for v, a, b in numbers)
        shown = first_few(costs, len(self), most=3)
        return f"<Estimate in {self.unit}, {self.coverage:.0%} intervals: {shown or 'no networks'}>"

    @property
    def runs(self) -> npt.NDArray[np.bool_]:
        """Whether the device more likely runs each network (n,) than refuses it."""
        if self.feasible is None:
            return np.ones(len(self), dtype=bool)
        return ~(self.feasible < LIKELY)  # unknown counts as running

    def take(self, positions: npt.NDArray[np.int64]) -> Estimate:
        """The estimates at these positions (m,), in this order; positions may repeat."""
        names = self.architectures
        return replace(
            self,
            value=self.value[positions],
            lower=self.lower[positions],
            upper=self.upper[positions],
            feasible=None if self.feasible is None else self.feasible[positions],
            architectures=Strings(lambda: [names[i] for i in positions.tolist()], len(positions)),
            extrapolation=self.extrapolation[positions],
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One or more estimates of one target as one, in this order."""
        first = parts[0]
        known = any(part.feasible is not None for part in parts)
        feasible = [
            np.full(len(part), np.nan) if part.feasible is None else part.feasible for part in parts
        ]
        return replace(
            first,
            value=np.concatenate([part.value for part in parts]),
            lower=np.concatenate([part.lower for part in parts]),
            upper=np.concatenate([part.upper for part in parts]),
            feasible=np.concatenate(feasible) if known else None,
            architectures=Strings(
                lambda: [text for part in parts for text in part.architectures],
                sum(len(part) for part in parts),
            ),
            extrapolation=np.concatenate([part.extrapolation for part in parts]),
        )

    def to_frame(self, index: Iterable[object] | None = None) -> pd.DataFrame:
        """One row per architecture: architecture, value, lower, upper, unit.

        And feasible where a device can refuse networks, extrapolation where it is not zero.

        Args:
            index: (n,) labels of the rows, for instance ``.index`` of the Series or DataFrame that
                was given to `predict`; None: 0 to n - 1.
        """
        import pandas as pd

        columns = {
            "architecture": list(self.architectures),
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
            "unit": self.unit,
        }
        if self.feasible is not None:
            columns["feasible"] = self.feasible
        if self.extrapolation.any():
            columns["extrapolation"] = self.extrapolation
        return pd.DataFrame(columns, index=None if index is None else pd.Index(index))
