"""The command line; `main` is what the command `archcost` calls."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""Exit status after Ctrl-C: newer typer gives it back, older typer lets the exception through."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; expected errors are one line on stderr and exit status 2."""
    try:
        # Takes a second, in which Ctrl-C is no error either.
        from archcost.cli.app import run

        status = run(arguments)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        print(
            "archcost: interrupted; no output is left half-written, and what was measured, fetched "
            "or found is kept",
            file=sys.stderr,
        )
    sys.exit(status)
