"""Writing checkpoints: whole or not at all, and readable by others."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest

import archcost
from archcost.checkpoints import SHIPPED, Card, checkpoint_folder, find_card, read_checkpoint
from archcost.checkpoints.store import write_checkpoint
from archcost.encodings import Architecture, custom_skeleton
from archcost.predictors import ConformalIntervals, CostModel, GBDTPredictor, Target
from archcost.training.cards import make_card


@pytest.mark.skipif(os.name == "nt", reason="no file modes")
@pytest.mark.parametrize("umask", [0o022, 0o077])
@pytest.mark.parametrize("kind", ["gbdt", "gnn"])
def test_files_are_readable_by_whom_the_umask_allows(tmp_path: Path, umask: int, kind: str) -> None:
    model, card = read_checkpoint(SHIPPED / checkpoint_folder(find_card("raspi4", kind=kind)))
    before = os.umask(umask)
    try:
        write_checkpoint(tmp_path / "device", model, card)
    finally:
        os.umask(before)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o666 & ~umask}


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, CostModel, Card]:
    """A checkpoint, and one of another model to take its place."""
    folder = tmp_path / "device"
    shutil.copytree(SHIPPED / checkpoint_folder(find_card("fpga")), folder)
    other = SHIPPED / checkpoint_folder(find_card("fpga", "energy"))
    return folder, *read_checkpoint(other)


def test_until_the_new_card_stands_the_old_checkpoint_is_read(
    written: tuple[Path, CostModel, Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model, card = written
    before = read_checkpoint(folder)[1]
    replace = os.replace

    def fail(part: Path, target: Path) -> None:
        # As if the process were killed: before each of its renames the old one is there, whole.
        assert read_checkpoint(folder)[1] == before
        if target.name == "card.json":
            raise KeyboardInterrupt
        replace(part, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(folder, model, card)
    assert read_checkpoint(folder)[1] == before
    monkeypatch.setattr(os, "replace", replace)
    after = write_checkpoint(folder, model, card)
    assert read_checkpoint(folder)[1] == after != before
    assert not any((folder / name).exists() for name in before.files)


def test_writers_and_readers_at_once(written: tuple[Path, CostModel, Card]) -> None:
    folder, model, card = written
    old = read_checkpoint(folder)
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(write_checkpoint, folder, *((model, card) if turn % 2 else old))
            for turn in range(12)
        ]
        while not all(job.done() for job in jobs):
            assert read_checkpoint(folder)[1].target in (card.target, old[1].target)
    for job in jobs:
        job.result()
    assert read_checkpoint(folder)[1].target in (card.target, old[1].target)


def test_the_same_again_is_the_same_card(written: tuple[Path, CostModel, Card]) -> None:
    # Others are built on a card by its hash.
    folder, model, card = written
    first = write_checkpoint(folder, model, card)
    content = (folder / "card.json").read_bytes()
    assert write_checkpoint(folder, model, card) == first
    assert (folder / "card.json").read_bytes() == content
    assert write_checkpoint(folder, model, msgspec.structs.replace(card, n_train=7)) != first


@pytest.mark.parametrize("new", [True, False])
def test_of_a_failed_write_nothing_is_left(
    written: tuple[Path, CostModel, Card], monkeypatch: pytest.MonkeyPatch, new: bool
) -> None:
    folder, model, card = written
    before = sorted(folder.parent.rglob("*"))
    rename = os.replace

    def full(part: Path, target: Path) -> None:
        if target.name == "card.json":
            raise OSError(28, "No space left on device")
        rename(part, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_checkpoint(folder.parent / "new" if new else folder, model, card)
    assert sorted(folder.parent.rglob("*")) == before


def test_a_card_beside_it_that_cannot_be_read_is_no_failure(
    written: tuple[Path, CostModel, Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model, card = written
    other = folder.parent / "another"
    shutil.copytree(folder, other)
    read = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.parent == other:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    after = write_checkpoint(folder, model, card)
    assert read_checkpoint(folder)[1] == after


def test_trees_of_custom_cells_are_read_back(tmp_path: Path) -> None:
    place = custom_skeleton("cifar10")
    operators = np.random.default_rng(0).choice(["nor_conv_3x3", "dw_conv_3x3"], (40, 3)).tolist()
    cells = [Architecture.custom_cell(one, [(0, 1), (0, 2), (1, 2)], place) for one in operators]
    batch, costs = archcost.parse(cells), np.arange(1.0, 41.0)
    trees = GBDTPredictor(n_estimators=5).fit(batch, costs)
    intervals = ConformalIntervals.fit(batch, trees.predict(batch), costs)
    target = Target("custom", "cifar10", "board", "latency")
    model = CostModel(target, "gbdt", trees, intervals)
    card = make_card(model, batch[:3], source_id=None, counts=(40, 40, 0), chosen_by="")
    folder = tmp_path / "custom" / "cifar10" / "board"
    write_checkpoint(folder, model, card)
    again = read_checkpoint(folder)[0].predictor
    assert np.array_equal(again.predict(batch), trees.predict(batch))
