"""What subcommands read tables as: the networks say their space, whatever the file is called."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from archcost.cli.tables import read_tables
from archcost.data.own import MEASURED
from archcost.errors import ArchcostError, TableError

Call = Callable[..., tuple[int, str, str]]
CELL = "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"
NETWORK = "|".join(["k3_e1"] * 22)


def write(folder: Path, name: str, *networks: str) -> Path:
    path = folder / name
    path.write_text("\n".join(["arch,board_ms", *(f"{one},1.5" for one in networks)]) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "network", "dataset", "place"),
    [
        ("mine.csv", NETWORK, None, ("fbnet", "cifar100")),
        ("mine.csv", NETWORK, "imagenet", ("fbnet", "ImageNet")),
        ("not-fbnet.csv", CELL, None, ("nasbench201", "cifar10")),
        ("not-fbnet.csv", "7", "CIFAR-100", ("nasbench201", "cifar100")),
    ],
)
def test_the_networks_say_the_space(
    tmp_path: Path, name: str, network: str, dataset: str | None, place: tuple[str, str]
) -> None:
    path = write(tmp_path, name, network)
    for space in (None, place[0].upper()):
        (table,), lookup = read_tables(path, space, dataset)
        assert (table.space, table.dataset) == place
        assert lookup is None


def test_a_network_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.csv", "nonsense", NETWORK)
    with pytest.raises(TableError, match=r"1 malformed row \(row 1: .*'nonsense'; known: k3_e1"):
        read_tables(path)


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--space", "nasbench201", "--out", "new", "--table"),
        ("evaluate", "--space", "nasbench201", "--table"),
        ("report", "--device", "raspi4", "-o", "new.html", "--table"),
        ("search", "--device", "raspi4", "--out", "new", "--accuracy"),
        ("collect", "run", "--space", "nasbench201", "--archs"),
        ("adapt", "--space", "nasbench201", "--device", "new"),
        ("predict", "--space", "nasbench201", "--input"),
    ],
)
def test_malformed_rows_are_named_alike(call: Call, command: tuple[str, ...]) -> None:
    write(Path(), "mine.csv", CELL, "nonsense", "7", "|none~0|")
    status, _, errors = call(*command, "mine.csv")
    assert status == 2
    assert "mine.csv: 2 malformed rows (row 2: malformed cell string: " in errors
    assert "; row 4: malformed cell string: " in errors and "; correct " in errors
    assert not [*Path().glob("new*")]


def test_tables_of_collect_say_what_they_hold() -> None:
    for space in ("custom", "fbnet", "nasbench201"):
        (table,), _ = read_tables(MEASURED / f"epyc_torch-{space}.parquet")
        assert table.space == space


def test_the_official_pickle(tmp_path: Path) -> None:
    content = {"nasbench201": {"cifar10": {"raspi4_latency": [1.0] * 15_625}}}
    path = tmp_path / "h.pickle"
    path.write_bytes(pickle.dumps(content | {"fbnet": {"fpga_energy": {"FC": 7.0}}}))
    (table,), lookup = read_tables(path)
    assert (table.space, table.dataset, len(table)) == ("nasbench201", "cifar10", 15_625)
    assert lookup is not None


def test_minus_one_is_a_refusal_of_whichever_device(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.csv", CELL, CELL)
    path.write_text(path.read_text().replace("1.5", "-1", 1))
    (table,), _ = read_tables(path)
    assert table.failed["board", "latency"].tolist() == [True, False]


def test_errors_are_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.csv", CELL)
    path.write_text(path.read_text().replace("1.5", "-2"))
    with pytest.raises(ArchcostError, match="negative"):
        read_tables(path)
    with pytest.raises(ArchcostError, match="cifar10"):
        read_tables(path, dataset="cifar11")
