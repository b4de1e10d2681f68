"""The little Markdown that the generated pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell is escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def percent(share: float | None) -> str:
    """A share as a percentage, empty where there is none."""
    return "" if share is None else f"{share:.1%}"


def number(value: float | None, digits: int = 4) -> str:
    """So many significant digits, empty where there is no number."""
    return "" if value is None else f"{value:.{digits}g}"
