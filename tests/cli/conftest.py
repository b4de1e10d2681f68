"""The command in this process, in a folder and a home of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archcost.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Status, stdout and stderr of the command with these arguments."""
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def called(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as status:
            main(list(arguments))
        return (status.value.code or 0, *capsys.readouterr())

    return called
