"""`archcost predict`."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from archcost.checkpoints import Card, chosen_cards, find_place, load_card
from archcost.cli.options import (
    ARCHS,
    DEVICES,
    METRICS,
    OUT,
    AnySpace,
    Coverage,
    Dataset,
    Kind,
    aligned,
    check_not_read,
    check_output,
    counted,
    progress_bar,
    separate,
)
from archcost.data import written
from archcost.encodings import (
    CUSTOM,
    Architecture,
    Batch,
    Networks,
    parse,
    read_networks,
)
from archcost.encodings.networks import ONNX, is_custom
from archcost.encodings.rows import Problems, malformed, read_rows, refuse_malformed
from archcost.errors import CheckpointError, UnsupportedError
from archcost.streaming import (
    COLUMNS,
    LEFT_OUT,
    Job,
    left_out_path,
    predict_file,
    predict_on_cluster,
)
from archcost.streaming.partitions import LEAVE_OUT
from archcost.streaming.source import partitions
from archcost.streaming.tables import LeftOut

_EXTRAPOLATION = "extrapolation"
"""A further column where any is not zero."""
Row = dict[str, Any]
_SUFFIXES = (".csv", ".json", ".parquet")


class Format(StrEnum):
    """Forms of output."""

    table = "table"
    csv = "csv"
    json = "json"


class Engine(StrEnum):
    """What does the work on --input."""

    single = "single"
    dask = "dask"


class OnError(StrEnum):
    """What to do about a malformed architecture in a file."""

    fail = "fail"
    skip = "skip"


def predict(
    archs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Architectures: NAS-Bench-201 string or index, FBNet string, path of an .onnx "
            "file; with --space custom cells with other nodes and operators."
        ),
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(
            *DEVICES,
            callback=separate,
            help="Device id, as archcost devices lists them; several: raspi4,pixel3, or repeated.",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All devices, yours too, and all their metrics.")
    ] = False,
    metric: Annotated[
        str | None,
        typer.Option(
            help=f"{METRICS}; by default latency of each --device, and all metrics with --all or "
            "without --device."
        ),
    ] = None,
    space: AnySpace = None,
    dataset: Dataset = None,
    kind: Kind = None,
    coverage: Coverage = 0.9,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Form of what is printed, by default table; a file's is its suffix."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            *ARCHS,
            help="Instead of architectures: a .csv or .parquet with a column of them (arch, index, "
            "…), an .onnx file, or - for lines of stdin.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            *OUT,
            help="Write a .csv, .json or .parquet instead of printing; with --engine dask, parts "
            "into a folder.",
        ),
    ] = None,
    on_error: Annotated[
        OnError, typer.Option(help="For malformed rows of --input: fail, or skip and list them.")
    ] = OnError.fail,
    engine: Annotated[
        Engine,
        typer.Option(help="single: this process; dask: the workers of a Dask cluster."),
    ] = Engine.single,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of the Dask scheduler; by default a cluster on this machine is started."
        ),
    ] = None,
) -> None:
    """Print the predicted costs of architectures, with intervals.

    Without --device or --all: the six devices of HW-NAS-Bench. A cost is that of one run.

    A .csv or .parquet of any length is predicted into another in constant memory, and with --engine
    dask into a folder of .parquet parts by many processes: interrupted, the same command goes on.
    Rows are in the order of the input within each model; models take turns every 65,536 rows.

    Example: archcost predict 1 --device raspi4 --coverage 0.95

    Example: archcost predict --input cells.csv --all --output costs.csv
    """
    for arch in archs or ():
        if arch == "-" or _is_table(arch):
            raise UnsupportedError(f"{arch}: read architectures from it with --input {arch}")
    if space is not None:
        find_place(space)
    if bool(archs) == (source is not None):
        raise UnsupportedError("give architectures, or --input FILE, and not both; see --help")
    if engine is Engine.dask:
        if source is None or output is None or not _is_table(source) or space == CUSTOM:
            raise UnsupportedError(
                "--engine dask takes --input FILE, a .csv or .parquet with architectures of "
                "nasbench201 or fbnet, and --output FOLDER"
            )
    elif scheduler is not None:
        raise UnsupportedError("--scheduler goes with --engine dask")
    else:
        check_output(output, _SUFFIXES)
    if form is not None and output is not None and output.suffix.lower() != f".{form}":
        raise UnsupportedError(
            f"--format {form}: what is written to {output} has the form of its suffix; leave out "
            "--format, or write to a file of that suffix"
        )
    if source is not None and source != "-" and output is not None:
        for path in (output, left_out_path(output)):
            check_not_read(path, Path(source))
    if _streams(source, output, space, engine):
        choose = partial(chosen_cards, devices=device or [], every=every, metric=metric, kind=kind)
        job = Job(
            Path(str(source)), choose, space, dataset, coverage, skip=on_error is OnError.skip
        )
        _stream(job, Path(str(output)), engine, scheduler)
        return
    problems: Problems = []
    if source is None or source.endswith(ONNX):
        given = archs if source is None else [source]
        custom = space == CUSTOM or is_custom(given)
        found = (read_networks if custom else partial(parse, space=space))(given, dataset=dataset)
    else:
        found, problems = _read(source, space, dataset, on_error)
    rows: list[Row] = []
    with progress_bar() as progress:
        for place, part in _parts(found, dataset):
            wanted = chosen_cards(place, device or [], every, metric, kind)
            for done, card in enumerate(wanted):
                progress(card.device, done, len(wanted))
                try:
                    rows += _rows(card, part, coverage)
                except CheckpointError as error:
                    if device or (card == wanted[-1] and not rows):
                        raise
                    typer.echo(f"archcost: {card.device} is left out: {error}", err=True)
    if output is not None:
        _write(rows, output)
        typer.echo(f"{counted(len(rows), 'prediction')} written to {output}", err=True)
        with LeftOut(left_out_path(output)) as left_out:
            left_out.add(problems)
        if problems:
            _say_left_out(left_out.count, left_out.path)
    elif form is None or form is Format.table:
        _print_table(found.strings(), rows, coverage)
    else:
        typer.echo(_text(rows, form), nl=False)
    if problems and output is None:
        typer.echo(f"archcost: left out {malformed(problems)}", err=True)


def _is_table(path: str | Path) -> bool:
    return Path(path).suffix.lower() in (".csv", ".parquet")


def _streams(source: str | None, output: Path | None, space: str | None, engine: Engine) -> bool:
    if source is None or output is None or space == CUSTOM or not _is_table(source):
        return False
    return engine is Engine.dask or _is_table(output)


def _stream(job: Job, output: Path, engine: Engine, scheduler: str | None) -> None:
    """Predict a file of any length."""
    with progress_bar() as progress:
        if engine is Engine.dask:
            done = predict_on_cluster(job, output, scheduler, progress=progress)
            listed = output / LEFT_OUT
        else:
            done = predict_file(job, output, progress)
            listed = left_out_path(output)
    typer.echo(f"{counted(done.written, 'prediction')} written to {output}", err=True)
    if done.left_out:
        _say_left_out(done.left_out, listed)


def _parts(
    found: Batch | Networks, dataset: str | None
) -> Iterator[tuple[tuple[str, str], Batch | Networks]]:
    """Architectures that the same models predict, with the space and data set of those."""
    if isinstance(found, Networks):
        yield find_place(CUSTOM, dataset), found
        return
    for group in found.groups:
        yield (group.skeleton.space, group.skeleton.dataset), found.take(group.positions)


def _read(
    source: str, space: str | None, dataset: str | None, on_error: OnError
) -> tuple[Batch | Networks, Problems]:
    """The architectures of a file or of the lines of stdin, and what is wrong with the others."""
    given: object
    if source == "-":
        given = [line.strip() for line in sys.stdin if line.strip()]
    else:
        given = next(partitions(Path(source), sys.maxsize), [])
    found, problems = read_rows(given, space, dataset)
    if on_error is OnError.fail:
        refuse_malformed(source, problems, LEAVE_OUT)
    return found, problems


def _say_left_out(count: int, path: Path) -> None:
    typer.echo(f"archcost: {counted(count, 'row')} left out, listed in {path}", err=True)


def _rows(card: Card, part: Batch | Networks, coverage: float) -> list[Row]:
    found = load_card(card).predict(part, coverage)
    feasible = [None] * len(found) if found.feasible is None else found.feasible.tolist()
    rows = [
        dict(
            zip(
                COLUMNS,
                (name, card.space, dataset, card.device, card.metric, *ends, found.unit, runs),
                strict=True,
            )
        )
        for name, dataset, *ends, runs in zip(
            found.architectures,
            _datasets(card, part),
            found.value.tolist(),
            found.lower.tolist(),
            found.upper.tolist(),
            feasible,
            strict=True,
        )
    ]
    if found.extrapolation.any():
        for row, outside in zip(rows, found.extrapolation.tolist(), strict=True):
            row[_EXTRAPOLATION] = outside
    return rows


def _datasets(card: Card, part: Batch | Networks) -> list[str | None]:
    """Those whose images the networks are for: a network of a file is for none of them."""
    if isinstance(part, Batch):
        return [card.dataset] * len(part)
    return [one.skeleton.dataset if isinstance(one, Architecture) else None for one in part]


def _columns(rows: list[Row]) -> tuple[str, ...]:
    return COLUMNS + (_EXTRAPOLATION,) * any(_EXTRAPOLATION in row for row in rows)


def _print_table(names: list[str], rows: list[Row], coverage: float) -> None:
    """One table per architecture, in the order of the names."""
    tables: dict[str, list[Row]] = {name: [] for name in names}
    for row in rows:
        tables[row["architecture"]].append(row)
    for name, part in tables.items():
        place = " on ".join(filter(None, (part[0]["space"], part[0]["dataset"])))
        typer.echo(f"{name}\n{place}, one network run, {coverage:.0%} intervals")
        lines = [("device", "metric", "cost", "interval", "unit", "runs", "")]
        for row in part:
            outside = row.get(_EXTRAPOLATION)
            if outside:
                lines[0] = (*lines[0][:-1], _EXTRAPOLATION)
            runs = "" if row["feasible"] is None else f"{row['feasible']:.0%}"
            interval = f"{_digits(row['lower'])} to {_digits(row['upper'])}"
            cost = _digits(row["value"])
            far = f"{outside:.2f}" if outside else ""
            lines.append((row["device"], row["metric"], cost, interval, row["unit"], runs, far))
        # Given twice, an architecture has its rows twice; digits that are not shown may differ.
        for line in aligned([*dict.fromkeys(lines)]):
            typer.echo(f"  {line}")
        typer.echo("")


def _digits(value: float) -> str:
    return np.format_float_positional(value, precision=4, fractional=False, trim="-")


def _text(rows: list[Row], form: Format) -> str:
    if form is Format.json:
        return json.dumps(rows, indent=1) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(rows: list[Row], output: Path) -> None:
    suffix = output.suffix.lower()
    with written(output) as part:
        if suffix == ".parquet":
            import pandas as pd

            pd.DataFrame(rows, columns=list(_columns(rows))).to_parquet(part)
        else:
            part.write_text(_text(rows, Format(suffix[1:])), encoding="utf-8")
