"""What the hardware of simulated chips has in common."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from archcost.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class Hardware:
    """Base of configurations: numbers above 0, a clock among them.

    Attributes:
        clock_mhz: cycles a microsecond.

    Raises:
        UnsupportedError: a number that is not positive and finite.
    """

    clock_mhz: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0 or value == float("inf"):
                raise UnsupportedError(f"{field.name} = {value}: give a number above 0")

    def latency_ms(self, cycles: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Cycles as milliseconds."""
        return np.asarray(cycles, dtype=np.float64) / (self.clock_mhz * 1e3)
