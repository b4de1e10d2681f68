"""Cells given as graphs, in every form, and what is no cell."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import archcost
from archcost.encodings import Architecture, custom_skeleton, lower, read_networks
from archcost.encodings.cells import is_graph
from archcost.errors import ArchitectureError, UnknownNameError
from archcost.training.collect import sample

PLACE = custom_skeleton()
TRIPLES = [(0, 1, "nor_conv_5x5"), (0, 2, "skip_connect"), (1, 2, "dw_conv_3x3")]
CELL = Architecture.custom_cell([op for *_, op in TRIPLES], [(a, b) for a, b, _ in TRIPLES], PLACE)


class Graph:
    """As much of a networkx DiGraph as is read."""

    def __init__(self, triples: list[Any], key: str = "op", directed: bool = True) -> None:
        self.triples, self.key, self.directed = triples, key, directed
        self.nodes = [0]

    def is_directed(self) -> bool:
        return self.directed

    def edges(self, data: bool) -> list[Any]:
        assert data
        return [(a, b, {self.key: op}) for a, b, op in self.triples]


@pytest.mark.parametrize(
    "graph",
    [
        TRIPLES,
        [list(triple) for triple in TRIPLES],
        [
            ("in", "mid", "nor_conv_5x5"),
            ("mid", "out", "dw_conv_3x3"),
            ("in", "out", TRIPLES[1][2]),
        ],
        Graph(TRIPLES),
        Graph(TRIPLES, key="operator"),
        [[None, "nor_conv_5x5", "skip_connect"], [None, "", "dw_conv_3x3"], [None, None, None]],
    ],
)
def test_all_forms_give_the_same_cell(graph: object) -> None:
    assert is_graph(graph)
    assert Architecture.from_graph(graph, PLACE) == CELL
    assert list(read_networks(graph)) == [CELL]
    assert list(read_networks([graph, str(CELL), CELL])) == [CELL] * 3


def test_operators_on_nodes() -> None:
    matrix = [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    found = Architecture.from_graph((matrix, ["nor_conv_3x3", "max_pool_3x3"]), PLACE)
    layers = lower(found).layers
    assert sum(layer.kind == "pool_max" for layer in layers) == 15
    # The pooling adds two inputs up, the output three.
    assert sum(layer.kind == "add" for layer in layers) == 15 * 3 + 2
    named = ["input", "nor_conv_3x3", "max_pool_3x3", "output"]
    assert Architecture.from_graph((matrix, named), PLACE) == found


def test_none_is_no_edge_where_none_can_be() -> None:
    words = [["none"] * 3 for _ in range(3)]
    words[0][1], words[0][2], words[1][2] = "nor_conv_5x5", "none", "dw_conv_3x3"
    triples = [(0, 1, "nor_conv_5x5"), (0, 2, "none"), (1, 2, "dw_conv_3x3")]
    for matrix in (words, np.array(words), np.array(words, dtype=object)):
        assert Architecture.from_graph(matrix, PLACE) == Architecture.from_graph(triples, PLACE)
        assert len(read_networks(matrix)) == 1


def test_nodes_that_nothing_reaches_are_left_out() -> None:
    matrix = np.triu(np.ones((4, 4), dtype=int), k=1)
    whole = Architecture.from_graph((matrix, ["nor_conv_3x3", "max_pool_3x3"]), PLACE)
    pruned = np.insert(np.insert(matrix, 2, 0, axis=0), 2, 0, axis=1)
    fed_by_nothing = pruned.copy()
    fed_by_nothing[2, 4] = 1
    for given in (pruned, fed_by_nothing):
        names = np.array(["nor_conv_3x3", "none", "max_pool_3x3"])
        assert Architecture.from_graph((given, names), PLACE) == whole
    pruned[:, -1] = 0
    with pytest.raises(ArchitectureError, match=r"nothing leads .* node 4"):
        Architecture.from_graph((pruned, names.tolist()), PLACE)


def test_an_output_that_receives_nothing_is_not_another_node() -> None:
    cut_off = [[None, "nor_conv_3x3", None], [None, None, None], [None, None, None]]
    with pytest.raises(ArchitectureError, match="node 2 of the cell, its output"):
        Architecture.from_graph(cut_off, PLACE)


def test_relabelled_nodes_cost_the_same() -> None:
    model, shuffle = archcost.load("raspi4", space="custom"), random.Random(0)
    for arch in sample(15, "custom", seed=5):
        assert arch.edges is not None
        last = arch.nodes - 1
        names = {0: "input", last: "output"} | {n: f"node{n}" for n in range(1, last)}
        triples = [
            (names[a], names[b], op) for (a, b), op in zip(arch.edges, arch.operators, strict=True)
        ]
        shuffle.shuffle(triples)
        before, after = model.predict(arch), model.predict(triples)
        assert after.value[0] == pytest.approx(before.value[0], rel=1e-9)
        assert after.extrapolation[0] == pytest.approx(before.extrapolation[0])


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ([("a", "b", "none"), ("b", "a", "none")], "a cycle, '(a' to 'b' to 'a|b' to 'a' to 'b)'"),
        ([(0, 1, "none"), (1, 1, "none"), (1, 2, "none")], "a cycle, 1 to 1"),
        ([("input", "b", "none"), ("a", "input", "none")], "an edge leads to 'input'"),
        ([("b", "output", "none"), ("output", "c", "none")], "an edge leaves 'output'"),
        (
            [
                ("a", "b", "skip_connect"),
                ("b", "c", "none"),
                ("c", "b", "none"),
                ("c", "d", "none"),
            ],
            "a cycle, '(b' to 'c' to 'b|c' to 'b' to 'c)'",
        ),
        ([("a", "c", "skip_connect"), ("b", "c", "skip_connect")], r"\['a', 'b'\]"),
        (Graph(TRIPLES, key="weight"), "no operator"),
        (Graph(TRIPLES, directed=False), "direction"),
        (([[0, 1], [1, 0]], ["skip_connect", "none"]), "upper triangular"),
        (SimpleNamespace(), "no graph of a cell"),
    ],
)
def test_what_is_no_cell(graph: object, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        Architecture.from_graph(graph, PLACE)


def test_errors_say_which_network() -> None:
    with pytest.raises(UnknownNameError, match=r"architecture 1: .*nor_conv_4x4.*nor_conv"):
        read_networks([TRIPLES, [(0, 1, "nor_conv_4x4")]])
    with pytest.raises(ArchitectureError, match="no architecture"):
        read_networks([TRIPLES, "k3"])
