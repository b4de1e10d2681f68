"""Whole batches at once give what one architecture at a time gives."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from archcost import encode, load, parse
from archcost.encodings import NASBENCH201_OPERATORS
from archcost.encodings.chain_rows import chain_rows
from archcost.encodings.matrices import wiring
from archcost.encodings.spaces import NASBENCH201
from archcost.errors import ArchitectureError, UnsupportedError


@pytest.mark.parametrize("dataset", ["cifar100", "ImageNet"])
def test_rows_from_tables_are_the_encodings(dataset: str) -> None:
    ids = np.random.default_rng(0).integers(0, 9, (2500, 22)).astype(np.int8)
    batch = parse(ids, space="fbnet", dataset=dataset)
    names = ("onehot", "counts", "structural", "layers")
    expected = np.concatenate([encode(batch, name).values for name in names], axis=1)
    assert np.array_equal(chain_rows(batch.groups[0]), expected.astype(np.float32))
    assert np.array_equal(chain_rows(batch[:50].groups[0]), expected[:50].astype(np.float32))


def test_cells_read_off_are_those_predicted() -> None:
    model = load("edgetpu", kind="gbdt")
    cells = np.random.default_rng(0).integers(0, 15625, 16000)
    many = model.predict(cells, coverage=0.8)
    some = model.predict(cells[:300], coverage=0.8)
    for name in ("value", "lower", "upper", "feasible"):
        assert np.allclose(getattr(many, name)[:300], getattr(some, name), rtol=1e-5)
    assert many.architectures[:300] == tuple(parse(cells[:300]).strings())
    assert len(many.architectures) == 16000
    with pytest.raises(UnsupportedError, match="not cells"):
        load("fpga", space="fbnet").every_cell()


def test_large_batches_are_predicted_in_pieces() -> None:
    ids = np.random.default_rng(0).integers(0, 9, (20000, 22)).astype(np.int8)
    model = load("2080ti_1", space="fbnet")
    whole = model.predict(ids)
    assert np.array_equal(whole.value[16384:], model.predict(ids[16384:]).value)
    assert whole.architectures == tuple(parse(ids).strings())


def test_every_form_of_a_cell_costs_the_same() -> None:
    model, ids = load("raspi4"), [3, 3, 4, 1, 3, 1]
    names = [NASBENCH201_OPERATORS[i] for i in ids]
    onehot = np.eye(5, dtype=int)[ids]
    matrix = np.zeros((4, 4), dtype=int)
    for place, (source, target) in enumerate(NASBENCH201.edges or ()):
        matrix[target, source] = ids[place]
    adjacency = wiring(NASBENCH201.edges or (), 6)
    forms = [1, "1", parse(1)[0], parse(1).strings()[0], names, tuple(ids), onehot, matrix]
    forms += [(adjacency, ids), (adjacency.tolist(), names), (adjacency, onehot)]
    expected = model.predict(1).value
    found = model.predict(forms)
    assert found.value == pytest.approx(np.repeat(expected, len(forms)))
    for form in [names, onehot, matrix, *forms[-3:]]:
        assert model.predict(form).value == pytest.approx(expected)
    assert not found.extrapolation.any()


def test_long_estimates_are_pickled() -> None:
    found = load("fpga").predict(range(15625))
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.value, found.value)
    assert again.architectures == found.architectures


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_columns_of_text_in_any_container(space: str) -> None:
    sizes = {"nasbench201": (5, 6), "fbnet": (9, 22)}[space]
    ids = np.random.default_rng(0).integers(0, sizes[0], (200, sizes[1])).astype(np.int8)
    batch = parse(ids, space=space)
    texts = batch.strings()
    column = pa.array(texts)
    for form in (
        texts,
        column,
        column.cast(pa.large_string()),
        column.dictionary_encode(),
        pa.chunked_array([column[:7].dictionary_encode(), column[7:].dictionary_encode()]),
        pd.Series(texts),
        pd.DataFrame({"arch": texts}),
        pa.array([text.replace("|", " ").replace("+", " ") for text in texts[:3]] + texts[3:])
        if space == "fbnet"
        else column,
    ):
        assert parse(form) == batch
    with pytest.raises(ArchitectureError, match="architecture 3"):
        parse(pa.array([*texts[:3], None, *texts[4:]]), space=space)
    with pytest.raises(ArchitectureError, match=r"architecture 60.*nonsense"):
        parse([*texts[:60], "nonsense", *texts[61:]])


def test_columns_of_numbers() -> None:
    assert parse(pa.array([5, 7])) == parse(np.array([5, 7]))
    assert parse(pa.chunked_array([[5], [7]])) == parse(np.array([5, 7]))
    with pytest.raises(ArchitectureError, match="architecture 1"):
        parse(pa.array([5, None]))
    assert len(parse(pa.array([], pa.string()))) == 0
