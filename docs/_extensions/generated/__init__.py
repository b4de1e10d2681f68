"""Pages that are written at build from what the package itself says: cards, devices, commands.

They stand in ``docs/generated``, outside version control, so that they cannot fall behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generated.cards import calibration_table, card_pages
from generated.commands import command_reference
from generated.devices import device_tables

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def pages() -> dict[str, str]:
    """Name of each file below ``docs/generated`` to its Markdown."""
    return {
        "calibration.md": calibration_table(),
        "commands.md": command_reference(),
        "devices.md": device_tables(),
        **{f"cards/{name}.md": text for name, text in card_pages().items()},
    }


def write(folder: Path) -> None:
    """Write all of them; what has not changed keeps its date, so that builds stay incremental."""
    wanted = {folder / name: text for name, text in pages().items()}
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*.md"):
        if path not in wanted:
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "generated"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
