"""Errors of archcost as answers 422 that name the field of the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archcost.errors import ArchcostError

Place = tuple[str | int, ...]
"""Where in the body of a request, e.g. ``("architectures", 3)``."""


class FieldError(ArchcostError, ValueError):
    """Something in a request does not mean anything.

    Args:
        problems: of each field that is wrong, its place and what is wrong with it.
    """

    def __init__(self, problems: list[tuple[Place, str]]) -> None:
        super().__init__("; ".join(f"{place}: {message}" for place, message in problems))
        self.problems = problems

    def moved(self, old: Place, new: Place) -> FieldError:
        """The same error where the field at one place is given at another."""
        return FieldError([(new if place == old else place, text) for place, text in self.problems])


@contextmanager
def field(*place: str | int) -> Iterator[None]:
    """Errors of archcost inside are about the field at this place."""
    try:
        yield
    except FieldError:
        raise
    except ArchcostError as error:
        raise FieldError([(place, str(error))]) from None
