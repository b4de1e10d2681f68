"""Writing checkpoints: whole or not at all, and readable by others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from archcost.checkpoints import SHIPPED, checkpoint_folder, find_card, read_checkpoint
from archcost.checkpoints.store import write_checkpoint


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
    assert len(files) >= 3
    assert {path.stat().st_mode & 0o777 for path in files} == {0o666 & ~umask}


def test_a_failing_rename_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SHIPPED / checkpoint_folder(find_card("fpga"))
    folder = tmp_path / "device"
    shutil.copytree(source, folder)
    model, card = read_checkpoint(folder)
    replace = os.replace

    def fail_once(part: Path, target: Path) -> None:
        if target == folder:
            monkeypatch.setattr(os, "replace", replace)
            raise OSError("no space left")
        replace(part, target)

    monkeypatch.setattr(os, "replace", fail_once)
    with pytest.raises(OSError, match="no space left"):
        write_checkpoint(folder, model, card)
    assert list(tmp_path.iterdir()) == [folder]
    assert read_checkpoint(folder)[1] == card
