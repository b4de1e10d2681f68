"""`archcost report` and `archcost plot`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.checkpoints import chosen_cards, find_place
from archcost.cli.options import (
    DEVICES,
    METRICS,
    OUT,
    Dataset,
    Space,
    aligned,
    check_output,
    counted,
    progress_bar,
    separate,
)
from archcost.cli.tables import read_tables
from archcost.errors import UnsupportedError, unknown_name

if TYPE_CHECKING:
    from archcost.analysis import Study

_EVERY = "all"

Metric = Annotated[str | None, typer.Option(help=f"{METRICS}; by default all.")]
Devices = Annotated[
    list[str] | None,
    typer.Option(
        *DEVICES,
        callback=separate,
        help="Devices, such as raspi4,pixel3; may be repeated; all: every shipped one. Default: "
        "the six of HW-NAS-Bench.",
    ),
]
Tables = Annotated[
    list[Path] | None,
    typer.Option(
        "--table",
        help="Measurements, as for archcost evaluate; may be repeated. Only networks that a "
        "predictor has not learned from are used.",
    ),
]
AccuracyFile = Annotated[
    Path | None,
    typer.Option(
        "--accuracy",
        help="A .csv or .parquet with an architecture column and one called accuracy or like the "
        "data set; without it multiply-accumulates stand for accuracy.",
    ),
]


def report(
    output: Annotated[Path, typer.Option(*OUT, help="The .html to write.")],
    devices: Devices = None,
    metric: Metric = None,
    space: Space = None,
    dataset: Dataset = None,
    table: Tables = None,
    accuracy: AccuracyFile = None,
) -> None:
    """Write a page of pictures of what networks cost on devices.

    It is one file, and shown without an internet connection. Rank correlation between devices, cost
    against multiply-accumulates and parameters, what each operator costs at each place, Pareto
    sets; with measurements (--table), predictions beside them.

    Example: archcost report --devices raspi4,edgegpu --table HW-NAS-Bench-v1_0.pickle -o page.html
    """
    from archcost import analysis

    check_output(output, (".html",))
    asked = _Asked(devices, metric, space, dataset, table, accuracy)
    with asked.study() as study:
        analysis.report(study, output, asked.words())
    for reason, labels in study.reasons.items():
        names = ", ".join(labels)
        typer.echo(f"archcost: not compared with measurements: {names} ({reason})", err=True)
    targets = counted(len(study.cards), "target")
    typer.echo(f"{output}: {targets}, {output.stat().st_size / 1e6:.1f} MB")


def plot(
    name: Annotated[str | None, typer.Argument(help="Which picture; --list shows them.")] = None,
    output: Annotated[
        Path | None, typer.Option(*OUT, help="The .png, .svg or .pdf to write.")
    ] = None,
    devices: Devices = None,
    metric: Metric = None,
    space: Space = None,
    dataset: Dataset = None,
    table: Tables = None,
    accuracy: AccuracyFile = None,
    every: Annotated[bool, typer.Option("--list", help="List the pictures and end.")] = False,
) -> None:
    """Write one of the pictures of archcost report as an image file.

    Example: archcost plot correlation -o correlation.svg
    """
    from archcost import analysis
    from archcost.charts import check_image

    if every:
        lines = [
            (key, words + " (needs measurements)" * analysis.needs_measurements(key))
            for key, (words, _) in analysis.PICTURES.items()
        ]
        typer.echo("\n".join(aligned(lines)))
        return
    if name is None or output is None:
        raise UnsupportedError(
            "say which picture, and where to: archcost plot NAME -o FILE.png; NAME is one of "
            f"{', '.join(analysis.PICTURES)}"
        )
    if name not in analysis.PICTURES:
        raise unknown_name("picture", name, analysis.PICTURES)
    check_image(output)
    with _Asked(devices, metric, space, dataset, table, accuracy).study() as study:
        analysis.picture(study, name, output)
    typer.echo(f"{output} written")


@dataclass(frozen=True)
class _Asked:
    """The options that say what a report is about."""

    devices: list[str] | None
    metric: str | None
    space: str | None
    dataset: str | None
    tables: list[Path] | None
    accuracy: Path | None

    @contextmanager
    def study(self) -> Iterator[Study]:
        """The same as a study, while a progress bar is shown."""
        from archcost.analysis import Study
        from archcost.search.quality import quality

        place = find_place(self.space or "nasbench201", self.dataset)
        named = self.devices or []
        every = _EVERY in named
        if every and len(named) > 1:
            raise UnsupportedError(f"--devices {','.join(named)}: give {_EVERY} alone")
        cards = chosen_cards(place, [] if every else named, every or bool(named), self.metric)
        owner = [] if every else named
        tables = [
            one for path in self.tables or [] for one in read_tables(path, *place, devices=owner)[0]
        ]
        accuracy = None if self.accuracy is None else quality(self.accuracy, *place)
        with progress_bar() as progress:
            yield Study(tuple(cards), tuple(tables), accuracy, progress)

    def words(self) -> list[str]:
        """The options as they are typed."""
        single = {
            "--metric": self.metric,
            "--space": self.space,
            "--dataset": self.dataset,
            "--accuracy": self.accuracy,
        }
        pairs = [("--devices", name) for name in self.devices or []]
        pairs += [(name, str(value)) for name, value in single.items() if value is not None]
        pairs += [("--table", str(path)) for path in self.tables or []]
        return [word for name, value in pairs for word in (name, shlex.quote(value))]
