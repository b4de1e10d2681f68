"""Names of types that stand in many signatures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int8]
"""Of operators."""
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much is done, and how much in all."""
