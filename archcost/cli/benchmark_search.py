"""`archcost benchmark search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from archcost.cli.options import OUT, aligned, check_not_read, check_output, progress_bar
from archcost.cli.tables import read_tables
from archcost.data import DEVICES, written
from archcost.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.search.regret import Candidates, Regret, Summary

_SIX = tuple(name for name, device in DEVICES.items() if device.source == "hw-nas-bench")

_LEGEND = """\
Candidates: random halves of all measured cells (most of which the predictors have learned from),
of the cells held out from them, or networks that the table holds twice. Lost: of the hypervolume
of the best by measured cost, those chosen being scored by measured cost too; reference point: the
highest cost and lowest accuracy among the candidates; strict corner: those of the measured set.
Below upper end: chosen ones whose measured cost is below the upper end of the 90 % interval."""

_EXCHANGE = """
The most accurate cell within a limit on one device (row), used on another (column), beside that
one's own: the cheapest at least as accurate, or the most accurate at most as dear. {:,} cells that
all devices run; means over limits at the nine deciles of a device's costs. Below 0: chosen by
prediction, the other's choice turned out cheaper when measured."""


def search(
    table: Annotated[
        Path, typer.Option(help="Measured NAS-Bench-201 cells of HW-NAS-Bench's six devices.")
    ],
    accuracy: Annotated[
        Path, typer.Option(help="Accuracies of cells, as for archcost search --accuracy.")
    ],
    seeds: Annotated[int, typer.Option(help="Draws of candidates.", min=1)] = 20,
    out: Annotated[Path | None, typer.Option(*OUT, help="Write every draw to this .csv.")] = None,
) -> None:
    """Score searches by predicted latency, or for another device.

    First what predicted instead of measured latency loses in hypervolume, on six devices: of random
    halves of all cells, of random halves of the cells that no shipped predictor has learned from,
    and of networks that the table holds twice, where a second measurement shows how much is noise.
    Then what it costs to use on one device what was searched for another.

    Example: archcost benchmark search --table nasbench201_hwnasbench_cifar10.parquet --accuracy
    nasbench201_accuracy.parquet
    """
    from archcost.encodings import parse
    from archcost.search.quality import quality
    from archcost.search.regret import candidates, regrets, summaries

    check_output(out, (".csv",))
    check_not_read(out, table, accuracy)
    measured = next((one for one in read_tables(table)[0] if one.space == "nasbench201"), None)
    if measured is None:
        raise TableError(f"{table}: no cells of nasbench201")
    of = quality(accuracy, measured.space, measured.dataset)
    known = of.of(parse(measured.architectures, space=measured.space, dataset=measured.dataset))
    if np.isnan(known).any():
        raise TableError(f"{accuracy}: no accuracy of {np.isnan(known).sum()} cells of {table}")
    with progress_bar() as progress:
        every = candidates(measured, known, _SIX, progress)
    found = regrets(measured, every, seeds=seeds)
    if out is not None:
        _write(found, out)
    typer.echo(f"{of.words}\n{_LEGEND}\n")
    typer.echo("\n".join(aligned(_lines(summaries(found)))))
    _print_exchange(every)


def _lines(found: list[Summary]) -> list[list[str]]:
    titles = ["device", "cells", "chosen by", "candidates", "chosen", "hypervolume lost"]
    lines = [[*titles, "at most", "strict corner", "below upper end"]]
    for s in found:
        below = "" if np.isnan(s.below) else f"{s.below:.0%}"
        counts = [f"{s.candidates:.0f}", f"{s.chosen:.0f}"]
        # Adding up in another order must not make a loss of -0.000%.
        shares = [f"{max(x, 0):.3%}" for x in (s.lost, s.most_lost, s.lost_strict)]
        lines.append([s.device, s.part, s.chosen_by, *counts, *shares, below])
    return lines


def _print_exchange(every: Mapping[str, Candidates]) -> None:
    """The three tables of devices against devices."""
    from archcost.predictors.estimate import LIKELY
    from archcost.search.exchange import exchange

    runs = [np.isfinite(c.measured) & (c.runs >= LIKELY) for c in every.values()]
    everywhere = [c.take(np.flatnonzero(np.all(runs, axis=0))) for c in every.values()]
    accuracy = everywhere[0].accuracy
    predicted, measured = (
        np.stack([getattr(c, name) for c in everywhere]) for name in ("predicted", "measured")
    )
    by_prediction = exchange(accuracy, predicted, measured)
    by_measurement = exchange(accuracy, measured, measured)
    typer.echo(_EXCHANGE.format(len(accuracy)))
    for title, matrix, form in (
        (
            "measured cost beyond that of the own choice, chosen by prediction",
            by_prediction.extra_cost,
            "+z.1%",
        ),
        ("the same, chosen by measurement", by_measurement.extra_cost, "+.1%"),
        (
            "accuracy below that of the own choice at equal predicted cost",
            by_prediction.lost_accuracy,
            ".2f",
        ),
    ):
        typer.echo(f"\n{title}")
        lines = [["searched for", *(f"on {device}" for device in every)]]
        for device, row in zip(every, matrix.tolist(), strict=True):
            lines.append([device, *(format(value, form) for value in row)])
        typer.echo("\n".join(aligned(lines)))


def _write(found: list[Regret], out: Path) -> None:
    import pandas as pd

    with written(out) as part:
        pd.DataFrame([vars(one) for one in found]).to_csv(part, index=False)
