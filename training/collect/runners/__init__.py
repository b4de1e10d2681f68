"""Runtimes behind one small interface: an architecture in, a session that can be timed out."""

from archcost.training.collect.runners.registry import (
    RUNTIMES,
    Runtime,
    find_runtime,
    open_network,
)

__all__ = ["RUNTIMES", "Runtime", "find_runtime", "open_network"]
