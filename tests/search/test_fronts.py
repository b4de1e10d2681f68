"""Pareto sets and the areas they cover, against plain loops and libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.search import hypervolume, nondominated
from archcost.search.fronts import near

POINTS = st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=40)


def beats(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one <= other).all() and (one < other).any())


def test_hand_made_front() -> None:
    # Quality 3, 2, 1 (negated) at cost 30, 20, 10; a beaten one, an equal one, a worse equal cost.
    rows = np.array([[-3, 30], [-2, 20], [-1, 10], [-1, 15], [-2, 20], [-1, 20]], dtype=float)
    assert nondominated(rows).tolist() == [2, 1, 0]


@given(POINTS, st.integers(2, 3))
def test_front_against_plain_loops(points: list[tuple[int, ...]], columns: int) -> None:
    rows = np.array(points, dtype=float)[:, :columns]
    front = nondominated(rows)
    assert len({tuple(row) for row in rows[front]}) == len(front)
    unbeaten = {tuple(row) for row in rows if not any(beats(other, row) for other in rows)}
    assert {tuple(row) for row in rows[front]} == unbeaten
    assert (np.diff(rows[front, 1]) >= 0).all()


def test_no_points_no_front() -> None:
    assert len(nondominated(np.zeros((0, 2)))) == len(nondominated(np.zeros((0, 3)))) == 0


@given(POINTS)
def test_area_is_that_of_moocore(points: list[tuple[int, ...]]) -> None:
    import moocore

    rows = np.array(points, dtype=float)[:, :2]
    expected = moocore.hypervolume(rows, ref=[5.0, 6.0])
    assert hypervolume(*rows.T, (5.0, 6.0)) == pytest.approx(expected)


def test_area_by_hand() -> None:
    assert hypervolume([1, 2, 9], [3, 1, 0], (4, 4)) == 3 * 1 + 2 * 2
    assert hypervolume([5], [5], (4, 4)) == 0.0


def test_near_is_what_a_margin_would_bring_in() -> None:
    rows = np.array([[-3, 30], [-2, 20], [-2, 20.9], [-2, 22], [-1, 20.5], [-3, 31]], dtype=float)
    front = nondominated(rows)
    assert front.tolist() == [1, 0]
    assert near(rows, front, 0.05).tolist() == [0, 1, 2, 4, 5]
    assert near(rows, front, 0.0).tolist() == front[::-1].tolist()


@given(POINTS, st.floats(0, 0.5))
def test_near_holds_the_front(points: list[tuple[int, ...]], margin: float) -> None:
    rows = np.array(points, dtype=float)
    front = nondominated(rows)
    assert set(front.tolist()) <= set(near(rows, front, margin).tolist())
