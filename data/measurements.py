"""Measured costs as arrays: what is missing, what failed, what cannot be a cost."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcost.errors import MeasurementError, first_few

_DECIMAL_COMMA = re.compile(r"\s*-?[0-9]+,[0-9]+\s*")


def _number(value: object) -> float | None:
    """A measured value as a float, NaN if it is missing, None if it is no number."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return math.nan
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas', which need not be imported
        return math.nan
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _words(value: object) -> str:
    """A value for a message, short even where it is a nested list or a number of 5,000 digits."""
    if isinstance(value, str):
        return repr(value[:40])
    if isinstance(value, float | np.generic) or (isinstance(value, int) and abs(value) < 10**40):
        return str(value)
    return f"a {type(value).__name__}"


def _refuse(
    values: NDArray[np.generic],
    name: str,
    failed_value: float | None,
    rows: Iterable[int],
    what: str,
) -> None:
    """Raise for these rows (counted from 0), if there are any."""
    rows = list(rows)
    if not rows:
        return
    shown = first_few((f"row {row + 1}: {_words(values[row])}" for row in rows), len(rows))
    refused = "" if failed_value is None else f"; write {failed_value:g} where it did not run"
    raise MeasurementError(
        f"{name}: {len(rows)} of {len(values)} values {what} ({shown}); correct those rows "
        f"or leave their cells empty (not measured){refused}"
    )


def _why_no_number(value: object) -> str:
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
        return "have a decimal comma; write a point, such as 12.5"
    return "are not numbers such as 12.5, without a unit"


def without_mask(values: object) -> object:
    """A masked array as one of objects with None where masked; anything else as it is.

    `np.asarray` of it would take for values what the mask hides.
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if not np.ma.is_masked(values):
        return values.data
    found = np.array(values.data, dtype=object)
    found[values.mask] = None
    return found


def as_measured(
    values: Iterable[object], name: str, failed_value: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Measured costs as numbers, with those set apart where the device refused the network.

    Args:
        values: (n,) costs; None, NaN, empty strings and what is masked mean "not measured".
        name: what they are, for messages, e.g. the column's name.
        failed_value: the value by which the table says that the device refused, e.g. -1.

    Returns:
        The costs, float64 (n,), NaN where not measured or refused; and the mask of the refusals,
        bool (n,).

    Raises:
        MeasurementError: values that are not numbers, are infinite or negative, with the numbers
            of their rows (the first row of data is row 1).
    """
    plain: Any = without_mask(values)
    given = plain if isinstance(plain, np.ndarray) else np.fromiter(plain, dtype=object)
    if given.ndim != 1:
        raise MeasurementError(f"{name}: one value per architecture expected, got {given.shape}")
    refuse = partial(_refuse, given, name, failed_value)
    if given.dtype.kind in "fiu":
        costs = given.astype(np.float64)
    else:
        # As text first, where it is neither: a date must not turn into a number.
        cells = (given if given.dtype.kind == "O" else given.astype(str)).tolist()
        numbers = [_number(cell) for cell in cells]
        bad = [row for row, number in enumerate(numbers) if number is None]
        if bad:
            refuse(bad, _why_no_number(given[bad[0]]))
        costs = np.array(numbers, dtype=np.float64)
    failed = np.zeros(len(costs), dtype=np.bool_) if failed_value is None else costs == failed_value
    costs = np.where(failed, np.nan, costs)
    refuse(np.flatnonzero(np.isinf(costs)), "are infinite")
    refuse(np.flatnonzero(costs < 0), "are negative")
    return costs, failed


def check_order(archs: object, measured: object) -> None:
    """Refuse a pandas object and its costs if they name the same rows in another order.

    Raises:
        MeasurementError: they do; costs are paired with architectures by position.
    """
    # The index of a list is a method.
    here: Any = getattr(archs, "index", None)
    there: Any = getattr(measured, "index", None)
    if not (hasattr(here, "equals") and hasattr(there, "equals")) or len(here) != len(there):
        return
    if not here.equals(there) and here.isin(there).all() and there.isin(here).all():
        raise MeasurementError(
            "architectures and costs have the same index in another order, and are paired by "
            "position: give costs.reindex(architectures.index), or both as lists"
        )
