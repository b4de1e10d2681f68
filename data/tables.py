"""Tables of measured costs: one architecture column and one column per target, CSV or Parquet."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archcost.data.devices import DEVICES
from archcost.data.measurements import as_measured
from archcost.data.names import (
    GRAMMAR,
    column_of,
    dataset_name,
    folded,
    parse_target,
    space_name,
    speaks_of_cost,
)
from archcost.data.sources import source as source_of
from archcost.data.table_files import CsvLayout, reading
from archcost.errors import MeasurementError, TableError, first_few

if TYPE_CHECKING:
    import pandas as pd

Target = tuple[str, str]
"""Device id and metric."""
Architectures = list[str] | NDArray[np.int64] | NDArray[np.int8]

ARCHITECTURE_COLUMNS = (
    "arch_str",
    "architecture",
    "arch",
    "cell",
    "network",
    "arch_index",
    "index",
)
"""Names of the column with the architectures, the first that is there."""
_BLOCK_COLUMNS = tuple(f"op_{block}" for block in range(22))
# pandas writes 1.0 where the column once had gaps.
_INDEX = re.compile(r"\s*[0-9]{1,5}(\.0+)?\s*", re.ASCII)
# HW-NAS-Bench writes -1 where this device's compiler refused the network.
_FAILED = {("edgetpu", "latency"): -1.0}


@dataclass(frozen=True)
class MeasuredTable:
    """Costs of n architectures on one data set, as a file gave them.

    Attributes:
        space: "nasbench201", "fbnet" or a custom name.
        dataset: the data set whose input size and classes the networks have.
        source: id of the publication (see `archcost.data.SOURCES`), None if it is nobody's.
        architectures: as in the file: n strings, (n,) int64 NAS-Bench-201 indices, or (n, 22) int8
            FBNet operator ids.
        targets: (device, metric) to float64 (n,) in ms, mJ or operations/byte; NaN: not measured.
        failed: (device, metric) to bool (n,): the device refused the network (its cost is NaN);
            only targets with at least one refusal.

    Raises:
        MeasurementError: a target has another length than the architectures.
    """

    space: str
    dataset: str
    source: str | None
    architectures: Architectures
    targets: dict[Target, NDArray[np.float64]]
    failed: dict[Target, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for target, column in (*self.targets.items(), *self.failed.items()):
            if len(column) != len(self.architectures):
                raise MeasurementError(
                    f"{' '.join(target)}: {len(column)} values for {len(self.architectures)} "
                    "architectures; give one value for each, NaN where it was not measured"
                )

    def __len__(self) -> int:
        return len(self.architectures)

    def add(
        self, target: Target, values: Any, name: str, failed_value: float | None = None
    ) -> None:
        """Add one target from raw values, by the rules of `as_measured`.

        Raises:
            MeasurementError: a value cannot be a cost.
            TableError: the target is there already.
        """
        if target in self.targets:
            raise TableError(f"{name}: a second column for {' '.join(target)}; keep one of them")
        if failed_value is None:
            failed_value = _FAILED.get(target)
        costs, failed = as_measured(values, name, failed_value)
        self.targets[target] = costs
        if failed.any():
            self.failed[target] = failed


def read_frame(path: str | Path, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV or Parquet file as it is; the columns `text` of a CSV are not taken for numbers.

    Raises:
        TableError: the file is missing, or is not what its suffix says.
    """
    import pandas as pd

    path = Path(path)
    with reading(path):
        if path.suffix.lower() == ".csv":
            layout = CsvLayout.of(path)
            for name in {name for name in layout.names if layout.names.count(name) > 1}:
                if speaks_of_cost(name):
                    raise TableError(f"{path}: two columns {name!r}; keep one of them")
            frame = pd.read_csv(
                path,
                sep=layout.separator,
                decimal=layout.decimal,
                encoding=layout.encoding,
                skiprows=layout.skipped,
                dtype={name: "str" for name in layout.names if folded(name) in text},
                low_memory=False,  # whole columns at once: in chunks, one can get several types
            )
            if layout.decimal == ",":
                # One cell that is no number leaves those of its whole column as they are written.
                frame = frame.replace(r"^\s*(-?[0-9]+),([0-9]+)\s*$", r"\1.\2", regex=True)
        else:
            frame = pd.read_parquet(path)
    frame.columns = [str(column) for column in frame.columns]
    # Spreadsheets write separators alone for rows that once held something.
    filled = np.flatnonzero(frame.notna().any(axis=1))
    return frame.iloc[: filled[-1] + 1] if len(filled) else frame


