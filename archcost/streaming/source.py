"""Columns of architectures out of a .csv or .parquet, a partition at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcost.data.table_files import CsvLayout, reading
from archcost.data.tables import architecture_columns
from archcost.errors import TableError

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX = r"^\s*[0-9]{1,5}(\.0+)?\s*$"
_BLOCK = 2**20


def count_rows(path: Path) -> int:
    """Rows of a table; of a .csv the lines below the first, for a bar that shows progress.

    Raises:
        TableError: missing, or not what its suffix says.
    """
    with reading(path):
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet as pq

            return int(pq.read_metadata(path).num_rows)
        lines, last = 0, b"\n"
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                lines += block.count(b"\n")
                last = block[-1:]
        return max(0, lines + (last != b"\n") - 1)


def partitions(path: Path, rows: int) -> Iterator[Any]:
    """What `archcost.encodings.parse` reads, in partitions of so many rows; the last has fewer.

    Raises:
        TableError: missing, not what its suffix says, or without architectures.
    """
    held: list[pa.Table] = []
    count = 0
    with reading(path):
        for table in _tables(path, rows):
            held.append(table)
            count += table.num_rows
            while count >= rows:
                whole = _joined(held)
                yield _architectures(whole.slice(0, rows), path)
                held, count = [whole.slice(rows)], count - rows
        if count:
            yield _architectures(_joined(held), path)


def _joined(tables: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)


def _tables(path: Path, rows: int) -> Iterator[pa.Table]:
    import pyarrow as pa

    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path, buffer_size=_BLOCK, pre_buffer=False) as file:
            columns = architecture_columns(file.schema_arrow.names, path)
            for batch in file.iter_batches(min(rows, 2**16), columns=columns):
                yield pa.Table.from_batches([batch])
        return
    import pyarrow.csv as arrow_csv

    layout = CsvLayout.of(path)
    columns = architecture_columns(layout.names, path)
    kind = pa.string() if len(columns) == 1 else pa.int64()
    # The others are looked at for whether they hold anything.
    kinds = {name: kind if name in columns else pa.binary() for name in layout.names}
    convert = arrow_csv.ConvertOptions(column_types=kinds, strings_can_be_null=True)
    parse = arrow_csv.ParseOptions(delimiter=layout.separator, newlines_in_values=True)
    read = arrow_csv.ReadOptions(
        encoding=layout.encoding.removesuffix("-sig"), skip_rows=layout.skipped
    )
    blank: list[pa.Table] = []
    with arrow_csv.open_csv(path, read, parse, convert) as reader:
        places = [reader.schema.names.index(name) for name in columns]
        for batch in reader:
            table, filled = pa.Table.from_batches([batch]).select(places), _filled(batch)
            if filled:
                yield from blank
                yield table.slice(0, filled)
                blank = []
            blank.append(table.slice(filled))


def _filled(batch: pa.RecordBatch) -> int:
    """Rows up to the last that holds anything.

    Spreadsheets write separators alone for rows that once held something.
    """
    end = int(batch.num_rows)
    while end and not any(column[end - 1].is_valid for column in batch.columns):
        end -= 1
    return end


def _architectures(table: pa.Table, path: Path) -> Any:
    """One column of text or indices, or a matrix of operator ids (n, 22)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if table.num_columns > 1:
        columns = [np.asarray(column.to_numpy()) for column in table.columns]
        ids = np.stack(columns, axis=1)
        if ids.dtype.kind not in "iu":
            raise TableError(f"{path}: op_0 to op_21 must be operator ids, small whole numbers")
        return ids
    column = table.column(0).combine_chunks()
    if (
        pa.types.is_string(column.type)
        and pc.all(pc.match_substring_regex(pc.fill_null(column, ""), _INDEX)).as_py()
    ):
        column = pc.utf8_trim_whitespace(column).cast(pa.float64()).cast(pa.int64())
    return column
