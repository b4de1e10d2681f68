"""The charts of reports, from frames; what is in them is said by whoever calls."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from archcost.aliases import Floats
from archcost.analysis.correlation import Tree
from archcost.charts import COLOURS, SEQUENTIAL, altair
from archcost.charts.page import ARCHITECTURE

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


_NUMBER = ".4~r"
_HEIGHT = 260
_DOT = 22
# Characters of a title that fit beside a chart.
_LINE = 40
# Above so many targets, the numbers in a heatmap of correlations would be too small to read.
_MOST_NUMBERS = 16
# Height of a row of that heatmap, with and without numbers.
_CELL, _SMALL_CELL = 30, 18
# So many operators have narrow boxes.
_NARROW = 7
_FAR = 0.5
# Errors below are shown as nothing, not as the rounding of floating-point sums.
_LEAST_ERROR = 0.01


def _axis_from(values: Floats) -> dict[str, Any]:
    """A linear scale, from zero unless the values are far from it."""
    return {"zero": bool(np.nanmin(values) < _FAR * np.nanmax(values))}


def correlations(labels: Sequence[str], found: Floats, tree: Tree) -> alt.LayerChart:
    """A heatmap in the order of the tree, and the tree above it.

    Args:
        labels: (t,) of rows and columns.
        found: (t, t) rank correlations.
        tree: of the same.
    """
    alt = altair()
    count = len(labels)
    names = [labels[i] for i in tree.order]
    values = found[np.ix_(tree.order, tree.order)]
    top = max(2.0, count / 4)
    axis: dict[str, Any] = {
        "values": (np.arange(count) + 0.5).tolist(),
        "labelExpr": f"{names}[floor(datum.value)]",
        "title": None,
        "grid": False,
        "ticks": False,
        "domain": False,
        "labelOverlap": False,
        "labelLimit": 400,
    }
    across, down = alt.Axis(labelAngle=-40, **axis), alt.Axis(**axis)
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, count], nice=False), axis=across)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[count, -top - 0.3], nice=False), axis=down)
    low = float(np.floor(values.min() * 10) / 10)
    boxes = alt.Chart(_pairs(names, values)).encode(
        tooltip=[
            alt.Tooltip("first:N", title="between"),
            alt.Tooltip("second:N", title="and"),
            alt.Tooltip("rho:Q", title="Spearman", format=".3f"),
        ]
    )
    legend = alt.Legend(title="Spearman's rank correlation", gradientLength=min(200, 60 * count))
    colour = alt.Color("rho:Q", scale=alt.Scale(scheme=SEQUENTIAL, domain=[low, 1]), legend=legend)
    layers = [
        boxes.mark_rect().encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour),
        alt.Chart(_joins(tree, top))
        .mark_line(strokeWidth=1.5, color=COLOURS[6])
        .encode(x=x, y=y, detail="join:N", order="step:O"),
    ]
    cell = _SMALL_CELL
    if count <= _MOST_NUMBERS:
        cell = _CELL
        numbers = boxes.transform_calculate(
            xm="datum.x + 0.5",
            ym="datum.y + 0.5",
            short="replace(format(datum.rho, '.2f'), '0.', '.')",
        ).mark_text(fontSize=11)
        ink = _ink(f"datum.rho > {(low + 1) / 2}")
        middle = {"x": alt.X("xm:Q", axis=across), "y": alt.Y("ym:Q", axis=down)}
        layers.append(numbers.encode(**middle, text="short:N", color=ink))
    width = count * (2 * cell if count <= _MOST_NUMBERS else cell)
    return alt.layer(*layers).properties(height=(count + top) * cell, width=width)


def _pairs(names: Sequence[str], values: Floats) -> pd.DataFrame:
    """A row per box of the heatmap: its edges, which two it is of, and their correlation."""
    import pandas as pd

    row, column = np.divmod(np.arange(len(names) ** 2), len(names))
    return pd.DataFrame(
        {
            "x": column,
            "x2": column + 1,
            "y": row,
            "y2": row + 1,
            "first": [names[i] for i in row],
            "second": [names[i] for i in column],
            "rho": values.ravel().round(4),
        }
    )


def _joins(tree: Tree, top: float) -> pd.DataFrame:
    """The corners of the tree, which rises from the heatmap to this height above it."""
    import pandas as pd

    lift = top / max(float(tree.y.max()), 1e-9)
    return pd.DataFrame(
        {
            "x": tree.x.ravel(),
            "y": (-0.15 - tree.y * lift).ravel().round(4),
            "join": np.repeat(np.arange(len(tree.x)), 4),
            "step": np.tile(np.arange(4), len(tree.x)),
        }
    )


def _ink(bright: str) -> Any:
    """Colour of numbers on boxes: dark where this expression says that the box is bright."""
    alt = altair()
    return alt.condition(bright, alt.value("#111111"), alt.value("#ffffff"))


def costs_against(
    points: pd.DataFrame, size: tuple[str, str], cost: tuple[str, str], interval: tuple[str, str]
) -> alt.Chart:
    """Predicted cost against the size of networks.

    Args:
        points: one row per network: `ARCHITECTURE`, the fields named in the other arguments, and
            "runs" followed by the field of the cost where a device refuses networks.
        size, cost: field and title of each axis.
        interval: fields of its lower and upper end.
    """
    alt = altair()
    runs = f"runs_{cost[0]}"
    chart = alt.Chart(points)
    encodings: dict[str, Any] = {
        "x": alt.X(f"{size[0]}:Q", title=size[1], scale=alt.Scale(**_axis_from(points[size[0]]))),
        "y": alt.Y(f"{cost[0]}:Q", title=cost[1], scale=alt.Scale(**_axis_from(points[cost[0]]))),
        "tooltip": [
            alt.Tooltip(f"{ARCHITECTURE}:N"),
            alt.Tooltip(f"{cost[0]}:Q", title=cost[1], format=_NUMBER),
            alt.Tooltip(f"{interval[0]}:Q", title="90 % interval from", format=_NUMBER),
            alt.Tooltip(f"{interval[1]}:Q", title="to", format=_NUMBER),
            alt.Tooltip(f"{size[0]}:Q", title=size[1], format=_NUMBER),
        ],
    }
    if runs in points:
        domain, title = ["runs", "likely refused"], "The device"
        encodings["color"] = alt.Color(
            f"{runs}:N", title=title, scale=alt.Scale(domain=domain, range=[COLOURS[0], COLOURS[1]])
        )
        encodings["shape"] = alt.Shape(
            f"{runs}:N", title=title, scale=alt.Scale(domain=domain, range=["circle", "cross"])
        )
    return (
        chart.mark_point(filled=True, size=_DOT, opacity=0.7)
        .encode(**encodings)
        .properties(height=_HEIGHT)
    )


def effects(frame: pd.DataFrame, unit: str) -> alt.LayerChart:
    """A heatmap of what operators cost at each place; columns operators, rows places.

    Args:
        frame: place, operator and cost, in the order to show.
        unit: of the cost.
    """
    alt = altair()
    operators, places = list(frame["operator"].unique()), list(frame["place"].unique())
    low, high = float(frame["cost"].min()), float(frame["cost"].max())
    middle = (low + high) / 2
    # As many decimals in all boxes: three digits for the largest, two in narrow boxes.
    digits = 3 if len(operators) < _NARROW else 2
    largest = max(abs(low), abs(high), 1e-9)
    decimals = max(0, digits - 1 - int(np.floor(np.log10(largest))))
    base = alt.Chart(frame).encode(
        x=alt.X(
            "operator:N",
            sort=operators,
            title="Operator",
            axis=alt.Axis(labelAngle=-40, labelOverlap=False, orient="bottom"),
        ),
        y=alt.Y("place:N", sort=places, title=None, axis=alt.Axis(labelOverlap=False)),
        tooltip=[
            alt.Tooltip("operator:N"),
            alt.Tooltip("place:N", title="at"),
            alt.Tooltip("cost:Q", title=f"adds ({unit})", format="+.3~r"),
        ],
    )
    boxes = base.mark_rect().encode(
        color=alt.Color(
            "cost:Q",
            scale=alt.Scale(scheme=SEQUENTIAL, domain=[low, high]),
            legend=alt.Legend(title=f"Adds ({unit})", gradientLength=160, tickCount=4),
        )
    )
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text("cost:Q", format=f".{decimals}f"),
        color=_ink(f"datum.cost > {middle}"),
    )
    return alt.layer(boxes, numbers).properties(
        height=(26 if len(places) < 12 else 20) * len(places)
    )


def predicted_against_measured(frame: pd.DataFrame, unit: str) -> alt.LayerChart:
    """A point a network, its interval, and the diagonal on which they should lie.

    Args:
        frame: `ARCHITECTURE`, measured, predicted, lower, upper, inside ("inside", "outside").
        unit: of the costs.
    """
    import pandas as pd

    alt = altair()
    ends = frame[["measured", "predicted", "lower", "upper"]].to_numpy()
    limits = [float(ends[:, :2].min()), float(ends[:, :2].max())]
    if _axis_from(ends[:, :2])["zero"]:
        limits[0] = 0.0
    fixed = alt.Scale(domain=limits, nice=False, clamp=True)
    x = alt.X("measured:Q", title=f"Measured ({unit})", scale=fixed)
    title = f"Predicted ({unit})"
    tips = [
        alt.Tooltip(f"{ARCHITECTURE}:N"),
        alt.Tooltip("measured:Q", title=f"measured ({unit})", format=_NUMBER),
        alt.Tooltip("predicted:Q", title=f"predicted ({unit})", format=_NUMBER),
        alt.Tooltip("lower:Q", title="90 % interval from", format=_NUMBER),
        alt.Tooltip("upper:Q", title="to", format=_NUMBER),
    ]
    domain, name = ["inside", "outside"], "Measurement and interval"
    base = alt.Chart(frame).encode(
        x=x,
        color=alt.Color(
            "inside:N", title=name, scale=alt.Scale(domain=domain, range=[COLOURS[0], COLOURS[5]])
        ),
    )
    diagonal = alt.Chart(pd.DataFrame({"measured": limits, "predicted": limits}))
    return alt.layer(
        diagonal.mark_line(strokeDash=[4, 4], strokeWidth=1, color=COLOURS[6]).encode(
            x="measured:Q", y=alt.Y("predicted:Q", title=title, scale=fixed)
        ),
        base.mark_rule(opacity=0.35, strokeWidth=1.2).encode(
            y=alt.Y("lower:Q", title=title, scale=fixed), y2="upper:Q"
        ),
        base.mark_point(filled=True, size=_DOT, opacity=0.8).encode(
            y=alt.Y("predicted:Q", title=title, scale=fixed),
            shape=alt.Shape(
                "inside:N",
                title=name,
                scale=alt.Scale(domain=domain, range=["circle", "triangle-up"]),
            ),
            tooltip=tips,
        ),
    ).properties(height=_HEIGHT)


def calibration_curve(frame: pd.DataFrame) -> alt.LayerChart:
    """Held against nominal coverage; grey, where an exact method would fall by chance.

    Args:
        frame: as `archcost.analysis.agreement.calibration` gives it.
    """
    alt = altair()
    low = float(min(frame["held"].min(), frame["low"].min(), 0.5))
    scale = alt.Scale(domain=[np.floor(low * 20) / 20, 1], nice=False)
    percent = alt.Axis(format=".0%", tickCount=6)
    x = alt.X(
        "nominal:Q",
        title="Share the intervals are made to hold",
        scale=alt.Scale(domain=[0.48, 1], nice=False),
        axis=percent,
    )
    title = "Share they hold"
    base = alt.Chart(frame).encode(x=x)
    tips = [
        alt.Tooltip("nominal:Q", title="made to hold", format=".0%"),
        alt.Tooltip("held:Q", title="hold", format=".1%"),
    ]
    return alt.layer(
        base.mark_area(opacity=0.3, color=COLOURS[6]).encode(
            y=alt.Y("low:Q", title=title, scale=scale, axis=percent), y2="high:Q"
        ),
        base.mark_line(strokeDash=[4, 4], strokeWidth=1, color=COLOURS[6]).encode(
            y=alt.Y("nominal:Q", title=title, scale=scale)
        ),
        base.mark_line(color=COLOURS[0]).encode(y=alt.Y("held:Q", title=title, scale=scale)),
        base.mark_point(filled=True, size=60, color=COLOURS[0], opacity=1).encode(
            y=alt.Y("held:Q", title=title, scale=scale), tooltip=tips
        ),
    ).properties(height=_HEIGHT)


def decile_errors(frame: pd.DataFrame, unit: str) -> alt.LayerChart:
    """Median and 90th percentile of the error, from the cheapest tenth of networks to the dearest.

    Args:
        frame: as `archcost.analysis.agreement.errors_by_decile` gives it.
        unit: of the costs.
    """
    alt = altair()
    tips = [
        alt.Tooltip("from:Q", title=f"predicted from ({unit})", format=_NUMBER),
        alt.Tooltip("to:Q", title="to", format=_NUMBER),
        alt.Tooltip("median:Q", title="median error", format=".2%"),
        alt.Tooltip("p90:Q", title="90 % of errors below", format=".2%"),
        alt.Tooltip("bias:Q", title="median bias", format="+.2%"),
    ]
    x = alt.X(
        "decile:O", title="Tenth of the networks, by predicted cost", axis=alt.Axis(labelAngle=0)
    )
    title = "Error relative to the measurement"
    axis = alt.Axis(format="~p")
    scale = alt.Scale(domain=[0, max(float(frame["p90"].max()), _LEAST_ERROR)], clamp=True)
    base = alt.Chart(frame).encode(x=x, tooltip=tips)
    names, shapes = ["median", "90th percentile"], ["circle", "diamond"]
    long = base.transform_fold(["median", "p90"], as_=["which", "error"]).transform_calculate(
        name=f"datum.which == 'median' ? '{names[0]}' : '{names[1]}'"
    )
    return alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.5).encode(
            y=alt.Y("median:Q", title=title, axis=axis, scale=scale), y2="p90:Q"
        ),
        long.mark_point(filled=True, size=70, opacity=1).encode(
            y=alt.Y("error:Q", title=title, axis=axis, scale=scale),
            color=alt.Color(
                "name:N",
                title=None,
                scale=alt.Scale(domain=names, range=[COLOURS[0], COLOURS[1]]),
            ),
            shape=alt.Shape("name:N", title=None, scale=alt.Scale(domain=names, range=shapes)),
        ),
    ).properties(height=_HEIGHT)


def pareto_set(
    points: pd.DataFrame, best: pd.DataFrame, cost: tuple[str, str], good: tuple[str, str]
) -> alt.LayerChart:
    """Networks that no other beats in cost and in what it is good for, before the others.

    Args:
        points: other networks: `ARCHITECTURE`, the fields named below, and "runs" followed by the
            field of the cost where a device refuses networks; what it refuses is not drawn.
        best: the Pareto set by rising cost: the same.
        cost, good: field and title of each axis; less cost and more good are better.
    """
    alt = altair()
    others, drawn, runs = alt.Chart(points), points, f"runs_{cost[0]}"
    if runs in points:
        # A filter, not fewer rows: the charts of a page share them.
        others = others.transform_filter(alt.datum[runs] == "runs")
        drawn = points[points[runs] == "runs"]
    both = np.concatenate([drawn[cost[0]], best[cost[0]]])
    x = alt.X(f"{cost[0]}:Q", title=cost[1], scale=alt.Scale(**_axis_from(both)))
    lines = wrap(good[1], _LINE)
    y = alt.Y(f"{good[0]}:Q", title=lines, scale=alt.Scale(zero=False))
    tips = [
        alt.Tooltip(f"{ARCHITECTURE}:N"),
        alt.Tooltip(f"{cost[0]}:Q", title=cost[1], format=_NUMBER),
        alt.Tooltip(f"{good[0]}:Q", title=good[1], format=_NUMBER),
    ]
    front = alt.Chart(best).encode(x=x, y=y)
    return alt.layer(
        others.mark_point(filled=True, size=14, opacity=0.35, color=COLOURS[6]).encode(
            x=x, y=y, tooltip=tips
        ),
        front.mark_line(interpolate="step-after", strokeWidth=1.5, color=COLOURS[0]),
        front.mark_point(filled=True, size=45, opacity=1, color=COLOURS[0]).encode(tooltip=tips),
    ).properties(height=_HEIGHT)
