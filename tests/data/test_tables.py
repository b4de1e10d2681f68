from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archcost.data import MeasuredTable, read_table
from archcost.errors import ArchcostError, MeasurementError, TableError, UnknownNameError

CELL = "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def only(tables: list[MeasuredTable]) -> MeasuredTable:
    (table,) = tables
    return table


def test_csv_of_cells(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        f"arch_index,arch_str,raspi4_latency_ms,My_Board_mJ,accuracy\n1,{CELL},1.5,,90\n"
        f"2,{CELL},2,7,91\n",
    )
    table = only(read_table(file, dataset="CIFAR-10"))
    assert (table.space, table.dataset, table.source, len(table)) == (
        "nasbench201",
        "cifar10",
        None,
        2,
    )
    assert table.architectures == [CELL, CELL]
    assert set(table.targets) == {("raspi4", "latency"), ("my_board", "energy")}
    np.testing.assert_array_equal(table.targets["raspi4", "latency"], [1.5, 2.0])
    np.testing.assert_array_equal(table.targets["my_board", "energy"], [np.nan, 7.0])
    assert table.failed == {}


def test_indices_that_pandas_made_floats(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pd.DataFrame({"arch_index": [3.0, 5.0], "raspi4_latency_ms": [1.0, 2.0]}).to_parquet(file)
    assert list(only(read_table(file, dataset="cifar10")).architectures) == [3, 5]
    pd.DataFrame({"arch_index": [3.5, 5.0], "raspi4_latency_ms": [1.0, 2.0]}).to_parquet(file)
    with pytest.raises(TableError, match="whole-number indices"):
        read_table(file, dataset="cifar10")


@pytest.mark.parametrize("column", ["arch_index", "index", "architecture"])
def test_indices(tmp_path: Path, column: str) -> None:
    file = write(tmp_path, f"{column},raspi4_ms\n00012,1\n7,2\n")
    table = only(read_table(file, dataset="cifar10"))
    assert isinstance(table.architectures, np.ndarray) and table.architectures.dtype == np.int64
    np.testing.assert_array_equal(table.architectures, [12, 7])
    assert table.space == "nasbench201"


def test_block_columns_come_before_a_running_number(tmp_path: Path) -> None:
    frame = pd.DataFrame({"network": [5, 6]} | {f"op_{i}": [i % 9, 0] for i in range(22)})
    frame["2080ti_64_ms"] = [1.0, 2.0]
    frame.to_parquet(tmp_path / "t.parquet")
    table = only(read_table(tmp_path / "t.parquet", dataset="imagenet", source="help"))
    assert (table.space, table.dataset, table.source) == ("fbnet", "ImageNet", "help")
    assert isinstance(table.architectures, np.ndarray)
    assert table.architectures.shape == (2, 22) and table.architectures.dtype == np.int8
    assert list(table.architectures[0, :9]) == list(range(9))


def test_long_strings_of_digits_stay_text(tmp_path: Path) -> None:
    file = write(tmp_path, "architecture,raspi4_ms\n0123456780123456780123,1\n")
    table = only(read_table(file, space="fbnet", dataset="cifar100"))
    assert table.architectures == ["0123456780123456780123"]


@pytest.mark.parametrize("name", ["NAS-Bench-201", "nasbench201", None])
def test_names_of_spaces_in_any_spelling(tmp_path: Path, name: str | None) -> None:
    file = write(tmp_path, "index,raspi4_ms\n0,1\n")
    table = only(read_table(file, space=name, dataset="CIFAR-10"))
    assert (table.space, table.dataset) == ("nasbench201", "cifar10")
    own = only(read_table(file, space="My Cells", dataset="SVHN-2"))
    assert (own.space, own.dataset) == ("My Cells", "SVHN-2")


def test_data_sets_in_the_column_names(tmp_path: Path) -> None:
    file = write(
        tmp_path, f"cell,cifar100_raspi4_ms,ImageNet16-120_latency_ms,raspi4_ms\n{CELL},1,2,3\n"
    )
    tables = {
        table.dataset: table for table in read_table(file, dataset="cifar10", device="Pixel3")
    }
    assert {name: list(table.targets) for name, table in tables.items()} == {
        "cifar100": [("raspi4", "latency")],
        "ImageNet16-120": [("pixel3", "latency")],
        "cifar10": [("raspi4", "latency")],
    }


def test_other_times_than_costs_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "arch_index,warmup_s,board_latency_ms\n1,2,54\n")
    with pytest.warns(UserWarning, match="left out 'warmup_s': taken for no cost"):
        found = only(read_table(path, dataset="cifar10"))
    assert list(found.targets) == [("board", "latency")]
    alone = write(tmp_path, "arch_index,warmup_s\n1,2\n")
    with pytest.raises(TableError, match="unit"):
        read_table(alone, dataset="cifar10")


