"""The architectures in the rows of a file: what cannot be read is named with file and row."""

from __future__ import annotations

from pathlib import Path

from archcost.encodings.batch import Batch
from archcost.encodings.networks import CUSTOM, Networks, members, read_networks_each
from archcost.encodings.parsing import parse_each
from archcost.errors import TableError

Problems = list[tuple[int, str]]
"""Positions of malformed rows, from 0, and what is wrong with each."""
_SHOWN = 3


def read_rows(
    archs: object, space: str | None = None, dataset: str | None = None
) -> tuple[Batch | Networks, Problems]:
    """What of a file's architectures can be read, and what is wrong with the others.

    Args:
        archs: as the file's reader gave them.
        space: "nasbench201", "fbnet" or "custom"; None: each says so itself.
        dataset: as `archcost.parse` and `archcost.encodings.read_networks` take it.

    Raises:
        UnknownNameError: no such space or data set.
    """
    if space == CUSTOM:
        return read_networks_each(members(archs), dataset)
    batch, _, problems = parse_each(archs, space=space, dataset=dataset)
    return batch, problems


def refuse_malformed(
    path: str | Path, problems: Problems, remedy: str = "correct or delete them"
) -> None:
    """Name a file's malformed rows, if there are any.

    Raises:
        TableError: there are.
    """
    if problems:
        raise TableError(f"{path}: {malformed(problems)}; {remedy}")


def malformed(problems: Problems) -> str:
    """The first of them in words."""
    shown = "; ".join(f"row {position + 1}: {message}" for position, message in problems[:_SHOWN])
    more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    count = "1 malformed row" if len(problems) == 1 else f"{len(problems)} malformed rows"
    return f"{count} ({shown}{more})"
