"""Limits with units, and which predictors devices and metrics mean."""

from __future__ import annotations

import math

import pytest

import archcost
from archcost.errors import UnknownNameError, UnsupportedError
from archcost.search.goals import Most, costs_of, limit_value


@pytest.mark.parametrize(
    ("limit", "metric", "value"),
    [
        ("20ms", "latency", 20.0),
        (" 20 ms ", "latency", 20.0),
        ("20", "latency", 20.0),
        (20, "latency", 20.0),
        ("0.02s", "latency", 20.0),
        ("2.5e4us", "latency", 25.0),
        ("500µs", "latency", 0.5),
        (".5", "latency", 0.5),
        ("150mJ", "energy", 150.0),
        ("0.15J", "energy", 150.0),
    ],
)
def test_limits(limit: float | str, metric: str, value: float) -> None:
    assert limit_value(limit, metric) == pytest.approx(value)


@pytest.mark.parametrize(
    ("limit", "metric", "says"),
    [
        ("20mJ", "latency", "'mJ' is no unit"),
        ("20MS", "latency", "give ms, s, us"),
        ("20ms", "energy", "bare number in mJ"),
        ("0ms", "latency", "above 0"),
        ("-3", "latency", "above 0"),
        ("1e999", "latency", "above 0"),
        ("nan", "latency", "not a number"),
        ("20 ms ms", "latency", "not a number"),
        ("", "latency", "not a number"),
        ("fast", "energy", "such as 20mJ"),
    ],
)
def test_limits_that_are_none(limit: str, metric: str, says: str) -> None:
    with pytest.raises(UnsupportedError, match=says):
        limit_value(limit, metric)


def costs(
    *devices: str, metrics: tuple[str, ...] = ("latency",), **limits: Most
) -> dict[str, tuple[bool, float]]:
    found = costs_of(devices, metrics, limits, "nasbench201", None)
    return {cost.column: (cost.objective, cost.limit) for cost in found}


def test_each_device_with_each_metric_it_has() -> None:
    assert costs("raspi4", "edgegpu", metrics=("latency", "energy")) == {
        "raspi4_latency_ms": (True, math.inf),
        "edgegpu_latency_ms": (True, math.inf),
        "edgegpu_energy_mj": (True, math.inf),
    }


def test_a_named_limit_comes_before_that_for_all_and_may_bring_a_device_in() -> None:
    found = costs("raspi4", "fpga", latency={None: "20ms", "fpga": 5, "pixel3": "9ms"}, energy=None)
    assert found == {
        "raspi4_latency_ms": (True, 20.0),
        "fpga_latency_ms": (True, 5.0),
        "pixel3_latency_ms": (False, 9.0),
    }


def test_a_limit_on_another_metric_is_no_objective() -> None:
    assert costs("edgegpu", energy="9mJ") == {
        "edgegpu_latency_ms": (True, math.inf),
        "edgegpu_energy_mj": (False, 9.0),
    }


def test_arithmetic_intensity_is_kept_high() -> None:
    found = costs_of(["eyeriss"], ["arithmetic_intensity"], {}, "nasbench201", None)
    assert [(cost.column, cost.sign) for cost in found] == [("eyeriss_arithmetic_intensity", -1)]


def test_a_model_stands_for_itself() -> None:
    model = archcost.load("edgegpu", metric="energy")
    (found,) = costs_of([model], ["latency"], {}, "nasbench201", None)
    assert found.model is model


def test_what_cannot_be_searched_for() -> None:
    with pytest.raises(UnsupportedError, match="raspi4 has no energy"):
        costs("raspi4", metrics=("energy",))
    with pytest.raises(UnsupportedError, match="raspi4 has no energy"):
        costs("raspi4", "edgegpu", metrics=("energy",))
    with pytest.raises(UnsupportedError, match="raspi4 has no energy"):
        costs("raspi4", metrics=("latency", "energy"))
    with pytest.raises(UnknownNameError, match="did you mean 'raspi4'"):
        costs("raspi")
    with pytest.raises(UnsupportedError, match="give --device"):
        costs()
    with pytest.raises(UnknownNameError, match="metric"):
        costs("raspi4", metrics=("speed",))
