"""Costs of operators at places: sums are found again."""

from __future__ import annotations

import numpy as np
import pytest

from archcost.analysis import operator_effects
from archcost.analysis.effects import with_means
from archcost.encodings import (
    FBNET_OPERATORS,
    NASBENCH201_EDGES,
    NASBENCH201_OPERATORS,
    Batch,
    all_ids,
    parse,
    skeleton,
)
from archcost.errors import UnsupportedError

CELLS = Batch.from_ids(skeleton("nasbench201"), all_ids())


def test_a_sum_over_edges_is_found_exactly() -> None:
    costs = np.random.default_rng(0).random((6, 5))
    costs[:, 0] = 0.0
    total = 3.0 + costs[np.arange(6), all_ids()].sum(axis=1)
    found = operator_effects(CELLS, total)
    assert found.reference == "none"
    assert found.constant == pytest.approx(3.0)
    assert found.r2 == pytest.approx(1.0)
    assert found.frame["cost"].to_numpy() == pytest.approx(costs.ravel())
    assert found.frame["operator"].tolist() == list(NASBENCH201_OPERATORS) * 6
    assert list(found.frame["place"].unique()) == [f"{a}→{b}" for a, b in NASBENCH201_EDGES]


def test_over_all_cells_it_is_the_difference_of_means() -> None:
    costs = np.random.default_rng(2).random(len(CELLS))
    found = operator_effects(CELLS, costs)
    edge, operator = 4, 3
    ids = all_ids()[:, edge]
    expected = costs[ids == operator].mean() - costs[ids == 0].mean()
    row = found.frame.query("place == '1→3' and operator == 'nor_conv_3x3'")
    assert row["cost"].item() == pytest.approx(expected)
    assert 0 <= found.r2 < 0.01


def test_chains_are_against_skip_and_means_are_over_places() -> None:
    ids = np.random.default_rng(0).integers(0, 9, size=(400, 22))
    each = np.arange(9.0)
    each[8] = 0.0
    found = operator_effects(Batch.from_ids(skeleton("fbnet"), ids), each[ids].sum(axis=1))
    assert found.reference == "skip"
    means = with_means(found.frame).query("place == 'mean'").set_index("operator")["cost"]
    assert means[list(FBNET_OPERATORS)].to_numpy() == pytest.approx(each)


def test_refusals() -> None:
    with pytest.raises(UnsupportedError, match=r"10 networks .* give more"):
        operator_effects(CELLS.take(np.arange(10)), np.ones(10))
    mixed = parse(["k3_e1|" * 21 + "k3_e1", str(CELLS[0])])
    with pytest.raises(UnsupportedError, match="one space"):
        operator_effects(mixed, np.ones(2))
