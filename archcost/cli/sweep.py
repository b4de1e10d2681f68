"""`archcost collect sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.charts import check_image, save
from archcost.charts.sweep import energy_against_latency
from archcost.cli.options import OUT, Dataset, Space, aligned, check_output, counted, progress_bar
from archcost.cli.simulate import ChipName, ChipSettings, Networks, Quirks, named_values
from archcost.data import write_whole
from archcost.errors import UnsupportedError

if TYPE_CHECKING:
    from archcost.training.collect.simulators import Sweep


def sweep(
    archs: Networks = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            help="A number of the chip and its values, such as rows=8,12,16; may be repeated: "
            "every combination is simulated."
        ),
    ] = None,
    chip: ChipName = "eyeriss",
    space: Space = None,
    dataset: Dataset = None,
    quirk: Quirks = None,
    setting: ChipSettings = None,
    out: Annotated[Path, typer.Option(*OUT, help="The .csv to write.")] = Path("sweep.csv"),
    plot: Annotated[
        Path | None, typer.Option(help="Draw energy against latency (.png, .svg or .pdf).")
    ] = None,
) -> None:
    """Simulate architectures on many versions of a chip.

    Printed are those worth having, that no other version beats in both latency and energy. Area and
    leakage are not in the model, so more hardware costs nothing by itself.

    Example: archcost collect sweep 1 --over rows=6,12,24 --over columns=7,14,28 --plot sweep.png
    """
    from archcost.training.collect import simulators

    check_output(out, (".csv",))
    if not archs:
        raise UnsupportedError("give architectures to simulate")
    if plot is not None:
        check_image(plot)
    axes = {
        key: [value.strip() for value in values.split(",")]
        for key, values in named_values("--over", over).items()
    }
    with progress_bar() as progress:
        found = simulators.sweep(
            archs,
            axes,
            chip,
            settings=named_values("--set", setting),
            quirks=quirk or (),
            space=space,
            dataset=dataset,
            progress=progress,
        )
    _write(found, out)
    _print_best(found)
    typer.echo(f"{counted(len(found.versions), 'version')} in all: {out}")
    if plot is not None:
        save(energy_against_latency(found), plot)


def _print_best(found: Sweep) -> None:
    typer.echo(f"simulated, not measured: {found.chip}, one image; best in latency or energy:")
    for network, text in enumerate(found.networks.strings()):
        lines = [
            (
                found.name(version),
                f"{found.latency_ms[version, network]:.6g} ms",
                f"{found.energy_mj[version, network]:.6g} mJ",
            )
            for version in map(int, found.best(network))
        ]
        typer.echo("\n".join([text, *(f"  {line}" for line in aligned(lines))]))
    if found.reasons:
        number, reason = next(iter(found.reasons.items()))
        left_out = counted(len(found.reasons), "version")
        typer.echo(f"left out: {left_out}, e.g. {found.name(number)}: {reason}")


def _write(found: Sweep, out: Path) -> None:
    """A row per version and network; costs are empty where it fits into no mapping."""
    import pandas as pd

    rows = []
    for network, arch in enumerate(found.networks):
        best = set(found.best(network).tolist())
        for version, numbers in enumerate(found.versions):
            rows.append(
                {
                    "architecture": str(arch),
                    "dataset": arch.skeleton.dataset,
                    **dict(zip(found.axes, numbers, strict=True)),
                    "latency_ms": found.latency_ms[version, network],
                    "energy_mj": found.energy_mj[version, network],
                    "pareto": version in best,
                }
            )
    with write_whole(out) as part:
        pd.DataFrame(rows).to_csv(part, index=False)
