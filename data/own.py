"""The tables that this project measured itself: they ship, with how each was measured.

Written by ``archcost collect run``, one table a runtime and space, in ``data/measured``; the
protocol, the settings and the environment are in each file's metadata.
"""

from __future__ import annotations

from pathlib import Path

from archcost.data.tables import MeasuredTable, read_table

MEASURED = Path(__file__).with_name("measured")
"""``<device>-<space>.parquet``."""
OWN = "archcost"
"""Id of the source of these tables."""


def own_tables(space: str | None = None) -> list[MeasuredTable]:
    """All of them, or those of a space ("nasbench201", "fbnet" or "custom")."""
    paths = sorted(MEASURED.glob(f"*-{space or '*'}.parquet"))
    return [table for path in paths for table in read_table(path, source=OWN)]
