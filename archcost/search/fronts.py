"""Pareto sets of many objectives, and the area that those of two cover."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats, Ints
from archcost.optional import require
from archcost.training.pareto import pareto


def nondominated(objectives: Floats) -> Ints:
    """Positions of the rows that no other row beats: as good in all columns and better in one.

    Of rows that are equal the first is taken. More than two columns need moocore, which comes with
    pymoo.

    Args:
        objectives: (n, k), less is better, k of 2 or more.

    Returns:
        (p,) by rising second column.

    Raises:
        UnsupportedError: more than two columns, and moocore is not installed.
    """
    if objectives.shape[1] == 2:
        return pareto(objectives[:, 1], objectives[:, 0])
    if len(objectives) == 0:
        return np.zeros(0, dtype=np.int64)
    best = require("moocore", "search").is_nondominated(objectives, keep_weakly=False)
    found = np.flatnonzero(best)
    return found[np.argsort(objectives[found, 1], kind="stable")]


def near(objectives: Floats, front: Ints, margin: float) -> Ints:
    """Positions of the rows that would be as good as the front with costs better by a margin.

    Args:
        objectives: (n, k), less is better; the first column (quality) gets no margin.
        front: (p,) positions of what nothing beats; they are among the result.
        margin: share of each cost.

    Returns:
        (m,) in their order.
    """
    relaxed = objectives - margin * np.abs(objectives) * (np.arange(objectives.shape[1]) > 0)
    kept = np.ones(len(objectives), dtype=bool)
    for row in objectives[front]:
        # Beaten even so: the margin keeps the front's own rows, which are equal to themselves.
        kept &= ~((row <= relaxed).all(axis=1) & (row < relaxed).any(axis=1))
    return np.flatnonzero(kept)


def hypervolume(
    first: npt.ArrayLike, second: npt.ArrayLike, reference: tuple[float, float]
) -> float:
    """Area between points (n) and a reference point that is worse than they are.

    Args:
        first, second: (n,) objectives, less is better. Points that are worse than the reference in
            either cover nothing.
        reference: of the two objectives.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    inside = (one < reference[0]) & (other < reference[1])
    one, other = one[inside], other[inside]
    front = pareto(one, other)
    if len(front) == 0:
        return 0.0
    above = np.concatenate([[reference[1]], other[front][:-1]])
    return float(((reference[0] - one[front]) * (above - other[front])).sum())
