"""`archcost fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archcost.cli.options import progress_bar


def fetch(
    destination: Annotated[
        Path | None, typer.Option("--out", help="Where to put the file; by default the cache.")
    ] = None,
) -> None:
    """Download HW-NAS-Bench's official file (MIT licence), verify it, and print where it is.

    An interrupted download goes on where it stopped.
    """
    from archcost.data.fetch import fetch as fetch_file

    with progress_bar() as progress:
        path = fetch_file(
            destination=destination,
            progress=lambda done, total: progress("HW-NAS-Bench-v1_0.pickle", done, total or 0),
        )
    typer.echo(str(path))
