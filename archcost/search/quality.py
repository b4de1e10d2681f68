"""What a search wants much of: accuracy from a table or a function, or what stands in for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.data.names import fold, folded, speaks_of_cost
from archcost.data.tables import ARCHITECTURE_COLUMNS, read_frame
from archcost.encodings import CUSTOM, Batch, find_dataset, find_space, useful_macs
from archcost.errors import MeasurementError, TableError, UnsupportedError
from archcost.training.collect.candidates import read_candidates

if TYPE_CHECKING:
    import pandas as pd

Accuracy = Callable[[Batch], npt.ArrayLike] | str | PathLike[str] | None
"""Architectures to accuracies (n,), or a table of them; None: multiply-accumulates stand in."""

STAND_IN = "accuracy_stand_in_mmacs"
"""Column of what stands in for the accuracy: millions of multiply-accumulates."""
_USUAL = "accuracy"
_BLOCK = re.compile(r"op_[0-9]+")
_SHOWN = 3
_MILLION = 1e6


@dataclass(frozen=True, eq=False)
class Quality:
    """What is maximised.

    Attributes:
        column: its name in a table.
        title: its name on an axis.
        words: where it comes from.
        of: gives it, (n,), for architectures; NaN: not known, such networks are not chosen. Found
            sets are pickled with it: no function within another.
        candidates: the architectures of a table, the only ones that can be chosen; None: all of the
            space.
    """

    column: str
    title: str
    words: str
    of: Callable[[Batch], Floats]
    candidates: Batch | None = None

    @property
    def stand_in(self) -> bool:
        """Whether it only stands in for accuracy."""
        return self.column == STAND_IN


def quality(
    accuracy: Accuracy, space: str, dataset: str | None, column: str | None = None
) -> Quality:
    """What to maximise.

    Args:
        accuracy: a table (.csv or .parquet) with an architecture column, a function, or None.
        space, dataset: of the architectures.
        column: of the accuracies in the table; by default ``accuracy``, else the column called like
            the data set, else the only one with numbers.

    Raises:
        UnsupportedError: a column without a table; neither a file nor a function.
        TableError: no such file or column, no accuracy in it, or rows that cannot be read.
        UnknownNameError: no such space or data set.
    """
    if column is not None and (accuracy is None or callable(accuracy)):
        raise UnsupportedError(f"accuracy column {column!r}: there is no table of accuracies")
    if accuracy is None:
        return Quality(
            STAND_IN,
            "multiply-accumulates (M), standing in for accuracy",
            "No accuracy was given: multiply-accumulates of what reaches the output stand in for "
            "it. They say how much a network computes, not how well it classifies.",
            _stand_in,
        )
    if callable(accuracy):
        return Quality(
            _USUAL, "accuracy", "Accuracy: from the function given.", partial(_checked, accuracy)
        )
    if not isinstance(accuracy, str | Path):
        raise UnsupportedError(
            f"accuracy is a {type(accuracy).__name__}; give a .csv or .parquet file, or a function "
            "of architectures that gives one number for each"
        )
    return _from_table(Path(accuracy), space, dataset, column)


def _stand_in(batch: Batch) -> Floats:
    return useful_macs(batch) / _MILLION


def _checked(function: Callable[[Batch], npt.ArrayLike], batch: Batch) -> Floats:
    found = np.asarray(function(batch), dtype=np.float64)
    if found.shape != (len(batch),) or np.isinf(found).any():
        raise MeasurementError(
            f"the accuracy function gave shape {found.shape} for {len(batch)} architectures; "
            "expected one finite number for each, NaN where it is not known"
        )
    return found


def _looked_up(accuracies: dict[str, float], batch: Batch) -> Floats:
    return np.array([accuracies.get(text, np.nan) for text in batch.strings()])


def _from_table(path: Path, space: str, dataset: str | None, column: str | None) -> Quality:
    batch = read_candidates(path, space, dataset)
    name, values = _accuracies(read_frame(path), path, space, dataset, column)
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 0:
        raise TableError(f"{path}: column {name!r} holds no number")
    texts = batch.strings()
    sums: dict[str, list[float]] = {}
    for row in known.tolist():
        sums.setdefault(texts[row], []).append(float(values[row]))
    # A network that is in the table twice was trained twice.
    means = {text: float(np.mean(found)) for text, found in sums.items()}
    first = {texts[row]: row for row in reversed(known.tolist())}
    return Quality(
        _USUAL,
        "accuracy",
        f"Accuracy: column {name} of {path.name}, {len(means):,} architectures.",
        partial(_looked_up, means),
        batch.take(np.sort(np.array(list(first.values())))),
    )


def _accuracies(
    frame: pd.DataFrame, path: Path, space: str, dataset: str | None, column: str | None
) -> tuple[str, Floats]:
    """Name and values of the column of accuracies."""
    others = [
        name
        for name in frame.columns
        if folded(name) not in ARCHITECTURE_COLUMNS
        and not _BLOCK.fullmatch(name)
        and not (column is None and speaks_of_cost(name))
    ]
    numbers = [name for name in others if frame[name].dtype.kind in "iuf"]
    if column is not None:
        if column in others and column not in numbers:
            raise TableError(f"{path}: {_no_number(frame, column)}")
        if column not in numbers:
            raise TableError(
                f"{path}: no column of numbers {column!r}; there is {', '.join(numbers) or 'none'}"
            )
        name = column
    else:
        place = find_dataset(find_space("nasbench201" if space == CUSTOM else space), dataset)
        called = [n for n in numbers if fold(n) in (_USUAL, fold(place))]
        called.sort(key=lambda n: fold(n) != _USUAL)
        if not called and not numbers:
            texts = "; ".join(_no_number(frame, name) for name in others[:_SHOWN])
            raise TableError(
                f"{path}: no column of numbers for the accuracy; {texts or 'no other'}"
            )
        if not called and len(numbers) != 1:
            raise TableError(
                f"{path}: which column is the accuracy? call it {_USUAL!r}, or name it: "
                f"--accuracy-column {' | '.join(numbers)}"
            )
        name = (called or numbers)[0]
    return name, frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _no_number(frame: pd.DataFrame, column: str) -> str:
    """The first cell of a column that is no number, in words."""
    for row, value in enumerate(frame[column].tolist()):
        try:
            float(value)
        except (TypeError, ValueError):
            return (
                f"{column!r} holds {str(value)[:40]!r} in row {row + 1}, not a number such as 93.5"
            )
    return f"{column!r} is no column of numbers"
