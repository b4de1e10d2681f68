"""Metrics and their units. A number in archcost never travels without one of these."""

from __future__ import annotations

from archcost.errors import unknown_name

UNITS: dict[str, str] = {
    "latency": "ms",
    "energy": "mJ",
    "arithmetic_intensity": "operations/byte",
}
"""Metric name to the unit in which archcost takes and gives it."""

METRICS = tuple(UNITS)


def unit_of(metric: str) -> str:
    """The unit of a metric.

    Raises:
        UnknownNameError: no such metric; the message names the nearest.
    """
    try:
        return UNITS[metric]
    except KeyError:
        raise unknown_name("metric", metric, UNITS) from None
