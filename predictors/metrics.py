"""Scores of predictions against measurements: pure functions of arrays.

Values are (n,) each; all functions raise `MeasurementError` where shapes or lengths differ.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.errors import MeasurementError


@dataclass(frozen=True)
class Evaluation:
    """Scores over n architectures. Fractions, not percent.

    `mae`, the mean absolute error, and `width`, the mean width of the intervals, are in the unit of
    the costs.
    """

    n: int
    kendall_tau: float
    spearman: float
    mape: float
    within_10pct: float
    mae: float
    coverage: float
    width: float


_RESOLUTION = 6
"""Significant digits at which costs are compared in rank metrics. No published table resolves more,
and below it sums of equal costs differ by the order in which they were added up."""


def comparable(values: npt.ArrayLike) -> Floats:
    """Values (n,) at the precision at which rank metrics compare them."""
    array = np.asarray(values, dtype=np.float64)
    return np.array([float(f"{value:.{_RESOLUTION - 1}e}") for value in array.ravel()])


def _columns(*columns: npt.ArrayLike) -> list[Floats]:
    """Values (n,) of each, which may be columns (n, 1); they would be broadcast otherwise.

    Raises:
        MeasurementError: other shapes, or other lengths than the first.
    """
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    found = [a[:, 0] if a.ndim == 2 and a.shape[1] == 1 else a for a in arrays]
    if any(a.ndim != 1 or len(a) != len(found[0]) for a in found):
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise MeasurementError(f"values of shapes {shapes}; give as many of each, (n,)")
    return found


def _constant(*columns: Floats) -> bool:
    if any(len(column) < 2 or (column == column[0]).all() for column in columns):
        warnings.warn(
            "a rank correlation needs at least two different values on each side", stacklevel=3
        )
        return True
    return False


def kendall_tau(predicted: npt.ArrayLike, measured: npt.ArrayLike) -> float:
    """Kendall's tau-b; NaN with a warning where either side is constant.

    Costs that agree to six significant digits are ties.
    """
    from scipy.stats import kendalltau

    p, m = map(comparable, _columns(predicted, measured))
    return float("nan") if _constant(p, m) else float(kendalltau(p, m).statistic)


def spearman(predicted: npt.ArrayLike, measured: npt.ArrayLike) -> float:
    """Spearman's rank correlation; NaN with a warning where either side is constant."""
    from scipy.stats import spearmanr

    p, m = map(comparable, _columns(predicted, measured))
    return float("nan") if _constant(p, m) else float(spearmanr(p, m).statistic)


def mape(predicted: npt.ArrayLike, measured: npt.ArrayLike) -> float:
    """Mean absolute error relative to the measurement, as a fraction."""
    p, m = _columns(predicted, measured)
    return float(np.mean(np.abs(p - m) / m))


def within(predicted: npt.ArrayLike, measured: npt.ArrayLike, share: float = 0.1) -> float:
    """Share of predictions off by at most `share` of the measurement."""
    p, m = _columns(predicted, measured)
    return float(np.mean(np.abs(p - m) <= share * m))


def coverage(lower: npt.ArrayLike, upper: npt.ArrayLike, measured: npt.ArrayLike) -> float:
    """Share of measurements inside their intervals."""
    low, high, m = _columns(lower, upper, measured)
    return float(np.mean((low <= m) & (m <= high)))
