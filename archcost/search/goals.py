"""What a search wants: costs of devices to keep low, and limits on them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from archcost.checkpoints import load
from archcost.errors import UnsupportedError
from archcost.predictors import CostModel
from archcost.units import unit_of

Most = float | str | Mapping[str | None, float | str] | None
"""Limits on a metric: one for all devices of the search (20, "20ms"), or one a device
({"raspi4": "20ms"}, with None for all others of the search). Bare numbers are in the metric's
unit."""

_FACTORS = {
    "latency": {"ms": 1.0, "s": 1e3, "us": 1e-3, "µs": 1e-3},
    "energy": {"mJ": 1.0, "J": 1e3, "uJ": 1e-3, "µJ": 1e-3},
}
"""Metric that can be limited to units that a limit may have, in units of the metric."""
_LIMIT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\s\d]*)\s*")
_MAXIMISED = "arithmetic_intensity"


@dataclass(frozen=True, eq=False)
class Cost:
    """A predicted cost and what is wanted of it.

    Attributes:
        model: what predicts it.
        objective: whether it is an objective; else it is only limited.
        limit: most that is allowed, in the model's unit; infinite: no limit.
    """

    model: CostModel
    objective: bool
    limit: float = math.inf

    @property
    def column(self) -> str:
        """Its name in a table, with the unit: ``raspi4_latency_ms``."""
        target = self.model.target
        suffix = f"_{target.unit.lower()}" if target.metric in _FACTORS else ""
        return f"{target.device}_{target.metric}{suffix}"

    @property
    def title(self) -> str:
        """Its name on an axis: ``raspi4 latency (ms)``."""
        target = self.model.target
        return f"{target.device} {target.metric.replace('_', ' ')} ({target.unit})"

    @property
    def sign(self) -> int:
        """1 if less is better; -1 for arithmetic intensity, of which more is better."""
        return -1 if self.model.target.metric == _MAXIMISED else 1


def limit_value(limit: float | str, metric: str) -> float:
    """A limit in the unit of its metric: "20ms", "0.02 s", 20 for latency are all 20.0.

    Raises:
        UnsupportedError: no positive number, or not a unit of this metric.
    """
    units = _FACTORS[metric]
    found = _LIMIT.fullmatch(str(limit))
    if found is None:
        raise UnsupportedError(
            f"limit {str(limit)!r} on {metric}: not a number with a unit, such as "
            f"20{unit_of(metric)}"
        )
    number, unit = float(found[1]), found[2] or unit_of(metric)
    if unit not in units:
        raise UnsupportedError(
            f"limit {str(limit)!r} on {metric}: {unit!r} is no unit of it; give "
            f"{', '.join(u for u in units if u.isascii())}, or a bare number in {unit_of(metric)}"
        )
    if not 0 < number < math.inf:
        raise UnsupportedError(f"limit {str(limit)!r} on {metric}: give a number above 0")
    return number * units[unit]


def costs_of(
    devices: Iterable[str | CostModel],
    metrics: Iterable[str],
    limits: Mapping[str, Most],
    space: str,
    dataset: str | None,
) -> tuple[Cost, ...]:
    """The objectives, each device with each metric, and what is only limited.

    Args:
        devices: ids, or models, which have a metric of their own.
        metrics: of the devices that are given by id; one of which only some devices have is taken
            of those.
        limits: by metric ("latency", "energy").
        space, dataset: of the models.

    Raises:
        UnknownNameError, UnsupportedError: no device, a name that is not known, a combination
            without a predictor, a limit that cannot be read.
    """
    given = list(devices)
    for one in given:
        if not isinstance(one, str | CostModel):
            raise UnsupportedError(f"device {one!r}: give an id, or a model of archcost.load")
    names = list(dict.fromkeys(name for name in given if isinstance(name, str)))
    models = [model for model in given if isinstance(model, CostModel)]
    if names:
        models = _models(names, list(dict.fromkeys(metrics)), space, dataset) + models
    if not models:
        raise UnsupportedError("a search needs a device whose cost it keeps low: give --device")
    found = {_key(model): Cost(model, objective=True) for model in models}
    searched = list(dict.fromkeys(cost.model.target.device for cost in found.values()))
    for metric, most in limits.items():
        for device, limit in _by_device(most, searched).items():
            value = limit_value(limit, metric)
            cost = found.get((device, metric))
            if cost is None:
                cost = Cost(load(device, metric, space, dataset), objective=False)
            found[device, metric] = replace(cost, limit=value)
    return tuple(found.values())


def _models(
    names: list[str], metrics: list[str], space: str, dataset: str | None
) -> list[CostModel]:
    """The models of each device for each metric that it has.

    Raises:
        UnknownNameError: as `load`.
        UnsupportedError: a device with none of the metrics, or a metric that none of them has.
    """
    found: dict[tuple[str, str], CostModel] = {}
    refused: dict[tuple[str, str], UnsupportedError] = {}
    for pair in product(names, metrics):
        try:
            found[pair] = load(*pair, space, dataset)
        except UnsupportedError as error:
            refused[pair] = error
    for (name, metric), refusal in refused.items():
        if not any((name, other) in found for other in metrics):
            raise refusal
        if not any((other, metric) in found for other in names):
            raise refusal
    return list(found.values())


def _key(model: CostModel) -> tuple[str, str]:
    return model.target.device, model.target.metric


def _by_device(most: Most, searched: list[str]) -> dict[str, float | str]:
    """The limit of each device; one that is named comes before the one for all."""
    if most is None:
        return {}
    if not isinstance(most, Mapping):
        return dict.fromkeys(searched, most)
    every = dict.fromkeys(searched, most[None]) if None in most else {}
    return every | {device: limit for device, limit in most.items() if device is not None}
