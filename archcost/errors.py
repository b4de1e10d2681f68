"""The exception tree: every error that archcost raises on purpose is an `ArchcostError`.

Each message says what was wrong, where, what is allowed and what to do about it. The branches also
derive from the built-in exception that a caller without knowledge of archcost would expect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from difflib import get_close_matches
from itertools import islice
from numbers import Integral
from typing import Any


class ArchcostError(Exception):
    """Base of all errors that archcost raises on purpose."""


class ArchitectureError(ArchcostError, ValueError):
    """An architecture is malformed or lies outside its search space."""


class UnknownNameError(ArchcostError, LookupError):
    """A device, metric, data set, space, operator, kind or encoding that archcost does not know."""


class UnsupportedError(ArchcostError, ValueError):
    """Known names in a combination that has no basis, or an option that does not apply here."""


class MeasurementError(ArchcostError, ValueError):
    """Costs are negative, not finite, not numbers, or do not match their architectures."""


class TableError(ArchcostError, ValueError):
    """A file of measurements or architectures cannot be read as what it should be."""


class CheckpointError(ArchcostError, ValueError):
    """A checkpoint is missing, damaged, foreign or of a version that cannot be read."""


class SearchError(ArchcostError, ValueError):
    """A search looked at no architecture that is within its limits."""


class DownloadError(ArchcostError, OSError):
    """A file could not be fetched, or what arrived is not the published file."""


class NotFittedError(ArchcostError, ValueError, AttributeError):
    """A predictor was asked before it was fitted (bases as in scikit-learn's own class)."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not known: says the nearest known ones, or all if none is near.

    Args:
        kind: what the name should have named, e.g. ``"device"``.
        name: what was given.
        known: the names that would have been right.
    """
    names = sorted(set(known))
    folded = {candidate.casefold(): candidate for candidate in names}
    near = get_close_matches(str(name).casefold(), list(folded), n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(repr(folded[n]) for n in near)}?"
    else:
        hint = f"known: {', '.join(names) or 'none'}"
    return UnknownNameError(f"unknown {kind} {str(name)!r}; {hint}")


def check_whole(name: str, value: object, least: int = 1) -> None:
    """Refuse what is no whole number, or one below the least that makes sense.

    Raises:
        UnsupportedError: it is; NumPy's whole numbers are none the less.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least:  # type: ignore[operator]
        raise UnsupportedError(f"{name} is {value!r}; give a whole number from {least} on")


def names_given(what: str, given: object) -> list[str]:
    """The names that an option for several was given: a list or the like, or one name alone.

    Raises:
        UnsupportedError: something else.
    """
    if isinstance(given, str):
        return [given]
    names: list[Any] = list(given) if isinstance(given, Collection) else [given]
    if not all(isinstance(name, str) for name in names):
        raise UnsupportedError(f"{what} {given!r}: give names as text, several as a list")
    # The order of a set is another in each process.
    return sorted(names) if isinstance(given, Set) else names


def first_few(words: Iterable[str], count: int, most: int = 5) -> str:
    """The first of so many words and how many more there are: a message about thousands is short.

    Args:
        words: as many as `count`; no more than `most` are taken from them.
        count: of the words.
        most: that are shown.
    """
    more = f" and {count - most} more" if count > most else ""
    return ", ".join(islice(words, most)) + more
