"""Every job in a process of its own, with a time limit.

A server process loads the runtime once and forks for each job; where there is no fork it starts
itself anew. A job that raises, crashes or hangs is answered with the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Record = dict[str, Any]
Handler = Callable[[Record], Record]

_GRACE_S = 5.0
_START_S = 120.0


class Server:
    """The client's end: hands jobs to the server process, and starts it again when it is gone."""

    def __init__(self, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        """Nothing is started yet.

        Args:
            command: that starts a process which calls `serve`.
            environment: its environment variables; None: as here.
        """
        self._command = list(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, job: Record, timeout_s: float) -> Record:
        """The answer to a job: what the handler gave, or a record with `failed`, the reason."""
        process = self._started()
        assert process.stdin is not None  # a pipe
        try:
            process.stdin.write(json.dumps({"timeout_s": timeout_s, "job": job}).encode() + b"\n")
            process.stdin.flush()
            line = _line(process, timeout_s + _GRACE_S + _START_S)
        except BrokenPipeError:
            line = b""
        if line:
            answer: Record = json.loads(line)
            return answer
        self.close(at_once=True)
        return {"failed": "the measuring process ended without an answer"}

    def answers(
        self, jobs: Iterable[tuple[int, Record]], timeout_s: float
    ) -> Iterator[tuple[int, Record]]:
        """The number and the answer of each job, one after the other."""
        for number, job in jobs:
            yield number, self.ask(job, timeout_s)

    def close(self, at_once: bool = False) -> None:
        """End the server process; at once, or when it has answered."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(timeout=0 if at_once else _GRACE_S)
        except subprocess.TimeoutExpired:
            _kill_all(process)
            process.wait()
        process.stdout.close()  # type: ignore[union-attr]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._environment,
                # Ctrl-C is for the one who asks: it decides what to do with the server.
                start_new_session=True,
            )
        return self._process

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close(at_once=kind is not None)


def _line(process: subprocess.Popen[bytes], limit_s: float) -> bytes:
    assert process.stdout is not None  # a pipe
    # Pipes can be waited for where there is fork; elsewhere a hang has to be ended by hand.
    if hasattr(os, "fork") and not select.select([process.stdout], [], [], limit_s)[0]:
        return b""
    return process.stdout.readline()


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """The server and what it has forked: they are a session of their own."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def serve(handler: Handler, preload: Iterable[str] = ()) -> None:
    """Answer jobs from standard input until it ends. What jobs print goes to standard error.

    Args:
        handler: from a job to an answer, both as JSON holds them.
        preload: modules to import before the first job; one that is missing is the job's affair.
    """
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    for module in preload:
        with contextlib.suppress(ImportError):
            __import__(module)
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if hasattr(os, "fork"):
            answer = _forked(handler, asked["job"], asked["timeout_s"])
        else:
            answer = _tried(handler, asked["job"])
        try:
            answers.write(json.dumps(answer).encode() + b"\n")
        except BrokenPipeError:  # whoever asked is gone
            return


def _tried(handler: Handler, job: Record) -> Record:
    try:
        return handler(job)
    except Exception as error:  # whatever a runtime raises is the reason of a failure
        text = " ".join(str(error).split())
        return {"failed": f"{type(error).__name__}: {text}"[:300]}


def _forked(handler: Handler, job: Record, timeout_s: float) -> Record:
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiver)
        status = 1
        try:
            answer = json.dumps(_tried(handler, job)).encode()
            with os.fdopen(sender, "wb") as pipe:
                pipe.write(answer)
            status = 0
        finally:
            os._exit(status)
    os.close(sender)
    sent = _collected(receiver, timeout_s)
    if sent is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if sent is None:
        return {"failed": f"no answer within {timeout_s:g} s", "timeout": True}
    if sent:
        found: Record = json.loads(sent)
        return found
    if os.WIFSIGNALED(status):
        return {"failed": f"the process was ended by signal {os.WTERMSIG(status)}"}
    return {"failed": f"the process ended with status {os.WEXITSTATUS(status)}"}


def _collected(receiver: int, timeout_s: float) -> bytes | None:
    """All that the child sends until it closes its end; None if that takes too long."""
    deadline = time.monotonic() + timeout_s
    parts: list[bytes] = []
    with os.fdopen(receiver, "rb", buffering=0) as pipe:
        while True:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([pipe], [], [], max(left, 0))
            if not ready:
                return None
            part = pipe.read(65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
