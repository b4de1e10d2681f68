"""Batches: order, grouping, slices, and the forms that only arrays and frames can take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.encodings import (
    NASBENCH201_OPERATORS,
    Architecture,
    Batch,
    all_ids,
    all_strings,
    encode,
    index_of,
    parse,
    parse_each,
    skeleton,
)
from archcost.errors import ArchcostError, ArchitectureError, UnknownNameError, UnsupportedError

FULL_WIRING = np.array(
    [
        [0, 1, 1, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1, 0],
        *[[0, 0, 0, 0, 0, 0, 0, 1]] * 3,
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]
)
CUSTOM = [
    Architecture.custom_cell([name, "skip_connect"], edges, skeleton("nasbench201"))
    for name in ("nor_conv_5x5", "dw_conv_3x3")
    for edges in ([(0, 1), (1, 2)], [(0, 1), (0, 1)])
]


def members() -> st.SearchStrategy[Any]:
    cells = st.integers(0, 15624)
    networks = st.lists(st.integers(0, 8), min_size=22, max_size=22)
    return st.one_of(
        cells,
        cells.map(lambda i: all_strings()[i]),
        cells.map(lambda i: all_ids()[i].tolist()),
        networks,
        st.sampled_from(CUSTOM),
    )


@settings(max_examples=60)
@given(st.lists(members(), max_size=8))
def test_a_mixed_batch_is_its_members_in_order(items: list[Any]) -> None:
    singly = [parse([item])[0] for item in items]
    # The last one keeps flat lists of numbers from being ambiguous.
    assert list(parse([*items, CUSTOM[0]])) == [*singly, CUSTOM[0]]
    batch = Batch.from_architectures(singly)
    assert list(batch) == singly
    assert parse(batch) is batch
    assert parse(singly) == batch
    assert batch.strings() == [str(arch) for arch in singly]
    assert batch[::-1] == Batch.from_architectures(singly[::-1])
    positions = np.concatenate([np.zeros(0, int), *(group.positions for group in batch.groups)])
    assert sorted(positions) == list(range(len(items)))


def test_custom_cells_are_grouped_by_wiring() -> None:
    batch = parse([*CUSTOM, 3])
    assert [len(group) for group in batch.groups] == [2, 2, 1]
    assert batch.groups[0].vocabulary == ("dw_conv_3x3", "nor_conv_5x5", "skip_connect")
    assert batch[[0]].groups[0].vocabulary == ("nor_conv_5x5", "skip_connect")


def test_indexing() -> None:
    batch = parse([5, "-".join("8" * 22), 7])
    assert batch[-1] == parse(7)[0]
    assert batch[np.array([True, False, True])] == parse([5, 7])
    assert parse([7, 5]) == batch[[2, 0]]
    with pytest.raises(IndexError):
        batch[3]


def test_ids_cannot_be_written() -> None:
    group = parse([1, 2]).groups[0]
    for array in (group.ids, group.positions, all_ids()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_index_of_is_the_inverse() -> None:
    assert np.array_equal(index_of(all_ids()), np.arange(15625))


@pytest.mark.parametrize("position", [0, 1, 777, 15624])
def test_matrices_of_a_cell(position: int) -> None:
    ids = all_ids()[position]
    names = [NASBENCH201_OPERATORS[i] for i in ids]
    bits = np.eye(5, dtype=bool)[ids]
    square = np.zeros((4, 4), dtype=int)
    square[np.tril_indices(4, -1)] = ids
    pruned = FULL_WIRING.copy()
    dead = 1 + np.flatnonzero(ids == 0)
    pruned[dead] = pruned[:, dead] = 0
    wide = np.zeros((8, 7), dtype=int)
    wide[0, 0] = wide[-1, -1] = 1
    wide[1:-1, 1:-1] = bits
    forms: list[Any] = [
        *(bits, bits.astype(float), bits.ravel(), bits.tolist(), [bits], bits[None]),
        *(square, square.T, square.tolist(), [square], square[None]),
        *((FULL_WIRING, names), (pruned, ids), (FULL_WIRING.tolist(), bits)),
        (pruned, ["input", *names, "output"]),
        (pruned, wide),
        [(FULL_WIRING, names)],
    ]
    for form in forms:
        assert parse(form) == parse(position), form


def test_frames_and_series() -> None:
    ids = np.random.default_rng(0).integers(0, 9, (4, 22))
    networks = pd.DataFrame(ids, columns=[f"op_{i}" for i in range(22)])
    assert parse(networks) == parse(ids)
    table = pd.DataFrame({"arch_index": [3, 1], "arch_str": [all_strings()[3], all_strings()[1]]})
    for column in ("arch_index", "arch_str"):
        assert parse(table[column]) == parse(table[[column]]) == parse([3, 1])
    frame = encode([3, 1], "onehot").to_frame()
    assert parse(frame) == parse(frame[frame.columns[::-1]]) == parse([3, 1])
    names = pd.DataFrame([parse(3)[0].operators, parse(1)[0].operators])
    assert parse(names) == parse([3, 1])


def test_flat_numbers() -> None:
    assert parse(np.array([0, 1, 2, 3, 4, 0])) == parse(range(5))[[0, 1, 2, 3, 4, 0]]
    assert len(parse([0, 1, 2, 3, 4, 5])) == 6
    assert parse([0] * 22).groups[0].skeleton.space == "fbnet"
    assert len(parse([0] * 22, space="nasbench201")) == 22
    assert len(parse(np.zeros(22, dtype=int))) == 22
    assert len(parse(np.zeros(22, dtype=int), space="fbnet")) == 1
    assert len(parse([0, 1] * 15)) == 30
    with pytest.raises(ArchitectureError, match=r"\[\[0, 1, 2, 3, 4, 0\]\].*np\.array"):
        parse([0, 1, 2, 3, 4, 0])


@pytest.mark.parametrize("separator", ["|", ",", " ", "-", " | ", ", "])
def test_separators_of_networks(separator: str) -> None:
    ids = [i % 9 for i in range(22)]
    expected = parse([ids])
    assert parse(separator.join(map(str, ids))) == expected
    assert parse(separator.join(expected[0].operators)) == expected


@pytest.mark.parametrize(
    ("form", "error", "says"),
    [
        (
            "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool~1|+|none~0|none~1|none~2|",
            UnknownNameError,
            "token 'avg_pool~1' of node 2: unknown operator 'avg_pool'.*'avg_pool_3x3'",
        ),
        (
            "|none~0|+|none~0|none~0|+|none~0|none~1|none~2|",
            ArchitectureError,
            "token 'none~0' is number 2 of node 2, expected its source to be 1",
        ),
        ("|none~0|+|none~0|none~7|+|none~0|", ArchitectureError, "node 7, expected .* 0 to 1"),
        ("|none~0|+|none~0|+|none~0|none~1|none~2|", ArchitectureError, "1 operators, expected 2"),
        ("|none~0|+none~0", ArchitectureError, "node 2 is 'none~0', expected"),
        ("|none|+|none~0|", ArchitectureError, "token 'none' of node 1, expected"),
        (15625, ArchitectureError, "index 15625 is out of range: .* 0 to 15624"),
        ([3, -1], ArchitectureError, "architecture 1: index -1"),
        (np.array([3, 2**40]), ArchitectureError, f"architecture 1: index {2**40}"),
        ("9" * 5000, ArchitectureError, "is no architecture"),
        ([1.5], ArchitectureError, "index 1.5"),
        ([float("nan"), 1], ArchitectureError, "architecture 0: a missing value"),
        ([True, 1], ArchitectureError, "architecture 0: True is no architecture"),
        (pa.array([True, False]), ArchitectureError, "architecture 0: .*True_? is no architecture"),
        ("|nor_conv_5x5~0|", ArchitectureError, "1 nodes .* are of space 'custom'"),
        (
            "|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|",
            ArchitectureError,
            "operator 'nor_conv_5x5' is none of .* are of space 'custom'",
        ),
        ("k3_e1|k4_e1", UnknownNameError, "block 1: unknown operator 'k4_e1'"),
        ("|".join(["skip"] * 21), ArchitectureError, "21 blocks .*expected 22"),
        ("-".join(["9"] * 22), ArchitectureError, "block 0: operator id 9 .* 0 to 8"),
        ([["none"] * 5], ArchitectureError, "5 operators .*expected 6 or 22"),
        (["none"] * 5, ArchitectureError, "5 operators .*expected 6 or 22"),
        (np.zeros((6, 5)), ArchitectureError, "one-hot bits of operator 0"),
        (np.zeros((3, 7)), ArchitectureError, "a row of 7 numbers.*30 .onehot, nasbench201."),
        (np.ones((4, 4), dtype=int), ArchitectureError, "4x4 matrix"),
        ((FULL_WIRING.T, ["none"] * 6), ArchitectureError, "8x8 adjacency is not that"),
        ((FULL_WIRING, ["none"] * 5), ArchitectureError, "expected six operators"),
        ([[1, 2], [3]], ArchitectureError, "architecture 0: a row of 2 numbers"),
        (np.array([1j, 2]), ArchitectureError, "architecture 0"),
        (None, ArchitectureError, "a missing value"),
        ({"a": 1}, ArchitectureError, "is no architecture"),
    ],
)
def test_what_bad_input_gets(form: Any, error: type[ArchcostError], says: str) -> None:
    with pytest.raises(error, match=says):
        parse(form)


def test_demands_on_space_and_data_set() -> None:
    assert parse([1, [0] * 22], dataset="cifar100")[1].skeleton.dataset == "cifar100"
    with pytest.raises(ArchitectureError, match="of nasbench201, expected fbnet"):
        parse(all_strings()[0], space="fbnet")
    with pytest.raises(ArchitectureError, match="of fbnet, expected nasbench201"):
        parse("|".join(["k3_e6"] * 22), space="nasbench201")
    with pytest.raises(ArchitectureError, match="no index"):
        parse("17", space="fbnet")
    with pytest.raises(UnknownNameError, match="architecture 1: unknown data set of fbnet"):
        parse([all_strings()[1], "-".join("8" * 22)], dataset="ImageNet16-120")
    with pytest.raises(ArchitectureError, match="skeleton of 'cifar10', expected 'cifar100'"):
        parse(parse(1)[0], dataset="cifar100")
    with pytest.raises(ArchitectureError, match="space 'custom', expected 'nasbench201'"):
        parse(CUSTOM[0], space="nasbench201")


def test_rows_of_a_named_encoding() -> None:
    encoded = encode([4, 9], "adjacency", dataset="cifar100")
    values = encoded.values.copy()
    assert parse(values, encoding="adjacency") == parse([4, 9])
    assert parse(encoded, dataset="cifar100") == parse([4, 9], dataset="cifar100")
    values[1, 0] ^= 1
    with pytest.raises(ArchitectureError, match="architecture 1: the adjacency bits"):
        parse(values, encoding="adjacency")
    with pytest.raises(UnsupportedError, match="'counts' does not determine"):
        parse(encode([4], "counts").values, encoding="counts")
    with pytest.raises(UnknownNameError, match="'onehot'"):
        parse(values, encoding="one_hot")


def test_collecting_what_cannot_be_read() -> None:
    batch, positions, failures = parse_each(["1", "", all_strings()[5], "k3_e1 k3"], space=None)
    assert batch == parse([1, 5])
    assert positions.tolist() == [0, 2]
    assert [position for position, _ in failures] == [1, 3]
    assert "'k3'" in failures[1][1]


containers = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(max_size=12),
        st.binary(max_size=4),
        st.sampled_from([*NASBENCH201_OPERATORS, "k3_e1", all_strings()[0]]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=8),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=30,
)


@settings(max_examples=300)
@given(containers, st.sampled_from([None, "nasbench201", "fbnet"]))
def test_anything_is_a_batch_or_an_error(thing: Any, space: str | None) -> None:
    try:
        batch = parse(thing, space=space)
    except ArchcostError:
        return
    assert all(group.ids.min() >= 0 for group in batch.groups)
