"""Checkpoints of every format that was ever written are still read; files are shared safely."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from archcost.checkpoints import (
    Card,
    cards,
    checkpoint_folder,
    load_card,
    read_checkpoint,
    write_checkpoint,
)
from archcost.checkpoints.card import _UPGRADES, FORMAT_VERSION, read_card
from archcost.checkpoints.store import remove_checkpoint
from archcost.data import MeasuredTable
from archcost.encodings import encode
from archcost.errors import CheckpointError
from archcost.training import Settings, train

HERE = Path(__file__).parent
CELLS = np.arange(0, 15625, 60)
QUICK = Settings(n_estimators=5, n_test=50, steps=20)


@pytest.mark.parametrize("version", range(1, FORMAT_VERSION))
def test_old_formats_are_read(version: int) -> None:
    root = HERE / f"format{version}"
    found = cards(root)
    assert found
    for card in found:
        raw = json.loads((root / checkpoint_folder(card) / "card.json").read_text())
        assert raw["format_version"] == version
        assert card.format_version == FORMAT_VERSION
        model = load_card(card, root)
        assert np.allclose(model.predict(card.golden.architectures).value, card.golden.values)


def test_every_format_has_a_step_to_the_next() -> None:
    assert sorted(_UPGRADES) == list(range(1, FORMAT_VERSION))  # type: ignore[type-var]


def test_a_change_of_the_card_needs_a_new_format() -> None:
    fields = (
        "format_version space dataset device metric unit kind predictor default chosen_by "
        "batch_size source licence n_train n_calibration n_test split_seed scores auc ceiling "
        "encoding_version package_version files golden note shared bases"
    )
    assert (FORMAT_VERSION, Card.__struct_fields__) == (2, tuple(fields.split()))


@pytest.mark.parametrize("content", [b"[]", b"null", b'{"format_version": 1}', b'{"scores": 1}'])
def test_what_is_no_card(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a checkpoint card"):
        read_card(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Card]]:
    counts = encode(CELLS, "counts").values.astype(float)
    noise = np.exp(np.random.default_rng(0).normal(0, 0.05, (2, len(CELLS))))
    targets = {
        (device, "latency"): (counts @ [0, 0, 1, 2, factor] + 1) * noise[int(factor)]
        for factor, device in enumerate(("a", "b"))
    }
    root = tmp_path_factory.mktemp("trained")
    table = MeasuredTable("nasbench201", "cifar10", None, CELLS, targets)
    return root, [result.card for result in train(table, out=root, settings=QUICK)]


def test_devices_share_one_network(trained: tuple[Path, list[Card]]) -> None:
    root, found = trained
    assert [card.kind for card in found] == ["gnn", "gbdt", "ensemble"] * 2
    (shared,) = {name for card in found for name in card.shared}
    assert (root / "nasbench201" / "cifar10" / shared).is_file()
    for card in found:
        model, read = read_checkpoint(root / checkpoint_folder(card))
        assert read == card
        found_values = model.predict(card.golden.architectures).value
        assert np.allclose(found_values, card.golden.values, rtol=1e-5)
    assert [len(card.bases) for card in found] == [0, 0, 2] * 2


def test_a_changed_network_is_refused(trained: tuple[Path, list[Card]], tmp_path: Path) -> None:
    root, found = trained
    shutil.copytree(root, tmp_path / "copy")
    (shared,) = found[0].shared
    path = tmp_path / "copy" / "nasbench201" / "cifar10" / shared
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="SHA-256"):
        read_checkpoint(tmp_path / "copy" / checkpoint_folder(found[0]))
    # Training again is the remedy, and makes a file of the same name.
    write_checkpoint(
        tmp_path / "copy" / checkpoint_folder(found[0]),
        *read_checkpoint(root / checkpoint_folder(found[0])),
    )
    assert path.read_bytes() == (root / "nasbench201" / "cifar10" / shared).read_bytes()
    path.unlink()
    with pytest.raises(CheckpointError, match="missing"):
        read_checkpoint(tmp_path / "copy" / checkpoint_folder(found[-1]))


def test_a_network_goes_with_the_last_checkpoint_that_needs_it(
    trained: tuple[Path, list[Card]], tmp_path: Path
) -> None:
    root, found = trained
    shutil.copytree(root, tmp_path / "copy")
    folders = [tmp_path / "copy" / checkpoint_folder(card) for card in found if card.shared]
    (shared,) = found[0].shared
    path = folders[0].parent / shared
    damaged = folders[1].with_name("c-latency-gnn")
    shutil.copytree(folders[0], damaged)
    (damaged / "card.json").write_text(f"of a version to come: {shared}")
    remove_checkpoint(folders[0])
    assert path.is_file() and read_checkpoint(folders[1])
    # Trained anew, as something that shares nothing.
    trees = next(card for card in found if card.kind == "gbdt")
    write_checkpoint(folders[1], *read_checkpoint(root / checkpoint_folder(trees)))
    assert path.is_file()
    remove_checkpoint(damaged)
    assert not path.exists() and read_checkpoint(folders[1])


@pytest.mark.parametrize("bases", [{}, {"nasbench201/cifar10/a-latency-ensemble": "0"}, {"x": "0"}])
def test_an_ensemble_without_its_members(
    trained: tuple[Path, list[Card]], tmp_path: Path, bases: dict[str, str]
) -> None:
    root, found = trained
    shutil.copytree(root, tmp_path / "copy")
    folder = tmp_path / "copy" / checkpoint_folder(found[2])
    raw = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(raw | {"bases": bases}))
    with pytest.raises(CheckpointError):
        read_checkpoint(folder)
