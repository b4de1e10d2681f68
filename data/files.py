"""Files that are whole or not there, and the hashes that say which file it is."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archcost.errors import ArchcostError

_CHUNK = 2**20


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    """Write a file so that others see the old one or the whole new one, never a part.

    Yields a temporary path in the same folder, with the same suffix (some libraries choose their
    format by it); the body writes that file. On a clean exit it is flushed to the disk and takes
    the place of `path`; on an error it is removed and `path` stays as it was.

    Raises:
        OSError: the folder cannot be written, or the body wrote no file.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{secrets.token_hex(6)}{path.suffix}")
    try:
        with naming(path, part):
            # Some libraries write files for their owner's eyes alone; these get what the umask
            # allows.
            part.touch(exist_ok=False)
            mode = part.stat().st_mode
            part.unlink()
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.chmod(mode)
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def naming(path: Path, part: Path | None = None) -> Iterator[None]:
    """Have errors of the system say what could not be written: of a full disk they do not.

    Args:
        path: a file or folder.
        part: the temporary name under which it is written, which nobody knows.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(part)):
            error.filename = str(path)
        raise


@contextmanager
def written(path: str | Path) -> Iterator[Path]:
    """As `write_whole`, with one clear error.

    Raises:
        ArchcostError: the file cannot be written.
    """
    try:
        with write_whole(path) as part:
            yield part
    except OSError as error:
        raise ArchcostError(f"{path}: cannot be written ({error.strerror})") from None


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_id(path: str | Path) -> str:
    """The id under which git stores a file of this content (SHA-1 of a header and the content)."""
    path = Path(path)
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
