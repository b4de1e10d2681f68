from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.data import as_measured
from archcost.errors import MeasurementError


@given(st.lists(st.floats(0, 1e12) | st.none() | st.just(math.nan) | st.just("")))
def test_costs_pass_through_and_gaps_become_nan(values: list[float | str | None]) -> None:
    costs, failed = as_measured(values, "x")
    assert costs.dtype == np.float64 and failed.dtype == np.bool_
    assert not failed.any()
    for cost, value in zip(costs, values, strict=True):
        gap = value is None or value == "" or value != value
        assert math.isnan(cost) if gap else cost == value


def test_missing_values_of_pandas_are_gaps() -> None:
    costs, _ = as_measured([1.0, pd.NA, pd.NaT, 2.0], "x")
    np.testing.assert_array_equal(costs, [1.0, np.nan, np.nan, 2.0])


@pytest.mark.parametrize("dtype", [np.int64, np.float64, object])
def test_what_is_masked_is_a_gap(dtype: type) -> None:
    values = np.ma.array([5, 7, 9], mask=[False, True, False], dtype=dtype)
    np.testing.assert_array_equal(as_measured(values, "x")[0], [5, np.nan, 9])
    np.testing.assert_array_equal(as_measured(values[:1], "x")[0], [5])


def test_failures_are_no_costs() -> None:
    costs, failed = as_measured([2.0, -1, "-1", 3, None], "edgetpu", failed_value=-1)
    np.testing.assert_array_equal(costs, [2.0, np.nan, np.nan, 3.0, np.nan])
    np.testing.assert_array_equal(failed, [False, True, True, False, False])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, -1.0, 2.0, -0.5], r"2 of 4 values are negative \(row 2: -1.0, row 4: -0.5\)"),
        (np.array([1, -7]), "row 2: -7"),
        ([1.0, math.inf], "row 2: inf"),
        (
            ["1.5", "fast"],
            r"1 of 2 values are not numbers such as 12.5, without a unit \(row 2: 'fast'\)",
        ),
        (["1.5", "12,5"], r"1 of 2 values have a decimal comma; write a point, .*: '12,5'\)"),
        ([True, 1.0], "row 1: True"),
        ([[1.0], 2.0], "row 1: a list"),
        ([10**5000], "row 1: a int"),
        (np.array(["2020-01-01"], dtype="datetime64[ns]"), "not numbers"),
        (np.array([1j]), "not numbers"),
        ([-1.0] * 20, "and 15 more"),
    ],
)
def test_what_cannot_be_a_cost_is_named_by_row(values: object, words: str) -> None:
    with pytest.raises(MeasurementError, match=words) as caught:
        as_measured(values, "the column")  # type: ignore[arg-type]
    assert str(caught.value).startswith("the column: ")
    assert "leave their cells empty" in str(caught.value)


def test_a_failure_value_excuses_nothing_else() -> None:
    with pytest.raises(MeasurementError, match=r"row 2: -2.*write -1 where it did not run"):
        as_measured([-1.0, -2.0], "x", failed_value=-1)


def test_one_dimension_only() -> None:
    with pytest.raises(MeasurementError, match="one value per architecture"):
        as_measured(np.ones((2, 2)), "x")
