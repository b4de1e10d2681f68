"""From visits to costs: drift taken out, outliers flagged, tables that are read and trained on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from archcost.data import read_table
from archcost.encodings import parse, skeleton
from archcost.errors import (
    MeasurementError,
    TableError,
    UnknownNameError,
    UnsupportedError,
)
from archcost.training import Settings, train
from archcost.training.collect.board.plan import visits
from archcost.training.collect.candidates import (
    read_candidates,
    representatives,
    sample,
    single_skeleton,
)
from archcost.training.collect.measured import checked_device, write_table
from archcost.training.collect.measuring import Options, plan_of
from archcost.training.collect.power_log import PowerLog, read_power_log, with_power
from archcost.training.collect.results import summarise

NETWORKS = 60


def records_of(
    costs: np.ndarray, drift: np.ndarray, plan: list[tuple[int, int]], noise: float = 0.005
) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "visit": number,
            "network": network,
            "round": turn,
            "ms": float(costs[network] * drift[number] * np.exp(noise * rng.standard_normal())),
        }
        for number, (network, turn) in enumerate(plan)
    ]


def test_drift_is_taken_out() -> None:
    """Clocks that fall by a third half-way, and a slow swing of 10 %."""
    plan = visits(NETWORKS, 4, [3, 30, 50], 20, seed=0)
    steps = np.arange(len(plan))
    drift = np.where(steps < 110, 1.0, 1.5) * (1 + 0.1 * np.sin(steps / 40))
    costs = np.exp(np.random.default_rng(1).uniform(0, 1, NETWORKS))
    found = summarise([NETWORKS], records_of(costs, drift, plan))
    scaled = found.latency_ms / costs
    assert np.abs(scaled / np.median(scaled) - 1).max() < 0.03
    assert found.drift.max() / found.drift.min() == pytest.approx(
        drift.max() / drift.min(), rel=0.1
    )
    assert found.repeatability is not None and found.repeatability > 0.995
    raw = [
        np.median([r["ms"] for r in records_of(costs, drift, plan) if r["network"] == n])
        for n in range(NETWORKS)
    ]
    ratio = np.array(raw) / costs
    assert np.abs(ratio / np.median(ratio) - 1).max() > 0.1


def test_one_round_uses_the_references() -> None:
    plan = visits(NETWORKS, 1, [3, 30, 50], 5, seed=0)
    drift = np.linspace(1.0, 1.4, len(plan))
    costs = np.full(NETWORKS, 2.0)
    found = summarise([NETWORKS], records_of(costs, drift, plan, noise=0.001))
    assert found.latency_ms.max() / found.latency_ms.min() < 1.2
    assert found.repeatability is None


def test_a_plan_does_not_see_the_drift_of_the_one_before() -> None:
    first = visits(NETWORKS, 5, [3, 30, 50], 20, seed=0)
    second = [(NETWORKS + number, turn) for turn in range(5) for number in range(2)]
    costs = np.linspace(1, 5, NETWORKS + 2)
    drift = np.ones(len(first) + len(second))
    drift[len(first) - 25 : len(first)] = 1.1
    records = records_of(costs, drift, [*first, *second], noise=0.001)
    found = summarise([NETWORKS, 2], records)
    assert found.latency_ms[NETWORKS:] == pytest.approx(costs[NETWORKS:], rel=0.005)


def test_outliers_are_flagged_and_kept() -> None:
    plan = visits(NETWORKS, 5, [3, 30, 50], 20, seed=0)
    costs = np.linspace(1, 5, NETWORKS)
    records = records_of(costs, np.ones(len(plan)), plan)
    hit = next(i for i, (network, turn) in enumerate(plan) if network == 10 and turn == 2)
    records[hit]["ms"] *= 3
    found = summarise([NETWORKS], records)
    assert found.outliers[10] == 1
    assert found.outliers.sum() == 1
    assert found.visits[10] == 5
    assert found.latency_ms[10] == pytest.approx(costs[10], rel=0.02)


def plan_and_records(costs: np.ndarray) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    batch = sample(len(costs), seed=3)
    plan = plan_of(batch, Options(rounds=3, device="desk"))
    order = visits(len(costs), 3, plan["references"], 20, 0)
    return plan, records_of(costs, np.ones(len(order)), order)


def test_table_is_read_back_and_trained_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    plan, records = plan_and_records(rng.uniform(1, 3, 120))
    failing = set(range(0, 120, 8))
    records = [
        {"visit": r["visit"], "network": r["network"], "round": 0, "failed": "no memory"}
        if r["network"] in failing
        else {**r, "joules": r["ms"] * 2e-3}
        for r in records
    ]
    path = tmp_path / "desk.parquet"
    results = write_table(path, [plan], records)
    assert set(results.reasons) == failing
    (table,) = read_table(path)
    assert (table.space, table.dataset) == ("nasbench201", "cifar10")
    latency = table.targets["desk", "latency"]
    assert set(np.flatnonzero(np.isnan(latency))) == failing
    assert set(np.flatnonzero(table.failed["desk", "latency"])) == failing
    assert np.nanmax(np.abs(table.targets["desk", "energy"] / latency / 2 - 1)) < 0.1
    stored = pd.read_parquet(path)
    assert set(stored.loc[stored["reason"].notna(), "reason"]) == {"no memory"}
    assert stored.attrs["archcost"]["plan"]["rounds"] == 3
    trained = train(
        table, targets=[("desk", "latency")], settings=Settings(n_estimators=5, steps=10)
    )
    assert trained[0].model.feasibility is not None


def test_fbnet_and_custom_tables_say_their_space(tmp_path: Path) -> None:
    for space, dataset in (("fbnet", "ImageNet"), ("custom", "cifar10")):
        batch = sample(5, space, dataset, seed=0)
        plan = plan_of(batch, Options(device="desk"))
        order = visits(5, 1, [], 20, 0)
        path = tmp_path / f"{space}.parquet"
        write_table(path, [plan], records_of(np.ones(5), np.ones(5), order))
        (table,) = read_table(path)
        assert (table.space, table.dataset) == (space, dataset)
        assert table.targets["desk", "latency"] == pytest.approx(np.ones(5), rel=0.05)
        back = read_candidates(path, space, dataset)
        assert back == batch


def test_nothing_measured_is_an_error(tmp_path: Path) -> None:
    plan, _ = plan_and_records(np.ones(5))
    failed = [{"visit": 0, "network": 0, "round": 0, "failed": "no such runtime"}]
    with pytest.raises(MeasurementError, match="no such runtime"):
        write_table(tmp_path / "t.parquet", [plan], failed)
    with pytest.raises(TableError, match="parquet"):
        write_table(tmp_path / "t.csv", [plan], failed)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["My Board", "x_latency", "x_latency_max", "cifar10_x", "-x", ""])
def test_device_names_that_columns_cannot_carry(name: str) -> None:
    with pytest.raises(TableError):
        checked_device(name)


@pytest.mark.parametrize("name", ["my-board", "pi4.2_usb", "imagenet-box", "a-latency"])
def test_device_names_come_back(tmp_path: Path, name: str) -> None:
    plan, records = plan_and_records(np.ones(5))
    write_table(tmp_path / "t.parquet", [{**plan, "device": checked_device(name)}], records)
    (table,) = read_table(tmp_path / "t.parquet")
    assert (name, "latency") in table.targets


def test_random_networks() -> None:
    for space in ("nasbench201", "fbnet", "custom"):
        batch = sample(40, space, seed=1)
        assert len(set(batch.strings())) == 40
        assert batch == sample(40, space, seed=1)
        assert batch != sample(40, space, seed=2)
    nodes = {arch.nodes for arch in sample(40, "custom")}
    assert nodes == {3, 4, 5, 6}
    with pytest.raises(UnsupportedError, match="15625"):
        sample(15626)
    assert len(representatives("NAS-Bench-201", None, 10)) == 15625
    assert len(representatives("fbnet", None, 10)) == 10
    with pytest.raises(UnsupportedError, match="one space"):
        single_skeleton(parse([1, "|".join(["skip"] * 22)]))
    with pytest.raises(UnsupportedError, match="twice"):
        plan_of(parse([1, 1]), Options())
    with pytest.raises(UnsupportedError, match="rounds"):
        Options(rounds=0)
    with pytest.raises(UnknownNameError, match="unknown setting 'visit_sec'; did you mean 'visit"):
        Options(settings={"visit_sec": 3})
    assert asdict(single_skeleton(parse(1))) == asdict(skeleton("nasbench201"))


def test_power_log_has_the_known_answer(tmp_path: Path) -> None:
    path = tmp_path / "power.csv"
    seconds = np.arange(0, 10, 0.1)
    pd.DataFrame({"time": 1e9 + seconds, "milliwatts": 1000 * (2 + seconds)}).to_csv(
        path, index=False
    )
    log = read_power_log(path)
    assert log.joules(1e9 + 1, 1e9 + 3) == pytest.approx(2 * 4)
    assert log.joules(1e9 - 1, 1e9 + 3) is None
    records = [
        {"network": 0, "ms": 100.0, "runs": 20, "begin": 1e9 + 1, "end": 1e9 + 3},
        {"network": 1, "ms": 100.0, "runs": 20, "begin": 1e9 + 9, "end": 1e9 + 11},
        {"network": 2, "failed": "crash"},
    ]
    first, second, third = with_power(records, log)
    assert first["joules"] == pytest.approx(8 / 20)
    assert "cover" in second["energy_reason"]
    assert third == records[2]
    # What the machine's own meter told of the same visits, or why it did not.
    reasons = {"energy_reason": "counter gone"}
    own = {"joules": 7.0, "energy_runs": 5, "energy_begin": 1e9 + 3, "energy_end": 1e9 + 4}
    mixed = [records[0] | reasons, records[1] | own, records[2]]
    assert with_power(mixed, log) == [first, second, third]


def test_power_log_with_iso_times_and_bad_ones(tmp_path: Path) -> None:
    path = tmp_path / "power.csv"
    path.write_text(
        "Timestamp,Watts\n2026-01-01T00:00:02Z,3\n2026-01-01T01:00:00+01:00,3\n"
        "2026-01-01T00:00:01Z,3\n"
    )
    log = read_power_log(path)
    assert isinstance(log, PowerLog)
    assert np.diff(log.seconds) == pytest.approx([1, 1])
    for text in ("time,volts\n1,2\n", "time,watts\n1,x\n", "time,watts\nyesterday,2\n"):
        path.write_text(text)
        with pytest.raises(TableError):
            read_power_log(path)
