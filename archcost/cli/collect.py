"""`archcost collect`: costs of one's own, simulated or measured."""

from __future__ import annotations

import typer

from archcost.cli.measure import bundle, import_, run
from archcost.cli.options import help_if_bare
from archcost.cli.simulate import simulate
from archcost.cli.sweep import sweep

collect = typer.Typer(
    name="collect",
    help="Measure costs on this machine or a board, or simulate them.",
    invoke_without_command=True,
    rich_markup_mode=None,
    callback=help_if_bare,
)
for _command in (run, bundle, simulate, sweep):
    collect.command()(_command)
collect.command("import")(import_)
