"""Every accepted form leads to the same architecture; everything else to one clear error."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.encodings import (
    FBNET_OPERATORS,
    NASBENCH201_OPERATORS,
    Architecture,
    Skeleton,
    all_ids,
    all_strings,
    canonical,
    encode,
    parse,
    parse_each,
)
from archcost.encodings.networks import is_custom, read_networks
from archcost.errors import (
    ArchcostError,
    ArchitectureError,
    UnknownNameError,
    UnsupportedError,
)

CELL_1 = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
)
IDS_1 = (3, 3, 4, 1, 3, 1)


def test_a_graph_is_not_taken_for_numbers_of_its_nodes() -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph([(0, 1, {"op": "nor_conv_3x3"}), (1, 2, {"op": "none"})])
    with pytest.raises(ArchitectureError, match=r"Architecture\.from_graph"):
        parse(graph)


def test_published_index_of_a_cell() -> None:
    assert all_strings()[1] == CELL_1
    assert tuple(all_ids()[1]) == IDS_1


@pytest.mark.parametrize(
    "form",
    [
        1,
        np.int64(1),
        CELL_1,
        [IDS_1],
        np.array([IDS_1]),
        tuple(NASBENCH201_OPERATORS[i] for i in IDS_1),
        np.eye(5, dtype=int)[list(IDS_1)],
        np.eye(5, dtype=int)[list(IDS_1)].reshape(1, 30),
        pd.Series([CELL_1]),
        encode([1], "adjacency"),
    ],
    ids=lambda form: type(form).__name__,
)
def test_forms_of_one_cell(form: object) -> None:
    assert parse(form).strings() == [CELL_1]


def test_fbnet_forms() -> None:
    ids = [0, 1, 2, 3, 4, 5, 6, 7, 8, *[0] * 13]
    batch = parse([ids], space="fbnet")
    text = batch.strings()[0]
    assert parse(text).strings() == parse([text.split("|")]).strings() == [text]
    assert parse(encode(batch, "onehot")).strings() == [text]


def test_mixed_batch_keeps_order() -> None:
    network = "|".join(["k3_e1"] * 22)
    batch = parse([CELL_1, network, 7])
    assert batch.strings() == [CELL_1, network, all_strings()[7]]
    assert {group.skeleton.space for group in batch.groups} == {"nasbench201", "fbnet"}


@pytest.mark.parametrize(
    ("numbers", "refused"),
    [
        ([0, 1, 2, 3, 4, 0], True),
        ([3, 3, 9, 1, 3, 1], True),  # with an id that there is not
        ([5, 1, 2, 3, 4, 5], True),  # counted from 1
        ([0, 1, 2, 3, 4, 5], False),
        ([10, 200, 3000, 4, 5, 6], False),
        ([3, 3, 10, 1, 3, 1], False),
    ],
)
def test_six_digits_some_of_them_equal_are_refused_as_ambiguous(
    numbers: list[int], refused: bool
) -> None:
    if refused:
        with pytest.raises(ArchitectureError, match=r"one .*cell of six operator ids 0 to 4, np"):
            parse(numbers)
    else:
        assert parse(numbers).strings() == [all_strings()[number] for number in numbers]
    assert len(parse(np.array(numbers))) == 6


@pytest.mark.parametrize(
    "column", ["latency_ms", "raspi4_latency", "latency_std", "Energy (mJ)", "1080ti_1_ms"]
)
def test_a_column_of_costs_is_no_architecture(column: str) -> None:
    frame = pd.DataFrame({column: [17, 20]})
    for costs in (frame, frame[column]):
        with pytest.raises(ArchitectureError, match=rf"{re.escape(column)}.*arch_str"):
            parse(costs)
    assert parse(frame.assign(arch=[1, 2])) == parse([1, 2])


def test_the_column_of_architectures_of_a_frame() -> None:
    frame = pd.DataFrame({"accuracy": [0.9, 0.8], "arch_index": [1, 7]})
    assert parse(frame) == parse(frame["arch_index"])
    texts = frame.assign(Arch_Str=[all_strings()[1], all_strings()[7]])
    assert parse(texts) == parse([1, 7])
    assert parse(texts.assign(arch_index=[1.0, np.nan])) == parse([1, 7])
    with pytest.raises(ArchitectureError, match=r"1: column 'arch_index' says 8, .* 7;"):
        parse(texts.assign(arch_index=[1, 8]))
    blocks = pd.DataFrame([range(22)], columns=[f"op_{i}" for i in range(22)]) % 9
    assert parse(blocks.assign(accuracy=0.9)) == parse(blocks.to_numpy(), space="fbnet")
    # pandas calls the numbers of rows so.
    rows = encode([1, 7], "onehot").to_frame().reset_index()
    with pytest.raises(ArchitectureError, match="31 numbers"):
        parse(rows)


def test_frames_with_cells_outside_the_spaces() -> None:
    text = "|nor_conv_5x5~0|"
    frame = pd.DataFrame({"arch": [text, all_strings()[7]], "accuracy": [0.9, 0.8]})
    assert read_networks(frame).strings() == frame["arch"].tolist()
    assert is_custom(frame.assign(arch=list(read_networks(frame))))


@pytest.mark.parametrize("column", ["arch", "arch_index", "my cells", "programs", 0, None])
def test_a_column_of_any_other_name_is(column: object) -> None:
    frame = pd.DataFrame({column: [17, 20]})
    for archs in (frame, frame[column]):
        assert len(parse(archs)) == 2


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (15625, "15624"),
        (-1, "-1"),
        ("|nor_conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|", "nor_conv"),
        ("|none~0|+|none~0|none~1|", "node|part|expected"),
        ([[0, 1, 2]], "3"),
        ([[0, 0, 0, 0, 0, 9]], "9"),
    ],
)
def test_malformed_says_what(form: object, says: str) -> None:
    with pytest.raises(ArchcostError, match=says):
        parse(form)


def test_what_is_masked_is_missing() -> None:
    cells = np.ma.array([1, 2, 3], mask=[False, True, False])
    with pytest.raises(ArchitectureError, match="architecture 1: a missing value"):
        parse(cells)
    assert parse_each(cells)[0] == parse([1, 3])
    rows = np.ma.array([IDS_1, IDS_1], mask=[[False] * 6, [False] * 5 + [True]])
    with pytest.raises(ArchitectureError, match="architecture 1"):
        parse(rows)
    assert parse(np.ma.array([IDS_1, IDS_1])) == parse([1, 1])


def test_row_of_a_malformed_architecture_is_named() -> None:
    with pytest.raises(ArchcostError, match="architecture 1"):
        parse([CELL_1, "nonsense", CELL_1])
    batch, positions, problems = parse_each([CELL_1, "nonsense", CELL_1])
    assert len(batch) == 2
    assert list(positions) == [0, 2]
    assert [position for position, _ in problems] == [1]


@given(st.text(max_size=80))
def test_any_text_is_an_architecture_or_an_error(text: str) -> None:
    with suppress(ArchcostError):
        assert len(parse(text)) == 1


@given(st.text(alphabet="|~+0123 noresi_cvaxgplk", max_size=90))
def test_nearly_right_text(text: str) -> None:
    with suppress(ArchcostError):
        assert len(parse(text)) == 1


@pytest.mark.parametrize("name", ["onehot", "adjacency"])
def test_rows_determine_the_architecture(name: str) -> None:
    batch = parse(range(15625))
    assert parse(encode(batch, name)) == batch


@pytest.mark.parametrize("name", ["path", "counts", "structural", "layers", "runtime"])
def test_lossy_rows_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedError, match=name):
        parse(encode([3], name))


def test_unknown_encoding_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="onehot"):
        encode([1], "one-hot")


def test_empty_batch() -> None:
    assert len(parse([])) == 0
    assert encode([], "counts").values.shape == (0, 5)


def test_architectures_are_values() -> None:
    a, b = parse([1])[0], parse([CELL_1])[0]
    assert a == b
    assert hash(a) == hash(b)
    assert isinstance(a, Architecture)
    assert isinstance(a.skeleton, Skeleton)


def test_canonical_form_is_the_same_for_relabelled_cells() -> None:
    ids = all_ids()
    cells = ids[ids[:, 2] == 0]
    # Nodes 1 and 2 exchanged: 0-1 with 0-2, and 1-3 with 2-3.
    relabelled = cells[:, [1, 0, 2, 3, 5, 4]]
    assert np.array_equal(canonical(cells), canonical(relabelled))
    for name in ("counts", "structural", "runtime"):
        left, right = encode(cells, name).values, encode(relabelled, name).values
        assert np.array_equal(left, right), name


@pytest.mark.shared
def test_published_order(shared_data) -> None:  # type: ignore[no-untyped-def]
    table = pd.read_parquet(shared_data / "nasbench201_accuracy.parquet")
    order = np.array(all_strings())[table["arch_index"]]
    assert (order == table["arch_str"]).all()


def test_long_lists_of_chains_are_read_like_short_ones() -> None:
    ids = np.random.default_rng(0).integers(0, 9, (200, 22))
    texts = parse(ids, space="fbnet").strings()
    assert texts[0] == "|".join(FBNET_OPERATORS[i] for i in ids[0])
    assert parse(texts) == parse(ids, space="fbnet")
    assert parse([text.replace("|", ",") for text in texts]) == parse(texts)
    texts[7] = "k9_e9" + texts[7][texts[7].index("|") :]
    with pytest.raises(ArchcostError, match="architecture 7"):
        parse(texts)


def test_a_single_architecture_is_one() -> None:
    one = parse(7)[0]
    assert list(parse(one)) == [one]
