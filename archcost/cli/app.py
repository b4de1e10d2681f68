"""The command `archcost`: its subcommands, and what happens to errors."""

from __future__ import annotations

import errno
import sys
import warnings
from importlib.metadata import version
from typing import Annotated

import typer

from archcost.cli import INTERRUPTED
from archcost.cli.benchmark import benchmark
from archcost.cli.benchmark_search import search as benchmark_search
from archcost.cli.calibrate import calibrate
from archcost.cli.catalogue import devices
from archcost.cli.collect import collect
from archcost.cli.explain import explain
from archcost.cli.explore import explore
from archcost.cli.fetch import fetch
from archcost.cli.options import help_if_bare
from archcost.cli.predict import predict
from archcost.cli.report import plot, report
from archcost.cli.search import search
from archcost.cli.training import evaluate, train
from archcost.cli.transfer import adapt, suggest
from archcost.errors import ArchcostError

# Newer typer brings its own copy of click: its errors are named through typer, not through click.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    name="archcost",
    help="What a neural architecture costs on a device: latency in ms, energy in mJ, with "
    "calibrated intervals, without the device.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (
    predict,
    explain,
    devices,
    search,
    report,
    plot,
    explore,
    calibrate,
    suggest,
    adapt,
    evaluate,
    train,
    fetch,
):
    app.command()(_command)
benchmark.command(name="search")(benchmark_search)
app.add_typer(benchmark, name="benchmark")
app.add_typer(collect)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"archcost {version('archcost')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of the command itself; each subcommand has its own --help."""
    help_if_bare(context)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as one line, without the place in the code."""
    print(f"archcost: warning: {' '.join(str(message).split())}", file=sys.stderr)


def run(arguments: list[str] | None = None) -> int:
    """The command's exit status; expected errors are one line on stderr.

    2 for what was asked; 1 where standard output takes no more.
    """
    warnings.showwarning = _warn
    try:
        status = app(args=arguments, standalone_mode=False)
    except (ArchcostError, _UsageError) as error:
        message = getattr(error, "format_message", error.__str__)()
        print(f"archcost: {' '.join(message.split())}", file=sys.stderr)
        return 2
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as ending:
        # So typer ends where the reader of a pipe has what it wanted, as head has: no failure.
        if isinstance(ending.__context__, BrokenPipeError):
            return 0
        raise
    except OSError as error:
        # Whatever else is written says its file.
        if error.errno in _FULL and error.filename is None:
            print(
                f"archcost: standard output cannot be written ({error.strerror})", file=sys.stderr
            )
            return 1
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"archcost: {where}{error.strerror or error}", file=sys.stderr)
        return 2
    return status if isinstance(status, int) else 0
