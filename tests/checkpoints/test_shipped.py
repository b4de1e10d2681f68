"""What ships: golden predictions, hashes, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import archcost
from archcost.checkpoints import (
    SHIPPED,
    Card,
    cards,
    checkpoint_folder,
    find_card,
    load_card,
    read_checkpoint,
)
from archcost.errors import ArchcostError, CheckpointError, UnknownNameError, UnsupportedError

IDS = [f"{c.space}-{c.dataset}-{c.device}-{c.metric}-{c.kind}" for c in cards()]


@pytest.mark.parametrize("card", cards(), ids=IDS)
def test_golden_predictions(card: Card) -> None:
    model = load_card(card)
    found = model.predict(card.golden.architectures)
    assert np.allclose(found.value, card.golden.values, rtol=1e-5)
    assert (found.lower > 0).all()
    assert (found.lower <= found.value).all()
    assert (found.value <= found.upper).all()
    assert found.unit == card.unit


def test_size_of_all() -> None:
    total = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert total <= 30 * 2**20


def test_one_default_a_target() -> None:
    targets = {card.target for card in cards()}
    assert len(targets) == sum(card.default for card in cards())


def test_catalogue_has_a_row_a_checkpoint() -> None:
    frame = archcost.catalogue()
    assert len(frame) == len(cards())
    assert {"edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga"} <= set(frame["device"])


def test_equal_eyeriss_costs_are_equal() -> None:
    value = archcost.load("eyeriss").predict(range(15625)).value
    assert len(np.unique(value)) < 250


def test_edge_tpu_says_how_likely_it_compiles() -> None:
    found = archcost.load("edgetpu").predict(range(100))
    assert found.feasible is not None
    assert ((found.feasible >= 0) & (found.feasible <= 1)).all()
    assert (found.value > 0).all()
    assert list(found.to_frame().columns)[-1] == "feasible"


def test_names_that_are_not_known() -> None:
    with pytest.raises(UnknownNameError, match="raspi4"):
        archcost.load("raspi")
    with pytest.raises(UnknownNameError, match="energy"):
        archcost.load("edgegpu", metric="energie")
    with pytest.raises(UnsupportedError, match="it has latency"):
        archcost.load("raspi4", metric="energy")
    with pytest.raises(UnknownNameError, match="gbdt"):
        archcost.load("raspi4", kind="gbtd")


def test_another_data_set_is_refused() -> None:
    batch = archcost.parse([1], dataset="cifar100")
    with pytest.raises(ArchcostError, match="cifar100"):
        archcost.load("raspi4").predict(batch)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(SHIPPED / checkpoint_folder(find_card("eyeriss")), folder)
    return folder


def test_save_load_round_trip(copied: Path) -> None:
    model, card = read_checkpoint(copied)
    assert np.allclose(model.predict(card.golden.architectures).value, card.golden.values)


def test_changed_file_is_refused(copied: Path) -> None:
    path = copied / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="SHA-256"):
        read_checkpoint(copied)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("format_version", 99, "upgrade"),
        ("kind", 7, "card"),
        ("unknown", 1, "card"),
        ("encoding_version", 0, "train"),
        ("files", {"../x.safetensors": "0"}, "outside"),
        ("files", {"gone.safetensors": "0"}, "missing"),
        ("files", {}, "lacks"),
    ],
)
def test_foreign_cards_are_refused(copied: Path, field: str, value: object, says: str) -> None:
    path = copied / "card.json"
    content = json.loads(path.read_text())
    content[field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=says):
        read_checkpoint(copied)


def test_scaled_checkpoint_needs_its_base(tmp_path: Path) -> None:
    card = find_card("pixel3", dataset="cifar100")
    (base,) = card.bases
    shutil.copytree(SHIPPED / "nasbench201", tmp_path / "nasbench201")
    model, _ = read_checkpoint(tmp_path / checkpoint_folder(card))
    assert np.allclose(model.predict(card.golden.architectures).value, card.golden.values)
    other = tmp_path / base / "card.json"
    other.write_text(other.read_text() + " ")
    with pytest.raises(CheckpointError, match="another version"):
        read_checkpoint(tmp_path / checkpoint_folder(card))


def test_missing_card(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(tmp_path)
