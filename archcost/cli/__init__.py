"""The command line; `main` is what the command `archcost` calls."""

from archcost.cli.app import main

__all__ = ["main"]
