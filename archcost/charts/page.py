"""Pages of charts: one HTML file each, which needs no network and forbids itself any."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from archcost.charts.drawing import pieces
from archcost.charts.look import config, themed
from archcost.charts.saving import vega_lite_version
from archcost.data import written
from archcost.optional import require

if TYPE_CHECKING:
    import altair as alt

ARCHITECTURE = "architecture"
"""The field (a canonical string) whose drawing a tooltip shows: put it among a chart's tooltips."""

# A table with a longer cell is read row by row on a phone.
_LONG = 60


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart on a page.

    Attributes:
        chart: Altair's. Single and layered charts become as wide as the page allows, others keep
            their width.
        caption: in words; text between backticks is shown as code.
        tags: what the page's filters know it by, such as {"device": "raspi4"}. A filter of each
            name that has several values on the page hides figures of another value. A chart with a
            parameter of that name gets the chosen value, "" for all.
        min_width: pixels below which the figure scrolls sideways by itself.
    """

    chart: alt.TopLevelMixin
    caption: str
    tags: Mapping[str, str] = field(default_factory=dict)
    min_width: int = 0


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page, with a heading and an entry in the table of contents.

    Attributes:
        title: the heading.
        text: paragraphs; text between backticks is shown as code.
        figures: side by side where there is room.
        rows: of a table below them; the first is its heading.
        commands: what reproduces the section.
        wide: whether each figure takes the whole width.
    """

    title: str
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    rows: Sequence[Sequence[str]] = ()
    commands: Sequence[str] = ()
    wide: bool = False


def page(title: str, sections: Sequence[Section], path: str | Path, lead: str = "") -> None:
    """Write a page, whole or not at all.

    It holds Vega, Vega-Lite and Vega-Embed, opens without a network on a desktop or a phone, in
    light or dark, and draws architectures where a chart has `ARCHITECTURE` among its tooltips. Data
    that several charts share are stored once.

    Args:
        title: the heading, and the title of the window.
        sections: in order.
        path: the .html to write.
        lead: a paragraph under the heading; text between backticks is shown as code.

    Raises:
        UnsupportedError: altair or vl-convert-python is not installed.
        ArchcostError: the file cannot be written.
        ArchitectureError, UnknownNameError: an architecture in a chart's data cannot be drawn.
    """
    figures = [figure for section in sections for figure in section.figures]
    specs = [_specification(figure) for figure in figures]
    data: dict[str, Any] = {}
    for spec in specs:
        data |= spec.pop("datasets", {})
    content = {
        "specs": specs,
        "datasets": data,
        "config": {s: config(s) | {"background": "transparent"} for s in ("light", "dark")},
        "pieces": _pieces(data.values()),
    }
    text = _html(title, lead, sections, figures, content)
    with written(path) as part:
        part.write_text(text, encoding="utf-8")


def _specification(figure: Figure) -> dict[str, Any]:
    """Without the configuration: the page has its own, light or dark."""
    spec = {"description": figure.caption, **themed(figure.chart)}
    del spec["config"]
    if "mark" in spec or "layer" in spec:
        spec |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return spec


def _pieces(datasets: Iterable[Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Of the drawings of all architectures in the data."""
    texts = {row[ARCHITECTURE] for rows in datasets for row in rows if row.get(ARCHITECTURE)}
    found: dict[str, str] = {}
    for text in sorted(texts):
        found |= pieces(text)
    return found


def _html(
    title: str,
    lead: str,
    sections: Sequence[Section],
    figures: Sequence[Figure],
    content: Mapping[str, Any],
) -> str:
    vega = require("vl_convert", "pages").javascript_bundle(vl_version=vega_lite_version())
    here = files("archcost.charts")
    frame, style, script = (
        here.joinpath(f"page.{suffix}").read_text("utf-8") for suffix in ("html", "css", "js")
    )
    contents = "".join(
        f'<li><a href="#{_anchor(section.title)}">{escape(section.title)}</a></li>'
        for section in sections
    )
    numbers = {id(figure): number for number, figure in enumerate(figures)}
    data = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Template(frame).substitute(
        title=escape(title),
        style=style,
        lead=_paragraphs([lead] if lead else []),
        contents=contents,
        filters=_filters(figures),
        body="\n".join(_section(section, numbers) for section in sections),
        data=data.replace("<", "\\u003c"),
        vega=vega.replace("</script", "<\\/script"),
        script=script,
    )


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _paragraphs(texts: Sequence[str]) -> str:
    return "\n".join(f"<p>{_inline(text)}</p>" for text in texts)


def _filters(figures: Sequence[Figure]) -> str:
    """A choice for each name of a tag that has several values."""
    values: dict[str, dict[str, None]] = {}
    for figure in figures:
        for name, value in figure.tags.items():
            values.setdefault(name, {})[value] = None
    choices = "".join(
        f'<label>{escape(name.capitalize())} <select data-filter="{escape(name)}">'
        f'<option value="">all</option>'
        + "".join(f"<option>{escape(value)}</option>" for value in found)
        + "</select></label>"
        for name, found in values.items()
        if len(found) > 1
    )
    return f'<form class="filters" aria-label="Filter">{choices}</form>' if choices else ""


def _section(section: Section, numbers: Mapping[int, int]) -> str:
    figures = "\n".join(_figure(figure, numbers[id(figure)]) for figure in section.figures)
    kind = "figures wide" if section.wide else "figures"
    parts = [
        f"<h2>{escape(section.title)}</h2>",
        _paragraphs(section.text),
        f'<div class="{kind}">\n{figures}\n</div>' if figures else "",
        _table(section.rows),
        _commands(section.commands),
    ]
    inside = "\n".join(part for part in parts if part)
    return f'<section id="{_anchor(section.title)}">\n{inside}\n</section>'


def _figure(figure: Figure, number: int) -> str:
    tags = "".join(f' data-tag-{escape(n)}="{escape(v)}"' for n, v in figure.tags.items())
    width = f' style="min-width:{figure.min_width}px"' if figure.min_width else ""
    return (
        f'<figure{tags}><figcaption>{_inline(figure.caption)}</figcaption><div class="scroll">'
        f'<div class="chart" data-spec="{number}"{width}></div></div></figure>'
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in rows[0])
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{escape(name)}">{_inline(cell)}</td>'
            for name, cell in zip(rows[0], row, strict=True)
        )
        + "</tr>\n"
        for row in rows[1:]
    )
    long = any(len(cell) > _LONG for row in rows for cell in row)
    kind = ' class="records"' if long else ""
    return (
        f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>'
        "</table></div>"
    )


def _commands(commands: Sequence[str]) -> str:
    if not commands:
        return ""
    lines = escape("\n".join(commands))
    return f'<details class="commands"><summary>Reproduce</summary><pre>{lines}</pre></details>'
