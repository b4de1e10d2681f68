"""What the command says of itself, of files that are not there, and how many it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archcost.cli.options import counted

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("group", [(), ("collect",), ("benchmark",)])
def test_bare_it_prints_its_help(call: Call, group: tuple[str, ...]) -> None:
    bare = call(*group)
    assert bare == call(*group, "--help")
    assert (bare[0], bare[2]) == (0, "")
    assert len(bare[1].splitlines()) > 5


@pytest.mark.parametrize("group", ["collect", "benchmark"])
def test_lists_of_commands_cut_no_sentence_off(call: Call, group: str) -> None:
    assert "..." not in call(group)[1].partition("Commands:")[2]


def test_options_say_their_defaults(call: Call) -> None:
    said = " ".join(call("predict", "--help")[1].split())
    assert "by default latency of each --device, and all metrics with --all" in said
    assert "[default: latency]" in call("explain", "1", "--help")[1]
    # It reads no architectures, and lists all data sets.
    said = " ".join(call("devices", "--help")[1].split())
    assert said.count("by default of all") == 2 and "(default)" not in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("collect", "import", "no.jsonl"), "no.jsonl: no such file"),
        (("collect", "import", "."), ".: cannot be read (Is a directory)"),
        (("collect", "run", "--archs", "no.csv"), "no.csv: no such file"),
        (("collect", "run", "-n", "1", "--power-log", "no.csv"), "no.csv: no such file"),
        (("collect", "run", "-n", "1", "--out", "no/x.parquet"), "no folder no; make it first"),
        (("collect", "import", "no.jsonl", "--out", "no/x.parquet"), "no folder no; make it"),
        (("collect", "bundle", "--archs", "no.csv"), "no.csv: no such file"),
        (("collect", "bundle", "-n", "1", "--out", "one.csv"), "one.csv is a file; give a new"),
        (("collect", "simulate", "--against", "no.csv"), "no.csv: no such file"),
        (("collect", "sweep", "1", "--out", "no/x.csv"), "no folder no; make it first"),
        (("predict", "--input", "one.csv", "--output", "no/x.csv"), "no folder no; make it first"),
    ],
)
def test_missing_files(call: Call, arguments: tuple[str, ...], says: str) -> None:
    Path("one.csv").write_text("arch\n1\n")
    status, said, errors = call(*arguments)
    assert (status, said) == (2, "")
    assert says in errors
    assert not Path("no").exists()


def test_one_is_not_many(call: Call) -> None:
    assert [counted(n, "target") for n in (0, 1, 2)] == ["0 targets", "1 target", "2 targets"]
    _, _, errors = call("predict", "1", "--device", "fpga", "--output", "x.csv")
    assert errors == "1 prediction written to x.csv\n"


@pytest.mark.parametrize(
    ("command", "custom"),
    [
        ("adapt x.csv --device my-board", False),
        ("suggest -o x.csv --measured x.csv", False),
        ("evaluate --table x.csv", False),
        ("report -o x.html", False),
        ("collect simulate 1", False),
        ("train --table x.csv -o x", True),
        ("predict 1", True),
        ("devices", True),
        ("collect run --archs x.csv", True),
    ],
)
def test_only_spaces_that_a_command_takes_are_proposed(
    call: Call, command: str, custom: bool
) -> None:
    status, said, errors = call(*command.split(), "--space", "custm")
    assert (status, said) == (2, "")
    assert ("did you mean 'custom'?" if custom else "known: fbnet, nasbench201") in errors
    if not custom:
        assert "takes nasbench201 and fbnet" in call(*command.split(), "--space", "Custom")[2]
