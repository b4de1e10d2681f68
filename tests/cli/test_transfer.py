"""`archcost suggest`, `adapt` and what follows, as a person types them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

import archcost
from archcost.data.own import MEASURED
from archcost.encodings import parse
from archcost.training.transfer_sets import SETS

CELLS = parse(range(0, 15625, 1500)).strings()
Lines = tuple[int, list[str], list[str]]


@pytest.fixture
def run(call: Callable[..., tuple[int, str, str]]) -> Callable[..., Lines]:
    """The command, its output in lines."""

    def called(*arguments: str) -> Lines:
        status, out, err = call(*arguments)
        return status, out.splitlines(), err.splitlines()

    return called


def fill(path: str, costs: list[float]) -> None:
    """Write costs into the column of a table, as in an editor."""
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    column = next(name for name in rows[0] if name.endswith("latency_ms"))
    for row, cost in zip(rows, costs, strict=False):
        row[column] = str(cost)
    with Path(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def table(text: str, name: str = "mine.csv") -> str:
    Path(name).write_text(text)
    return name


def architectures(path: str) -> list[str]:
    with Path(path).open(newline="") as file:
        return [row["architecture"] for row in csv.DictReader(file)]


def test_from_suggest_to_predict(run) -> None:  # type: ignore[no-untyped-def]
    status, _, says = run("suggest", "-n", "6", "-o", "todo.csv")
    assert status == 0
    assert "6 networks written to todo.csv; fill in latency_ms" in says[0]
    costs = archcost.load("raspi4").predict(architectures("todo.csv")).value.tolist()
    # Half of them first; the campaign goes on with others.
    fill("todo.csv", [*costs[:3], -1])
    status, said, _ = run("adapt", "todo.csv", "--device", "my-board")
    assert status == 0
    text = "\n".join(said)
    for piece in ("learned from 3 networks", "measure next: ", "saved to "):
        assert piece in text
    assert "most like" not in text and "replaces" not in text
    assert "note: no measurement yet of 2 of 6" in text
    assert "note: the device failed to run 1 of 4" in text
    status, _, says = run("suggest", "-n", "2", "--measured", "todo.csv", "-o", "more.csv")
    assert "narrow intervals by about" in says[0]
    with Path("more.csv").open(newline="") as file:
        more = list(csv.DictReader(file))
    assert not {row["architecture"] for row in more} & set(architectures("todo.csv"))
    assert all(0 < float(row["narrows_intervals_by"]) < 1 for row in more)
    # Both files together.
    costs = archcost.load("raspi4").predict(architectures("more.csv")).value.tolist()
    fill("more.csv", costs)
    status, said, _ = run("adapt", "todo.csv", "more.csv", "--device", "my-board")
    assert status == 0
    assert "learned from 5 networks" in said[0]
    assert "note: replaces what was learned from 3 networks before" in said
    names = ["--measured", "todo.csv", "--measured", "more.csv"]
    assert run("suggest", "-n", "9", *names, "-o", "last.csv")[0] == 0
    taken = {*architectures("todo.csv"), *architectures("more.csv")}
    assert not taken & {*architectures("last.csv")}
    for devices in (["--device", "my-board"], ["--all"]):
        status, said, _ = run("predict", "1", *devices)
        assert status == 0
        assert any(line.split()[0] == "my-board" for line in said if line.strip())
    _, said, _ = run("devices", "--dataset", "CIFAR-10")
    assert any(line.startswith("my-board") and line.endswith("yours") for line in said)


@pytest.mark.parametrize("output", ["todo.csv", "./todo.csv", "link.csv", "hard.csv"])
def test_measurements_are_not_written_over(run, output: str) -> None:  # type: ignore[no-untyped-def]
    assert run("suggest", "-n", "2", "-o", "todo.csv")[0] == 0
    assert run("suggest", "-n", "3", "-o", "todo.csv")[0] == 0  # nothing is filled in yet
    fill("todo.csv", [3.0])
    Path("link.csv").symlink_to("todo.csv")
    Path("hard.csv").hardlink_to("todo.csv")
    before = Path("todo.csv").read_bytes()
    status, _, (error,) = run("suggest", "-n", "2", "--measured", "todo.csv", "-o", output)
    assert status == 2
    assert "the command reads it (todo.csv); write to another file" in error
    status, _, (error,) = run("suggest", "-n", "2", "-o", output)
    assert status == 2
    assert "latency_ms filled in already; write to another file; --measured" in error
    assert Path(output).read_bytes() == Path("todo.csv").read_bytes() == before


def test_suggestions_over_files_of_other_kinds(run) -> None:  # type: ignore[no-untyped-def]
    Path("new.csv").write_text("")
    assert run("suggest", "-n", "1", "-o", "new.csv")[0] == 0
    semicolons = table(f"architecture;pixel_9_latency_ms\n{CELLS[0]};1,5\n")
    torn = table(f"architecture,latency_ms\n{CELLS[0]},1,5,,\n{CELLS[1]},2,5,,,,\n", "torn.csv")
    for name, says in ((semicolons, "pixel_9_latency_ms filled in"), (torn, "may hold measure")):
        status, _, (error,) = run("suggest", "-n", "1", "-o", name)
        assert status == 2
        assert name in error and says in error


@pytest.mark.parametrize(
    "text",
    [
        f"architecture,mean,narrows_intervals_by\n{CELLS[0]},12.5,0.1\n",
        f"architecture,latency (µs)\n{CELLS[0]},900\n",
        f"My board,,\narchitecture,latency_ms,\n{CELLS[0]},12.5,\n",
    ],
)
def test_what_suggest_did_not_write_it_does_not_write_over(run, text: str) -> None:  # type: ignore[no-untyped-def]
    name = table(text)
    status, _, (error,) = run("suggest", "-n", "1", "-o", name)
    assert status == 2
    assert "exists, and is no list of suggest's; write to another file" in error
    assert Path(name).read_text(encoding="utf-8") == text


def test_the_data_set_goes_with_the_list(run) -> None:  # type: ignore[no-untyped-def]
    arguments = ("suggest", "-n", "3", "--dataset", "ImageNet16-120", "-o", "todo.csv")
    assert run(*arguments)[0] == 0
    assert run(*arguments)[0] == 0  # nothing is filled in yet
    fill("todo.csv", [1.0, 2.0, 3.0])
    status, out, _ = run("adapt", "todo.csv", "--device", "small")
    assert status == 0
    assert any("nasbench201/ImageNet16-120/small-latency" in line for line in out)


def test_a_list_and_the_same_filled_in_are_the_same_networks(run) -> None:  # type: ignore[no-untyped-def]
    assert run("suggest", "-n", "4", "-o", "todo.csv")[0] == 0
    Path("filled.csv").write_bytes(Path("todo.csv").read_bytes())
    fill("filled.csv", [1.0, 2.0, 3.0])
    status, out, _ = run("adapt", "todo.csv", "filled.csv", "--device", "twice")
    assert status == 0
    assert any("no measurement yet of 1 of 4 networks" in line for line in out)


def test_forms_of_tables(run) -> None:  # type: ignore[no-untyped-def]
    rows = list(zip(CELLS[:6], [1.5, 2.25, 3.5, 2.0, 1.25, 4.0], strict=True))
    plain = "".join(f"{a},{c}\n" for a, c in rows)
    semicolons = "".join(f"{a};{str(c).replace('.', ',')}\n" for a, c in rows)
    values = []
    for text in (
        "architecture,latency_ms\n" + plain,
        "architecture;latency_ms\n" + semicolons,
        "arch,other_phone_latency_ms\n" + plain,
    ):
        status, _, _ = run("adapt", table(text), "--device", "b")
        assert status == 0
        values.append(archcost.load("b").predict([1]).value[0])
    assert values[0] == values[1] == values[2]


@pytest.mark.parametrize(
    ("factor", "says"),
    [
        (0.001, " times as much; is this one in ms?"),
        (1000, "at most 1/100 of it; is this one in ms?"),
        (0.1, " times as much"),
        (10, "about 1/"),
        (2, "% less"),
    ],
)
def test_a_doubtful_measurement_is_compared(run, factor: float, says: str) -> None:  # type: ignore[no-untyped-def]
    assert run("suggest", "-n", "20", "-o", "todo.csv")[0] == 0
    costs = archcost.load("pixel3").predict(architectures("todo.csv")).value
    costs[7] *= factor
    fill("todo.csv", costs.tolist())
    _, said, _ = run("adapt", "todo.csv", "--device", "b")
    (warning,) = [line for line in said if architectures("todo.csv")[7] in line]
    assert warning.startswith("warning: measure again: ")
    assert says in warning and ("in ms?" in warning) == ("in ms?" in says)
    assert "% more" not in warning


def test_fbnet_shows_its_space(run) -> None:  # type: ignore[no-untyped-def]
    assert run("suggest", "-n", "3", "--space", "fbnet", "-o", "todo.csv")[0] == 0
    fill("todo.csv", [3.0, 4.0, 5.0])
    status, said, _ = run("adapt", "todo.csv", "--device", "b", "--dataset", "imagenet")
    assert status == 0
    assert said[-1].endswith("archcost predict --device b --dataset ImageNet …")
    status, _, says = run("predict", "|".join(["k3_e1"] * 22), "--device", "b")
    assert status == 2
    assert "fbnet on ImageNet" in says[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"architecture,latency_ms\n{CELLS[0]},\n", ("mine.csv", "at least 1")),
        (f"architecture,latency_ms\n{CELLS[0]},-1\n", ("mine.csv", "1 were refused")),
        (f"architecture,latency_ms\n{CELLS[0]},-2\n", ("mine.csv", "row 1", "-2")),
        (f"architecture,latency_ms\n{CELLS[0]},3\n|foo~0|,4\n", ("mine.csv", "row 2")),
        (f"architecture,latency_ms\n{CELLS[0]},fast\n", ("mine.csv", "'fast'")),
        (f"architecture,latency\n{CELLS[0]},3\n", ("latency", "ms")),
        (f"architecture,energy_mj\n{CELLS[0]},3\n", ("latency_ms", "it has energy")),
        (f"architecture,a_ms,c_ms\n{CELLS[0]},3,4\n", ("latency_ms", "latency of a", "of c")),
        ("latency_ms\n3\n", ("mine.csv", "no architecture column")),
    ],
)
def test_tables_that_cannot_be_used(run, text: str, says: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    status, said, errors = run("adapt", table(text), "--device", "b")
    assert (status, said) == (2, [])
    (error,) = errors
    for piece in says:
        assert piece in error


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("suggest", "-n", "0", "-o", "x.csv"), "-n"),
        (("suggest", "-n", "3", "-o", "x.txt"), ".csv"),
        (("suggest", "-n", "3", "-o", "no/x.csv"), "no folder no; make it first"),
        (("suggest", "-n", "3", "-o", "x.csv", "--seed", "-1"), "--seed"),
        (("suggest", "-n", "16000", "-o", "x.csv"), "15625"),
        (("suggest", "-o", "x.csv", "--from", "raspi"), "raspi4"),
        (("suggest", "-o", "x.csv", "--metric", "speed"), "latency or energy"),
        (("suggest", "-o", "x.csv", "--measured", "missing.csv"), "missing.csv"),
        (("adapt", "missing.csv", "--device", "b"), "missing.csv"),
        (("adapt", "missing.csv", "--device", "My Board"), "'my-board'"),
        (("adapt", "missing.csv", "--device", "raspi4"), "shipped"),
        (("adapt", "missing.csv"), "--device"),
        (("adapt", "energy.csv", "--device", "b"), "give --metric energy"),
        (("adapt", "energy.csv", "fbnet.csv", "--device", "b", "--metric", "energy"), "one space"),
        (("devices", "--dataset", "cifar"), "cifar10"),
        (("benchmark", "transfer", "--table", "x.csv", "--out", "x.txt"), ".csv"),
        (("benchmark", "transfer", "--table", "x.csv", "--out", "no/x.csv"), "no folder"),
        (("benchmark", "transfer", "--table", "x.csv"), "x.csv"),
        (("benchmark", "unseen", "--table", "x.csv"), "x.csv"),
    ],
)
def test_errors_are_one_line(run, arguments: tuple[str, ...], says: str) -> None:  # type: ignore[no-untyped-def]
    table(f"architecture,energy_mj\n{CELLS[0]},3\n", "energy.csv")
    table("architecture,energy_mj\n" + "k3_e1 " * 22 + ",3\n", "fbnet.csv")
    status, said, errors = run(*arguments)
    assert (status, said) == (2, [])
    (error,) = errors
    assert says in error


def test_a_folder_that_cannot_be_written(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    Path("file").write_text("")
    monkeypatch.setenv("ARCHCOST_HOME", "file")
    name = table(f"architecture,latency_ms\n{CELLS[0]},3\n")
    status, _, (error,) = run("adapt", name, "--device", "b")
    assert status == 2
    assert "ARCHCOST_HOME" in error


def test_a_benchmark_does_not_write_over_its_table(run) -> None:  # type: ignore[no-untyped-def]
    small = table("arch,phone_latency_ms\n1,3\n", "fbnet.csv")
    for command in (("transfer",), ("search", "--accuracy", "none.csv")):
        status, _, (error,) = run("benchmark", *command, "--table", small, "--out", small)
        assert status == 2
        assert "the command reads it" in error


def test_benchmark_of_tables_that_do_not_do(run) -> None:  # type: ignore[no-untyped-def]
    header = ",".join(f"{device}_latency_ms" for device in SETS["FD"].unseen)
    network = "|".join(["k3_e1"] * 22)
    small = table(f"arch,{header}\n{network},3,4,5\n{network},3,4,6\n", "fbnet.csv")
    for arguments, says in (
        (("--set", "ND"), "titan_rtx_256"),
        (("--set", "FD", "--samples", "2"), "2 measured networks"),
        (("--set", "fd"), "'FD'"),
        (("--sampler", "sugest"), "'suggest'"),
    ):
        status, _, errors = run("benchmark", "transfer", "--table", small, *arguments)
        assert status == 2
        assert says in errors[-1]


def test_a_device_is_not_learned_from_custom_cells(run) -> None:  # type: ignore[no-untyped-def]
    name = str(MEASURED / "epyc_torch-custom.parquet")
    status, _, (says,) = run("adapt", name, "--device", "my-board")
    assert status == 2
    assert f"{name}: custom cells; measure networks of nasbench201 or fbnet" in says
