"""`archcost benchmark`: tables beside published figures."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Annotated

import typer

from archcost.charts import check_image, save
from archcost.charts.transfer import spearman_against_samples
from archcost.cli.options import (
    OUT,
    aligned,
    check_not_read,
    check_output,
    help_if_bare,
    progress_bar,
    separate,
)
from archcost.cli.tables import read_tables
from archcost.data import written
from archcost.encodings import CUSTOM
from archcost.errors import TableError
from archcost.training.custom_cells import CustomScore, custom_cells
from archcost.training.transfer_benchmark import TransferScore, summary
from archcost.training.transfer_benchmark import benchmark as run_benchmark
from archcost.training.unseen import CellScore, SpaceScore, across_spaces, held_out_structure

benchmark = typer.Typer(
    help="Reproduce published comparisons.", invoke_without_command=True, callback=help_if_bare
)


@benchmark.command()
def transfer(
    table: Annotated[
        list[Path],
        typer.Option(help="Tables that hold the unseen devices; may be repeated."),
    ],
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            callback=separate,
            help="A published split of devices: ND, N1 to N4, NA (NAS-Bench-201), FD, F1 to F4, FA "
            "(FBNet); may be repeated, or several with commas. Default: all.",
        ),
    ] = None,
    samples: Annotated[
        list[int] | None, typer.Option(help="Networks measured; may be repeated. Default: 10, 20.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Repetitions.", min=1)] = 20,
    sampler: Annotated[
        str, typer.Option(help="How they are chosen: random or suggest.")
    ] = "random",
    out: Annotated[Path | None, typer.Option(*OUT, help="Write every score to this .csv.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw Spearman against samples (.png, .svg or .pdf).")
    ] = None,
) -> None:
    """Score transfer to unseen devices.

    On all networks that were not samples. Only the sources of a set and the samples are used.

    Example: archcost benchmark transfer --table nasbench201_help.parquet --set ND --samples 20
    """
    check_output(out, (".csv",))
    check_not_read(out, *table)
    if plot is not None:
        check_image(plot)
    tables = [one for path in table for one in read_tables(path)[0]]
    with progress_bar() as progress:
        scores = run_benchmark(
            tables,
            sets=sets,
            samples=samples or (10, 20),
            seeds=seeds,
            sampler=sampler,
            progress=progress,
        )
    if out is not None:
        _write(scores, out)
    rows = summary(scores)
    lines = [["set", "samples", "sampler", "Spearman", "published", "90 % hold", "median error"]]
    for row in rows:
        published = "" if row.published is None else f"{row.published:.3f}"
        figures = [f"{row.spearman:.3f}", published, f"{row.coverage:.1%}", f"{row.error:.1%}"]
        lines.append([row.set, str(row.samples), sampler, *figures])
    typer.echo("\n".join(aligned(lines)))
    if plot is not None:
        save(spearman_against_samples(rows), plot)


@benchmark.command()
def unseen(
    table: Annotated[list[Path], typer.Option(help="Tables of measurements; may be repeated.")],
    seeds: Annotated[int, typer.Option(help="Repetitions.", min=1)] = 5,
) -> None:
    """Score predictions of structure that was never measured.

    That is of another space, or of cells unlike all samples. A table of FBNet: its devices from
    NAS-Bench-201, with 0, 10, 20 and 85 measurements in FBNet. One of NAS-Bench-201: from FBNet,
    and cells with a structure that none of 200 samples has. A device itself and its other batch
    sizes are never sources.

    A table of custom cells (archcost collect run --space custom), with tables of the same device in
    NAS-Bench-201 and FBNet: custom cells from those, with 0, 20 and 100 of them measured.

    Example: archcost benchmark unseen --table fbnet_help.parquet
    """
    tables = [one for path in table for one in read_tables(path)[0]]
    if any(one.space == CUSTOM for one in tables):
        with progress_bar() as progress:
            custom = custom_cells(tables, seeds=seeds, progress=progress)
        typer.echo("\n".join(aligned(_custom_lines(custom))))
        return
    spaces: list[SpaceScore] = []
    cells: list[CellScore] = []
    missing: list[TableError] = []
    with progress_bar() as progress:
        for known, wanted in (("nasbench201", "fbnet"), ("fbnet", "nasbench201")):
            here = [one for one in tables if one.space == wanted]
            if here:
                try:
                    spaces += across_spaces(here, known, wanted, seeds=seeds, progress=progress)
                except TableError as error:  # devices that were measured in one space only
                    missing.append(error)
        here = [one for one in tables if one.space == "nasbench201"]
        if here:
            cells = held_out_structure(here, seeds=seeds, progress=progress)
    if missing and not (spaces or cells):
        raise missing[0]
    for absent in missing:
        typer.echo(f"archcost: {absent}", err=True)
    if spaces:
        typer.echo("\n".join(aligned(_space_lines(spaces))))
    if cells:
        lines = [["device", "cells with", "Spearman", "in distribution", "median error"]]
        for s in cells:
            figures = [f"{s.spearman:.3f}", f"{s.in_distribution:.3f}", f"{s.error:.1%}"]
            lines.append([s.device, s.structure, *figures])
        typer.echo("\n".join(aligned(lines)))


def _custom_lines(scores: list[CustomScore]) -> list[list[str]]:
    lines = [["device", "custom cells from", "measured", "Spearman", "median error", "90 % hold"]]
    for s in scores:
        figures = [f"{s.spearman:.3f}", f"{s.error:.1%}", f"{s.coverage:.1%}"]
        lines.append([s.device, s.known, str(s.samples), *figures])
    return lines


def _space_lines(scores: list[SpaceScore]) -> list[list[str]]:
    """A line per device and space, a column per number of samples; last, the means."""
    samples = sorted({score.samples for score in scores})
    lines = [["device", "space", *(f"{n} measured" for n in samples)]]
    for wanted in dict.fromkeys(score.wanted for score in scores):
        here = [score for score in scores if score.wanted == wanted]
        found = {(score.device, score.samples): score.spearman for score in here}
        devices = list(dict.fromkeys(score.device for score in here))
        lines += [[d, wanted, *(f"{found[d, n]:.3f}" for n in samples)] for d in devices]
        means = [f"{mean(found[d, n] for d in devices):.3f}" for n in samples]
        lines.append(["mean", wanted, *means])
    return lines


def _write(scores: list[TransferScore], out: Path) -> None:
    import pandas as pd

    with written(out) as part:
        pd.DataFrame([vars(score) for score in scores]).to_csv(part, index=False)
