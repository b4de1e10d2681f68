"""This machine as a device: really measured, briefly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archcost
from archcost.cli import main
from archcost.encodings import lower
from archcost.errors import UnsupportedError
from archcost.training.calibrate import Outlook, calibrate
from archcost.training.collect import Options
from archcost.training.collect.board.journal import read_journal
from archcost.training.pareto import pareto

QUICK = {"warm_up_s": [0.0, 0.02], "visit_s": 0.02, "runs": [5, 20]}


def test_pareto_set_against_plain_loops() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 12, (2, 80))
    best = pareto(one, other)
    assert (np.diff(one[best]) > 0).all()
    assert (np.diff(other[best]) < 0).all()
    for a, b in zip(one, other, strict=True):
        beaten = ((one <= a) & (other <= b) & ((one < a) | (other < b))).any()
        assert beaten != ((a, b) in set(zip(one[best], other[best], strict=True)))


def test_halving_is_the_first_that_is_enough() -> None:
    assert Outlook(np.array([0.2, 0.4, 0.5, 0.6]), 1.0).halving() == 3
    assert Outlook(np.array([0.2, 0.4]), 1.0).halving() is None


def test_a_machine_becomes_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    heard: list[tuple[str, int, int]] = []
    found = calibrate(
        4,
        options=Options(rounds=2, settings=QUICK),
        device="my-box",
        progress=lambda *given: heard.append(given),
    )
    assert len(found.networks) == len(found.latency) == 15625
    assert heard[0] == ("choosing networks", 0, 4)
    assert heard[-1][0] == "done"
    assert np.isfinite(found.measured.latency_ms).sum() == 4
    # As kept, the device predicts what the report showed.
    kept = archcost.load("my-box", metric="latency", space="nasbench201", dataset="cifar10")
    rows = found.best[[0, -1]]
    assert kept.predict(found.networks.take(rows)).value == pytest.approx(found.latency.value[rows])
    # Multiply-accumulates are those of what lies between input and output.
    full = int(found.macs.argmax())
    assert found.macs[full] == pytest.approx(lower(found.networks[full]).macs)
    assert full in found.best
    for left, right in pairwise(found.best):
        assert found.latency.value[left] < found.latency.value[right]
        assert found.macs[left] < found.macs[right]
    assert 0 < found.outlook.narrowing[0] < found.outlook.narrowing[-1] < 1
    assert found.outlook.seconds > 0
    assert found.table.exists()
    assert not list(found.table.parent.glob("*.journal.jsonl"))


def test_interrupted_the_same_command_goes_on(
    tmp_path: Path, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    archcost.adapt([1, 2, 3], [4.0, 5.0, 6.0], device="mine").save()
    command = [
        *(sys.executable, "-m", "archcost", "calibrate", "-n", "4", "--rounds", "8"),
        *("--visit-seconds", "0.02", "--device", "mine"),
    ]
    environment = {**os.environ, "ARCHCOST_HOME": str(tmp_path)}
    process = subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until(lambda: list(tmp_path.glob("measured/*.journal.jsonl")))
    (journal,) = tmp_path.glob("measured/*.journal.jsonl")
    until(lambda: journal.read_bytes().count(b'"visit"') >= 3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("archcost: interrupted")
    assert "Traceback" not in said
    before = journal.read_bytes()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fastest" in done.stdout
    assert "--device mine" in done.stdout
    assert "note: replaces what was learned from 3 networks before" in done.stdout
    (visits,) = tmp_path.glob("measured/*.visits.jsonl")
    assert visits.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    _, records = read_journal(visits)
    numbers = [record["visit"] for record in records if "visit" in record]
    assert numbers == list(range(8 * (4 + 2)))
    card = json.loads(next(tmp_path.glob("devices/**/card.json")).read_text())
    assert card["device"] == "mine"


def test_a_missing_runtime_is_said_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnsupportedError, match=r"archcost\[onnxruntime\]"):
        calibrate(2)


def test_what_cannot_be_replaced_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    trained = tmp_path / "devices" / "nasbench201" / "cifar10" / "mine-latency-ensemble"
    trained.mkdir(parents=True)
    with pytest.raises(UnsupportedError, match=r"mine-latency-ensemble.*another name"):
        calibrate(2, device="mine")
    assert not (tmp_path / "measured").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--runtime", "onnx"), "onnxruntime"),
        (("--device", "raspi4"), "shipped"),
        (("--device", "My Box"), "lower-case"),
        (("--space", "custom"), "nasbench201"),
        (("--dataset", "cifar11"), "cifar10"),
        (("-n", "0"), "-n"),
    ],
)
def test_errors_are_one_line_and_status_2(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.count("\n") == 1
