"""What is lost by searching with predictions, and with another device's costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archcost.data import MeasuredTable, read_table
from archcost.errors import TableError
from archcost.search.exchange import exchange
from archcost.search.regret import Candidates, candidates, held_out, regrets, summaries

ACCURACY = np.array([90.0, 80.0, 70.0, 60.0])


def test_a_choice_on_another_device() -> None:
    # Two devices that order four cells by cost in opposite ways.
    costs = np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
    found = exchange(ACCURACY, costs, costs)
    assert found.extra_cost.diagonal().tolist() == [0.0, 0.0]
    assert found.lost_accuracy.diagonal().tolist() == [0.0, 0.0]
    # On the second the best cell is the cheapest: every other choice is dearer and worse.
    assert found.extra_cost[0, 1] > 0.5
    assert found.lost_accuracy[0, 1] > 10
    # The second's choice is always the best cell, for which nothing on the first is as accurate.
    assert found.extra_cost[1, 0] == 0.0
    assert found.lost_accuracy[1, 0] == 0.0


def test_of_equally_accurate_cells_the_cheapest_is_chosen() -> None:
    costs = np.array([[2.0, 1.0, 3.0, 9.0]])
    found = exchange(np.array([90.0, 90.0, 80.0, 70.0]), costs, costs)
    assert found.extra_cost.tolist() == found.lost_accuracy.tolist() == [[0.0]]


def test_equal_devices_cost_nothing() -> None:
    rng = np.random.default_rng(0)
    costs = np.tile(rng.random(50) + 0.1, (3, 1))
    found = exchange(rng.random(50), costs, costs)
    assert not found.extra_cost.any()
    assert not found.lost_accuracy.any()


def table(costs: np.ndarray, rows: np.ndarray) -> MeasuredTable:
    return MeasuredTable("nasbench201", "cifar10", None, rows, {("fpga", "latency"): costs})


def test_exact_predictions_lose_nothing_and_wrong_ones_do() -> None:
    rows = np.arange(600)
    accuracy = np.random.default_rng(0).random(600) * 90
    truth = candidates(table(np.ones(600), rows), accuracy, ["fpga"])["fpga"].predicted
    exact = table(truth, rows)
    every = candidates(exact, accuracy, ["fpga"])
    for one in summaries(regrets(exact, every, seeds=3)):
        assert one.part == "all"
        assert (one.lost, one.most_lost, one.below) == (pytest.approx(0), pytest.approx(0), 1.0)
    turned = Candidates(accuracy, truth, 1 / truth, truth, np.ones(600))
    wrong = summaries(regrets(exact, {"fpga": turned}, seeds=3))[0]
    assert wrong.lost > 0.05
    assert wrong.most_lost >= wrong.lost


def test_refused_networks_cover_nothing() -> None:
    rows = np.arange(600)
    accuracy = np.random.default_rng(0).random(600) * 90
    cost = 3 - accuracy / 90
    accepted = accuracy < 45
    measured = np.where(accepted, cost, np.inf)
    blind = Candidates(accuracy, measured, cost, cost, np.ones(600))
    knows = Candidates(accuracy, measured, cost, cost, accepted.astype(float))
    where = table(cost, rows)
    assert summaries(regrets(where, {"fpga": knows}, seeds=2))[0].lost == pytest.approx(0)
    # The best of all is refused, and it alone is chosen.
    assert summaries(regrets(where, {"fpga": blind}, seeds=2))[0].lost == 1.0


@pytest.mark.parametrize("n", [600, 13625])
def test_of_another_table_nothing_is_held_out(n: int) -> None:
    assert len(held_out(table(np.ones(n), np.arange(n)), "fpga")) == 0


@pytest.mark.shared
def test_held_out_rows_of_the_table_of_the_card(shared_data: Path) -> None:
    (found,) = read_table(shared_data / "nasbench201_hwnasbench_cifar10.parquet", dataset="cifar10")
    assert len(held_out(found, "fpga")) == 2000
    assert len(held_out(found, "edgetpu")) == 1386


def test_a_table_without_the_device() -> None:
    with pytest.raises(TableError, match="no latency of raspi4; it has fpga"):
        candidates(table(np.ones(3), np.arange(3)), ACCURACY[:3], ["raspi4"])
