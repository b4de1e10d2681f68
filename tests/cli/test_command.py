"""The command as a person runs it: in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from archcost.data.own import MEASURED
from archcost.encodings import parse

CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
)


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archcost", *arguments],
        capture_output=True,
        text=True,
        input=text,
        check=False,
        timeout=600,
    )


def rows(output: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(output)))


def test_predict_table_has_units_and_intervals() -> None:
    done = run("predict", CELL, "--device", "raspi4")
    assert done.returncode == 0, done.stderr
    assert CELL in done.stdout
    assert "ms" in done.stdout
    assert " to " in done.stdout


def test_a_damaged_device_of_ones_own_is_one_line_of_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    folder = tmp_path / "devices" / "nasbench201" / "cifar10" / "board-latency-transfer"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("")
    done = run("predict", "1", "--device", "raspi4")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"archcost: warning: a device of your own is left out: {folder}")
    assert "raspi4" in done.stdout


def test_all_devices_of_a_cell_and_a_network() -> None:
    done = run("predict", "1", "--all", "--format", "csv")
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert len({row["device"] for row in found}) > 40
    for row in found:
        assert float(row["lower"]) <= float(row["value"]) <= float(row["upper"])
    network = run("predict", "|".join(["k3_e1"] * 22), "--format", "json")
    assert network.returncode == 0, network.stderr
    answers = json.loads(network.stdout)
    assert {row["metric"] for row in answers} == {"latency", "energy"}
    # The sum that HW-NAS-Bench's authors print for this network.
    eyeriss = next(r for r in answers if r["device"] == "eyeriss" and r["metric"] == "latency")
    assert eyeriss["value"] == pytest.approx(3.940896, rel=1e-9)


def test_file_in_file_out(tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"arch\n{CELL}\nnonsense\n5\n")
    failed = run("predict", "--input", str(source), "--device", "fpga", "--output", str(output))
    assert failed.returncode == 2
    assert "row 2" in failed.stderr
    assert not output.exists()
    done = run(
        *("predict", "--input", str(source), "--device", "fpga"),
        *("--output", str(output), "--on-error", "skip"),
    )
    assert done.returncode == 0, done.stderr
    assert len(rows(output.read_text())) == 2
    (left_out,) = rows((tmp_path / "out.left-out.csv").read_text())
    assert left_out["row"] == "2"
    assert "nonsense" in left_out["problem"]
    assert "out.left-out.csv" in done.stderr


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_list_of_malformed_rows_does_not_outlive_them(tmp_path: Path, suffix: str) -> None:
    source, output = tmp_path / "in.csv", tmp_path / f"out.{suffix}"
    options = ("--device", "fpga", "--output", str(output), "--on-error", "skip")
    listed = tmp_path / "out.left-out.csv"
    source.write_text("arch\n1\nnonsense\n")
    assert run("predict", "--input", str(source), *options).returncode == 0
    assert listed.exists()
    source.write_text("arch\n1\n2\n")
    assert run("predict", "--input", str(source), *options).returncode == 0
    assert not listed.exists()


def test_options_have_the_names_that_other_commands_give_them(tmp_path: Path) -> None:
    source, found = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("index\n1\n")
    done = run(
        "predict", "--archs", str(source), "--devices", "raspi4,pixel3", "--device", "fpga", "-o",
        str(found),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [row["device"] for row in rows(found.read_text())] == ["raspi4", "pixel3", "fpga"]


def test_input_is_not_written_over(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("arch\n1\n2\n")
    (tmp_path / "in.parquet").symlink_to(source)
    (tmp_path / "x.left-out.csv").symlink_to(source)
    for output in ("in.csv", "in.parquet", "x.csv"):
        done = run("predict", "--input", str(source), "--output", str(tmp_path / output))
        assert done.returncode == 2
        assert f"the command reads it ({source})" in done.stderr
    assert source.read_text() == "arch\n1\n2\n"
    assert not (tmp_path / "x.csv").exists()


def test_tables_are_in_the_order_given_and_each_once() -> None:
    network = "|".join(["k3_e1"] * 22)
    done = run("predict", "5", network, "3", "5", "--device", "edgegpu", "--metric", "latency")
    assert done.returncode == 0, done.stderr
    five, three = parse([5, 3]).strings()
    lines = done.stdout.splitlines()
    assert [line for line in lines if "|" in line] == [five, network, three]
    assert sum(line.startswith("  edgegpu") for line in lines) == 3


def test_stdin() -> None:
    done = run("predict", "--input", "-", "--device", "fpga", "--format", "csv", text="1\n2\n")
    assert len(rows(done.stdout)) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("predict", "1", "--device", "raspi"), "raspi4"),
        (("predict", "99999"), "15624"),
        (("predict", "1", "--coverage", "1.5"), "0.99"),
        (("predict", "1", "--metric", "latncy"), "latency"),
        (("predict", "1", "--dataset", "cifar11"), "cifar10"),
        (("predict",), "--input"),
        (("predict", "1", "--kindd", "x"), "--kind"),
        (("predict", "1", "--output", "x.docx"), ".csv"),
        (("predict", "--input", "missing.csv"), "missing.csv"),
        (("train", "--table", "missing.csv", "--out", "x"), "missing.csv"),
        (("evaluate", "--table", "missing.pickle"), "missing.pickle"),
    ],
)
def test_errors_are_one_line_and_status_2(arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_train_and_evaluate(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    lines = [f"{i},{1 + i % 7 + i / 15625}" for i in range(0, 15625, 50)]
    table.write_text("\n".join(["arch_index,raspi4_latency_ms", *lines]) + "\n")
    out = tmp_path / "checkpoints"
    done = run(
        *("train", "--table", str(table), "--dataset", "cifar10"),
        *("--out", str(out), "--trees", "20", "--steps", "30"),
    )
    assert done.returncode == 0, done.stderr
    card = json.loads(next(out.rglob("card.json")).read_text())
    assert card["n_train"] + card["n_test"] == len(lines)
    scored = run("evaluate", "--table", str(table), "--dataset", "cifar10", "--all-rows")
    assert scored.returncode == 0, scored.stderr
    assert "raspi4 latency" in scored.stdout
    # What ships was trained on another table: which of these rows it has not seen is not known.
    refused = run("evaluate", "--table", str(table), "--space", "NAS-Bench-201")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "not the one that it was trained on; --all-rows" in refused.stderr


def test_a_device_of_ones_own_is_trained_scored_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    table = tmp_path / "mine.csv"
    lines = [f"{i},{1 + i % 7 + i / 15625}" for i in range(0, 15625, 125)]
    table.write_text("\n".join(["arch_index,board_latency_ms", *lines]) + "\n")
    unknown = run("evaluate", "--table", str(table))
    assert unknown.returncode == 2 and str(tmp_path / "devices") in unknown.stderr
    done = run(
        *("train", "--table", str(table), "--out", str(tmp_path / "devices")),
        *("--kind", "gbdt", "--trees", "20"),
    )
    assert done.returncode == 0, done.stderr
    scored = run("evaluate", "--table", str(table))
    assert scored.returncode == 0, scored.stderr
    (line,) = scored.stdout.splitlines()[1:]
    assert line.split()[-8:-6] == ["gbdt", "25"]
    asked = run("predict", "1", "--device", "board", "--format", "csv")
    assert [row["device"] for row in rows(asked.stdout)] == ["board"]
    listed = run("devices", "--space", "nasbench201")
    assert f"yours are in {tmp_path / 'devices'}" in listed.stdout
    kept = run("devices", "--remove", "board", "--space", "fbnet")
    assert kept.returncode == 2
    assert "--remove deletes all of a device" in kept.stderr
    removed = run("devices", "--remove", "board")
    assert removed.stdout.startswith(f"deleted {tmp_path / 'devices' / 'nasbench201'}")
    assert "yours" not in run("devices").stdout


def test_own_cells_are_trained_and_scored(tmp_path: Path) -> None:
    cells = str(MEASURED / "epyc_onnxruntime-custom.parquet")
    done = run("train", "--table", cells, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "layers" in done.stdout
    assert json.loads(next(tmp_path.rglob("card.json")).read_text())["space"] == "custom"
    refused = run("evaluate", "--table", cells)
    assert refused.returncode == 2 and "benchmark unseen" in refused.stderr


def test_unseen_scores_what_the_table_allows() -> None:
    table = str(MEASURED / "epyc_onnxruntime-nasbench201.parquet")
    done = run("benchmark", "unseen", "--table", table, "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert "any avg_pool_3x3" in done.stdout
    assert "no device" in done.stderr


def test_a_closed_pipe_is_no_failure() -> None:
    command = f"{sys.executable} -m archcost devices | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("device ") and done.stdout.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_standard_output_is_named() -> None:
    command = f"{sys.executable} -m archcost devices > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    says = "archcost: standard output cannot be written (No space left on device)\n"
    assert done.stderr == says


def test_interrupted_before_it_has_begun() -> None:
    code = (
        "import builtins, signal, sys\n"
        # A job in the background is started with interrupts ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "usual = builtins.__import__\n"
        "def importing(name, *more):\n"
        "    name == 'numpy' and signal.raise_signal(signal.SIGINT)\n"
        "    return usual(name, *more)\n"
        "from archcost.cli import main\n"
        "builtins.__import__ = importing\n"
        "main(['devices'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("archcost: interrupted") and done.stderr.count("\n") == 1


def test_help_and_version() -> None:
    assert "nasbench201" in run("predict", "--help").stdout
    assert run("--version").stdout.startswith("archcost ")
    assert "edgetpu" in run("devices").stdout


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, archcost; from archcost.cli import main\n"
        "try: main(['predict', '1', '--device', 'raspi4'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'sklearn', 'xgboost', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_networks_outside_the_spaces(tmp_path: Path) -> None:
    import archcost
    from archcost.training.collect import write_onnx

    write_onnx(archcost.parse(1)[0], tmp_path / "net.onnx")
    cell = "|nor_conv_5x5~0|+|dw_conv_3x3~0|dil_conv_3x3~1|"
    custom = run("predict", cell, "--space", "custom", "--device", "raspi4", "--format", "csv")
    assert custom.returncode == 0, custom.stderr
    assert float(rows(custom.stdout)[0]["extrapolation"]) > 0
    known = run("predict", "--input", str(tmp_path / "net.onnx"), "--device", "raspi4")
    assert known.returncode == 0, known.stderr
    assert "net.onnx" in known.stdout
    assert "extrapolation" not in known.stdout
    wrong = run("predict", "|nor_conv_4x4~0|", "--space", "custom", "--device", "raspi4")
    assert wrong.returncode == 2
    assert "nor_conv_4x4" in wrong.stderr
