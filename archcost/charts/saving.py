"""Charts as image files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from archcost.charts.look import altair, themed
from archcost.data import written
from archcost.errors import ArchcostError, UnsupportedError
from archcost.optional import require

if TYPE_CHECKING:
    import altair as alt

IMAGES = (".png", ".svg", ".pdf")
"""Suffixes of what `save` writes."""


def check_image(path: str | Path) -> None:
    """Refuse what `save` would refuse, before the work that leads to it.

    Raises:
        UnsupportedError: the suffix is none of `IMAGES`, or a package is not installed.
        ArchcostError: there is no such folder.
    """
    path = Path(path)
    if path.suffix.lower() not in IMAGES:
        raise UnsupportedError(f"{path}: suffix {path.suffix!r}; write a {', '.join(IMAGES)}")
    if not path.parent.is_dir():
        raise ArchcostError(f"{path}: no folder {path.parent}; make it first")
    altair()


def vega_lite_version() -> str:
    """The Vega-Lite that the installed Altair writes for, as vl-convert takes it: "6.4"."""
    return ".".join(str(altair().SCHEMA_VERSION).removeprefix("v").split(".")[:2])


def save(chart: alt.TopLevelMixin, path: str | Path, scale: float = 2.0) -> None:
    """Write a chart as an image file, whole or not at all.

    Args:
        chart: Altair's.
        path: its suffix says which of `IMAGES`.
        scale: pixels a point of a .png.

    Raises:
        UnsupportedError: another suffix, or altair or vl-convert-python is not installed.
        ArchcostError: the file cannot be written.
    """
    path = Path(path)
    check_image(path)
    vl_convert = require("vl_convert", "pages")
    spec = json.dumps(themed(chart))
    version = vega_lite_version()
    suffix = path.suffix.lower()
    if suffix == ".svg":
        image = vl_convert.vegalite_to_svg(spec, vl_version=version).encode()
    elif suffix == ".pdf":
        image = vl_convert.vegalite_to_pdf(spec, vl_version=version)
    else:
        image = vl_convert.vegalite_to_png(spec, vl_version=version, scale=scale)
    with written(path) as part:
        part.write_bytes(image)
