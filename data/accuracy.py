"""Tables of how accurate trained networks are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archcost.data.names import fold
from archcost.data.tables import Architectures, column_values, read_architectures, read_frame
from archcost.errors import TableError


@dataclass(frozen=True, eq=False)
class AccuracyTable:
    """Accuracy of n trained networks on one data set.

    Attributes:
        architectures: as in the file, see `MeasuredTable`.
        values: (n,) in the unit of the file, usually percent; all finite.
        column: where they were found.
    """

    architectures: Architectures
    values: NDArray[np.float64]
    column: str


def read_accuracy(path: str | Path, dataset: str) -> AccuracyTable:
    """Read a .csv or .parquet with an architecture column and one of accuracies.

    That is the column ``<dataset>_accuracy``, ``accuracy_<dataset>`` or ``<dataset>``, else
    ``accuracy``; case, hyphens and underscores do not matter. Rows without a value are left out.

    Args:
        path: the file.
        dataset: the data set on which networks were trained.

    Raises:
        TableError: not such a file, no such column, or values that are not numbers.
    """
    path = Path(path)
    architectures = read_architectures(path)
    frame = read_frame(path)
    place = fold(dataset)
    names = {fold(name): name for name in frame.columns}
    wanted = (f"{place}accuracy", f"accuracy{place}", place, "accuracy")
    column = next((names[name] for name in wanted if name in names), None)
    if column is None:
        raise TableError(
            f"{path}: no column of accuracies for {dataset}; found {', '.join(frame.columns)}; "
            f"call it accuracy or {dataset}_accuracy"
        )
    try:
        values = column_values(frame[column]).astype(np.float64)
    except (TypeError, ValueError):
        raise TableError(f"{path}: column {column!r} holds values that are not numbers") from None
    kept = np.isfinite(values)
    if not kept.any():
        raise TableError(f"{path}: column {column!r} is empty")
    if isinstance(architectures, list):
        found: Architectures = [a for a, k in zip(architectures, kept, strict=True) if k]
    else:
        found = architectures[kept]
    return AccuracyTable(found, values[kept], column)
