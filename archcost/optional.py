"""Packages that not everybody has: imported when needed, with a word on how to get them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from archcost.errors import UnsupportedError

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_S = 10.0


def require(module: str, extra: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: its name.
        extra: the extra of archcost that installs it.

    Raises:
        UnsupportedError: it is not installed, or does not load.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError:
        reason = f"the package {package} is not installed"
    except ImportError as error:
        reason = f"the package {package} does not load ({error})"
    raise UnsupportedError(f"{reason}; pip install 'archcost[{extra}]'")


@contextmanager
def dask_client(scheduler: str) -> Iterator[Client]:
    """A client of a Dask scheduler, closed at the end.

    Raises:
        UnsupportedError: distributed is missing, or no scheduler answers at this address.
    """
    distributed = require("distributed", "dask")
    why = ""
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        why = str(error) or type(error).__name__
    if why:
        # A client that failed closes itself when it is collected, and waits for ever if that
        # happens while another one starts: it is collected now.
        gc.collect()
        raise UnsupportedError(f"no Dask scheduler answers at {scheduler} ({why})")
    with client:
        yield client
