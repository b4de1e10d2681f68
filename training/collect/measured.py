"""The table of a measurement: what `archcost.data.read_table` and `archcost train` read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archcost.data import write_whole
from archcost.data.names import DATASETS, TargetColumn, column_of, parse_target
from archcost.errors import MeasurementError, TableError
from archcost.training.collect.board.journal import together
from archcost.training.collect.board.protocol import DEFAULTS, PROTOCOL_VERSION
from archcost.training.collect.results import Record, Results, summarise

FAILED = -1.0
"""Stands in the table for a network that the device could not run; said in its metadata."""


def device_id(text: str) -> str:
    """A name as an id of a device: lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_") or "device"


def checked_device(name: str) -> str:
    """A device's name if a table's column can carry it.

    Raises:
        TableError: it is no id, or would be read as a metric.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
        raise TableError(
            f"device {name!r}: use lower-case letters, digits, '-', '_' and '.', beginning with a "
            f"letter or digit, such as {device_id(name)!r}"
        )
    try:
        read = parse_target(column_of(name, "latency"))
    except TableError:
        read = None
    if read != TargetColumn(None, name, "latency"):
        raise TableError(
            f"device {name!r}: in the name of a column it would be taken for a metric or a data set"
        )
    return name


def write_table(path: str | Path, plans: Sequence[dict[str, Any]], records: list[Any]) -> Results:
    """Write the table of a journal's plans; columns are named with data set, device and unit.

    Besides the costs: `spread` (relative standard deviation of a visit), `visits`, `outliers` and
    `reason` (why a network failed). How it was measured is in the file's metadata.

    Raises:
        MeasurementError: no network gave a time.
        TableError, OSError: it cannot be written.
    """
    import pandas as pd

    path = Path(path)
    if path.suffix.lower() != ".parquet":
        raise TableError(f"{path}: suffix {path.suffix!r}; the table is a .parquet file")
    plan = together(plans)
    names = list(plan["networks"])
    results = summarise([len(each["networks"]) for each in plans], records)
    if not results.visits.any():
        why = next(iter(results.reasons.values()), "no visit was made")
        raise MeasurementError(f"none of {len(names)} networks could be measured: {why}")
    failed = np.array([number in results.reasons for number in range(len(names))])
    prefix = column_prefix(plan)
    columns: dict[str, Any] = {
        "arch_str": names,
        f"{prefix}latency_ms": np.where(failed, FAILED, results.latency_ms),
    }
    if np.isfinite(results.energy_mj).any():
        columns[f"{prefix}energy_mj"] = np.where(failed, FAILED, results.energy_mj)
    columns |= {
        "spread": results.spread,
        "visits": results.visits,
        "outliers": results.outliers,
        "reason": [results.reasons.get(number) for number in range(len(names))],
    }
    frame = pd.DataFrame(columns)
    frame.attrs["archcost"] = _metadata(plan, records, results)
    with write_whole(path) as part:
        frame.to_parquet(part)
    return results


def column_prefix(plan: Record) -> str:
    """``<data set>_<device>_``; the data set's name only where readers know it."""
    place = plan["skeleton"]
    known = place["dataset"] in DATASETS.get(place["space"], ())
    return f"{place['dataset'].lower()}_{plan['device']}_" if known else f"{plan['device']}_"


def _metadata(plan: Record, records: list[Any], results: Results) -> dict[str, Any]:
    place = plan["skeleton"]
    kept = {key: value for key, value in plan.items() if key != "networks"}
    return {
        "space": place["space"],
        "dataset": place["dataset"],
        "failed_value": FAILED,
        "precision": "float32",
        "protocol_version": PROTOCOL_VERSION,
        "statistic": "median over visits of a visit's fastest run",
        "settings": {**DEFAULTS, **plan.get("settings", {})},
        "plan": kept,
        "environments": [r["environment"] for r in records if "environment" in r],
        "drift": [float(results.drift.min()), float(results.drift.max())],
        "repeatability": results.repeatability,
    }
