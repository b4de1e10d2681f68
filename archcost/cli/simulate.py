"""`archcost collect simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcost.cli.options import Dataset, Space, aligned
from archcost.errors import ArchcostError, UnsupportedError

if TYPE_CHECKING:
    from archcost.encodings import Batch
    from archcost.training.collect.simulators import Agreement, Simulated

Networks = Annotated[
    list[str] | None,
    typer.Argument(help="Architectures: NAS-Bench-201 string or index, FBNet string."),
]
ChipName = Annotated[str, typer.Option(help="eyeriss or fpga (FBNet only).")]
Quirks = Annotated[
    list[str] | None,
    typer.Option(
        "--quirk",
        help="Price as HW-NAS-Bench's tables do where the hardware would not; may be repeated. "
        "eyeriss: dense_pooling, copied_energy, dearer_mappings, cell_table; fpga: output_size, "
        "padded_184, free_ends; or table for all of the chip's.",
    ),
]
ChipSettings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a number of the chip, such as rows=16; may be repeated."),
]

_SHOWN = 3


def simulate(
    archs: Networks = None,
    chip: ChipName = "eyeriss",
    space: Space = None,
    dataset: Dataset = None,
    quirk: Quirks = None,
    setting: ChipSettings = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Compare the operators with a look-up table: HW-NAS-Bench's pickle, or a .csv or "
            ".parquet with a column op_key."
        ),
    ] = None,
) -> None:
    """Print the simulated costs of architectures on a chip.

    Latency and energy of one image.

    Example: archcost collect simulate 1 2 --chip eyeriss --set rows=16 --set columns=16
    """
    from archcost.training.collect import simulators

    name, hardware = simulators.find_chip(chip, named_values("--set", setting))
    if against is not None:
        if archs or setting:
            raise UnsupportedError("--against compares the operators of the unchanged chip only")
        from archcost.data import read_lookup

        lookup = read_lookup(against)
        _print_agreement(simulators.compare(lookup, name, quirk or ("table",)))
        return
    if not archs:
        raise UnsupportedError("give architectures, or --against with a look-up table")
    from archcost.encodings import parse

    batch = parse(archs, space=space, dataset=dataset)
    _print_costs(batch, simulators.simulate(batch, hardware, quirks=quirk or ()))


def _print_costs(batch: Batch, found: Simulated) -> None:
    lines = [("architecture", "data set", "latency", "", "energy", "")]
    for arch, text, latency, energy in zip(
        batch, batch.strings(), found.latency_ms, found.energy_mj, strict=True
    ):
        data = arch.skeleton.dataset
        lines.append((text, data, f"{latency:.6g}", "ms", f"{energy:.6g}", "mJ"))
    typer.echo(f"simulated, not measured: {found.chip}, one image")
    typer.echo("\n".join(aligned(lines)))


def named_values(option: str, given: list[str] | None) -> dict[str, str]:
    """What an option gives as name=value, by name.

    Raises:
        ArchcostError: one that is not of this form.
    """
    pairs = [text.partition("=") for text in given or []]
    for text, (key, sign, value) in zip(given or [], pairs, strict=True):
        if not (key and sign and value):
            raise ArchcostError(f"{option} {text}: expected name=number, such as rows=16")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _print_agreement(agreements: list[Agreement]) -> None:
    lines = [("chip", "metric", "operators", "exact", "median error", "95th percentile", "tau")]
    for found in agreements:
        lines.append(
            (
                *(found.chip, found.metric, str(found.operators), str(found.exact)),
                *(f"{found.median:.2%}", f"{found.p95:.1%}", f"{found.tau:.4f}"),
            )
        )
    typer.echo("\n".join(aligned(lines)))
    for found in agreements:
        for key, theirs, ours in found.misses[:_SHOWN]:
            typer.echo(f"{found.chip} {found.metric}: {key} is {theirs:.6g}, simulated {ours:.6g}")
