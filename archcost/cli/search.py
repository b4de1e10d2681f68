"""`archcost search`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.cli import INTERRUPTED
from archcost.cli.options import (
    DEVICES,
    OUT,
    Dataset,
    aligned,
    check_folder,
    check_not_read,
    counted,
    progress_bar,
    separate,
)
from archcost.errors import UnsupportedError

if TYPE_CHECKING:
    from archcost.search import Found

_SHOWN = 20


def search(
    out: Annotated[
        Path, typer.Option(*OUT, help="Folder for pareto.csv, pareto.png and pareto.html.")
    ],
    device: Annotated[
        list[str] | None,
        typer.Option(
            *DEVICES,
            callback=separate,
            help="Device whose cost is kept low; several: raspi4,pixel3, or repeated.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="latency (default), energy or arithmetic_intensity (kept high); may be repeated: "
            "each device that has it."
        ),
    ] = None,
    max_latency: Annotated[
        list[str] | None,
        typer.Option(
            help="Limit: 20ms for every device, or raspi4=20ms for one; may be repeated. Units: "
            "ms, s, us; a bare number is ms."
        ),
    ] = None,
    max_energy: Annotated[
        list[str] | None,
        typer.Option(help="Limit on energy, alike. Units: mJ, J, uJ; a bare number is mJ."),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            help="Hold limits with this probability, 0.5 to 0.99: the upper end of the interval "
            "must stay below, not just the prediction."
        ),
    ] = None,
    min_feasible: Annotated[
        float | None,
        typer.Option(
            help="Least probability that a device which refuses some networks (edgetpu) runs it; "
            "by default that of --confidence, else 0.5."
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            help="Also keep, as candidates to measure, what would be in the set if its costs were "
            "smaller by this share, e.g. 0.05."
        ),
    ] = 0.0,
    space: Annotated[
        str, typer.Option(help="nasbench201, fbnet, or custom: cells of one's own.")
    ] = "nasbench201",
    dataset: Dataset = None,
    accuracy: Annotated[
        Path | None,
        typer.Option(
            help="A .csv or .parquet with an architecture column and one of accuracies; only its "
            "architectures are candidates then. Without: multiply-accumulates stand in."
        ),
    ] = None,
    accuracy_column: Annotated[
        str | None,
        typer.Option(help="Its column; by default accuracy, or the one called as the data set."),
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(help="Nodes of custom cells, 2 to 6; by default 4.")
    ] = None,
    operators: Annotated[
        list[str] | None,
        typer.Option(
            callback=separate,
            help="Operators of custom cells, such as none,nor_conv_3x3, or repeated; by default 11 "
            "of them.",
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            help="Architectures to look at. By default all of nasbench201 or of a table, 20000 of "
            "fbnet, 2000 custom cells.",
            min=1,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other candidates.", min=0)] = 0,
) -> None:
    """Find the most accurate architectures for their predicted cost.

    Within limits, if there are any. NAS-Bench-201 is looked at whole, FBNet and custom cells are
    searched by NSGA-II. Stopped with Ctrl-C, what was found until then is written.

    Example: archcost search --device raspi4 --max-latency 20ms --confidence 0.9 --out found
    """
    from archcost.charts import altair
    from archcost.search import search as run_search
    from archcost.search import write
    from archcost.search.writing import TABLE

    altair()  # what is missing is said before the work
    check_folder(out)
    check_not_read(out / TABLE, accuracy)
    with progress_bar() as progress:
        found = run_search(
            device or [],
            metrics=metric or ["latency"],
            max_latency=_limits(max_latency, "--max-latency"),
            max_energy=_limits(max_energy, "--max-energy"),
            confidence=confidence,
            min_feasible=min_feasible,
            margin=margin,
            space=space,
            dataset=dataset,
            accuracy=accuracy,
            accuracy_column=accuracy_column,
            nodes=nodes,
            operators=operators,
            budget=budget,
            seed=seed,
            progress=progress,
        )
    typer.echo("\n".join(found.words()))
    typer.echo("")
    _print(found)
    files = write(found, out, _command())
    chosen = counted(len(found), "architecture")
    typer.echo(f"\n{chosen} written to {', '.join(map(str, files))}")
    if found.interrupted:
        raise typer.Exit(INTERRUPTED)


def _limits(given: list[str] | None, option: str) -> dict[str | None, float | str] | None:
    """Limits by device; None: those for every device.

    Raises:
        UnsupportedError: a second limit for the same device.
    """
    found: dict[str | None, float | str] = {}
    for text in given or ():
        device, equals, limit = text.rpartition("=")
        name = device.strip() if equals else None
        if name in found:
            raise UnsupportedError(f"{option} {text}: a second limit for {name or 'every device'}")
        found[name] = limit
    return found or None


def _print(found: Found) -> None:
    """Some of the set, evenly spaced by cost."""
    shown = found.some(_SHOWN)
    quality = found.evaluator.quality
    lines = [["stand-in (MMACs)" if quality.stand_in else "accuracy"]]
    for cost in found.evaluator.costs:
        lines[0] += [cost.title, f"{found.evaluator.coverage:.0%} interval"]
    lines[0].append("architecture")
    scores, names = found.scores.take(shown), found.architectures.take(shown).strings()
    for row, name in enumerate(names):
        line = [f"{scores.quality[row]:.2f}"]
        for i in range(len(found.evaluator.costs)):
            line.append(f"{scores.value[row, i]:.4g}")
            line.append(f"{scores.lower[row, i]:.4g} to {scores.upper[row, i]:.4g}")
        lines.append([*line, name])
    if len(shown) < found.pareto.sum():
        typer.echo(f"{len(shown)} of {found.pareto.sum()}:")
    typer.echo("\n".join(aligned(lines)))


def _command() -> str:
    """What was typed."""
    import sys

    return f"archcost {shlex.join(sys.argv[1:])}"
