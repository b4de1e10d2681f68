"""Fetch the official HW-NAS-Bench file into a cache: resumed where it stopped, kept if verified."""

from __future__ import annotations

import http.client
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from archcost.data.files import git_blob_id
from archcost.errors import DownloadError

FILE_NAME = "HW-NAS-Bench-v1_0.pickle"
URL = f"https://raw.githubusercontent.com/RICE-EIC/HW-NAS-Bench/main/{FILE_NAME}"
MIRRORS = (
    f"https://raw.githubusercontent.com/RICE-EIC/HW-NAS-Bench/HEAD/{FILE_NAME}",
    f"https://raw.githubusercontent.com/GATECH-EIC/HW-NAS-Bench/HEAD/{FILE_NAME}",
)
"""Where the same file is asked for if `URL` does not give it (the group moved to Georgia Tech)."""
BLOB_ID = "b0634cb7f6e7be07192c77833df9eafa4baf705e"
"""The git blob id of the published file."""

Progress = Callable[[int, int | None], object]
"""Called with the bytes that are there and the bytes in all (None: the server does not say)."""
_CHUNK = 2**16


class _Failed(Exception):
    """One address did not give the file; the message says why."""


def cache_directory() -> Path:
    """The folder of fetched files: $ARCHCOST_CACHE, else archcost in the user's cache folder."""
    if own := os.environ.get("ARCHCOST_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "archcost"


def fetch(
    url: str = URL,
    destination: str | Path | None = None,
    *,
    mirrors: Sequence[str] = MIRRORS,
    blob_id: str = BLOB_ID,
    progress: Progress | None = None,
    timeout: float = 30.0,
) -> Path:
    """Fetch the official HW-NAS-Bench file, unless the verified file is there already.

    What has arrived stays in ``<destination>.part`` when the connection breaks or the user
    interrupts, and the next call goes on from there. The file takes its name only after its hash
    has been checked; one that fails the check is deleted.

    Args:
        url: where from.
        destination: the file to write; by default `FILE_NAME` in `cache_directory()`.
        mirrors: further addresses of the same file, tried in turn.
        blob_id: the git blob id that the file must have.
        progress: called now and then with (bytes so far, bytes in all or None).
        timeout: seconds without an answer after which an address is given up.

    Returns:
        The path of the verified file.

    Raises:
        DownloadError: no address gave the file (why, and how to place it by hand).
        OSError: the destination cannot be written.
    """
    path = cache_directory() / FILE_NAME if destination is None else Path(destination)
    if path.is_file() and git_blob_id(path) == blob_id:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    reasons = []
    for address in (url, *mirrors):
        try:
            _fetch_verified(address, part, blob_id, progress or (lambda *_: None), timeout)
        except _Failed as failure:
            reasons.append(f"{address}: {failure}")
            continue
        os.replace(part, path)
        return path
    raise DownloadError(
        f"could not fetch {path.name}: {'; '.join(reasons)}. If this machine is offline, download "
        f"{url} elsewhere and put it at {path}; otherwise try again"
    )


def _fetch_verified(
    address: str, part: Path, blob_id: str, progress: Progress, timeout: float
) -> None:
    """Complete `part` from this address and check it; a resumed file that fails starts over."""
    resumed = part.exists() and part.stat().st_size > 0
    if resumed and git_blob_id(part) == blob_id:
        return  # complete, but the last call ended before it could be renamed
    try:
        _transfer(address, part, progress, timeout)
    except urllib.error.HTTPError as error:
        error.close()
        stale = resumed and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE
        if not stale:
            raise _Failed(f"the server answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _Failed(f"no connection ({error.reason})") from None
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
        raise _Failed(f"the connection broke ({error or type(error).__name__})") from None
    else:
        if git_blob_id(part) == blob_id:
            return
    part.unlink()
    if not resumed:
        raise _Failed(f"what arrived is not the published file (git blob {blob_id}); deleted")
    _fetch_verified(address, part, blob_id, progress, timeout)


def _transfer(address: str, part: Path, progress: Progress, timeout: float) -> None:
    """Append to `part` what it lacks, or write it anew if the server does not resume."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "archcost", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout) as response:
        if response.status != http.client.PARTIAL_CONTENT or not _goes_on(response, have):
            if response.status == http.client.PARTIAL_CONTENT:
                raise http.client.HTTPException("it sent another range than the one asked for")
            have = 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        with part.open("ab" if have else "wb") as file:
            progress(have, total)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                progress(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"ended after {have} of {total} bytes; try again to resume")


def _goes_on(response: http.client.HTTPResponse, have: int) -> bool:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) == have
