"""The tables that this project measured itself: they ship, with how each was measured.

Written by ``archcost collect run``, one table a runtime and space, in ``data/measured``; the
protocol, the settings and the environment are in each file's metadata.
"""

from __future__ import annotations

from pathlib import Path

from archcost.data.tables import MeasuredTable, read_table
from archcost.errors import unknown_name

MEASURED = Path(__file__).with_name("measured")
"""``<device>-<space>.parquet``."""
OWN = "archcost"
"""Id of the source of these tables."""


def own_tables(space: str | None = None) -> list[MeasuredTable]:
    """All of them, or those of a space ("nasbench201", "fbnet" or "custom").

    Raises:
        UnknownNameError: none is of such a space.
    """
    every = sorted(MEASURED.glob("*.parquet"))
    spaces = {path.stem.rpartition("-")[2] for path in every}
    if space is not None and space not in spaces:
        raise unknown_name("space", space, spaces)
    paths = [path for path in every if space in (None, path.stem.rpartition("-")[2])]
    return [table for path in paths for table in read_table(path, source=OWN)]
