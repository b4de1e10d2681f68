"""HW-NAS-Bench: the authors' one pickle, and its FBNet look-up table on its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcost.data.devices import DEVICES
from archcost.data.measurements import as_measured
from archcost.data.names import DATASETS, GRAMMAR, parse_target
from archcost.data.tables import MeasuredTable, Target, column_values, read_frame
from archcost.data.unpickle import load_plain_pickle
from archcost.errors import TableError
from archcost.units import METRICS

CELLS = 15_625
"""Cells of NAS-Bench-201, 5 operators on 6 edges."""

_SOURCE = "hw-nas-bench"
_KEYS = {
    f"{device.id}_{metric}": (device.id, metric)
    for device in DEVICES.values()
    if device.source == _SOURCE
    for metric in METRICS
}


@dataclass(frozen=True)
class LookupTable:
    """FBNet in HW-NAS-Bench: the cost of each block, from which a network's cost is summed.

    Attributes:
        keys: m names of blocks, such as
            ``ConvBlock_H32_W32_Cin16_Cout24_exp6_kernel5_stride1_group1``; CIFAR-100's and
            ImageNet's sizes together.
        targets: (device, metric) to float64 (m,), in ms or mJ.
    """

    keys: tuple[str, ...]
    targets: dict[Target, NDArray[np.float64]]


@dataclass(frozen=True)
class HWNASBench:
    """The content of the official file.

    Attributes:
        tables: NAS-Bench-201 by index, one table for each data set in the file.
        lookup: the costs of FBNet's blocks.
    """

    tables: list[MeasuredTable]
    lookup: LookupTable


def _part(parent: dict[Any, Any], key: str, kind: type, where: str) -> Any:
    value = parent.get(key)
    if not isinstance(value, kind):
        found = ", ".join(sorted(k for k in parent if isinstance(k, str))[:12])
        raise TableError(f"{where}: no {kind.__name__} {key!r}; found {found or 'nothing'}")
    return value


def _cells(content: dict[Any, Any], dataset: str, where: str) -> MeasuredTable:
    """The costs of all cells on one data set."""
    table = MeasuredTable("nasbench201", dataset, _SOURCE, np.arange(CELLS), {})
    for key, target in _KEYS.items():
        if key not in content:
            continue
        values = content[key]
        if not isinstance(values, list | np.ndarray) or len(values) != CELLS:
            raise TableError(f"{where}: {key!r} must be a list of {CELLS} costs")
        table.add(target, values, f"{where}: {key}")
    if not table.targets:
        raise TableError(f"{where}: none of the known metrics ({', '.join(_KEYS)})")
    return table


def _lookup(content: dict[Any, Any], where: str) -> LookupTable:
    """The costs of FBNet's blocks from one dictionary per metric."""
    costs = {key: _part(content, key, dict, where) for key in _KEYS if key in content}
    if not costs:
        raise TableError(f"{where}: none of the known metrics ({', '.join(_KEYS)})")
    names = tuple(next(iter(costs.values())))
    for key, table in costs.items():
        if table.keys() != set(names) or not all(isinstance(name, str) for name in names):
            raise TableError(f"{where}: {key!r} names other blocks than the first metric")
    targets = {
        _KEYS[key]: _complete([table[name] for name in names], f"{where}: {key}")
        for key, table in costs.items()
    }
    return LookupTable(names, targets)


def _complete(values: Any, where: str) -> NDArray[np.float64]:
    costs, _ = as_measured(values, where)
    missing = np.flatnonzero(np.isnan(costs))
    if len(missing):
        raise TableError(f"{where}: {len(missing)} blocks have no cost (first: {missing[0] + 1})")
    return costs


def read_hwnasbench(path: str | Path) -> HWNASBench:
    """Read HW-NAS-Bench-v1_0.pickle; nothing in the file is executed.

    Cells by index; NaN where a value is withheld; the Edge TPU's -1 goes to `failed`.

    Raises:
        TableError: not a pickle of plain data, or not of the official structure.
        MeasurementError: a cost is not a number, infinite or negative.
    """
    return as_hwnasbench(load_plain_pickle(path), str(path))


def as_hwnasbench(content: Any, where: str) -> HWNASBench:
    """What `read_hwnasbench` reads, from the content of the file.

    Raises:
        TableError, MeasurementError: as there; messages begin with `where`.
    """
    if not isinstance(content, dict):
        raise TableError(f"{where}: a {type(content).__name__}; expected HW-NAS-Bench's dictionary")
    cells = _part(content, "nasbench201", dict, where)
    tables = [
        _cells(
            _part(cells, name, dict, f"{where}: nasbench201"), name, f"{where}: nasbench201 {name}"
        )
        for name in DATASETS["nasbench201"]
        if name in cells
    ]
    if not tables:
        raise TableError(f"{where}: none of the data sets {', '.join(DATASETS['nasbench201'])}")
    blocks = _part(content, "fbnet", dict, where)
    return HWNASBench(tables, _lookup(blocks, f"{where}: fbnet"))


def read_lookup(path: str | Path) -> LookupTable:
    """Read FBNet's look-up table: from the official pickle, or a .csv/.parquet with ``op_key``.

    Raises:
        TableError: the file is none of these, has no targets, or a block lacks a cost.
        MeasurementError: a cost is not a number, infinite or negative.
    """
    path = Path(path)
    if path.suffix.lower() in (".pickle", ".pkl"):
        return read_hwnasbench(path).lookup
    frame = read_frame(path)
    if "op_key" not in frame.columns:
        raise TableError(f"{path}: no column 'op_key'; found {', '.join(frame.columns[:12])}")
    keys = tuple(str(key) for key in frame["op_key"])
    if len(set(keys)) != len(keys):
        raise TableError(f"{path}: column 'op_key' names a block twice")
    targets: dict[Target, NDArray[np.float64]] = {}
    for column in frame.columns:
        parsed = parse_target(column)
        if parsed is None:
            continue
        target, where = (parsed.device, parsed.metric), f"{path}: column {column!r}"
        if not parsed.device or parsed.dataset or target in targets:
            raise TableError(f"{where}: give one column per device and metric, named {GRAMMAR}")
        targets[target] = _complete(column_values(frame[column]), where)
    if not targets:
        raise TableError(f"{path}: no target columns; expected names such as {GRAMMAR}")
    return LookupTable(keys, targets)
