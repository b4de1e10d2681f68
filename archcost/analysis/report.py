"""A report is a page of all pictures; a picture is an image file of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from archcost.analysis.sections import MEASURED, PICTURES
from archcost.analysis.study import Study
from archcost.charts import Figure, Section, altair, page, save
from archcost.data import DEVICES
from archcost.errors import UnsupportedError, unknown_name

if TYPE_CHECKING:
    import altair as alt

_SPACES = {"nasbench201": "NAS-Bench-201", "fbnet": "FBNet"}
_COLUMNS = 3
_WIDTH = 300
_TITLE = 46


def report(study: Study, path: str | Path, options: Sequence[str] | None = None) -> None:
    """Write a page of all pictures of a study, see `archcost.charts.page`.

    Args:
        study: what it is about.
        path: the .html to write.
        options: of the command `archcost report` that makes the same; if given, each section says
            how to make it.

    Raises:
        UnsupportedError: altair or vl-convert-python is not installed.
        ArchcostError: the file cannot be written.
    """
    altair()
    sections = [_devices(study)]
    for name, (_, make) in PICTURES.items():
        if name == "correlation" and len(study.cards) == 1:
            continue
        section = make(study)
        if options is not None:
            section = replace(section, commands=_commands(name, options))
        sections.append(section)
    space, dataset = study.place
    devices = list(dict.fromkeys(card.device for card in study.cards))
    listed = devices[0] if len(devices) == 1 else f"{len(devices)} devices"
    lead = (
        f"Networks of {_SPACES[space]} for {dataset}. All costs are predicted by archcost for one "
        "run of the network, except those called measured."
    )
    page(f"What networks of {_SPACES[space]} cost on {listed}", sections, path, lead=lead)


def picture(study: Study, name: str, path: str | Path) -> None:
    """Write one picture of a report as a .png or .svg, a part a target.

    Raises:
        UnknownNameError: no such picture.
        UnsupportedError: no measurements where it needs them; another suffix; altair or
            vl-convert-python is not installed.
        ArchcostError: the file cannot be written.
    """
    if name not in PICTURES:
        raise unknown_name("picture", name, PICTURES)
    section = PICTURES[name][1](study)
    if not section.figures:
        reasons = "; ".join(f"{', '.join(names)}: {why}" for why, names in study.reasons.items())
        raise UnsupportedError(
            f"{name} needs measurements ({reasons}); give the table with --table FILE"
        )
    save(_together(section), path)


def needs_measurements(name: str) -> bool:
    """Whether a picture shows measurements."""
    return name in MEASURED


def _together(section: Section) -> alt.TopLevelMixin:
    """The charts of a section side by side, under its title, each under its caption."""
    alt = altair()
    charts = [_titled(figure, section.wide) for figure in section.figures]
    columns = min(_COLUMNS, len(charts))
    return (
        alt.concat(*charts, columns=columns, spacing=30)
        .resolve_scale(color="independent", shape="independent")
        .properties(title=alt.Title(section.title, fontSize=17, offset=16))
    )


def _titled(figure: Figure, wide: bool) -> alt.TopLevelMixin:
    width = {} if wide else {"width": _WIDTH}
    return figure.chart.properties(title=wrap(figure.caption, _TITLE), **width)


def _devices(study: Study) -> Section:
    """What each device is, and how its numbers came about."""
    rows = [["device", "what it is", "runtime", "batch", "metrics", "note"]]
    for name in dict.fromkeys(card.device for card in study.cards):
        cards = [card for card in study.cards if card.device == name]
        metrics = ", ".join(f"{c.metric.replace('_', ' ')} ({c.unit})" for c in cards)
        if name in DEVICES:
            device = DEVICES[name]
            batch = "?" if device.batch_size is None else str(device.batch_size)
            rows.append([name, device.title, device.runtime, batch, metrics, device.note])
        else:
            learned = f"Adapted from {cards[0].n_train} measurements of your own."
            rows.append([name, "yours", "", "", metrics, learned])
    return Section("Devices", rows=rows)


def _commands(name: str, options: Sequence[str]) -> list[str]:
    """The command of the whole report, and that of a picture alone."""
    return [
        " ".join(["archcost report", *options, "-o report.html"]),
        " ".join([f"archcost plot {name}", *options, f"-o {name}.svg"]),
    ]
