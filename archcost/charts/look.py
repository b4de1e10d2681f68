"""Colours, shapes and type of all charts, for image files and for pages, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.optional import require

if TYPE_CHECKING:
    import altair as alt

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A7A7A")
"""Okabe and Ito's, told apart without colour vision; a grey for their black, which a dark page
would swallow, and without their yellow, which a white one does."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")
"""What says the same as `COLOURS`, to those who see none."""
SEQUENTIAL = "viridis"
"""Colour scheme of amounts: even in lightness."""

_FONT = "system-ui, Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK = {"light": ("#1a1a1a", "#5c5c5c", "#e3e3e3"), "dark": ("#f0f0f0", "#b4b4b4", "#3c3c3c")}


def altair() -> Any:
    """The module `altair`.

    Raises:
        UnsupportedError: it is not installed, or vl-convert-python, which writes files, is not.
    """
    require("vl_convert", "pages")
    return require("altair", "pages")


def config(scheme: str = "light") -> dict[str, Any]:
    """Vega-Lite's configuration.

    Args:
        scheme: "light", dark ink on white, or "dark", light ink on near black.
    """
    ink, faint, lines = _INK[scheme]
    type_of = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": {"light": "white", "dark": "#161616"}[scheme],
        "font": _FONT,
        "padding": 6,
        "view": {"stroke": None, "continuousWidth": 380, "continuousHeight": 280},
        "axis": {
            **type_of,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "gridColor": lines,
            "domainColor": faint,
            "tickColor": faint,
            "labelLimit": 220,
            "labelFlush": False,
        },
        "legend": {
            **type_of,
            "titleFontWeight": "normal",
            "orient": "bottom",
            "columns": 3,
            "symbolSize": 90,
            "symbolOpacity": 1,
            "labelLimit": 240,
        },
        "header": {**type_of, "titleFontWeight": "normal"},
        "title": {
            "color": ink,
            "subtitleColor": faint,
            "fontSize": 14,
            "subtitleFontSize": 12,
            "anchor": "start",
            "fontWeight": 600,
        },
        "range": {
            "category": list(COLOURS),
            "symbol": list(SHAPES),
            "ramp": {"scheme": SEQUENTIAL},
            "heatmap": {"scheme": SEQUENTIAL},
        },
        "mark": {"color": COLOURS[0]},
        "point": {"filled": True, "size": 24},
        "rule": {"color": faint},
        "text": {"color": ink, "fontSize": 12},
        "line": {"strokeWidth": 2},
    }


def themed(chart: alt.TopLevelMixin, scheme: str = "light") -> dict[str, Any]:
    """A chart as a Vega-Lite specification in this look, whatever theme Altair has enabled."""
    spec: dict[str, Any]
    with altair().theme.enable("none"):
        spec = chart.to_dict()
    own = spec.pop("config", {})
    spec["config"] = {**config(scheme), **own}
    return spec
