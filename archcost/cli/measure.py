"""`archcost collect run`, `bundle` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from archcost.cli.options import (
    ARCHS,
    OUT,
    Dataset,
    any_space,
    check_not_read,
    check_output,
    counted,
    progress_bar,
)
from archcost.errors import UnsupportedError
from archcost.training.collect.board.protocol import DEFAULTS

if TYPE_CHECKING:
    from archcost.encodings import Batch
    from archcost.training.collect.results import Results

_RUNS_A_SECOND = 10_000

Archs = Annotated[
    Path | None,
    typer.Option(
        *ARCHS,
        help="A .csv or .parquet with a column of architectures (arch, index, …).",
    ),
]
Count = Annotated[int | None, typer.Option("-n", help="Number of random networks to draw.", min=1)]
CollectSpace = Annotated[
    str | None,
    typer.Option(
        callback=any_space,
        help="nasbench201, fbnet, or custom (cells of any shape in NAS-Bench-201's skeleton); by "
        "default that of the networks in --archs, nasbench201 with -n.",
    ),
]
RuntimeName = Annotated[
    str,
    typer.Option(
        help="onnxruntime, openvino, torch, torch-compiled, torch-cuda or torch-cuda-graph."
    ),
]
Threads = Annotated[int, typer.Option(help="Threads that a run may use.", min=1)]
Rounds = Annotated[int, typer.Option(help="Visits of each network.", min=1)]
BatchSize = Annotated[int, typer.Option(help="Images in each run.", min=1)]
DeviceName = Annotated[
    str | None, typer.Option(help="Name of the device in the table; by default the processor's.")
]
Timeout = Annotated[float, typer.Option(help="Seconds after which a visit is given up.")]
VisitSeconds = Annotated[
    float,
    typer.Option(
        help="Seconds of timed runs a visit; 2 and more for an external power meter.", min=0.01
    ),
]
Seed = Annotated[
    int, typer.Option(help="Of the choice of networks and the order of visits.", min=0)
]
PowerLog = Annotated[
    Path | None,
    typer.Option(help="An external meter's .csv: seconds since 1970 or ISO times, and watts."),
]


def run(
    archs: Archs = None,
    n: Count = None,
    space: CollectSpace = None,
    dataset: Dataset = None,
    runtime: RuntimeName = "onnxruntime",
    threads: Threads = 1,
    batch_size: BatchSize = 1,
    rounds: Rounds = 5,
    device: DeviceName = None,
    timeout: Timeout = 60.0,
    visit_seconds: VisitSeconds = 0.2,
    seed: Seed = 0,
    energy: Annotated[
        bool, typer.Option("--energy/--no-energy", help="Energy too, where there is a meter.")
    ] = True,
    power_log: PowerLog = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler's address: measure on its workers, not here."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help="With --scheduler: a device that workers carry as resource device-LABEL=1; may be "
            "repeated. Default: all. Each has a table of its own, named with its label."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(*OUT, help="The .parquet to write.")] = Path(
        "measured.parquet"
    ),
) -> None:
    """Measure networks on this machine.

    Stopped at any moment, the same command goes on where it was: the journal beside the table holds
    every visit. Without --archs and -n: go on with the journal. Other networks, with the same
    options, are added to the table.

    Example: archcost collect run -n 50 --runtime onnxruntime --out mine.parquet
    """
    if scheduler is None and label:
        raise UnsupportedError("--label goes with --scheduler: it names devices of a Dask cluster")
    if scheduler is not None and power_log is not None:
        raise UnsupportedError("--power-log is of one machine: leave out --scheduler")
    check_output(out, (".parquet",))
    check_not_read(out, archs, power_log)
    from archcost.training.collect.measuring import Options, journal_path, measure

    settings = visit_settings(visit_seconds)
    options = Options(runtime, threads, batch_size, rounds, device, timeout, seed, settings, energy)
    going_on = archs is None and n is None
    batch = None if going_on else _networks(archs, n, space, dataset, seed)
    if scheduler is None:
        with progress_bar() as progress:
            found = {out: measure(batch, out, options, progress, power_log)}
    else:
        from archcost.training.collect.boards import measure_on_boards

        with progress_bar() as progress:
            boards = measure_on_boards(scheduler, batch, out, options, label or (), progress)
        found = dict(boards.values())
    for table, results in found.items():
        typer.echo(f"{table} (every visit: {journal_path(table)})")
        print_summary(results)


def visit_settings(visit_seconds: float) -> dict[str, Any]:
    """The protocol's settings; fast networks are run as often as the time asks for."""
    most = max(DEFAULTS["runs"][1], int(visit_seconds * _RUNS_A_SECOND))
    return {"visit_s": visit_seconds, "runs": [DEFAULTS["runs"][0], most]}


