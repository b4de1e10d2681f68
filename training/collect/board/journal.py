"""What has been measured, one JSON object a line, each safe on the disk before the next starts.

The first line is the plan; a journal is continued by the same plan only, or by a further one, of
other networks under the same settings, whose line comes before its records. Networks and visits are
numbered through all plans. A line that was being written when the power went is cut off when the
journal is opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

Record = dict[str, Any]

OF_A_PLAN = ("networks", "references", "seed")
"""What plans of the same settings may differ in."""


class Journal:
    """An append-only file of records.

    Attributes:
        path: the file.
        plans: in order; all of the same settings.
        records: all others, in order.
    """

    def __init__(self, path: str | Path, *plans: Record) -> None:
        """Open or begin the journal of a plan, or of several.

        Raises:
            ValueError: the file holds what does not begin these plans, or is no journal.
            OSError: it cannot be read or written.
        """
        self.path = str(path)
        self.plans = plans
        self.records: list[Record] = []
        self._file = open(self.path, "ab")  # noqa: SIM115
        try:
            self._begin()
        except BaseException:
            # Whoever keeps the exception keeps this object: the lock must not last as long.
            self.close()
            raise

    def _begin(self) -> None:
        """Lock the file, read what it holds, and write the plans that are not in it yet."""
        _lock(self._file, self.path)
        lines, whole = _read(self.path)
        stored, self.records = _parted(lines)
        given = [json.loads(json.dumps(plan)) for plan in self.plans]
        if stored != given[: len(stored)]:
            raise another(self.path, together(stored), together(given))
        self._file.truncate(whole)
        for plan in given[len(stored) :]:
            self._write(plan)

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


def read_journal(path: str | Path) -> tuple[list[Record], list[Record]]:
    """The plans and the records of a journal; none of either in an empty one.

    Raises:
        ValueError: no journal.
        OSError: it cannot be read.
    """
    return _parted(_read(str(path))[0])


def together(plans: Sequence[Record]) -> Record:
    """What plans of the same settings say of all their networks."""
    networks: list[str] = []
    references: list[int] = []
    for plan in plans:
        references += [len(networks) + number for number in plan["references"]]
        networks += plan["networks"]
    return {**plans[0], "networks": networks, "references": references}


def another(path: str | Path, stored: Record, given: Record) -> ValueError:
    """The error for a journal of another plan than the one given: says what is not the same."""
    return ValueError(
        f"{path} holds another measurement ({'; '.join(_differences(stored, given))}); continue it "
        "with the same options, or choose another file"
    )


def _lock(file: IO[bytes], path: str) -> None:
    """Two that write by turns would each do the whole work."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"{path} is being written by another process") from None
    except OSError:
        pass  # a file system without locks


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


def _parted(lines: list[Record]) -> tuple[list[Record], list[Record]]:
    """The plans among the lines of a journal, and the other records."""
    plans = [line for line in lines if "protocol" in line]
    return plans, [line for line in lines if "protocol" not in line]


def _differences(stored: Record, given: Record) -> list[str]:
    found: list[str] = []
    for key in {**stored, **given}:
        one, other = stored.get(key), given.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _differences(one, other)
        elif one != other:
            found.append(f"other {key}" if isinstance(one, list) else f"{key} {one}, not {other}")
    return found
