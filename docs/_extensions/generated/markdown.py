"""The little Markdown that the generated pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[str]], look: str = "") -> str:
    """A table; a bar in a cell is escaped. `look` is a class of the style sheet."""
    lines = [heading, ["---"] * len(heading), *rows]
    text = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)
    return f"{{.{look}}}\n{text}" if look else text


def facts(rows: Iterable[Sequence[str]]) -> str:
    """A table of names and values, without a heading."""
    return table(("", ""), rows, "facts")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def percent(share: float | None) -> str:
    """A share as a percentage, empty where there is none."""
    return "" if share is None else f"{share:.1%}"


def number(value: float | None, digits: int = 4) -> str:
    """So many significant digits, empty where there is no number."""
    return "" if value is None else f"{value:.{digits}g}"
