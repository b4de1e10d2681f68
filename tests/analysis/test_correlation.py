"""Rank correlations and the tree of them, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from archcost.analysis import rank_correlations, similarity_tree
from archcost.errors import UnsupportedError


def _costs(n: int = 60) -> np.ndarray:
    rng = np.random.default_rng(1)
    base = rng.random(n) + 0.1
    return np.column_stack([base, base**3, rng.random(n), 2 * base + rng.random(n) / 5])


def test_correlations_are_scipys() -> None:
    costs = _costs()
    found = rank_correlations(costs)
    assert found == pytest.approx(spearmanr(costs).statistic)
    assert found[0, 1] == pytest.approx(1.0)


def test_costs_that_differ_in_rounding_only_are_ties() -> None:
    costs = np.column_stack([[1.0, 1.0 + 1e-12, 2.0, 3.0], [5.0, 5.0, 6.0, 7.0]])
    assert rank_correlations(costs)[0, 1] == 1.0


def test_refused_networks_do_not_count() -> None:
    costs = _costs()
    costs[:20, 2] = np.nan
    found = rank_correlations(costs)
    assert found[0, 2] == pytest.approx(spearmanr(costs[20:, [0, 2]]).statistic)
    assert found[0, 1] == pytest.approx(1.0)


def test_tree_is_scipys_average_linkage() -> None:
    found = rank_correlations(_costs())
    tree = similarity_tree(found)
    expected = linkage(squareform(1 - found, checks=False), "average", optimal_ordering=True)
    assert tree.order.tolist() == leaves_list(expected).tolist()
    assert np.sort(tree.y.max(axis=1)) == pytest.approx(np.sort(expected[:, 2]))
    # Columns 0 and 1 rank alike: neighbours, joined at no distance.
    places = np.argsort(tree.order)
    assert abs(places[0] - places[1]) == 1
    feet = np.sort(tree.x[tree.y.max(axis=1).argmin()][[0, 3]])
    assert feet == pytest.approx(np.sort(places[:2]) + 0.5)


def test_refusals() -> None:
    with pytest.raises(UnsupportedError, match="two targets"):
        similarity_tree(np.ones((1, 1)))
    constant = rank_correlations(np.column_stack([np.ones(9), np.arange(9.0), np.arange(9.0)]))
    with pytest.raises(UnsupportedError, match="not defined"):
        similarity_tree(constant)
