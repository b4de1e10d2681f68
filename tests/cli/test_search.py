"""`archcost search` and `archcost benchmark search`, as a person types them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from archcost.cli import main
from archcost.predictors import CostModel, Estimate

pytest.importorskip("vl_convert")
Lines = tuple[int, str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Lines:
        with pytest.raises(SystemExit) as status:
            main(["search", *arguments])
        done = capsys.readouterr()
        return status.value.code or 0, done.out, done.err

    return call


def test_a_search_with_everything(run) -> None:  # type: ignore[no-untyped-def]
    arguments = [
        *("--device", "fpga", "--device", "eyeriss", "--metric", "latency", "--metric", "energy"),
        *("--max-latency", "fpga=4ms", "--max-latency", "9e3us", "--max-energy", "eyeriss=5mJ"),
        *("--confidence", "0.8", "--margin", "0.02", "--budget", "500", "--out", "found"),
    ]
    status, out, _ = run(*arguments)
    assert status == 0
    assert "fpga latency at most 4 ms; " in out
    assert "eyeriss latency at most 9 ms" in out
    assert "eyeriss energy at most 5 mJ" in out
    assert "upper end of the 80% interval" in out
    assert "stand in for it" in out
    frame = pd.read_csv("found/pareto.csv")
    assert (frame["fpga_latency_ms_upper"] <= 4).all()
    assert (frame["eyeriss_energy_mj_upper"] <= 5).all()
    assert {"fpga_energy_mj", "eyeriss_latency_ms", "pareto"} <= set(frame.columns)
    assert Path("found/pareto.png").stat().st_size > 1000
    assert run(*arguments)[1] == out


def test_operators_add_up(run) -> None:  # type: ignore[no-untyped-def]
    operators = ("--operators", "skip_connect", "--operators", "nor_conv_3x3, none")
    arguments = ("--device", "raspi4", "--space", "custom", "--budget", "30", "--out", "o")
    status, out, _ = run(*arguments, *operators)
    assert status == 0
    assert "30 of the 729 architectures" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--out o", "give --device"),
        ("--device raspi4 --space custm --out o", "did you mean 'custom'"),
        ("--device raspi --out o", "did you mean 'raspi4'"),
        ("--device raspi4 --max-latency 20mJ --out o", "'mJ' is no unit"),
        ("--device raspi4 --max-latency pixel=20 --out o", "unknown device 'pixel'"),
        ("--device raspi4 --max-latency 2 --max-latency 3 --out o", "a second limit for every"),
        ("--device raspi4 --max-energy 3 --out o", "raspi4 has no energy"),
        ("--device raspi4 --confidence 0.9 --out o", "belongs to a limit"),
        ("--device raspi4 --accuracy none.csv --out o", "none.csv: no such file"),
        ("--device raspi4 --space darts --out o", "unknown space 'darts'"),
        ("--device raspi4 --max-latency 1e-9 --budget 50 --out o", "raise a limit"),
        ("--device raspi4 --nodes 3 --out o", "belong to custom cells"),
        ("--device raspi4 --accuracy-column top1 --out o", "no table of accuracies"),
        ("--device raspi4 --budget 0 --out o", "--budget"),
        ("--device raspi4", "--out"),
    ],
)
def test_wrong_arguments_are_one_line(run, arguments: str, says: str) -> None:  # type: ignore[no-untyped-def]
    status, out, err = run(*arguments.split())
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert says in err
    assert not Path("o").exists()


def test_out_that_is_a_file(run) -> None:  # type: ignore[no-untyped-def]
    Path("o").write_text("mine")
    status, _, err = run("--device", "fpga", "--budget", "50", "--out", "o")
    assert status == 2
    assert "is a file" in err


def test_the_table_of_accuracies_is_not_written_over(run) -> None:  # type: ignore[no-untyped-def]
    Path("o").mkdir()
    Path("o/pareto.csv").write_text("arch_index,accuracy\n1,70\n2,80\n")
    status, _, err = run("--device", "fpga", "--accuracy", "o/pareto.csv", "--out", "o")
    assert status == 2
    assert "the command reads it" in err
    assert Path("o/pareto.csv").read_text().startswith("arch_index,accuracy\n1,70")


def test_custom_cells_of_several_shapes(run) -> None:  # type: ignore[no-untyped-def]
    cells = ("|dw_conv_3x3~0|", "|nor_conv_5x5~0|+|none~0|skip_connect~1|")
    Path("a.csv").write_text(f"architecture,accuracy\n{cells[0]},70\n{cells[1]},80\n")
    options = ("--device", "raspi4", "--space", "custom", "--accuracy", "a.csv", "--out", "o")
    assert run(*options)[0] == 0
    frame = pd.read_csv("o/pareto.csv")
    assert set(frame["architecture"]) == set(cells)
    assert "arch_index" not in frame


def test_ctrl_c_writes_what_was_found(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    asked = []
    predict = CostModel.predict

    def interrupted(self: CostModel, archs: object, coverage: float) -> Estimate:
        asked.append(archs)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return predict(self, archs, coverage)

    monkeypatch.setattr(CostModel, "predict", interrupted)
    status, out, err = run("--device", "fpga", "--space", "fbnet", "--out", "o")
    assert status == 130
    assert "Interrupted: 20,000 were planned." in out
    assert "found is kept" in err
    assert len(pd.read_csv("o/pareto.csv")) > 5
    assert Path("o/pareto.html").is_file()
    # Before anything was found there is nothing to write.
    asked[:] = [None] * 3
    assert run("--device", "fpga", "--out", "p")[0] == 130
    assert not Path("p").exists()


@pytest.mark.shared
def test_benchmark(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "draws.csv"
    with pytest.raises(SystemExit) as status:
        main(
            [
                *("benchmark", "search", "--seeds", "3", "--out", str(out)),
                *("--table", str(shared_data / "nasbench201_hwnasbench_cifar10.parquet")),
                *("--accuracy", str(shared_data / "nasbench201_accuracy.parquet")),
            ]
        )
    assert not status.value.code
    says = capsys.readouterr().out
    assert says.count("searched for  on edgegpu") == 3
    draws = pd.read_csv(out)
    assert len(draws) == 3 * 6 * 6
    lost = draws.groupby(["part", "chosen_by", "device"])["lost"].mean()
    assert (lost["all", "prediction"] < 0.005).all()
    assert (lost["held out", "prediction"] < 0.03).all()
    margin = "prediction, 5% margin"
    assert (lost["held out", margin] <= lost["held out", "prediction"] + 1e-12).all()
    # Sums are found exactly.
    for device in ("eyeriss", "fpga"):
        assert abs(lost["held out", "prediction", device]) < 1e-4
