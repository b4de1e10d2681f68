"""The same over Dask workers: restarts, lost workers, and folders that belong to something else."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from archcost import parse
from archcost.checkpoints import find_card
from archcost.errors import TableError, UnsupportedError
from archcost.streaming import LEFT_OUT, Job, predict_file, predict_on_cluster
from archcost.streaming.manifest import Manifest

distributed = pytest.importorskip("distributed")

DEVICES = ("2080ti_1", "fpga")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
    ) as found:
        yield found


@pytest.fixture
def job(tmp_path: Path) -> Job:
    source = tmp_path / "in.parquet"
    ids = np.random.default_rng(0).integers(0, 9, (1100, 22)).astype(np.int8)
    pd.DataFrame({"network": parse(ids).strings()}).to_parquet(source)
    return Job(source, models, rows=300)


def models(place: tuple[str, str]) -> list[Any]:
    return [find_card(name, "latency", *place) for name in DEVICES]


def parts(folder: Path) -> pd.DataFrame:
    found = sorted(folder.glob("part-*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in found], ignore_index=True)


def test_a_worker_dies_and_the_numbers_are_those_of_one_process(
    cluster: Any, job: Job, tmp_path: Path
) -> None:
    predict_file(job, tmp_path / "one.parquet")
    killed: list[int] = []

    def kill(*_: object) -> None:
        if not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    done = predict_on_cluster(job, tmp_path / "many", cluster.scheduler_address, progress=kill)
    assert killed
    assert (done.written, done.left_out) == (2200, 0)
    # Whole folders are read, what lies beside the parts is passed over.
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "many"),
        pd.read_parquet(tmp_path / "one.parquet"),
        check_exact=True,
    )
    assert len(list((tmp_path / "many").iterdir())) == 6


def test_interrupted_it_goes_on_with_what_is_missing(
    cluster: Any, job: Job, tmp_path: Path
) -> None:
    folder = tmp_path / "many"

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_on_cluster(job, folder, cluster.scheduler_address, progress=interrupt)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("part-*.parquet")}
    assert before
    assert '"complete": null' in (folder / "_manifest.json").read_text()
    (folder / LEFT_OUT).write_text("row,problem\n1,of an earlier run\n")
    done = predict_on_cluster(job, folder, cluster.scheduler_address)
    assert done.written == 2200
    assert not (folder / LEFT_OUT).exists()
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert len(parts(folder)) == 2200
    assert '"partitions": 4' in (folder / "_manifest.json").read_text()


def test_a_folder_takes_one_at_a_time(cluster: Any, job: Job, tmp_path: Path) -> None:
    folder, address = tmp_path / "many", cluster.scheduler_address
    refused: list[str] = []

    def another(*_: object) -> None:
        if not refused:
            with pytest.raises(TableError) as error:
                predict_on_cluster(job, folder, address)
            refused.append(str(error.value))

    assert predict_on_cluster(job, folder, address, progress=another).written == 2200
    assert refused == [
        f"{folder}: another process predicts into it; wait for it, or name another folder"
    ]
    assert len(parts(folder)) == 2200


def test_where_files_cannot_be_locked_it_is_done_none_the_less(
    cluster: Any, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    done = predict_on_cluster(job, tmp_path / "many", cluster.scheduler_address)
    assert done.written == 2200


def test_malformed_rows_are_left_out_by_the_same_command_with_that_option(
    cluster: Any, job: Job, tmp_path: Path
) -> None:
    folder, address = tmp_path / "many", cluster.scheduler_address
    texts = pd.read_parquet(job.source)["network"].tolist()
    texts[700] = "nonsense"
    pd.DataFrame({"network": texts}).to_parquet(job.source)
    with pytest.raises(TableError, match="row 701"):
        predict_on_cluster(job, folder, address)
    done = predict_on_cluster(replace(job, skip=True), folder, address)
    assert (done.written, done.left_out) == (2198, 1)
    assert pd.read_csv(folder / LEFT_OUT)["row"].tolist() == [701]
    assert len(pd.read_parquet(folder)) == 2198
    # What half a part has under way is taken away, by whoever comes next.
    (folder / ".part-00001.abc.parquet").write_text("half")
    with pytest.raises(TableError, match="row 701"):
        predict_on_cluster(job, folder, address)
    assert not list(folder.glob(".part-*"))


def test_without_a_worker_it_ends_in_words(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archcost.streaming.cluster._PATIENCE_S", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty,
        pytest.raises(UnsupportedError, match="no Dask worker is left"),
    ):
        predict_on_cluster(job, tmp_path / "many", empty.scheduler_address)


def test_interrupted_workers_say_nothing(tmp_path: Path, until: Any) -> None:
    source, folder = tmp_path / "in.parquet", tmp_path / "many"
    rows = np.random.default_rng(0).integers(0, 15625, 6_000_000).astype(np.int32)
    pd.DataFrame({"arch_index": rows}).to_parquet(source)
    command = ["predict", "--input", str(source), "--output", str(folder), "--device", "fpga"]
    # A shell may have told this process, and so its children, to pass over Ctrl-C.
    started = subprocess.Popen(
        [sys.executable, "-m", "archcost", *command, "--engine", "dask"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until(lambda: list(folder.glob("part-*.parquet")))
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=600)
    assert started.returncode == 130, said
    assert said.splitlines()[1:] == [], said
    assert "interrupted" in said
    assert '"complete": null' in (folder / "_manifest.json").read_text()
    assert not list(folder.glob(".part-*"))


def test_another_input_or_other_models_are_refused(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    cards = {("fbnet", "cifar100"): models(("fbnet", "cifar100"))}
    Manifest.open(folder, job).check_models(cards)
    Manifest.open(folder, job).check_models(cards)
    with pytest.raises(TableError, match=r"other models.*fpga latency"):
        Manifest.open(folder, job).check_models({key: cards[key][:1] for key in cards})
    pd.DataFrame({"network": ["|".join(["skip"] * 22)]}).to_parquet(job.source)
    with pytest.raises(TableError, match="another input"):
        predict_on_cluster(job, folder)
    (folder / "_manifest.json").unlink()
    (folder / "part-00000.parquet").write_text("")
    with pytest.raises(TableError, match="no _manifest"):
        predict_on_cluster(job, folder)


def test_no_scheduler_is_one_clear_error(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archcost.optional._CONNECT_S", 0.2)
    with pytest.raises(UnsupportedError, match="no Dask scheduler answers"):
        predict_on_cluster(job, tmp_path / "many", "tcp://127.0.0.1:9")
    with pytest.raises(TableError, match="a file"):
        predict_on_cluster(job, job.source)