def stated_by(frame: pd.DataFrame) -> dict[str, Any]:
    """What `archcost collect` wrote beside a table's columns; nothing of other tables."""
    found = frame.attrs.get("archcost")
    return found if isinstance(found, dict) else {}


def column_values(column: pd.Series[Any]) -> NDArray[Any]:
    """A column's values; those of numeric columns as float64 with NaN where missing."""
    if column.dtype.kind in "iuf":
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(column.to_numpy(dtype=object, na_value=None))


def architecture_columns(
    names: Sequence[str], path: Path, arch_column: str | None = None
) -> list[str]:
    """Of the names of a table's columns, that with its architectures, or op_0 to op_21.

    Raises:
        TableError: there is none.
    """
    if arch_column is None:
        found = usual_columns(names)
        wanted = f"{', '.join(ARCHITECTURE_COLUMNS)}, or op_0 to op_21"
    else:
        found, wanted = [name for name in names if name == arch_column][:1], arch_column
    if not found:
        raise TableError(
            f"{path}: no architecture column; found {_listed(names)}; expected one of {wanted}"
        )
    return found


def usual_columns(names: Sequence[str], usual: Sequence[str] = ARCHITECTURE_COLUMNS) -> list[str]:
    """Of the names of columns op_0 to op_21, or the first of the usual ones; empty: neither."""
    if set(_BLOCK_COLUMNS) <= set(names):
        return [*_BLOCK_COLUMNS]
    found = {folded(name): name for name in reversed(names)}
    return [found[name] for name in usual if name in found][:1]


def _with_architectures(path: Path, arch_column: str | None) -> pd.DataFrame:
    """A table whose architectures are text as it is written: 00012 is an index."""
    wanted = ARCHITECTURE_COLUMNS if arch_column is None else (folded(arch_column),)
    return read_frame(path, wanted)


def _find_architectures(
    frame: pd.DataFrame, path: Path, arch_column: str | None
) -> tuple[Architectures, str | None]:
    """The architectures of a table, and the space if their form says it."""
    columns = architecture_columns(list(frame.columns), path, arch_column)
    if len(columns) > 1:
        blocks = frame[columns]
        if not all(kind.kind in "iu" for kind in blocks.dtypes) or blocks.abs().max().max() > 127:
            raise TableError(f"{path}: op_0 to op_21 must be operator ids, small whole numbers")
        return blocks.to_numpy(dtype=np.int8), "fbnet"
    (name,) = columns
    column = frame[name]
    missing = np.flatnonzero(column.isna())
    if len(missing):
        rows = first_few((str(row + 1) for row in missing), len(missing))
        raise TableError(
            f"{path}: column {name!r} is empty in {len(missing)} of {len(frame)} rows "
            f"(first: {rows})"
        )
    # pandas makes indices floats where some rows have none, and leaves them so.
    if column.dtype.kind in "iuf" and not (column % 1).any():
        return column.to_numpy(dtype=np.int64), "nasbench201"
    cells = column.tolist()
    if not all(isinstance(cell, str) for cell in cells):
        raise TableError(f"{path}: column {name!r} must hold strings or whole-number indices")
    if cells and all(_INDEX.fullmatch(cell) for cell in cells):
        return np.array(cells, dtype=np.float64).astype(np.int64), "nasbench201"
    return cells, "nasbench201" if cells and cells[0].lstrip().startswith("|") else None


def _listed(names: Sequence[str]) -> str:
    return first_few(map(repr, names), len(names), 12)


