"""What several subcommands share: options, aligned columns, progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from archcost.encodings import CUSTOM, SPACES, find_space
from archcost.errors import TableError, UnsupportedError


def known_space(name: str | None) -> str | None:
    """The canonical spelling of a space's name, checked before anything else is.

    Raises:
        UnsupportedError: that of custom cells.
        UnknownNameError: no such space; names the nearest of those that the command takes.
    """
    if name is not None and name.lower() == CUSTOM:
        raise UnsupportedError(
            "cells of your own, --space custom, are for predict, explain, search, train and "
            f"collect; this command takes {' and '.join(SPACES)}"
        )
    return None if name is None else find_space(name).name


def any_space(name: str | None) -> str | None:
    """As `known_space`, of commands that take custom cells too."""
    if name is not None and name.lower() == CUSTOM:
        return CUSTOM
    return None if name is None else find_space(name, also=(CUSTOM,)).name


Space = Annotated[
    str | None,
    typer.Option(
        callback=known_space,
        help="Search space, nasbench201 or fbnet; by default that of the architectures as they are "
        "written, nasbench201 without any.",
    ),
]
AnySpace = Annotated[
    str | None,
    typer.Option(
        callback=any_space,
        help="Search space: nasbench201, fbnet, or custom (cells of one's own); by default that of "
        "the architectures as they are written.",
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        help="Data set whose images and classes the networks have: cifar10 (default), cifar100 or "
        "ImageNet16-120 in nasbench201; cifar100 (default) or ImageNet in fbnet."
    ),
]
ARCHS = ("--archs", "--input")
"""Names of the option that says which file holds the architectures."""
OUT = ("--out", "--output", "-o")
"""Names of the option that says where a command writes."""
DEVICES = ("--device", "--devices")
"""Names of the option that takes several devices; see `separate`."""
METRICS = "latency (ms), energy (mJ) or arithmetic_intensity (operations/byte)"
Kind = Annotated[
    str | None,
    typer.Option(
        help="Kind of predictor, e.g. gbdt; by default the best on validation data, which archcost "
        "devices lists."
    ),
]
Coverage = Annotated[
    float, typer.Option(help="Share of measurements the intervals shall hold, 0.5 to 0.99.")
]
TableFile = Annotated[
    Path,
    typer.Option(
        "--table",
        help="HW-NAS-Bench's official pickle, or a .csv or .parquet with an architecture column "
        "(arch, index, …) and columns such as raspi4_latency_ms or raspi4_energy_mj; empty: not "
        "measured, -1: the device refused the network.",
    ),
]


def separate(names: list[str] | None) -> list[str]:
    """Names of a repeated option, each of which may be several with commas between them.

    Of none the command is given None, the default.
    """
    parts = [name.strip() for part in names or [] for name in part.split(",")]
    return [name for name in parts if name]


def help_if_bare(context: typer.Context) -> None:
    """Of a command with subcommands, when none is given: print what --help prints."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells as text with aligned columns."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def counted(n: int, noun: str) -> str:
    """So many of something, in English."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def check_output(path: Path | None, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that cannot be written before the work, not after.

    Raises:
        TableError: another suffix than these, or there is no such folder.
    """
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise TableError(f"{path}: suffix {path.suffix!r}; write a {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise TableError(f"{path}: no folder {path.parent}; make it first")


def check_folder(path: Path) -> None:
    """Refuse a file where a folder is written to, before the work.

    Raises:
        TableError: it is one.
    """
    if path.exists() and not path.is_dir():
        raise TableError(f"{path}: is a file; give a folder")


def check_not_read(output: Path | None, *sources: Path | None) -> None:
    """Refuse to write over what the same command reads: it may be the only copy.

    Raises:
        TableError: the output is one of the sources, under whatever name.
    """
    if output is None or not output.exists():
        return
    for source in sources:
        if source is not None and source.exists() and output.samefile(source):
            raise TableError(f"{output}: the command reads it ({source}); write to another file")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr: call it with what is being done, how much is done, and how much in all."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    if not console.is_terminal:
        # Not a disabled bar: before version 15 of rich that leaves an empty line.
        yield lambda what, done, total: None
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )
