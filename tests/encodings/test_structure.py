"""Reachability against an independent walk over every path."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.encodings import (
    NASBENCH201_EDGES,
    all_ids,
    analyse,
    canonical,
    encode,
    longest_path,
    twins,
)

SWAP = [1, 0, 2, 3, 5, 4]
"""The six edges with nodes 1 and 2 exchanged (edge 1-2 being `none`)."""


def paths(
    edges: tuple[tuple[int, int], ...], row: np.ndarray, start: int, end: int
) -> list[tuple[int, ...]]:
    """All ways from one node to another along operators other than 0, as positions of edges."""
    if start == end:
        return [()]
    return [
        (edge, *rest)
        for edge, (source, target) in enumerate(edges)
        if source == start and row[edge] != 0
        for rest in paths(edges, row, target, end)
    ]


def check(edges: tuple[tuple[int, int], ...], ids: np.ndarray) -> None:
    found = analyse(ids, edges)
    last = edges[-1][1]
    weights = np.array([0, 0, 2, 3, 1])
    longest = longest_path(ids, weights, edges)
    for i, row in enumerate(ids):
        ways = paths(edges, row, 0, last)
        alive = {edge for way in ways for edge in way}
        assert set(np.flatnonzero(found.live[i])) == alive
        assert longest[i] == max((sum(weights[row[e]] for e in way) for way in ways), default=-1)
        for node in range(last + 1):
            assert found.from_input[i, node] == bool(paths(edges, row, 0, node))
            assert found.to_output[i, node] == bool(paths(edges, row, node, last))
            into = [e for e, (_, target) in enumerate(edges) if target == node]
            assert found.inputs[i, node] == sum(row[e] != 0 for e in into)
            assert found.live_inputs[i, node] == len(alive & set(into))
        for edge, (source, target) in enumerate(edges):
            assert found.start_reached[i, edge] == found.from_input[i, source]
            assert found.end_reaches[i, edge] == found.to_output[i, target]


def test_nasbench201_against_all_paths() -> None:
    check(NASBENCH201_EDGES, all_ids()[::31])


@settings(max_examples=30)
@given(st.data())
def test_any_wiring_against_all_paths(data: st.DataObject) -> None:
    nodes = data.draw(st.integers(2, 5))
    pairs = sorted(combinations(range(nodes), 2), key=lambda pair: pair[::-1])
    needed = {
        max((p for p in pairs if p[1] == node), key=lambda p: p[0]) for node in range(1, nodes)
    }
    extra = data.draw(st.lists(st.sampled_from(pairs), max_size=4))
    edges = tuple(sorted([*needed, *extra], key=lambda pair: pair[::-1]))
    row = st.lists(st.integers(0, 4), min_size=len(edges), max_size=len(edges))
    ids = np.array(data.draw(st.lists(row, min_size=1, max_size=3)), dtype=np.int8)
    check(edges, ids)


def test_without_none_everything_is_live() -> None:
    ids = np.zeros((1, 3), dtype=np.int8)
    assert analyse(ids, ((0, 1), (0, 2), (1, 2)), none_id=None).live.all()
    assert longest_path(ids, np.array([1]), ((0, 1), (0, 2), (1, 2)), none_id=None) == 2


def test_canonical_form() -> None:
    ids = all_ids()
    swappable = ids[:, 2] == 0
    forms = canonical(ids)
    assert np.array_equal(forms[~swappable], ids[~swappable])
    assert np.array_equal(forms[swappable], canonical(ids[swappable][:, SWAP]))
    assert np.array_equal(canonical(forms), forms)
    # 3,125 cells have edge 1-2 empty; those that the exchange leaves as they are: 5 * 5 * 5.
    assert len(np.unique(forms, axis=0)) == 15625 - (3125 - 125) // 2
    for row, form in zip(ids[swappable][:300].tolist(), forms[swappable].tolist(), strict=False):
        assert form == min(row, [row[i] for i in SWAP])


@pytest.mark.parametrize("name", ["counts", "path", "structural", "layers", "runtime"])
def test_numbering_of_nodes_changes_nothing(name: str) -> None:
    cells = all_ids()[all_ids()[:, 2] == 0]
    assert np.array_equal(encode(cells, name).values, encode(cells[:, SWAP], name).values)


def test_twins_are_equal_networks() -> None:
    pairs = twins(all_ids())
    assert len(pairs) > 1000
    ids = all_ids()[pairs]
    assert (ids[:, :, 2] == 0).all()
    # Nodes 1 and 2 exchanged: their edges from the input and to the output.
    np.testing.assert_array_equal(ids[:, 0][:, [0, 1, 4, 5]], ids[:, 1][:, [1, 0, 5, 4]])
