"""Writing checkpoints: whole or not at all, and readable by others."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archcost.checkpoints import SHIPPED, Card, checkpoint_folder, find_card, read_checkpoint
from archcost.checkpoints.store import write_checkpoint
from archcost.predictors import CostModel


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
