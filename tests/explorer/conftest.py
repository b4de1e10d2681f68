"""The service as a command of its own, for tests in a browser; skipped where there is none."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest


class Served:
    """`archcost explore` with these options, once it listens.

    Attributes:
        address: of the page; empty if the command ended instead.
    """

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "archcost", "explore", "--no-open", *options]
        # A shell that starts things in the background has them ignore Ctrl-C.
        heard = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            # A file: a pipe that nobody reads would fill up and hold the service.
            self.said = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=self.said, text=True
            )
        finally:
            signal.signal(signal.SIGINT, heard)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split(" ")[0].strip()

    def ended(self) -> tuple[int, str]:
        """Exit status, and what was said on stderr."""
        status = self.process.wait(timeout=600)
        self.said.seek(0)
        return status, self.said.read()

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C; then as `ended`."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()


@pytest.fixture(scope="session")
def explore() -> Iterator[Callable[..., Served]]:
    """Starts `archcost explore` with options."""
    started: list[Served] = []

    def start(*options: str) -> Served:
        started.append(Served(*options))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait()


@pytest.fixture(scope="session")
def address(explore: Callable[..., Served]) -> str:
    """Where a service answers."""
    return explore("--port", "0").address