def _networks(
    archs: Path | None, n: int | None, space: str | None, dataset: str | None, seed: int
) -> Batch:
    from archcost.training.collect.candidates import read_candidates, sample

    if archs is not None and n is not None:
        raise UnsupportedError("--archs and -n exclude each other: give one of them")
    if archs is not None:
        return read_candidates(archs, space, dataset)
    if n is None:
        raise UnsupportedError("say which networks: --archs FILE or -n NUMBER")
    return sample(n, space or "nasbench201", dataset, seed)


def bundle(
    archs: Archs = None,
    n: Count = None,
    space: CollectSpace = None,
    dataset: Dataset = None,
    runtime: Annotated[str, typer.Option(help="onnxruntime or openvino.")] = "onnxruntime",
    threads: Threads = 1,
    batch_size: BatchSize = 1,
    rounds: Rounds = 5,
    device: DeviceName = None,
    timeout: Timeout = 60.0,
    visit_seconds: VisitSeconds = 0.2,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(*OUT, help="A new folder.")] = Path("bundle"),
) -> None:
    """Write models and a script that measures them on a board.

    The board needs the runtime, not archcost.

    Example: archcost collect bundle --archs todo.csv --runtime onnxruntime --out bundle
    """
    from archcost.training.collect.bundle import write_bundle
    from archcost.training.collect.measuring import Options

    settings = visit_settings(visit_seconds)
    options = Options(runtime, threads, batch_size, rounds, device, timeout, seed, settings)
    batch = _networks(archs, n, space, dataset, seed)
    with progress_bar() as progress:
        script = write_bundle(batch, out, options, progress)
    models = counted(len(batch), "model")
    typer.echo(f"{models} in {out}; copy it over and run there: python3 {script.name}")


def import_(
    results: Annotated[Path, typer.Argument(help="The results.jsonl that came back.")],
    device: DeviceName = None,
    power_log: PowerLog = None,
    out: Annotated[Path, typer.Option(*OUT, help="The .parquet to write.")] = Path(
        "measured.parquet"
    ),
) -> None:
    """Write the table of what a bundle measured on a board.

    Example: archcost collect import results.jsonl --device my-board --out my-board.parquet
    """
    from archcost.training.collect.bundle import import_results

    check_output(out, (".parquet",))
    check_not_read(out, results, power_log)
    found = import_results(results, out, device=device, power_log=power_log)
    typer.echo(str(out))
    print_summary(found)


def print_summary(results: Results) -> None:
    """What came of a measurement, in a few lines."""
    measured = int((results.visits > 0).sum())
    costs = results.latency_ms[results.visits > 0]
    shown = f"{costs.min():.4g} to {costs.max():.4g} ms"
    typer.echo(f"measured   {measured} of {counted(len(results.visits), 'network')}, {shown}")
    spread = results.spread[np.isfinite(results.spread)]
    if len(spread):
        worst = np.quantile(spread, 0.9)
        typer.echo(
            f"spread     {np.median(spread):.1%} a visit in the median, 90 % up to {worst:.1%}"
        )
    low, high = results.drift.min() - 1, results.drift.max() - 1
    typer.echo(f"drift      {low:+z.1%} to {high:+z.1%}, taken out")
    if results.repeatability is not None:
        typer.echo(f"repeats    Spearman {results.repeatability:.4f} between even and odd rounds")
    energy = results.energy_mj[np.isfinite(results.energy_mj)]
    if len(energy):
        typer.echo(f"energy     {energy.min():.4g} to {energy.max():.4g} mJ, idle power included")
    else:
        typer.echo(f"energy     absent: {results.energy_absent or 'not asked for'}")
    visits, outliers = int(results.visits.sum()), int(results.outliers.sum())
    typer.echo(f"outliers   {outliers} of {counted(visits, 'visit')} flagged, none deleted")
    if not results.reasons:
        typer.echo("failed     none")
        return
    failed = counted(len(results.reasons), "network")
    typer.echo(f"failed     {failed}, rows with the reason:")
    by_reason: dict[str, int] = {}
    for reason in results.reasons.values():
        by_reason[reason] = by_reason.get(reason, 0) + 1
    for reason, count in sorted(by_reason.items(), key=lambda item: -item[1])[:5]:
        typer.echo(f"  {count}: {reason}")
