"""`archcost collect`: costs of one's own, simulated or measured."""

from __future__ import annotations

import typer

from archcost.cli.measure import bundle, import_, run
from archcost.cli.simulate import simulate
from archcost.cli.sweep import sweep

collect = typer.Typer(
    name="collect",
    help="Get costs of one's own: measured on this machine or a board, or simulated.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for _command in (run, bundle, simulate, sweep):
    collect.command()(_command)
collect.command("import")(import_)
