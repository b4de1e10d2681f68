"""`archcost suggest` and `archcost adapt`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from archcost.checkpoints import cards
from archcost.checkpoints.user import check_device_name, user_folder
from archcost.cli.options import (
    OUT,
    Dataset,
    Space,
    check_not_read,
    check_output,
    counted,
    separate,
)
from archcost.cli.tables import place_of
from archcost.data import parse_target, read_table, written
from archcost.data.tables import read_frame
from archcost.encodings import CUSTOM, SPACES, Batch, find_dataset, find_space, parse_each
from archcost.encodings.rows import refuse_malformed
from archcost.errors import ArchcostError, MeasurementError, TableError, UnsupportedError
from archcost.training.adapt import Learned, learned_before
from archcost.training.adapt import adapt as adapt_device
from archcost.training.suggest import suggest as suggest_networks
from archcost.units import unit_of

_COLUMNS = {"latency": "latency_ms", "energy": "energy_mj"}
_UNNAMED = "unnamed"
_MANY = 3
_OTHER_UNIT = 90
_Metric = Annotated[str, typer.Option(help="latency (ms) or energy (mJ).")]
_Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        callback=separate,
        help="Draw upon these devices only; commas between several, or repeated. Default: all.",
    ),
]


def suggest(
    output: Annotated[Path, typer.Option(*OUT, help="The .csv to write.")],
    n: Annotated[int, typer.Option("-n", help="How many networks.", min=1)] = 10,
    space: Space = None,
    dataset: Dataset = None,
    metric: _Metric = "latency",
    measured: Annotated[
        list[Path] | None,
        typer.Option(
            help="A table of networks measured already: continue from it; repeatable. What stands "
            "in it without a measurement yet is not chosen again either."
        ),
    ] = None,
    sources: _Sources = None,
    seed: Annotated[int, typer.Option(help="Another seed gives another choice.", min=0)] = 0,
) -> None:
    """Choose the networks whose measurement tells most.

    Fill in the column of costs (-1: the device failed to run it) and give the file to adapt.

    Example: archcost suggest -n 10 -o todo.csv
    """
    column = _column(metric)
    check_output(output, (".csv",))
    check_not_read(output, *measured or ())
    _check_not_filled_in(output)
    place, name, known = space or "nasbench201", dataset, None
    if measured:
        place, name, known = _read_all(measured, space, dataset, ("", metric))
    found = suggest_networks(n, place, name, seed, measured=known, sources=sources)
    spot = find_space(place)
    on = find_dataset(spot, name)
    # A column without a data set is of the usual one.
    column = column if on == find_dataset(spot) else f"{on.lower()}_{column}"
    lines = [f"architecture,{column},narrows_intervals_by"]
    lines += [f"{one.architecture},,{one.narrowing:.3f}" for one in found.details]
    with written(output) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    together = 1 - math.prod(1 - one.narrowing for one in found.details)
    typer.echo(
        f"{counted(n, 'network')} written to {output}; fill in {column}. Together they narrow "
        f"intervals by about {together:.0%}",
        err=True,
    )


def adapt(
    tables: Annotated[
        list[Path], typer.Argument(help="A .csv or .parquet with measured costs, or several.")
    ],
    device: Annotated[str, typer.Option(help="Name for the device.")],
    space: Space = None,
    dataset: Dataset = None,
    metric: _Metric = "latency",
    sources: _Sources = None,
) -> None:
    """Learn a device of your own from a few measurements.

    It is kept under its name. It is learned from these tables alone: with further measurements give
    the earlier ones again.

    Example: archcost adapt todo.csv more.csv --device my-board
    """
    _column(metric)
    check_device_name(device, {card.device for card in cards()})
    place, name, measured = _read_all(tables, space, dataset, (device, metric))
    try:
        model = adapt_device(*measured, place, name, metric, device, sources)
    except MeasurementError as error:
        raise MeasurementError(f"{', '.join(map(str, tables))}: {error}") from None
    before = learned_before(model.target)
    try:
        folder = model.save()
    except OSError as error:
        raise ArchcostError(
            f"{user_folder()}: cannot be written ({error.strerror}); name another folder in "
            "ARCHCOST_HOME"
        ) from None
    assert model.learned is not None
    print_learned(model.learned, unit_of(metric))
    _say_next(place, name, measured, sources)
    print_replaced(before)
    options = "" if name == find_dataset(find_space(place)) else f" --dataset {name}"
    options += "" if metric == "latency" else f" --metric {metric}"
    typer.echo(f"saved to {folder}; use it with: archcost predict --device {device}{options} …")


_Measured = tuple[Batch, npt.NDArray[np.float64]]


def _column(metric: str) -> str:
    if metric not in _COLUMNS:
        raise UnsupportedError(f"metric {metric!r}: measure {' or '.join(_COLUMNS)}")
    return _COLUMNS[metric]


def _check_not_filled_in(output: Path) -> None:
    """Refuse to write over costs that somebody has measured.

    Raises:
        TableError: the file holds some, or cannot be read for them.
    """
    if not output.exists() or not output.stat().st_size:
        return
    remedy = "write to another file; --measured goes on from this one"
    try:
        frame = read_frame(output)
        filled = [c for c in frame.columns if parse_target(c) and frame[c].notna().any()]
    except TableError as error:
        raise TableError(f"{output}: may hold measurements ({error}); {remedy}") from None
    if filled:
        raise TableError(f"{output}: {' and '.join(filled)} filled in already; {remedy}")
    columns = list(frame.columns)
    own = len(columns) == 3 and columns[::2] == ["architecture", "narrows_intervals_by"]
    if not own or not parse_target(columns[1]):
        raise TableError(f"{output}: exists, and is no list of suggest's; write to another file")


def _read_all(
    paths: list[Path], space: str | None, dataset: str | None, target: tuple[str, str]
) -> tuple[str, str, _Measured]:
    """Space, data set, networks and costs of files together, see `_read`."""
    parts = [_read(path, space, dataset, target) for path in paths]
    place, name, _ = parts[0]
    for path, part in zip(paths, parts, strict=True):
        if part[:2] != (place, name):
            raise TableError(
                f"{path}: {part[0]} on {part[1]}, but {paths[0]}: {place} on {name}; a device is "
                "learned from tables of one space and data set"
            )
    archs = Batch.from_architectures(arch for *_, (batch, _) in parts for arch in batch)
    return place, name, (archs, np.concatenate([costs for *_, (_, costs) in parts]))


def _read(
    path: Path, space: str | None, dataset: str | None, target: tuple[str, str]
) -> tuple[str, str, _Measured]:
    """Space, data set, networks and costs (-1: refused) of a file.

    The column is that of the device and metric, or else the only one of the metric.
    """
    place, name = place_of(path, space, dataset)
    if place == CUSTOM:
        raise UnsupportedError(
            f"{path}: custom cells; measure networks of {' or '.join(SPACES)}, or learn from these "
            "with archcost train"
        )
    device, metric = target
    tables = read_table(
        path, space=place, dataset=name, device=device or _UNNAMED, failed_value=-1.0
    )
    here = next((table for table in tables if table.dataset == name), None)
    if here is None and dataset is None and len(tables) == 1:
        (here,) = tables  # its columns name theirs
        name = here.dataset
    targets = {} if here is None else here.targets
    fitting = [one for one in targets if one[1] == metric]
    wanted = target if target in targets else fitting[0] if len(fitting) == 1 else None
    if here is None or wanted is None:
        has = ", ".join(
            f"{what} of {owner} on {t.dataset}" if owner not in (device, _UNNAMED) else what
            for t in tables
            for owner, what in t.targets
        )
        others = sorted({what for t in tables for _, what in t.targets} & {*_COLUMNS} - {metric})
        remedy = f"; give --metric {' or '.join(others)}" if others and not fitting else ""
        raise TableError(
            f"{path}: needs one column {_COLUMNS[metric]} for {place} on {name}; it has {has}"
            f"{remedy}"
        )
    if device and wanted[0] not in (device, _UNNAMED):
        typer.echo(f"note: {path}: the costs of {wanted[0]} are taken for those of {device}")
    costs = here.targets[wanted].copy()
    if wanted in here.failed:
        costs[here.failed[wanted]] = -1.0
    batch, _, problems = parse_each(here.architectures, space=place, dataset=name)
    refuse_malformed(path, problems)
    return place, name, (batch, costs)


def print_learned(learned: Learned, unit: str) -> None:
    """What a device was learned from and how well it seems to do, in a few lines."""
    typer.echo(f"learned from {counted(learned.n, 'network')} ({unit}); {learned.chosen_by}")
    if learned.error == learned.error:
        rank = "" if learned.rank != learned.rank else f", rank correlation {learned.rank:.3f}"
        typer.echo(f"on networks left out: median error {learned.error:.1%}{rank}")
    alike = ", ".join(f"{name} ({value:.3f})" for name, value in learned.nearest)
    if learned.nearest:
        typer.echo(f"most like (correlation of predicted costs): {alike}")
    for note in learned.notes:
        typer.echo(f"note: {note}")
    for name, more in learned.outliers:
        typer.echo(f"warning: measure again: {name}; the others suggest {_compared(more, unit)}")
    for warning in learned.warnings:
        typer.echo(f"warning: {warning}")


def _compared(more: float, unit: str) -> str:
    """What the others suggest, as this share more than was measured, in words."""
    expected = 1 + more
    if 1 / _MANY < expected < _MANY:
        return f"{abs(more):.0%} {'more' if more > 0 else 'less'}"
    hint = f"; is this one in {unit}?"
    if expected > 1:
        times = f"about {float(f'{expected:.2g}'):,.0f} times as much"
        return times + hint if expected > _OTHER_UNIT else times
    # What is expected ends at a hundredth.
    far = 1 / expected > _OTHER_UNIT
    return f"at most 1/100 of it{hint}" if far else f"about 1/{1 / expected:.0f} of it"


def print_replaced(counts: Iterable[int]) -> None:
    """That models are gone, and how many networks each was learned from."""
    for n in counts:
        typer.echo(f"note: replaces what was learned from {counted(n, 'network')} before")


def _say_next(space: str, dataset: str, measured: _Measured, sources: list[str] | None) -> None:
    """The network to measure next, unless none is left."""
    batch, costs = measured
    # One that waits for its measurement may be it.
    rows = np.flatnonzero(~np.isnan(costs))
    measured = batch.take(rows), costs[rows]
    try:
        found = suggest_networks(1, space, dataset, measured=measured, sources=sources)
    except UnsupportedError:
        return
    following = found.details[0]
    typer.echo(
        f"measure next: {following.architecture} (narrows intervals by {following.narrowing:.1%})"
    )
