"""`archcost calibrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from archcost.cli.measure import (
    Rounds,
    RuntimeName,
    Seed,
    Threads,
    VisitSeconds,
    print_summary,
    visit_settings,
)
from archcost.cli.options import Dataset, aligned, progress_bar
from archcost.cli.transfer import print_learned, print_replaced

if TYPE_CHECKING:
    from archcost.training.calibrate import Calibration

_SHOWN = 30
_NOISY = 0.5


def calibrate(
    n: Annotated[int, typer.Option("-n", help="How many networks to measure.", min=1)] = 10,
    runtime: RuntimeName = "onnxruntime",
    device: Annotated[
        str | None,
        typer.Option(help="Name for this machine; by default from processor and runtime."),
    ] = None,
    space: Annotated[str, typer.Option(help="nasbench201 or fbnet.")] = "nasbench201",
    dataset: Dataset = None,
    threads: Threads = 1,
    rounds: Rounds = 5,
    visit_seconds: VisitSeconds = 0.2,
    seed: Seed = 0,
) -> None:
    """Measure a few networks on this machine, predict all others.

    It takes about a minute. Stopped at any moment, the same command goes on where it was. Then
    archcost predict knows the machine under its name.

    Example: archcost calibrate --runtime onnxruntime -n 10 --device my-laptop
    """
    from archcost.training.calibrate import calibrate as calibrate_machine
    from archcost.training.collect import Options

    options = Options(
        runtime, threads, rounds=rounds, seed=seed, settings=visit_settings(visit_seconds)
    )
    with progress_bar() as progress:
        found = calibrate_machine(
            n, space, dataset, options=options, device=device, progress=progress
        )
    print_summary(found.measured)
    assert found.model.learned is not None
    print_learned(found.model.learned, found.latency.unit)
    print_replaced(found.replaced)
    typer.echo("")
    _print_space(found)
    typer.echo("")
    _print_best(found)
    typer.echo("")
    _print_outlook(found, n, rounds)
    typer.echo(f"measurements in {found.table}")
    target = found.model.target
    where = "" if dataset is None else f" --dataset {target.dataset}"
    typer.echo(f"saved to {found.folder}; archcost predict … --device {target.device}{where}")


def _print_space(found: Calibration) -> None:
    order = np.argsort(found.latency.value, kind="stable")
    which = {"fastest": order[0], "median": order[len(order) // 2], "slowest": order[-1]}
    every = "all" if found.model.target.space == "nasbench201" else "random"
    typer.echo(f"predicted latency of {len(order):,} networks ({every}), with 90 % intervals:")
    typer.echo("\n".join(aligned([_line(found, int(i), name) for name, i in which.items()])))


def _print_best(found: Calibration) -> None:
    best = found.best
    shown = best[np.unique(np.linspace(0, len(best) - 1, _SHOWN).round().astype(int))]
    count = f"{len(best)}" if len(shown) == len(best) else f"{len(shown)} of {len(best)}"
    typer.echo(
        f"most multiply-accumulates (a stand-in for capacity) for the latency, {count} networks:"
    )
    typer.echo("\n".join(aligned([_line(found, int(i)) for i in shown])))


def _line(found: Calibration, row: int, *first: str) -> list[str]:
    e = found.latency
    interval = f"{e.lower[row]:.4g} to {e.upper[row]:.4g}"
    macs = f"{found.macs[row] / 1e6:.1f} M"
    return [*first, f"{e.value[row]:.4g} {e.unit}", interval, macs, e.architectures[row]]


def _print_outlook(found: Calibration, n: int, rounds: int) -> None:
    outlook = found.outlook
    further = outlook.halving()
    if further is not None:
        minutes = (n + further) * outlook.seconds / 60
        time = f", about {minutes:.1f} minutes" if np.isfinite(minutes) else ""
        typer.echo(
            f"to halve the intervals measure {further} more: the same command with -n "
            f"{n + further}{time}"
        )
    else:
        some, most = min(n, len(outlook.narrowing)), len(outlook.narrowing)
        typer.echo(
            f"a few more networks cannot halve the intervals: {some} more would narrow them by "
            f"{outlook.narrowing[some - 1]:.0%}, {most} more by {outlook.narrowing[-1]:.0%}; what "
            "is left is noise and what other devices do not teach"
        )
    spread = found.measured.spread[np.isfinite(found.measured.spread)]
    noise = float(np.median(spread)) / rounds**0.5 if len(spread) else 0.0
    assert found.model.learned is not None
    if noise > _NOISY * found.model.learned.error:
        typer.echo(
            f"the measurements themselves scatter by {noise:.1%}: quieten the machine, or "
            f"--rounds {4 * rounds} to halve that"
        )
