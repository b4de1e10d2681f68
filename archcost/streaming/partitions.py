"""What is asked, the partitions of the input as batches, and the predictions of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from archcost.checkpoints import Card, every_card, load_card
from archcost.encodings import Batch, parse_each
from archcost.encodings.nasbench201 import CELLS, index_of
from archcost.encodings.rows import refuse_malformed
from archcost.errors import UnsupportedError
from archcost.predictors import CostModel, Estimate
from archcost.predictors.model import CHUNK
from archcost.streaming.source import partitions
from archcost.streaming.tables import names_of, schema, table_of

if TYPE_CHECKING:
    import pyarrow as pa

PARTITION = 2**16
"""Rows of the input that are predicted and written together."""

LEAVE_OUT = "correct them, or leave them out with --on-error skip"
"""What to do about malformed rows."""

Place = tuple[str, str]
"""Space and data set."""


@dataclass(frozen=True, eq=False)
class Job:
    """What is to be predicted.

    Attributes:
        source: a .csv or .parquet with an architecture column.
        models: the cards to predict by, of the models for a space and data set.
        space, dataset: as `archcost.encodings.parse` takes them.
        coverage: of the intervals.
        skip: leave out rows that cannot be read, and list them; else they are an error.
        rows: of a partition.
    """

    source: Path
    models: Callable[[Place], list[Card]]
    space: str | None = None
    dataset: str | None = None
    coverage: float = 0.9
    skip: bool = False
    rows: int = PARTITION


@dataclass(frozen=True)
class Summary:
    """What came of it: rows written, and rows of the input left out."""

    written: int
    left_out: int


@dataclass(frozen=True, eq=False)
class Partition:
    """Part of the input, read.

    Attributes:
        number: from 0.
        end: rows of the input up to its end.
        batch: its architectures.
        problems: rows of the input, from 0, that could not be read.
        models: the cards for each place in the batch.
        by_cell: NAS-Bench-201 is read off predictions of all cells. That follows from the length
            of the input, not of this partition, so that numbers do not depend on who predicts.
    """

    number: int
    end: int
    batch: Batch
    problems: list[tuple[int, str]]
    models: dict[Place, list[Card]] = field(default_factory=dict)
    by_cell: bool = False


def read_partitions(job: Job) -> Iterator[Partition]:
    """The input in order.

    Raises:
        TableError: the input cannot be read, or a row of it, where rows are not to be left out.
        ArchcostError: there is no model for some architecture.
    """
    models: dict[Place, list[Card]] = {}
    start, by_cell = 0, False
    for number, column in enumerate(partitions(job.source, job.rows)):
        by_cell = by_cell or len(column) >= CELLS
        batch, _, found = parse_each(column, space=job.space, dataset=job.dataset)
        problems = [(start + position, message) for position, message in found]
        if not job.skip:
            # What comes later is not read yet.
            read = f"{job.source}: rows 1 to {start + len(column)}"
            refuse_malformed(read, problems, LEAVE_OUT)
        for group in batch.groups:
            place = group.skeleton.space, group.skeleton.dataset
            if place not in models:
                models[place] = job.models(place)
        start += len(column)
        yield Partition(number, start, batch, problems, dict(models), by_cell)


def predict_partition(partition: Partition, coverage: float) -> pa.Table:
    """The rows of a partition, in the columns `COLUMNS`.

    Raises:
        UnsupportedError: this machine has other models than the one that asks; a coverage outside
            0.5 to 0.99.
    """
    import pyarrow as pa

    tables = [schema().empty_table()]
    for group in partition.batch.groups:
        place = group.skeleton.space, group.skeleton.dataset
        batch = partition.batch.take(group.positions)
        # What a model takes at a time: feature rows are then made once and shared by all models.
        chunks = [batch[start : start + CHUNK] for start in range(0, len(batch), CHUNK)]
        by_model: dict[int, list[pa.Table]] = {}
        for chunk in chunks:
            names = names_of(chunk.strings())
            for number, card in enumerate(partition.models[place]):
                estimate = _estimate(_model(card), chunk, coverage, partition.by_cell)
                by_model.setdefault(number, []).append(table_of(names, card, estimate))
        tables += [table for parts in by_model.values() for table in parts]
    return pa.concat_tables(tables).unify_dictionaries()


def _estimate(model: CostModel, batch: Batch, coverage: float, by_cell: bool) -> Estimate:
    if not by_cell or batch.groups[0].skeleton.space != "nasbench201":
        return model.predict(batch, coverage)
    return model.every_cell(coverage).take(index_of(batch.groups[0].ids))


def _model(card: Card) -> CostModel:
    if card not in every_card():
        raise UnsupportedError(
            f"{card.device} {card.metric}: this machine has not that model, or another version of "
            "it; install the same archcost and devices on all workers"
        )
    return load_card(card)
