from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from archcost.data.fetch import cache_directory, fetch
from archcost.errors import DownloadError

CONTENT = bytes(range(256)) * 2000
BLOB = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()


@dataclass
class Server:
    """What the local server does next, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    ranges: bool = True
    break_after: int | None = None
    status: int = 200
    shift: int = 0
    asked: list[str | None] = field(default_factory=list)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            server.asked.append(asked)
            if server.status != 200:
                self.send_error(server.status)
                return
            start = 0
            if asked and server.ranges:
                start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])  # type: ignore[index]
                if start >= len(server.content):
                    self.send_error(416)
                    return
            body = server.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            if start:
                size = len(server.content)
                self.send_header("Content-Range", f"bytes {start + server.shift}-{size - 1}/{size}")
            self.end_headers()
            self.wfile.write(body[: server.break_after])
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(state)) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}/file"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def get(server: Server, target: Path, **options: Any) -> Path:
    return fetch(server.url, target, **({"mirrors": (), "blob_id": BLOB, "timeout": 5} | options))


def test_a_verified_file_arrives_and_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "new" / "f.pickle"
    assert get(server, target, progress=lambda done, total: seen.append((done, total))) == target
    assert target.read_bytes() == CONTENT
    assert [file.name for file in target.parent.iterdir()] == ["f.pickle"]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    get(server, target)
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_transfer_is_resumed(server: Server, tmp_path: Path, ranges: bool) -> None:
    target = tmp_path / "f"
    part = tmp_path / "f.part"
    server.ranges = ranges
    server.break_after = 100_000
    with pytest.raises(DownloadError, match=f"100000 of {len(CONTENT)} bytes; try again"):
        get(server, target)
    assert part.read_bytes() == CONTENT[:100_000] and not target.exists()
    server.break_after = None
    assert get(server, target).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]
    assert not part.exists()


def test_interrupted_by_the_user(server: Server, tmp_path: Path) -> None:
    def stop(done: int, _: int | None) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, tmp_path / "f", progress=stop)
    kept = (tmp_path / "f.part").stat().st_size
    assert 100_000 < kept < len(CONTENT)
    assert get(server, tmp_path / "f").read_bytes() == CONTENT
    assert server.asked[1] == f"bytes={kept}-"


def test_wrong_content_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[::-1]
    with pytest.raises(DownloadError, match="not the published file"):
        get(server, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("size", [10, len(CONTENT), len(CONTENT) + 5])
def test_a_foreign_part_is_dropped_and_the_file_fetched_anew(
    server: Server, tmp_path: Path, size: int
) -> None:
    (tmp_path / "f.part").write_bytes(b"x" * size)
    assert get(server, tmp_path / "f").read_bytes() == CONTENT
    assert server.asked == [f"bytes={size}-", None]


def test_a_complete_part_needs_no_network(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(CONTENT)
    assert get(server, tmp_path / "f").read_bytes() == CONTENT
    assert server.asked == []


def test_a_damaged_file_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(CONTENT[:-1])
    assert get(server, tmp_path / "f").read_bytes() == CONTENT


def test_another_range_than_asked_for_is_not_appended(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.part").write_bytes(CONTENT[:50])
    server.shift = 3
    with pytest.raises(DownloadError, match="another range"):
        get(server, tmp_path / "f")
    assert (tmp_path / "f.part").read_bytes() == CONTENT[:50]


def test_not_found_then_a_mirror(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DownloadError, match="answered 404") as caught:
        get(server, tmp_path / "f")
    assert server.url in str(caught.value) and str(tmp_path / "f") in str(caught.value)
    server.status = 200
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        got = fetch(dead, tmp_path / "f", mirrors=(server.url,), blob_id=BLOB, timeout=5)
    assert got.read_bytes() == CONTENT


def test_offline_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match="no connection") as caught:
            fetch(url, tmp_path / "f", mirrors=(), timeout=5)
    assert f"download {url} elsewhere and put it at {tmp_path / 'f'}" in str(caught.value)


def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(DownloadError, match="timed out"):
            fetch(url, tmp_path / "f", mirrors=(), timeout=0.2)


def test_the_cache_directory_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARCHCOST_CACHE", str(tmp_path / "own"))
    assert cache_directory() == tmp_path / "own"
    monkeypatch.delenv("ARCHCOST_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "archcost"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "home" / ".cache" / "archcost"
