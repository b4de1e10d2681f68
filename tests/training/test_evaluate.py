"""Which rows of a table a predictor has not seen, and what has no score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import archcost
from archcost.checkpoints import Card, cards, find_card
from archcost.data import MeasuredTable, own_tables, read_table
from archcost.encodings import encode
from archcost.errors import MeasurementError, UnsupportedError
from archcost.predictors import GBDTPredictor
from archcost.training import Settings, held_out_rows, split_rows, train

NAME = ("board", "latency")
SETTINGS = Settings(kinds=("gbdt",), n_estimators=5, n_train=60, n_test=50, seed=3)


def table(cells: np.ndarray) -> MeasuredTable:
    costs = encode(cells, "counts").values.astype(float) @ [0, 0, 0.25, 1.5, 0.5] + 1
    costs[::9] = np.nan
    failed = np.arange(len(cells)) % 9 == 1
    costs[failed] = np.nan
    return MeasuredTable("nasbench201", "cifar10", None, cells, {NAME: costs}, {NAME: failed})


CELLS = np.arange(0, 15625, 50)
TABLE = table(CELLS)


@pytest.fixture(scope="module")
def card() -> Card:
    (trained,) = train(TABLE, settings=SETTINGS)
    return trained.card


def test_rows_held_out_are_those_of_the_split(card: Card) -> None:
    test = split_rows(len(CELLS), SETTINGS)[1]
    rows = held_out_rows(card, TABLE)
    assert card.scores is not None and len(rows) == card.scores.n
    assert rows.tolist() == [row for row in test if TABLE.targets[NAME][row] > 0]


@pytest.mark.parametrize("cells", [CELLS[:-1], CELLS[::-1], np.arange(len(CELLS)), CELLS[:3]])
def test_another_table_than_that_of_the_training_is_refused(card: Card, cells: np.ndarray) -> None:
    other = table(cells)
    with pytest.raises(UnsupportedError, match="not the one that it was trained on"):
        held_out_rows(card, other)
    measured = np.flatnonzero(~np.isnan(other.targets[NAME]))
    assert held_out_rows(card, other, every=True).tolist() == measured.tolist()


def test_what_no_card_records_is_not_taken_for_unseen() -> None:
    scaled = find_card("pixel3", dataset="cifar100")
    given = MeasuredTable(
        "nasbench201", "cifar100", None, [0, 1], {("pixel3", "latency"): np.ones(2)}
    )
    with pytest.raises(UnsupportedError, match="not recorded"):
        held_out_rows(scaled, given)


def test_sums_have_learned_from_no_network() -> None:
    networks = np.zeros((3, 22), dtype=np.int8)
    given = MeasuredTable("fbnet", "cifar100", None, networks, {("fpga", "latency"): np.ones(3)})
    assert held_out_rows(find_card("fpga", space="fbnet"), given).tolist() == [0, 1, 2]


@pytest.mark.parametrize("every", [False, True])
def test_costs_of_zero_are_refused_with_their_rows(card: Card, every: bool) -> None:
    costs = TABLE.targets[NAME].copy()
    costs[[3, 5]] = 0
    with pytest.raises(MeasurementError, match=r"2 of 313 costs are 0.*rows 4, 6"):
        held_out_rows(card, replace(TABLE, targets={NAME: costs}), every=every)


def _scored(found: list[MeasuredTable], source: str) -> int:
    """Cards of a source whose held-out rows are as many as they say."""
    scored = 0
    for card in cards():
        for given in found:
            here = (given.space, given.dataset) == (card.space, card.dataset)
            if here and card.source == source and (card.device, card.metric) in given.targets:
                assert card.scores is not None
                assert len(held_out_rows(card, given)) == card.scores.n
                scored += 1
    return scored


def test_own_tables_are_known_by_the_shipped_cards() -> None:
    known = [one for one in own_tables() if one.space != "custom"]
    assert _scored(known, "archcost") == 4


@pytest.mark.shared
def test_published_tables_are_known_by_the_shipped_cards(shared_data: Path) -> None:
    for source, name, dataset, count in (
        ("hw-nas-bench", "nasbench201_hwnasbench_cifar10", "cifar10", 30),
        ("help", "nasbench201_help", "cifar10", 23),
        ("help", "fbnet_help", "cifar100", 23),
        ("eagle", "nasbench201_eagle", "cifar10", 14),
    ):
        found = read_table(shared_data / f"{name}.parquet", dataset=dataset)
        assert _scored(found, source) == count


def test_evaluate_refuses_bad_measurements() -> None:
    with pytest.raises(MeasurementError, match="row 2"):
        archcost.evaluate(archcost.load("fpga"), [1, 2], [1.0, -3.0])
    with pytest.raises(MeasurementError, match="no measured costs; give"):
        archcost.evaluate(archcost.load("fpga"), [], [])


def test_series_in_another_order_are_refused() -> None:
    cells = pd.Series([5, 600, 7000], index=["a", "b", "c"])
    costs = pd.Series([3.0, 1.0, 2.0], index=["c", "a", "b"])
    model = archcost.load("raspi4")
    for refused in (
        lambda: archcost.evaluate(model, cells, costs),
        lambda: archcost.adapt(cells, costs),
        lambda: archcost.suggest(1, measured=(cells, costs)),
    ):
        with pytest.raises(MeasurementError, match="same index in another order"):
            refused()
    in_order = archcost.evaluate(model, cells, costs.reindex(cells.index))
    assert in_order == archcost.evaluate(model, cells, [1.0, 2.0, 3.0])
    # Other labels say nothing about the order.
    assert in_order == archcost.evaluate(model, cells, pd.Series([1.0, 2.0, 3.0]))


def test_other_predictors_are_named() -> None:
    with pytest.raises(UnsupportedError, match=r"archcost\.predictors\.metrics"):
        archcost.evaluate(GBDTPredictor(), [1], [2.0])  # type: ignore[arg-type]
