"""`archcost explain`."""

from __future__ import annotations

import json
import re

import pytest

import archcost
from archcost.cli import main

CELL = "|avg_pool_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["explain", *arguments])
    assert ended.value.code == status
    return capsys.readouterr()


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = run(capsys, CELL, "--device", "raspi4")
    found = archcost.explain(CELL, "raspi4")
    assert f"{found.value:.2f} ms" in text
    assert "edge 0-2  nor_conv_3x3" in text
    assert "removed: cannot reach the output" in text
    assert "TensorFlow Lite" in text
    assert "the output is cut off from the input" in text
    assert found.best is not None
    assert f"{found.best.name} from {found.best.before} to {found.best.after}" in text
    # Every line of a table fits a wide terminal.
    assert all(len(line) < 140 for line in text.splitlines() if line.startswith("  "))


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--device", "eyeriss", "--metric", "energy", "--format", "json")
    found = json.loads(run(capsys, CELL, *options)[0])
    assert found["unit"] == "mJ"
    assert len(found["changes"]) == 24
    assert sum(part["value"] for part in found["parts"]) == pytest.approx(found["value"])


@pytest.mark.parametrize(
    ("arch", "device"),
    [
        ("|".join(["k3_e1"] * 22), "fpga"),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", "raspi4"),
        ("388", "raspi4"),  # a share of -0.3 %
    ],
)
def test_costs_of_every_size_are_printed(
    arch: str, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text, _ = run(capsys, arch, "--device", device)
    assert not re.search(r"-0(\.0+)?(?![0-9.])", text)
    assert "100%" in text


def test_a_cost_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = run(capsys, "|".join(["skip"] * 22), "--device", "fpga")
    assert "0 ms (90% interval 0 to 0)" in text
    assert "No change of one operator saves anything." in text
    # Of nothing there are no shares.
    assert not re.search("[0-9]%", text.replace("90%", ""))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["x", "--device", "raspi4"], "no architecture"),
        (["1", "--device", "raspi"], "did you mean"),
        (["1"], "--device"),
        (["1", "--device", "raspi4", "--format", "xml"], "xml"),
        (["1", "--device", "raspi4", "--metric", "energy"], "it has latency"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, error = run(capsys, *arguments, status=2)
    assert says in error
    assert error.count("\n") == 1
