"""Tables of measurements as several subcommands read them."""

from __future__ import annotations

from pathlib import Path

from archcost.data import LookupTable, MeasuredTable, read_hwnasbench, read_table
from archcost.data.tables import read_architectures, read_frame
from archcost.encodings import CUSTOM, find_dataset, find_space, parse_each


def read_tables(
    path: Path, space: str | None = None, dataset: str | None = None, source: str | None = None
) -> tuple[list[MeasuredTable], LookupTable | None]:
    """The tables of a file, and the look-up table of HW-NAS-Bench's official pickle.

    Args:
        path: a .csv or .parquet, or the pickle, which says all else itself.
        space: by default as `archcost collect` wrote, or as the networks show.
        dataset: of columns that do not name theirs; by default as `archcost collect` wrote, or the
            first of the space.
        source: id of the publication.

    Raises:
        TableError, MeasurementError, UnknownNameError: as `archcost.data.read_table`.
    """
    if path.suffix.lower() in (".pickle", ".pkl"):
        found = read_hwnasbench(path)
        return found.tables, found.lookup
    stated = read_frame(path).attrs.get("archcost", {})
    space = space or stated.get("space") or _shown_space(path)
    if space != CUSTOM:
        dataset = find_dataset(find_space(space), dataset or stated.get("dataset"))
    return read_table(path, space=space, dataset=dataset, source=source), None


def _shown_space(path: Path) -> str:
    """The space of the networks; of unreadable ones any: reading them says what is wrong."""
    groups = parse_each(read_architectures(path))[0].groups
    return groups[0].skeleton.space if groups else "nasbench201"
