"""Tables of measurements as several subcommands read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archcost.data import LookupTable, MeasuredTable, read_hwnasbench, read_table
from archcost.data.tables import read_architectures, read_frame, stated_by
from archcost.encodings import CUSTOM, custom_skeleton, find_dataset, find_space, parse_each
from archcost.encodings.rows import read_rows, refuse_malformed

_REFUSED = -1.0


def read_tables(
    path: Path,
    space: str | None = None,
    dataset: str | None = None,
    source: str | None = None,
    devices: Sequence[str] = (),
) -> tuple[list[MeasuredTable], LookupTable | None]:
    """The tables of a file, and the look-up table of HW-NAS-Bench's official pickle.

    A cost of -1 says that the device refused the network.

    Args:
        path: a .csv or .parquet, or the pickle, which says all else itself.
        space: by default as `archcost collect` wrote, or as the networks show.
        dataset: of columns that do not name theirs; by default as `archcost collect` wrote, or the
            first of the space.
        source: id of the publication.
        devices: that were asked for; a single one is that of columns that do not name theirs.

    Raises:
        TableError, MeasurementError, UnknownNameError: as `archcost.data.read_table`.
        TableError: architectures that cannot be read, with their rows.
    """
    if path.suffix.lower() in (".pickle", ".pkl"):
        found = read_hwnasbench(path)
        return found.tables, found.lookup
    space, dataset = place_of(path, space, dataset)
    device = devices[0] if len(devices) == 1 else None
    tables = read_table(
        path,
        space=space,
        dataset=dataset,
        device=device,
        failed_value=_REFUSED,
        source=source,
    )
    # All tables of a file have its rows; what reads them later does not know the file.
    refuse_malformed(path, read_rows(tables[0].architectures, space)[1])
    return tables, None


def place_of(path: Path, space: str | None, dataset: str | None) -> tuple[str, str]:
    """Space and data set: as asked for, as `archcost collect` wrote, or as the networks show.

    Raises:
        TableError: the file cannot be read, or has no column of architectures.
        UnknownNameError: no such space or data set.
    """
    stated = stated_by(read_frame(path))
    space, dataset = space or stated.get("space"), dataset or stated.get("dataset")
    if space is None:
        groups = parse_each(read_architectures(path))[0].groups
        # Of unreadable networks any: reading them says what is wrong.
        space = groups[0].skeleton.space if groups else "nasbench201"
    if space == CUSTOM:
        return space, custom_skeleton(dataset).dataset
    known = find_space(space)
    return known.name, find_dataset(known, dataset)
