"""What the machine is and how it is set: a measured number means little without it."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any

_CPU = "sys/devices/system/cpu"


def environment(root: str = "/") -> dict[str, Any]:
    """A record of the machine, as JSON holds it; what cannot be found out is left out.

    Args:
        root: where the file system of the machine begins.
    """
    found: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": processor(root),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }
    if hasattr(os, "sched_getaffinity"):
        found["processors_allowed"] = len(os.sched_getaffinity(0))
    for name, path in (
        ("governor", _CPU + "/cpu0/cpufreq/scaling_governor"),
        ("clock_khz", _CPU + "/cpu0/cpufreq/scaling_cur_freq"),
        ("clock_max_khz", _CPU + "/cpu0/cpufreq/scaling_max_freq"),
        ("turbo_off", _CPU + "/intel_pstate/no_turbo"),
        ("board", "proc/device-tree/model"),
    ):
        text = read_text(os.path.join(root, path))
        if text is not None:
            found[name] = text
    if hasattr(os, "getloadavg"):
        found["load"] = round(os.getloadavg()[0], 2)
    return found


def processor(root: str = "/") -> str:
    """The processor's name."""
    text = read_text(os.path.join(root, "proc/cpuinfo")) or ""
    for wanted in ("model name", "Model", "Hardware"):
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == wanted and value.strip():
                return value.strip()
    return platform.processor() or platform.machine() or sys.platform


def read_text(path: str) -> str | None:
    """A small file's text without blanks and NULs around it; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(65536).decode("utf-8", "replace").strip(" \t\r\n\0")
    except OSError:
        return None
