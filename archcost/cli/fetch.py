"""`archcost fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcost.cli.options import OUT, progress_bar


def fetch(
    destination: Annotated[
        Path | None,
        typer.Option(
            *OUT,
            help="The file to write; by default in $ARCHCOST_CACHE, else in archcost in your cache "
            "folder.",
        ),
    ] = None,
) -> None:
    """Download HW-NAS-Bench's official file and verify it.

    Its licence is MIT. Printed is where it is; an interrupted download goes on where it stopped.

    Example: archcost fetch --out HW-NAS-Bench-v1_0.pickle
    """
    from archcost.data.fetch import fetch as fetch_file

    with progress_bar() as progress:
        path = fetch_file(
            destination=destination,
            progress=lambda done, total: progress("HW-NAS-Bench-v1_0.pickle", done, total or 0),
        )
    typer.echo(str(path))
