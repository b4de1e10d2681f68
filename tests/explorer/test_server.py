"""`archcost explore` as a command: its port, and its end."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from archcost.explorer import PORT
from archcost.explorer.server import serve


def test_a_free_port_and_ctrl_c(explore: Callable[..., Any]) -> None:
    served = explore("--port", "0")
    assert served.address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(served.address, timeout=600) as answer:
        assert b"<title>archcost explore</title>" in answer.read()
    status, said = served.interrupt()
    assert status == 0
    assert "stopped" in said
    assert "Traceback" not in said


def test_a_taken_port_is_one_clear_error(explore: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, said = explore("--port", str(port)).ended()
    assert status == 2
    assert f"archcost: port {port} is taken" in said
    assert "--port 0" in said
    assert "Traceback" not in said


def test_the_browser_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("uvicorn.Server.run", stop)
    said: list[str] = []
    serve(0, opened=True, say=said.append)
    serve(0, opened=False)
    assert opened == said
    assert len(said) == 1


def test_the_help_names_the_port_of_the_service() -> None:
    from archcost.cli.explore import explore

    assert (explore.__defaults__ or ())[0] == PORT
