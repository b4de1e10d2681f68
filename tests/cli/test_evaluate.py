"""`archcost evaluate` for shipped devices and one's own, as a person types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import archcost
from archcost.encodings import parse

CELLS = parse(range(0, 15625, 800)).strings()
COSTS = [2.0 + number % 7 for number in range(len(CELLS))]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where my-board is, learned from the first ten cells."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCHCOST_HOME", str(folder))
        archcost.adapt(CELLS[:10], COSTS[:10], device="my-board").save()
    return folder


@pytest.fixture
def evaluate(call: Call, home: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command."""
    monkeypatch.setenv("ARCHCOST_HOME", str(home))
    return lambda *arguments: call("evaluate", "--table", *arguments)


def write(column: str, n: int = len(CELLS)) -> None:
    rows = [f"{cell},{cost}" for cell, cost in zip(CELLS[:n], COSTS, strict=False)]
    Path("mine.csv").write_text("\n".join([f"arch,{column}", *rows]) + "\n")


@pytest.mark.parametrize(
    ("column", "arguments", "n"),
    [
        ("latency_ms", ("--device", "my-board"), 10),
        ("latency_ms", ("--device", "my-board", "--all-rows"), 20),
        ("latency_ms", ("--device", "raspi4", "--all-rows"), 20),
        ("my-board_latency_ms", (), 10),
        ("my-board_latency_ms", ("--device", "my-board"), 10),
        ("raspi4_latency_ms", ("--all-rows",), 20),
        ("Raspi4 latency (ms)", ("--all-rows",), 20),
    ],
)
def test_scores(evaluate: Call, column: str, arguments: tuple[str, ...], n: int) -> None:
    write(column)
    status, said, errors = evaluate("mine.csv", *arguments)
    assert (status, errors) == (0, "")
    (line,) = said.splitlines()[1:]
    assert line.split()[6] == str(n)


def test_a_target_without_a_row_to_score_leaves_others_their_scores(evaluate: Call) -> None:
    rows = [f"{cell},{cost},{cost}," for cell, cost in zip(CELLS, COSTS, strict=True)]
    header = "arch,raspi4_latency_ms,my-board_latency_ms,pixel3_latency_ms"
    Path("mine.csv").write_text("\n".join([header, *rows]) + "\n")
    status, said, errors = evaluate("mine.csv")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["my-board"]
    for name in ("raspi4", "pixel3"):
        assert f"archcost: left out: {name} latency, nasbench201 on cifar10 (ensemble): " in errors
    status, said, errors = evaluate("mine.csv", "--all-rows")
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["raspi4", "my-board"]
    assert errors.endswith("(ensemble): no network was measured\n") and errors.count("\n") == 1
    status, said, errors = evaluate("mine.csv", "--all-rows", "--device", "pixel3")
    assert (status, said) == (2, "")
    assert errors.startswith("archcost: mine.csv: nothing to score; pixel3 latency, ")


@pytest.mark.parametrize(
    ("column", "arguments", "says"),
    [
        ("latency_ms", (), "column 'latency_ms': no device; name the column <device>_latency_ms"),
        ("latency_ms", (), "--device"),
        ("latency_ms", ("--device", "my-bord"), "did you mean 'my-board'?"),
        ("latency_ms", ("--device", "raspi4"), "not the one that it was trained on; --all-rows"),
        ("latency_ms", ("--device", "my-board", "--kind", "gbdt"), "no predictor of kind gbdt"),
        ("energy_mj", ("--device", "my-board"), "my-board energy, nasbench201 on cifar10"),
        ("raspi4_latency_ms", ("--device", "my-board"), "unknown device in the table 'my-board'"),
        ("latency", ("--device", "my-board"), "give latency in ms and name the column latency_ms"),
        ("raspi4", (), "name it raspi4_latency_ms"),
    ],
)
def test_refusals(evaluate: Call, column: str, arguments: tuple[str, ...], says: str) -> None:
    write(column)
    status, said, errors = evaluate("mine.csv", *arguments)
    assert (status, said) == (2, "")
    assert errors.startswith("archcost: ") and says in errors


def test_networks_that_were_all_learned_from_have_no_score(evaluate: Call) -> None:
    write("latency_ms", 10)
    status, said, errors = evaluate("mine.csv", "--device", "my-board")
    assert (status, said) == (2, "")
    assert "learned from every network that was measured here; --all-rows" in errors
