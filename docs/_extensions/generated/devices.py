"""The table of devices: what each number was measured on and how."""

from __future__ import annotations

from archcost.data import DEVICES, SOURCES
from generated.markdown import table


def device_tables() -> str:
    """A table for each source, with its licence and citation."""
    parts = []
    for source in SOURCES.values():
        here = [device for device in DEVICES.values() if device.source == source.id]
        where = source.url if source.url.startswith("http") else f"`{source.url}`"
        rows = [
            (
                f"[`{device.id}`](cards/{device.id}.md)",
                device.title,
                device.runtime,
                "not stated" if device.batch_size is None else str(device.batch_size),
                device.precision or "not stated",
                device.note,
            )
            for device in here
        ]
        heading = ("device", "hardware", "runtime", "batch", "numbers", "what to know")
        parts.append(
            f"## {source.title}\n\n{source.citation} Licence {source.licence}, {where}.\n\n"
            f"{table(heading, rows, 'notes')}\n"
        )
    return "# Table of devices\n\n" + INTRODUCTION + "\n" + "\n".join(parts)


INTRODUCTION = """\
As the registry in `data/devices.py` has it. **Batch** is the number of images of one run, and the
cost is that of the whole run: divide by it for one image. **Numbers** is the number format of the
network. "Not stated" means that the publication does not say, and that archcost does not guess.
"""
