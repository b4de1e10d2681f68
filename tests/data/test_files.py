from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from archcost.data import git_blob_id, sha256_of, write_whole


def test_a_whole_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "model.json"
    target.write_text("old")
    with write_whole(target) as part:
        assert part.parent == tmp_path and part.suffix == ".json" and part != target
        part.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_everything_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "model.json"
    target.write_text("old")
    with pytest.raises(error), write_whole(target) as part:
        part.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_body_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), write_whole(tmp_path / "x"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_hashes_against_known_values(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"hello\n")
    assert git_blob_id(file) == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object
    assert sha256_of(file) == hashlib.sha256(b"hello\n").hexdigest()
