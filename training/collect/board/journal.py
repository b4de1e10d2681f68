"""What has been measured, one JSON object a line, each safe on the disk before the next starts.

The first line is the plan; a journal is continued by the same plan only. A line that was being
written when the power went is cut off when the journal is opened again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

Record = dict[str, Any]


class Journal:
    """An append-only file of records.

    Attributes:
        path: the file.
        plan: its first record.
        records: all others, in order.
    """

    def __init__(self, path: str | Path, plan: Record) -> None:
        """Open or begin the journal of a plan.

        Raises:
            ValueError: the file is the journal of another plan, or no journal.
            OSError: it cannot be read or written.
        """
        self.path = str(path)
        self.plan = plan
        self.records: list[Record] = []
        self._file = open(self.path, "ab")  # noqa: SIM115
        try:
            self._begin()
        except BaseException:
            # Whoever keeps the exception keeps this object: the lock must not last as long.
            self.close()
            raise

    def _begin(self) -> None:
        """Lock the file and read what it holds, or write the plan."""
        _lock(self._file, self.path)
        lines, whole = _read(self.path)
        if lines:
            if lines[0] != json.loads(json.dumps(self.plan)):
                differing = _differences(lines[0], self.plan)
                raise ValueError(
                    f"{self.path} holds another measurement (other {', '.join(differing)}); "
                    "continue it with the same options, or choose another file"
                )
            self.records = lines[1:]
        self._file.truncate(whole)
        if not lines:
            self._write(self.plan)

    def append(self, record: Record) -> None:
        """Add a record; it is on the disk when this returns."""
        self._write(record)
        self.records.append(record)

    def _write(self, record: Record) -> None:
        try:
            self._file.write(json.dumps(record).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            error.filename = self.path  # of a full disk the system does not say which file
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_journal(path: str | Path) -> tuple[Record, list[Record]]:
    """The plan and the records of a journal.

    Raises:
        ValueError: no journal.
        OSError: it cannot be read.
    """
    lines, _ = _read(str(path))
    if not lines:
        raise ValueError(f"{path}: an empty journal")
    return lines[0], lines[1:]


def _lock(file: IO[bytes], path: str) -> None:
    """Two that write by turns would each do the whole work."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ValueError(f"{path} is being written by another process") from None


def _read(path: str) -> tuple[list[Record], int]:
    """The records of a file, and how many of its bytes are whole lines."""
    with open(path, "rb") as file:
        content = file.read()
    whole = content.rfind(b"\n") + 1
    lines: list[Record] = []
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise ValueError(f"{path}: line {number} is no record of a journal")
        lines.append(record)
    if lines and "protocol" not in lines[0]:
        raise ValueError(f"{path}: the first line is no plan of a measurement")
    return lines, whole


def _differences(first: Record, second: Record) -> list[str]:
    return sorted(key for key in set(first) | set(second) if first.get(key) != second.get(key))
