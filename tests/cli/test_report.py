"""`archcost report` and `archcost plot` as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from archcost.analysis import PICTURES
from archcost.cli import main

pytest.importorskip("altair")


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_report_of_two_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    accuracy = tmp_path / "accuracy.csv"
    accuracy.write_text("arch_index,accuracy\n" + "".join(f"{i},{i / 9}\n" for i in range(50)))
    options = ["--devices", "eyeriss,fpga", "--metric", "latency", "--accuracy", str(accuracy)]
    assert _run("report", *options, "-o", str(out)) == 0
    said = capsys.readouterr()
    assert "2 targets" in said.out
    assert "measurements: eyeriss latency, fpga latency (no table given has it)" in said.err
    text = out.read_text("utf-8")
    assert "Out of 50 networks" in text and "accuracy.csv" in text


def test_plot_lists_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("plot", "--list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(PICTURES)
    out = tmp_path / "one.png"
    options = ["--space", "fbnet", "--dataset", "ImageNet", "--devices", "fpga"]
    assert _run("plot", "operators", *options, "-o", str(out)) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_a_single_target_has_no_correlation(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert _run("report", "--devices", "fpga", "--metric", "energy", "-o", str(out)) == 0
    text = out.read_text("utf-8")
    assert "Rank correlation between devices" not in text and "Pareto sets" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "-o", "page.pdf"], "suffix '.pdf'; write a .html"),
        (["report", "-o", "none/page.html"], "no folder none"),
        (["report", "--devices", "rapsi4", "-o", "page.html"], "did you mean 'raspi4'"),
        (["report", "--devices", "all,raspi4", "-o", "page.html"], "give all alone"),
        (["report", "--space", "custom", "-o", "page.html"], "takes nasbench201 and fbnet"),
        (["report", "--table", "none.csv", "-o", "page.html"], "none.csv: no such file"),
        (["plot"], "NAME is one of correlation, macs"),
        (["plot", "correlations", "-o", "one.png"], "did you mean 'correlation'"),
        (["plot", "pareto", "-o", "one.gif"], "write a .png, .svg, .pdf"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
