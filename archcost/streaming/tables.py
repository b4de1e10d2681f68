"""The rows of predictions as Arrow tables, and files that take one partition after another."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from archcost.data import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

    from archcost.checkpoints import Card
    from archcost.predictors import Estimate

COLUMNS = (
    *("architecture", "space", "dataset", "device", "metric"),
    *("value", "lower", "upper", "unit", "feasible"),
)
"""Of the output, one row per architecture and model."""
_NUMBERS = ("value", "lower", "upper", "feasible")


def schema() -> pa.Schema:
    """Text as dictionaries, numbers as float64."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(name, pa.float64() if name in _NUMBERS else text) for name in COLUMNS])


def table_of(names: pa.DictionaryArray, card: Card, estimate: Estimate) -> pa.Table:
    """The rows of one model."""
    import pyarrow as pa

    n = len(estimate)
    texts = {
        "space": card.space,
        "dataset": card.dataset,
        "device": card.device,
        "metric": card.metric,
        "unit": estimate.unit,
    }
    zeros = pa.array(np.zeros(n, dtype=np.int32))
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(zeros, pa.array([text], pa.string()))
        for name, text in texts.items()
    }
    columns["architecture"] = names
    for name in ("value", "lower", "upper"):
        columns[name] = pa.array(getattr(estimate, name))
    feasible = estimate.feasible
    columns["feasible"] = pa.nulls(n, pa.float64()) if feasible is None else pa.array(feasible)
    return pa.table([columns[name] for name in COLUMNS], schema=schema())


def names_of(strings: list[str]) -> pa.DictionaryArray:
    """Names that every model's rows share."""
    import pyarrow as pa

    numbers = pa.array(np.arange(len(strings), dtype=np.int32))
    return pa.DictionaryArray.from_arrays(numbers, pa.array(strings, pa.string()))


@contextmanager
def table_writer(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Write a .csv or .parquet table by table: whole at the end, or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with write_whole(path) as part:
        if path.suffix.lower() == ".csv":
            import pyarrow as pa
            import pyarrow.csv as arrow_csv

            # Without quotes, as nothing in these columns needs them; Arrow would quote all text.
            options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
            plain = _plain(schema())
            with pa.OSFile(str(part), "wb") as file:
                file.write((",".join(COLUMNS) + "\n").encode())
                with arrow_csv.CSVWriter(file, plain, write_options=options) as writer:
                    yield lambda table: _write_batches(writer, table.cast(plain))
            return
        import pyarrow.parquet as pq

        # Names repeat for every model: the dictionary of a whole partition has to fit a page. No
        # schema of Arrow is stored: text is read back as text, not as dictionaries.
        with pq.ParquetWriter(
            part,
            schema(),
            compression="zstd",
            store_schema=False,
            dictionary_pagesize_limit=2**26,
            use_dictionary=[name for name in COLUMNS if name not in _NUMBERS],
        ) as writer:
            yield lambda table: writer.write_table(table, row_group_size=max(1, table.num_rows))


def _write_batches(writer: Any, table: pa.Table) -> None:
    # Arrow 26's write_table puts garbage between the chunks of a table.
    for batch in table.to_batches():
        writer.write_batch(batch)


def _plain(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    text = pa.types.is_dictionary
    return pa.schema([(f.name, pa.string() if text(f.type) else f.type) for f in schema])


class LeftOut:
    """The list of rows that could not be read; there is a file only if there are such rows.

    That of an earlier run is replaced, or taken away, when this one has ended well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._files = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)
        if error[0] is None and not self.count:
            self.path.unlink(missing_ok=True)

    def add(self, problems: list[tuple[int, str]]) -> None:
        """Rows, from 0, with what is wrong with each."""
        if problems and self._writer is None:
            part = self._files.enter_context(write_whole(self.path))
            file = self._files.enter_context(part.open("w", encoding="utf-8", newline=""))
            self._writer = csv.writer(file, lineterminator="\n")
            self._writer.writerow(("row", "problem"))
        if problems:
            self._writer.writerows((position + 1, message) for position, message in problems)
        self.count += len(problems)
