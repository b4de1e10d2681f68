"""What people see of a prediction, and parts of it put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import archcost
from archcost.errors import MeasurementError
from archcost.predictors import Estimate, Predictor


class Mine(Predictor):
    """Somebody's own, that gives whatever it is told to."""

    def __init__(self, predicted: Any) -> None:
        self.predicted = predicted

    def predict(self, archs: object) -> Any:
        """Of any three architectures."""
        return self.predicted


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


@pytest.mark.parametrize(
    ("predicted", "says"),
    [
        ([1.0, 2.0], r"Mine predicted shape \(2,\) for 3"),
        (np.ones((3, 1)), r"shape \(3, 1\)"),
        ([1.0, np.nan, -1.0], r"Mine predicted no cost for 2 of 3 .* 1: nan"),
        ([1.0, 2.0, -1.0], r"architecture 2: -1\.0"),
        (["fast"] * 3, "Mine predicted no numbers"),
        (None, r"shape \(\)"),
    ],
)
def test_what_a_predictor_of_ones_own_gives_is_checked(predicted: Any, says: str) -> None:
    with pytest.raises(MeasurementError, match=says):
        replace(archcost.load("fpga"), predictor=Mine(predicted)).predict([1, 2, 3])


def test_a_list_of_costs_will_do() -> None:
    found = replace(archcost.load("fpga"), predictor=Mine([1, 2, 3])).predict([1, 2, 3])
    assert found.value.tolist() == [1.0, 2.0, 3.0]
    assert (found.lower > 0).all()


def test_what_a_part_does_not_know_is_unknown_in_the_whole() -> None:
    assert Estimate.joined([estimate(2), estimate(1)]).feasible is None
    joined = Estimate.joined([estimate(1, 0.2), estimate(1), estimate(1, 0.8)])
    assert joined.feasible is not None
    assert np.array_equal(joined.feasible, [0.2, np.nan, 0.8], equal_nan=True)
    assert joined.runs.tolist() == [False, True, True]
    assert joined.architectures == ("0", "0", "0")
