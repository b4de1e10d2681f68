"""`archcost explore`."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.optional import require

_PORT = 8201


def explore(
    port: Annotated[
        int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)
    ] = _PORT,
    opened: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Serve a page to click networks together and see their costs.

    The page shows latency and energy with intervals, ranks in the search space, two networks side
    by side, and where a cost comes from. The same service answers POST /predict and POST /explain
    with JSON, described in /openapi.json. It listens on 127.0.0.1 only; from elsewhere, forward the
    port: ssh -L 8201:127.0.0.1:8201 this-machine. Ctrl-C stops it.

    Example: archcost explore --port 0 --no-open
    """
    for package in ("fastapi", "uvicorn"):
        require(package, "explore")
    from archcost.explorer import serve

    typer.echo("loading …", err=True)
    serve(port, opened=opened, say=lambda address: typer.echo(f"{address} (Ctrl-C stops)"))
    typer.echo("stopped", err=True)
