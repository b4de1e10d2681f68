"""Several boards at once: Dask workers on this machine that carry labels."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcost.data import read_table
from archcost.errors import UnknownNameError, UnsupportedError
from archcost.training.collect import Options, sample
from archcost.training.collect.board.journal import read_journal
from archcost.training.collect.boards import measure_on_boards, table_path
from archcost.training.collect.measuring import journal_path
from archcost.training.collect.results import estimate_drift

distributed = pytest.importorskip("distributed")

OPTIONS = Options(rounds=6, settings={"warm_up_s": [0.0, 0.02], "visit_s": 0.02, "runs": [5, 20]})
LABELS = {"a": "one", "b": "one", "c": "two"}
VISITS = 3 * 6


class Cluster:
    """A scheduler and a process per worker, on loopback."""

    def __init__(self, until: Any) -> None:
        self.scheduler = distributed.LocalCluster(
            n_workers=0, processes=True, dashboard_address=None
        )
        self.address = self.scheduler.scheduler_address
        self.workers = {
            name: subprocess.Popen(
                [
                    *(sys.executable, "-m", "dask", "worker", self.address, "--name", name),
                    *("--no-nanny", "--nthreads", "1", "--no-dashboard"),
                    *("--resources", f"device-{label}=1"),
                ],
                stderr=subprocess.DEVNULL,
            )
            for name, label in LABELS.items()
        }
        until(lambda: len(self.scheduler.scheduler.workers) == len(LABELS))

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()
        self.scheduler.close()


@pytest.fixture(scope="module")
def cluster(until: Any) -> Iterator[Cluster]:
    found = Cluster(until)
    yield found
    found.close()


def visits_of(out: Path, label: str) -> list[dict[str, object]]:
    path = journal_path(table_path(out, label))
    return [r for r in read_journal(path)[1] if "visit" in r] if path.exists() else []


def test_labels_that_no_worker_has(cluster: Cluster, tmp_path: Path) -> None:
    out = tmp_path / "m.parquet"
    with pytest.raises(UnknownNameError, match="did you mean 'two'"):
        measure_on_boards(cluster.address, sample(3), out, labels=["twoo"])
    with pytest.raises(UnsupportedError, match="labels are the names"):
        measure_on_boards(cluster.address, sample(3), out, Options(device="here"))
    with pytest.raises(UnsupportedError, match=r"one: cannot measure: .*no GPU"):
        measure_on_boards(cluster.address, sample(3), out, Options("torch-cuda"), ["one"])
    assert not list(tmp_path.iterdir())


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="no Dask scheduler"):
        measure_on_boards("nowhere", sample(3), tmp_path / "m.parquet")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UnsupportedError, match=r"archcost\[dask\]"):
        measure_on_boards("nowhere", sample(3), tmp_path / "m.parquet")


def test_stopped_then_a_board_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    """Runs last: it kills a worker."""
    out = tmp_path / "m.parquet"

    def stop(_: str, done: int, __: int) -> None:
        if done >= 4:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        measure_on_boards(cluster.address, sample(3), out, OPTIONS, progress=stop)
    before = {label: visits_of(out, label) for label in ("one", "two")}
    assert 4 <= sum(len(found) for found in before.values()) < 2 * VISITS
    lost = len(before["one"])

    def kill(*_: object) -> None:
        nonlocal lost
        found = visits_of(out, "one")
        if {"a", "b"} <= {visit["worker"] for visit in found} and lost == len(before["one"]):
            cluster.workers["a"].kill()
            cluster.workers["a"].wait()
            lost = len(found)

    # No networks are given: the plans are in the journals.
    results = measure_on_boards(cluster.address, None, out, progress=kill)
    assert len(before["one"]) < lost < VISITS
    for label, (table, found) in results.items():
        made = visits_of(out, label)
        assert made[: len(before[label])] == before[label]
        assert sorted(visit["visit"] for visit in made) == list(range(VISITS))
        assert found.visits.tolist() == [6, 6, 6]
        (read,) = read_table(table)
        assert read.targets[label, "latency"] == pytest.approx(found.latency_ms)
    assert {visit["worker"] for visit in visits_of(out, "two")} == {"c"}
    workers = [visit["worker"] for visit in visits_of(out, "one")]
    assert set(workers[:lost]) == {"a", "b"}
    assert set(workers[lost + 1 :]) == {"b"}  # one that a had done may have been on its way
    _, records = read_journal(journal_path(table_path(out, "one")))
    known = {r["environment"]["worker"] for r in records if "environment" in r}
    assert known == {"a", "b"}


def test_boards_of_a_device_drift_by_themselves() -> None:
    rng = np.random.default_rng(0)
    network, board = np.tile(np.arange(8), 30), rng.integers(0, 2, 240)
    slow = np.where(board == 1, np.log(1.1) + 0.1 * np.arange(240) / 240, 0.0)
    logs = np.log(1.0 + network) + slow + rng.normal(0, 0.002, 240)
    apart = logs - estimate_drift(network, logs, 8, board)
    mixed = logs - estimate_drift(network, logs, 8)
    scatter = [np.mean([v[network == n].std() for n in range(8)]) for v in (apart, mixed)]
    assert scatter[0] < 0.01 < scatter[1]
