"""An external power meter's log, aligned with the runs by the time of day.

The log is a .csv with a column of times (`time`, `timestamp` or `seconds`: seconds since 1970, or
ISO 8601; without a zone it is UTC) and one of power (`watts`, `power_w` or `power`, in W; or
`milliwatts`, `power_mw`). The meter's clock and the machine's must agree to much better than a
visit lasts: set both by NTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.data.tables import read_frame
from archcost.errors import TableError

_TIMES = ("time", "timestamp", "seconds")
_POWERS = {"watts": 1.0, "power_w": 1.0, "power": 1.0, "milliwatts": 1e-3, "power_mw": 1e-3}
_FEWEST = 3
_ENERGY = ("joules", "energy_")
"""What the names of a meter's readings begin with in the record of a visit."""


@dataclass(frozen=True, eq=False)
class PowerLog:
    """Power over time.

    Attributes:
        seconds: (n,) since 1970, ascending.
        watts: (n,).
    """

    seconds: npt.NDArray[np.float64]
    watts: npt.NDArray[np.float64]

    def joules(self, begin: float, end: float) -> float | None:
        """Energy between two moments, by trapezoids; None where the log does not cover them.

        At least three samples must lie between them.
        """
        inside = (self.seconds > begin) & (self.seconds < end)
        covered = self.seconds[0] <= begin and end <= self.seconds[-1]
        if not covered or inside.sum() < _FEWEST:
            return None
        moments = np.concatenate([[begin], self.seconds[inside], [end]])
        power = np.interp(moments, self.seconds, self.watts)
        return float(((power[1:] + power[:-1]) / 2 * np.diff(moments)).sum())


def read_power_log(path: str | Path) -> PowerLog:
    """Read a power log.

    Raises:
        TableError: no such file, no columns of times and power, or values that are neither.
    """
    import pandas as pd

    frame = read_frame(path)
    frame.columns = [column.strip().casefold() for column in frame.columns]
    time = next((name for name in _TIMES if name in frame.columns), None)
    power = next((name for name in _POWERS if name in frame.columns), None)
    if time is None or power is None or not len(frame):
        raise TableError(
            f"{path}: expected rows with a column {', '.join(_TIMES)} and one of "
            f"{', '.join(_POWERS)}; found {', '.join(frame.columns)}"
        )
    try:
        watts = frame[power].to_numpy(dtype=np.float64) * _POWERS[power]
        if frame[time].dtype.kind in "iuf":
            seconds = frame[time].to_numpy(dtype=np.float64)
        else:
            moments = pd.to_datetime(frame[time], utc=True, format="ISO8601")
            seconds = (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy()
    except (ValueError, TypeError) as error:
        raise TableError(f"{path}: {error}") from None
    if not (np.isfinite(watts).all() and np.isfinite(seconds).all()):
        raise TableError(f"{path}: every row needs a time and a power")
    order = np.argsort(seconds, kind="stable")
    return PowerLog(seconds[order], watts[order])


def with_power(records: Sequence[Mapping[str, Any]], log: PowerLog) -> list[dict[str, Any]]:
    """Records of visits with the energy that the log tells for their timed runs.

    Visits that the log does not cover get the reason instead. What another meter told is left out:
    meters differ in what of the machine they see, and their energies cannot be mixed.
    """
    found = []
    for record in records:
        if "ms" not in record:
            found.append(dict(record))
            continue
        joules = log.joules(record["begin"], record["end"])
        if joules is None:
            told: dict[str, Any] = {"energy_reason": "the power log does not cover the visit"}
        else:
            told = {"joules": joules / record["runs"]}
        timed = {key: value for key, value in record.items() if not key.startswith(_ENERGY)}
        found.append({**timed, **told})
    return found
