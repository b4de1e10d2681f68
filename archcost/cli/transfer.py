"""`archcost suggest` and `archcost adapt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from archcost.cli.options import Dataset, Space
from archcost.data import MeasuredTable, read_table, write_whole
from archcost.encodings import find_dataset, find_space
from archcost.errors import ArchcostError, TableError, UnsupportedError
from archcost.training.adapt import Learned
from archcost.training.adapt import adapt as adapt_device
from archcost.training.suggest import suggest as suggest_networks
from archcost.units import unit_of

_COLUMNS = {"latency": "latency_ms", "energy": "energy_mj"}
_Metric = Annotated[str, typer.Option(help="latency (ms) or energy (mJ).")]
_Sources = Annotated[
    list[str] | None,
    typer.Option("--from", help="Draw upon this device only; may be repeated. Default: all."),
]


def suggest(
    output: Annotated[Path, typer.Option("--output", "-o", help="The .csv to write.")],
    n: Annotated[int, typer.Option("-n", help="How many networks.", min=1)] = 10,
    space: Space = None,
    dataset: Dataset = None,
    metric: _Metric = "latency",
    measured: Annotated[
        Path | None, typer.Option(help="A .csv of networks measured already: continue from it.")
    ] = None,
    sources: _Sources = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another choice.")] = 0,
) -> None:
    """Choose the networks whose measurement on a new device would tell most.

    Fill in the column of costs (-1: the device failed to run it) and give the file to adapt.

    Example: archcost suggest -n 10 -o todo.csv
    """
    column = _column(metric)
    if output.suffix.lower() != ".csv":
        raise TableError(f"{output}: suffix {output.suffix!r}; write a .csv")
    known = None
    if measured is not None:
        table = _read(measured, space, dataset, ("my-device", metric))
        known = table.architectures, _costs(table, ("my-device", metric))
    found = suggest_networks(
        n, space or "nasbench201", dataset, seed, measured=known, sources=sources
    )
    lines = [f"architecture,{column},narrows_intervals_by"]
    lines += [f"{one.architecture},,{one.narrowing:.3f}" for one in found.details]
    try:
        with write_whole(output) as part:
            part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ArchcostError(f"{output}: cannot be written ({error.strerror})") from None
    typer.echo(f"{n} networks written to {output}; fill in {column}", err=True)


def adapt(
    table: Annotated[Path, typer.Argument(help="A .csv or .parquet with measured costs.")],
    device: Annotated[str, typer.Option(help="Name for the device.")],
    space: Space = None,
    dataset: Dataset = None,
    metric: _Metric = "latency",
    sources: _Sources = None,
) -> None:
    """Learn a device of your own from a few measured networks and keep it under its name.

    Example: archcost adapt todo.csv --device my-board
    """
    target = device, metric
    _column(metric)
    measured = _read(table, space, dataset, target)
    costs = _costs(measured, target)
    model = adapt_device(
        measured.architectures,
        costs,
        measured.space,
        measured.dataset,
        metric,
        device,
        sources,
    )
    folder = model.save()
    assert model.learned is not None
    _report(model.learned, unit_of(metric))
    following = suggest_networks(
        1,
        measured.space,
        measured.dataset,
        measured=(measured.architectures, costs),
        sources=sources,
    ).details[0]
    typer.echo(f"measure next: {following.architecture} ({following.narrowing:.1%} narrower)")
    typer.echo(f"saved to {folder}; archcost predict … --device {device}")


def _column(metric: str) -> str:
    if metric not in _COLUMNS:
        raise UnsupportedError(f"metric {metric!r}: measure {' or '.join(_COLUMNS)}")
    return _COLUMNS[metric]


def _read(
    path: Path, space: str | None, dataset: str | None, target: tuple[str, str]
) -> MeasuredTable:
    place = find_space(space or "nasbench201")
    name = find_dataset(place, dataset)
    tables = read_table(path, space=place.name, dataset=name, device=target[0], failed_value=-1.0)
    for table in tables:
        if table.dataset == name and target in table.targets:
            return table
    raise TableError(f"{path}: no column {_COLUMNS[target[1]]} for {place.name} on {name}")


def _costs(table: MeasuredTable, target: tuple[str, str]) -> npt.NDArray[np.float64]:
    """Costs with -1 where the device failed to run the network."""
    costs = table.targets[target].copy()
    if target in table.failed:
        costs[table.failed[target]] = -1.0
    return costs


def _report(learned: Learned, unit: str) -> None:
    typer.echo(f"learned from {learned.n} networks ({unit}); {learned.chosen_by}")
    if learned.error == learned.error:
        rank = "" if learned.rank != learned.rank else f", rank correlation {learned.rank:.3f}"
        typer.echo(f"on networks left out: median error {learned.error:.1%}{rank}")
    if learned.nearest:
        named = ", ".join(f"{name} ({value:.3f})" for name, value in learned.nearest)
        typer.echo(f"most like: {named}")
    for name in learned.outliers:
        typer.echo(f"warning: fits nothing else, measure again: {name}")
    for message in learned.messages:
        typer.echo(f"warning: {message}")
