"""One process: input in, output out, a partition at a time."""

from __future__ import annotations

from pathlib import Path

from archcost.aliases import Progress
from archcost.streaming.partitions import Job, Summary, predict_partition, read_partitions
from archcost.streaming.source import count_rows
from archcost.streaming.tables import LeftOut, table_writer


def left_out_path(output: Path) -> Path:
    """Where the rows that could not be read are listed."""
    return output.with_name(f"{output.stem}.left-out.csv")


def predict_file(job: Job, output: Path, progress: Progress | None = None) -> Summary:
    """Predict a file into another, which is there at the end, whole, or not at all.

    Args:
        job: what.
        output: a .csv or .parquet; rows left out are listed beside it, in ``NAME.left-out.csv``.
        progress: called after each partition.

    Raises:
        TableError: the input, or a row of it, cannot be read.
        ArchcostError: there is no model for some architecture.
        OSError: the output cannot be written.
    """
    total, written = count_rows(job.source), 0
    with LeftOut(left_out_path(output)) as left_out, table_writer(output) as write:
        for partition in read_partitions(job):
            table = predict_partition(partition, job.coverage)
            write(table)
            written += table.num_rows
            left_out.add(partition.problems)
            if progress is not None:
                progress("rows", partition.end, max(total, partition.end))
    return Summary(written, left_out.count)