def read_table(
    path: str | Path,
    *,
    space: str | None = None,
    dataset: str | None = None,
    device: str | None = None,
    arch_column: str | None = None,
    failed_value: float | None = None,
    source: str | None = None,
) -> list[MeasuredTable]:
    """Read a table of measured costs, one `MeasuredTable` for each data set in it.

    Target columns are named ``[<data set>_][<device>_]latency_ms`` (``energy_mj``,
    ``arithmetic_intensity``) or ``<device>_ms`` / ``<device>_mj``. Columns that are neither targets
    nor architectures are left out.

    Args:
        path: a .csv or .parquet file.
        space: the search space; by default what the architecture column shows.
        dataset: the data set of the columns that do not name theirs.
        device: the device of the columns that do not name theirs (``latency_ms``).
        arch_column: the architecture column; by default op_0 to op_21 (FBNet operator ids) or the
            first of arch_str, architecture, arch, cell, network, arch_index, index.
        failed_value: the value that says "the device refused this network", e.g. -1. Always -1
            for the latency of the device ``edgetpu``.
        source: id of the publication, if it is one of `archcost.data.SOURCES`.

    Raises:
        TableError: no such file, not a table, no architectures or no targets in it, a cost
            without a unit, or the space, data set or device is said nowhere.
        MeasurementError: costs that are not numbers, infinite or negative, with their rows.
        UnknownNameError: the space has no such data set, or the source is unknown.
    """
    path = Path(path)
    if source is not None:
        source_of(source)
    frame = _with_architectures(path, arch_column)
    architectures, shown_space = _find_architectures(frame, path, arch_column)
    # What `archcost collect` writes says more than the columns can.
    stated = stated_by(frame)
    space = space or stated.get("space") or shown_space
    dataset = dataset or stated.get("dataset")
    failed_value = stated.get("failed_value") if failed_value is None else failed_value
    if space is None:
        raise TableError(
            f"{path}: the architectures do not show their search space; give the space "
            "(space=, --space)"
        )
    space = space_name(space)
    tables: dict[str, MeasuredTable] = {}
    unsure: dict[str, TableError] = {}
    for column in frame.columns:
        if column in (arch_column, *_BLOCK_COLUMNS) or folded(column) in ARCHITECTURE_COLUMNS:
            continue
        try:
            target = parse_target(column)
        except TableError as error:
            # One such as warmup_s is no cost where there is one beside it.
            unsure[column] = TableError(f"{path}: {error}")
            if speaks_of_cost(column):
                raise unsure[column] from None
            continue
        if target is None:
            continue
        where = f"{path}: column {column!r}"
        name, owner = target.dataset or dataset, target.device or device
        if name is None or owner is None:
            lacking = "data set" if name is None else "device"
            option = lacking.replace(" ", "")
            raise TableError(
                f"{where}: no {lacking}; name the column <{lacking}>_{column}, or give the "
                f"{lacking} ({option}=, --{option})"
            )
        name = dataset_name(space, name)
        if name not in tables:
            tables[name] = MeasuredTable(space, name, source, architectures, {})
        measured = column_values(frame[column])
        tables[name].add((owner.lower(), target.metric), measured, where, failed_value)
    if not tables:
        if unsure:
            raise unsure.popitem()[1]
        raise TableError(
            f"{path}: no target columns; found {_listed(list(frame.columns))}; expected names "
            f"such as {GRAMMAR}{_hint(frame.columns)}"
        )
    if unsure:
        warnings.warn(
            f"{path}: left out {_listed([*unsure])}: taken for no cost, which would be in ms or mJ",
            stacklevel=2,
        )
    return list(tables.values())


def _hint(names: Iterable[str]) -> str:
    """What to call the first column that is called as a device."""
    device = next((name for name in names if name.lower() in DEVICES), None)
    if device is None:
        return ""
    return f"; if {device!r} is its latency in ms, name it {column_of(device, 'latency')}"


def read_architectures(path: str | Path, arch_column: str | None = None) -> Architectures:
    """The architecture column of a table, which needs no costs.

    Raises:
        TableError: as `read_table`.
    """
    path = Path(path)
    frame = _with_architectures(path, arch_column)
    return _find_architectures(frame, path, arch_column)[0]