def test_a_cost_that_is_there_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "arch_index,x_latency_ms,note,note,x_latency_ms\n1,91,,,900\n")
    with pytest.raises(TableError, match="two columns 'x_latency_ms'; keep one of them"):
        read_table(path, dataset="cifar10")


def test_refused_networks(tmp_path: Path) -> None:
    file = write(tmp_path, "index,edgetpu_latency_ms,raspi4_ms\n0,-1,1\n1,2.5,2\n2,,3\n")
    table = only(read_table(file, dataset="cifar10"))
    np.testing.assert_array_equal(table.targets["edgetpu", "latency"], [np.nan, 2.5, np.nan])
    assert list(table.failed) == [("edgetpu", "latency")]
    np.testing.assert_array_equal(table.failed["edgetpu", "latency"], [True, False, False])
    other = write(tmp_path, "index,npu_ms\n0,-1\n1,2.5\n")
    assert only(read_table(other, dataset="cifar10", failed_value=-1)).failed["npu", "latency"][0]
    with pytest.raises(MeasurementError, match=r"'npu_ms'.*row 1: -1"):
        read_table(other, dataset="cifar10")


@pytest.mark.parametrize(
    ("text", "options", "error", "words"),
    [
        ("index,raspi4_ms\n0,1\n1,slow\n", {}, MeasurementError, "row 2: 'slow'"),
        ("index,raspi4_ms\n0,1\n1,inf\n", {}, MeasurementError, "row 2: inf"),
        ("index,raspi4_ms\n0,1\n,1\n", {}, TableError, r"empty in 1 of 2 rows \(first: 2\)"),
        ("name,raspi4_ms\na,1\n", {}, TableError, "no architecture column; found 'name'"),
        ("index,raspi4_ms\n0,1\n", {"arch_column": "cel"}, TableError, "expected one of cel$"),
        ("index,accuracy\n0,1\n", {}, TableError, "no target columns; found 'index', 'accuracy'"),
        ("index,raspi4_us\n0,1\n", {}, TableError, "'raspi4_us'.*unit"),
        (
            "index,latency_ms\n0,1\n",
            {},
            TableError,
            r"no device; name the column <device>_latency_ms.*device=, --device",
        ),
        (
            "index,raspi4_ms\n0,1\n",
            {"dataset": None},
            TableError,
            r"no data set.*dataset=, --dataset",
        ),
        ("index,raspi4_ms\n0,1\n", {"dataset": "cifar"}, UnknownNameError, "'cifar10'"),
        ("index,raspi4_ms\n0,1\n", {"source": "helf"}, UnknownNameError, "'help'"),
        ("arch,raspi4_ms\nk3_e1,1\n", {}, TableError, r"space=, --space"),
        ("index,raspi4_ms,raspi4_latency_ms\n0,1,1\n", {}, TableError, "second column"),
        ("", {}, TableError, "cannot be read as csv"),
    ],
)
def test_bad_tables(
    tmp_path: Path, text: str, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_table(write(tmp_path, text), **({"dataset": "cifar10"} | options))


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "absent.csv", dataset="cifar10")
    with pytest.raises(TableError, match="cannot be read as parquet"):
        read_table(write(tmp_path, "index,raspi4_ms", "t.parquet"), dataset="cifar10")
    with pytest.raises(TableError, match=r"a \.csv or \.parquet file"):
        read_table(write(tmp_path, "x", "t.xlsx"), dataset="cifar10")


def test_lengths_must_agree() -> None:
    with pytest.raises(MeasurementError, match="2 values for 3 architectures"):
        MeasuredTable("nasbench201", "cifar10", None, np.arange(3), {("x", "latency"): np.ones(2)})


@settings(max_examples=150)
@example(data=b"\x1c0,1\n")
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_foreign_bytes_raise_only_our_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz", numbered=True)
    for name in ("t.csv", "t.parquet"):
        (folder / name).write_bytes(b"index,raspi4_ms\n" + data if name == "t.csv" else data)
        try:
            read_table(folder / name, dataset="cifar10")
        except ArchcostError:
            continue
        assert name == "t.csv"


@pytest.mark.parametrize("name", ["Architecture", "ARCH_INDEX", " cell "])
def test_architecture_columns_as_people_write_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{name},Board_Latency_ms\n00012,3\n7,4\n,\n,\n")
    (table,) = read_table(path, dataset="cifar10")
    assert np.asarray(table.architectures).tolist() == [12, 7]
    assert list(table.targets) == [("board", "latency")]
