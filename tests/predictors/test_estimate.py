"""What people see of a prediction, and parts of it put together."""

from __future__ import annotations

import numpy as np

from archcost.predictors import Estimate


def estimate(n: int, feasible: float | None = None) -> Estimate:
    value = np.arange(1.0, n + 1)
    chances = None if feasible is None else np.full(n, feasible)
    names = tuple(str(i) for i in range(n))
    return Estimate(value, value / 2, value * 2, "ms", 0.9, chances, names, np.zeros(n))


def test_repr_shows_the_first_costs() -> None:
    shown = "<Estimate in ms, 90% intervals: 1 (0.5 to 2), 2 (1 to 4)>"
    assert repr(estimate(2)) == shown
    assert repr(estimate(100)).endswith("3 (1.5 to 6) and 97 more>")
    assert repr(estimate(0)) == "<Estimate in ms, 90% intervals: no networks>"


def test_what_a_part_does_not_know_is_unknown_in_the_whole() -> None:
    assert Estimate.joined([estimate(2), estimate(1)]).feasible is None
    joined = Estimate.joined([estimate(1, 0.2), estimate(1), estimate(1, 0.8)])
    assert joined.feasible is not None
    assert np.array_equal(joined.feasible, [0.2, np.nan, 0.8], equal_nan=True)
    assert joined.runs.tolist() == [False, True, True]
    assert joined.architectures == ("0", "0", "0")
