"""`archcost train` and `archcost evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from archcost.checkpoints import Card, every_card, load_card
from archcost.checkpoints.user import user_folder
from archcost.cli.options import (
    DEVICES,
    OUT,
    AnySpace,
    Dataset,
    Kind,
    Space,
    TableFile,
    check_folder,
    progress_bar,
    separate,
)
from archcost.cli.tables import read_tables
from archcost.data import MeasuredTable
from archcost.encodings import CUSTOM, parse
from archcost.errors import UnsupportedError, unknown_name
from archcost.training import Settings, held_out_rows, train_lookup
from archcost.training import train as train_tables
from archcost.training.evaluate import scores
from archcost.training.layers import train_layers
from archcost.training.trials import KINDS

_NAMING = (
    "several: raspi4,pixel3, or repeated. A single one is that of a column latency_ms without a "
    "device."
)
Source = Annotated[
    str | None, typer.Option(help="Publication of the table: hw-nas-bench, help or eagle.")
]


def train(
    table: TableFile,
    out: Annotated[Path, typer.Option(*OUT, help="Folder for the checkpoints.")],
    space: AnySpace = None,
    dataset: Dataset = None,
    source: Source = None,
    device: Annotated[
        list[str] | None,
        typer.Option(*DEVICES, callback=separate, help=f"Train these devices only; {_NAMING}"),
    ] = None,
    n_train: Annotated[
        int | None,
        typer.Option(help="Learn from so many architectures; by default all.", min=50),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help=f"Train these kinds only: {', '.join(KINDS)}; may be repeated."),
    ] = None,
    trees: Annotated[int, typer.Option(help="Trees of each gbdt.", min=1)] = 500,
    steps: Annotated[int, typer.Option(help="Steps of training of a gnn.", min=1)] = 3600,
    seed: Annotated[int, typer.Option(help="Of the split, the folds and the trees.", min=0)] = 0,
) -> None:
    """Train predictors from a table and write checkpoints.

    From custom cells (archcost collect run --space custom) models of layers are trained, to which
    --kind, --n-train, --trees and --steps do not apply.

    Example: archcost train --table HW-NAS-Bench-v1_0.pickle --out my-checkpoints
    """
    check_folder(out)
    tables, lookup = read_tables(table, space, dataset, source, device or ())
    tables = _of_devices(tables, device)
    settings = Settings(
        kinds=tuple(kind or KINDS), n_train=n_train, n_estimators=trees, steps=steps, seed=seed
    )
    with progress_bar() as progress:
        custom = [t for t in tables if t.space == CUSTOM]
        known = [t for t in tables if t.space != CUSTOM]
        trained = train_tables(known, out=out, settings=settings, progress=progress)
        trained += train_layers(custom, out=out, seed=seed, progress=progress)
    if lookup is not None and not device:
        trained += train_lookup(lookup, out=out)
    if not trained:
        raise UnsupportedError(
            f"{table}: nothing could be learned well enough to be kept; measure more networks"
        )
    for result in trained:
        scores = result.card.scores
        shown = (
            "exact"
            if scores is None
            else f"tau {scores.kendall_tau:.4f}  coverage {scores.coverage:.1%}"
        )
        typer.echo(f"{result.model.target}  {result.card.kind}  {shown}")


def evaluate(
    table: TableFile,
    space: Space = None,
    dataset: Dataset = None,
    device: Annotated[
        list[str] | None,
        typer.Option(*DEVICES, callback=separate, help=f"Score these devices only; {_NAMING}"),
    ] = None,
    kind: Kind = None,
    every: Annotated[
        bool,
        typer.Option("--all-rows", help="Score on all rows, also on those learned from."),
    ] = False,
) -> None:
    """Score predictors on a table of measurements.

    Shipped ones and your own: by default on the rows that they have not learned from; of a trained
    predictor these are known for the table that it was trained on only.

    Example: archcost evaluate --table nasbench201_hwnasbench_cifar10.parquet --dataset cifar10
    """
    devices = {card.device for card in every_card()}
    for name in device or ():
        if name not in devices:
            raise unknown_name("device", name, devices)
    tables, _ = read_tables(table, space, dataset, devices=device or ())
    tables = _of_devices(tables, device)
    heading = (
        f"{'target':58} {'kind':9} {'n':>5} {'tau':>7} {'rho':>7} {'MAPE':>7} "
        f"{'±10%':>6} {'cover':>6} {'width':>9}"
    )
    shown, refused = False, list[str]()
    for measured in tables:
        if measured.space == CUSTOM:
            raise UnsupportedError(
                f"{table}: custom cells; archcost benchmark unseen scores the models of layers"
            )
        for card in every_card():
            names = (card.device, card.metric)
            here = (card.space, card.dataset) == (measured.space, measured.dataset)
            if not here or names not in measured.targets:
                continue
            if not (card.kind == kind if kind else card.default):
                continue
            try:
                line = _line(card, measured, every)
            except UnsupportedError as error:
                # Others have their lines all the same.
                refused.append(f"{card.target} ({card.kind}): {error}")
                continue
            typer.echo(line if shown else f"{heading}\n{line}")
            shown = True
    if refused and not shown:
        raise UnsupportedError(f"{table}: nothing to score; {refused[0]}")
    for reason in refused:
        typer.echo(f"archcost: left out: {reason}", err=True)
    if not shown:
        targets = {
            f"{owner} {metric}, {measured.space} on {measured.dataset}"
            for measured in tables
            for owner, metric in measured.targets
        }
        raise UnsupportedError(
            f"{table}: no predictor{f' of kind {kind}' if kind else ''}, shipped or of your own in "
            f"{user_folder()}, for {'; '.join(sorted(targets))}; make one with archcost adapt or "
            f"archcost train --out {user_folder()}"
        )


def _of_devices(tables: list[MeasuredTable], devices: list[str] | None) -> list[MeasuredTable]:
    """What tables hold of these devices; all of it for None.

    Raises:
        UnknownNameError: a device of which they hold nothing.
    """
    if not devices:
        return tables
    measured = {name for table in tables for name, _ in table.targets}
    for name in devices:
        if name not in measured:
            raise unknown_name("device in the table", name, measured)
    return [
        replace(table, targets={k: v for k, v in table.targets.items() if k[0] in devices})
        for table in tables
    ]


def _line(card: Card, table: MeasuredTable, every: bool) -> str:
    costs = table.targets[card.device, card.metric]
    try:
        rows = held_out_rows(card, table, every=every)
    except UnsupportedError as error:
        raise UnsupportedError(f"{error}; --all-rows scores it on every row") from None
    if not len(rows):
        raise UnsupportedError("no network was measured")
    batch = parse(table.architectures, space=table.space, dataset=table.dataset).take(rows)
    s = scores(load_card(card).predict(batch), costs[rows])
    return (
        f"{card.target!s:58} {card.kind:9} {s.n:5d} {s.kendall_tau:7.4f} {s.spearman:7.4f} "
        f"{s.mape:7.2%} {s.within_10pct:6.1%} {s.coverage:6.1%} {s.width:9.4g}"
    )
