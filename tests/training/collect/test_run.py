"""`archcost collect` as a person runs it, on the real runtimes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from archcost.cli import main
from archcost.cli.simulate import Quirks
from archcost.data import read_table
from archcost.encodings import Architecture, parse, skeleton
from archcost.errors import TableError, UnknownNameError, UnsupportedError
from archcost.training.collect.board.journal import read_journal
from archcost.training.collect.candidates import sample
from archcost.training.collect.measuring import Options, journal_path, measure
from archcost.training.collect.runners import RUNTIMES, find_runtime
from archcost.training.collect.simulators.network import QUIRKS

QUICK = {"warm_up_s": [0.0, 0.02], "visit_s": 0.02, "runs": [5, 20]}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archcost", "collect", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch", "openvino"])
def test_runtimes_tell_small_from_large(runtime: str, tmp_path: Path) -> None:
    if any(find_spec(module) is None for module in RUNTIMES[runtime].modules):
        pytest.skip(f"{runtime} is not installed")
    out = tmp_path / "t.parquet"
    batch = parse(np.array([[0] * 6, [3] * 6]), space="nasbench201")
    options = Options(runtime, rounds=2, device="here", settings=QUICK)
    results = measure(batch, out, options)
    assert results.reasons == {}
    assert 0 < results.latency_ms[0] < results.latency_ms[1] / 2
    (table,) = read_table(out)
    assert table.targets["here", "latency"] == pytest.approx(results.latency_ms)


@pytest.mark.parametrize("runtime", ["torch-cuda", "torch-cuda-graph"])
def test_runtimes_on_a_gpu(runtime: str, tmp_path: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(UnsupportedError, match="GPU"):
            find_runtime(runtime).check()
        pytest.skip("no GPU here")
    batch = parse(np.array([[0] * 6, [3] * 6]), space="nasbench201")
    options = Options(runtime, rounds=2, batch_size=32, settings=QUICK)
    results = measure(batch, tmp_path / "t.parquet", options)
    assert results.reasons == {}
    assert 0 < results.latency_ms[0] < results.latency_ms[1]


def test_custom_cells_and_batches(tmp_path: Path) -> None:
    batch = sample(2, "custom", seed=4)
    one = measure(batch, tmp_path / "one.parquet", Options(rounds=1, settings=QUICK))
    eight = measure(
        batch, tmp_path / "eight.parquet", Options(rounds=1, batch_size=8, settings=QUICK)
    )
    assert (eight.latency_ms > 2 * one.latency_ms).all()
    (plan,), _ = read_journal(journal_path(tmp_path / "eight.parquet"))
    assert plan["device"].endswith("_onnxruntime_1t_b8")


def test_a_network_that_takes_too_long_is_a_row_with_the_reason(tmp_path: Path) -> None:
    place = skeleton("nasbench201", "cifar10")
    small = Architecture.custom_cell(("none",), ((0, 1),), place)
    large = Architecture.custom_cell(("nor_conv_99x99",), ((0, 1),), place)
    out = tmp_path / "t.parquet"
    options = Options(rounds=1, device="here", timeout_s=1.5, settings=QUICK)
    results = measure([small, large], out, options)
    assert list(results.reasons) == [1]
    assert "1.5 s" in results.reasons[1]
    (table,) = read_table(out)
    assert table.failed["here", "latency"].tolist() == [False, True]


def test_killed_it_goes_on_and_repeats_nothing(tmp_path: Path, until: Any) -> None:
    out = tmp_path / "mine.parquet"
    arguments = ("-n", "4", "--rounds", "2", "--device", "here", "--out", str(out))
    journal = journal_path(out)
    process = subprocess.Popen(
        [sys.executable, "-m", "archcost", "collect", "run", *arguments],
        stdout=subprocess.DEVNULL,
    )
    until(lambda: journal.exists() and journal.read_bytes().count(b'"visit"') >= 3)
    process.kill()
    process.wait()
    assert not out.exists()
    time.sleep(1)  # the visit under way comes to its end and is lost
    before = journal.read_bytes()
    done = run("run", "--out", str(out))  # no options: goes on with the plan
    assert done.returncode == 0, done.stderr
    assert "4 of 4 networks" in done.stdout
    assert "failed     none" in done.stdout
    assert journal.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    _, records = read_journal(journal)
    numbers = [record["visit"] for record in records if "visit" in record]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) == 2 * (4 + 2)
    after = journal.read_bytes()
    out.unlink()
    (stored,), _ = read_journal(journal)
    again = Options(rounds=2, device="here", settings=stored["settings"])
    measure(sample(4), out, again)
    assert journal.read_bytes() == after  # all done: nothing is measured, the table is written
    assert out.exists()
    with pytest.raises(TableError, match="rounds 2, not 3"):
        measure(sample(4), out, replace(again, rounds=3))


def test_further_networks_are_added_to_the_table(tmp_path: Path) -> None:
    out, journal = tmp_path / "mine.parquet", tmp_path / "mine.journal.jsonl"
    options = Options(rounds=1, device="here", settings=QUICK)
    first, more = parse([1, 2, 3, 4]), parse([3, 4, 5, 6, 7, 8])
    measure(first, out, options)
    before = journal.read_bytes()
    # Stopped after the first visit of those that are added.
    with pytest.raises(KeyboardInterrupt):
        measure(more, out, options, progress=_stopping_at(6))
    results = measure(None, out)
    assert journal.read_bytes().startswith(before)
    (table,) = read_table(out)
    assert table.architectures == parse(range(1, 9)).strings()
    assert (results.visits > 0).all() and results.latency_ms.shape == (8,)
    plans, records = read_journal(journal)
    assert [len(plan["networks"]) for plan in plans] == [4, 4]
    numbers = [record["visit"] for record in records if "visit" in record]
    assert numbers == list(range(12))
    # All of them again, in another order: nothing is left to measure.
    measure(parse(range(8, 0, -1)), out, replace(options, seed=1))
    assert read_journal(journal) == (plans, records)
    with pytest.raises(TableError, match=r"\(rounds 1, not 2; visit_s 0.02, not 0.03\)"):
        measure(more, out, replace(options, rounds=2, settings={**QUICK, "visit_s": 0.03}))


def _stopping_at(visits: int) -> Callable[[str, int, int], None]:
    def progress(what: str, done: int, total: int) -> None:
        if done == visits:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "-n", "3", "--runtime", "onnxruntim"), "onnxruntime"),
        (("run",), "--archs"),
        (("run", "-n", "3", "--archs", "x.csv"), "exclude"),
        (("run", "--archs", "missing.csv"), "missing.csv"),
        (("run", "-n", "3", "--out", "x.csv"), "parquet"),
        (("run", "-n", "3", "--space", "nasbench"), "nasbench201"),
        (("run", "-n", "3", "--device", "My Board"), "lower-case"),
        (("run", "-n", "3", "--timeout", "0"), "above 0"),
        (("simulate", "1", "--chip", "fpga"), "cells on the FPGA"),
        (("simulate", "1", "--set", "rows"), "name=number"),
        (("simulate",), "architectures"),
        (("run", "-n", "3", "--label", "x"), "--scheduler"),
        (("run", "-n", "3", "--scheduler", "tcp://x:1", "--power-log", "x.csv"), "--power-log"),
        (("sweep",), "architectures"),
        (("sweep", "1"), "nothing to vary"),
        (("sweep", "1", "--over", "rows"), "--over rows: expected name=number"),
        (("sweep", "1", "--over", "rows=8", "--out", "x.txt"), ".csv"),
    ],
)
def test_errors_are_one_line_and_status_2(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["collect", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_is_read_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "measured.parquet"
    table.write_text("the only copy")
    for arguments in (
        ("run", "--archs", "measured.parquet"),
        ("run", "-n", "2", "--power-log", str(table)),
        ("import", "results.jsonl", "--power-log", "./measured.parquet"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["collect", *arguments])
        assert ended.value.code == 2
        assert "measured.parquet: the command reads it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["measured.parquet"]
    assert table.read_text() == "the only copy"


def test_the_help_of_simulate_names_every_quirk() -> None:
    (option,) = (one for one in get_args(Quirks) if hasattr(one, "help"))
    assert all(name in option.help for names in QUIRKS.values() for name in names)


def test_simulate_prints_costs_and_agreement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["collect", "simulate", "1", "|".join(["k3_e1"] * 22), "--quirk", "table"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "simulated, not measured" in said
    assert "3.9409  " in said
    table = tmp_path / "lookup.csv"
    table.write_text("op_key,eyeriss_latency_ms\nFC_Cin1504_Cout100,1\nFC_Cin1504_Cout10,2\n")
    with pytest.raises(SystemExit):
        main(["collect", "simulate", "--against", str(table)])
    said = capsys.readouterr().out
    assert said.splitlines()[1].split()[:4] == ["eyeriss", "latency", "2", "0"]


def test_a_missing_runtime_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnsupportedError, match=r"onnxruntime is not .*archcost\[onnxruntime\]"):
        find_runtime("onnxruntime").check()
    with pytest.raises(UnknownNameError, match="torch"):
        find_runtime("torh")


def test_no_journal_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no journal"):
        measure(None, tmp_path / "t.parquet")


def test_nothing_heavy_is_imported_for_the_commands() -> None:
    code = (
        "import sys, archcost.cli, archcost.training.collect\n"
        "heavy = ('torch', 'onnx', 'onnxruntime', 'openvino', 'pandas')\n"
        "print(json.dumps([m for m in heavy if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import json; " + code], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
