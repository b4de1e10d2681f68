"""Where people's own devices live: the same layout and cards as the checkpoints that ship."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from archcost.errors import UnsupportedError

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def user_folder() -> Path:
    """``$ARCHCOST_HOME/devices``, else ``archcost/devices`` in ``$XDG_DATA_HOME``."""
    home = os.environ.get("ARCHCOST_HOME")
    if home:
        return Path(home).expanduser() / "devices"
    data = os.environ.get("XDG_DATA_HOME")
    base = Path(data) if data else Path.home() / ".local" / "share"
    return base / "archcost" / "devices"


def measured_folder() -> Path:
    """Where measurements of this machine are kept, beside the devices that come of them."""
    return user_folder().with_name("measured")


def check_device_name(name: str, shipped: Iterable[str] = ()) -> str:
    """A name for a device: it becomes part of a folder's.

    Args:
        name: of the device.
        shipped: names that are taken.

    Raises:
        UnsupportedError: no text, no such form of name, or the name of a shipped device.
    """
    if not isinstance(name, str):
        raise UnsupportedError(f"device name {name!r}: give text, such as 'my-board'")
    if not _NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9_.-]+", "-", name.casefold())[:64]
        hint = f"; for example {near!r}" if _NAME.fullmatch(near) else ""
        raise UnsupportedError(
            f"device name {name!r}: use up to 64 lower-case letters, digits, '-', '_' and '.', "
            f"beginning with a letter or digit{hint}"
        )
    if name in shipped:
        raise UnsupportedError(f"{name!r} is a shipped device; give yours another name")
    return name
