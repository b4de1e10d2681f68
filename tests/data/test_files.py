from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from archcost.data import git_blob_id, sha256_of, write_whole
from archcost.errors import DownloadError


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


@pytest.mark.parametrize("named", [False, True])
def test_an_error_of_the_system_names_the_file(tmp_path: Path, named: bool) -> None:
    target = tmp_path / "model.json"
    with pytest.raises(OSError, match="full") as caught, write_whole(target) as part:
        raise OSError(errno.ENOSPC, "full", *[str(part)] * named)
    assert caught.value.filename == str(target)


def test_other_errors_keep_their_words(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"^not there$"), write_whole(tmp_path / "model"):
        raise DownloadError("not there")


def test_a_body_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), write_whole(tmp_path / "x"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="no file modes")
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_files_are_readable_by_whom_the_umask_allows(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with write_whole(tmp_path / "model") as part:
            part.write_text("as some libraries leave it")
            part.chmod(0o600)
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o666 & ~umask


def test_hashes_against_known_values(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"hello\n")
    assert git_blob_id(file) == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object
    assert sha256_of(file) == hashlib.sha256(b"hello\n").hexdigest()
