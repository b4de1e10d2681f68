"""One look for all pictures: a theme, drawings of architectures, image files and HTML pages.

    >>> from archcost.charts import COLOURS, Figure, Section, drawing, page, save, themed

Charts are Altair's; needs the extra `pages` (altair and vl-convert-python). Importing this package
does not import them.
"""

from __future__ import annotations

from archcost.charts.drawing import drawing, pieces
from archcost.charts.look import COLOURS, SEQUENTIAL, SHAPES, altair, themed
from archcost.charts.page import Figure, Section, page
from archcost.charts.saving import IMAGES, check_image, save

__all__ = [
    "COLOURS",
    "IMAGES",
    "SEQUENTIAL",
    "SHAPES",
    "Figure",
    "Section",
    "altair",
    "check_image",
    "drawing",
    "page",
    "pieces",
    "save",
    "themed",
]
