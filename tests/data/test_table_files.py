"""The same table, as spreadsheets and editors write it, in both readers of tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from archcost.data import read_table
from archcost.encodings import parse, parse_each
from archcost.errors import TableError
from archcost.streaming.source import count_rows, partitions

CELL = "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(
    ("separator", "cost"), [(",", "12.5"), (";", "12,5"), (";", "12.5"), ("\t", "12.5")]
)
def test_layouts(tmp_path: Path, separator: str, cost: str, encoding: str) -> None:
    path = tmp_path / "t.csv"
    lines = [("note", "arch", "raspi4_latency_ms"), ("ä", CELL, cost), ("", CELL, "3")]
    text = "\n".join(separator.join(line) for line in lines) + "\n"
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    path.write_bytes((mark + text).encode(encoding))
    (table,) = read_table(path, dataset="cifar10")
    assert table.targets["raspi4", "latency"].tolist() == [12.5, 3.0]
    assert table.architectures == [CELL, CELL]
    (column,) = partitions(path, 10)
    assert pa.array(column).to_pylist() == [CELL, CELL]


def test_a_spreadsheet_says_its_separator(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"sep=;\r\narch;raspi4_latency_ms\r\n{CELL};12,5\r\n{CELL};3\r\n")
    (table,) = read_table(path, dataset="cifar10")
    assert table.targets["raspi4", "latency"].tolist() == [12.5, 3.0]
    (column,) = partitions(path, 10)
    assert pa.array(column).to_pylist() == [CELL, CELL]


def test_whole_numbers_with_a_decimal_point_are_indices(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("index,raspi4_latency_ms\n12.0,1\n7,2\n 3.00,3\n")
    (table,) = read_table(path, dataset="cifar10")
    (column,) = partitions(path, 10)
    assert [*table.architectures] == pa.array(column).to_pylist() == [12, 7, 3]
    # One that is none, or a gap, does not take the others with it.
    path.write_text("index,note\n12.0,\n7.5,\n,x\n3.0,\n")
    (column,) = partitions(path, 10)
    batch, positions, _ = parse_each(column)
    assert batch.strings() == parse([12, 3]).strings()
    assert positions.tolist() == [0, 3]


def test_a_decimal_comma_where_it_separates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("index\traspi4_ms\n1\t12,5\n")
    with pytest.raises(ValueError, match="decimal comma"):
        read_table(path, dataset="cifar10")


def test_of_decimal_commas_the_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("index;raspi4_ms\n1;12,5\n2;fast\n3;0,25\n4;\n")
    with pytest.raises(ValueError, match=r"1 of 4 values are not numbers .*\(row 2: 'fast'\)"):
        read_table(path, dataset="cifar10")


@pytest.mark.parametrize("text", ["größe,arch\n1,2\n", "arch,größe\n1,ä\n"])
def test_other_encodings_are_named_with_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TableError, match="save it as CSV in UTF-8"):
        read_table(path, dataset="cifar10")
    assert count_rows(path) == 1
    with pytest.raises(TableError, match="save it as CSV in UTF-8"):
        list(partitions(path, 10))
