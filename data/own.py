"""The tables that this project measured itself: they ship, with how each was measured.

Written by ``archcost collect run``, one table a runtime and space, in ``data/measured``; the
protocol, the settings and the environment are in each file's metadata.
"""

from __future__ import annotations

from pathlib import Path

from archcost.data.names import space_name
from archcost.data.tables import MeasuredTable, read_table
from archcost.errors import unknown_name

MEASURED = Path(__file__).with_name("measured")
"""``<device>-<space>.parquet``."""
OWN = "archcost"
"""Id of the source of these tables."""


def own_tables(space: str | None = None, device: str | None = None) -> list[MeasuredTable]:
    """All of them, or those of a space ("nasbench201", "fbnet" or "custom") or of a device.

    Raises:
        UnknownNameError: none is of such a space or device.
    """
    space = None if space is None else space_name(space)
    found = {path: path.stem.rpartition("-")[::2] for path in sorted(MEASURED.glob("*.parquet"))}
    for what, wanted, place in (("space", space, 1), ("device", device, 0)):
        known = {names[place] for names in found.values()}
        if wanted is not None and wanted not in known:
            raise unknown_name(what, wanted, known)
        found = {path: names for path, names in found.items() if wanted in (None, names[place])}
    return [table for path in found for table in read_table(path, source=OWN)]
