"""Packages that not everybody has: imported when needed, with a word on how to get them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from archcost.errors import UnsupportedError


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
