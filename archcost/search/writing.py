"""Files of what a search found: a table, a picture, a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archcost.charts import COLOURS, Figure, Section, altair, page, save
from archcost.data import write_whole
from archcost.errors import ArchcostError
from archcost.search.found import Found
from archcost.search.goals import Cost

if TYPE_CHECKING:
    import altair as alt

TABLE, PICTURE, PAGE = "pareto.csv", "pareto.png", "pareto.html"
"""Names of the files."""

_CLOUD = 2000
_MARGIN = 0.06
_ROWS = 40
_SIZE = {"width": 520, "height": 340}


def write(found: Found, folder: str | Path, command: str = "") -> list[Path]:
    """Write ``pareto.csv``, ``pareto.png`` and ``pareto.html``, each whole or not at all.

    Args:
        found: what a search gave.
        folder: made if it is not there.
        command: what reproduces it, for the page.

    Returns:
        The files.

    Raises:
        UnsupportedError: altair or vl-convert-python is not installed; the table is written.
        ArchcostError: a file cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with write_whole(folder / TABLE) as part:
            found.to_frame().to_csv(part, index=False)
    except OSError as error:
        raise ArchcostError(f"{folder}: cannot be written ({error.strerror})") from None
    charts = [chart(found, i) for i in range(len(found.evaluator.costs))]
    alt = altair()
    save(alt.concat(*charts, columns=2).resolve_scale(color="independent"), folder / PICTURE)
    _page(found, charts, folder / PAGE, command)
    return [folder / TABLE, folder / PICTURE, folder / PAGE]


def chart(found: Found, number: int) -> alt.LayerChart:
    """Quality against one of the costs: the set with its intervals before what was looked at.

    Raises:
        UnsupportedError: altair or vl-convert-python is not installed.
    """
    alt = altair()
    cost, quality = found.evaluator.costs[number], found.evaluator.quality
    across, up = _reach(found, number)
    x_scale, y_scale = (alt.Scale(domain=list(ends), nice=False) for ends in (across, up))
    x = alt.X("cost:Q", title=cost.title, scale=x_scale)
    y = alt.Y("quality:Q", title=quality.title, scale=y_scale)
    rows = alt.Chart(alt.InlineData(values=_set(found, number)))
    layers = [
        alt.Chart(alt.InlineData(values=_cloud(found, number, across, up)))
        .mark_point(color=COLOURS[6], opacity=0.3, size=8)
        .encode(x=x, y=y),
        rows.transform_filter("datum.best")
        .mark_rule(color=COLOURS[0], opacity=0.45, strokeWidth=1.5)
        .encode(x=alt.X("lower:Q", title=cost.title, scale=x_scale), x2="upper:Q", y=y),
        rows.mark_point(opacity=1).encode(
            x=x,
            y=y,
            color=alt.condition("datum.best", alt.value(COLOURS[0]), alt.value(COLOURS[4])),
            size=alt.condition("datum.best", alt.value(36), alt.value(16)),
            tooltip=_tooltip(found),
        ),
    ]
    if np.isfinite(cost.limit):
        limit = alt.Chart(alt.InlineData(values=[{"limit": cost.limit, "text": "limit"}]))
        line = limit.mark_rule(color=COLOURS[5], strokeDash=[6, 3], strokeWidth=2)
        word = limit.mark_text(align="right", dx=-5, dy=4, baseline="top", color=COLOURS[5])
        layers += [
            line.encode(x=alt.X("limit:Q", title=cost.title, scale=x_scale)),
            word.encode(x="limit:Q", y=alt.value(0), text="text:N"),
        ]
    title = f"Pareto set: {found.pareto.sum()} architectures"
    return alt.layer(*layers).properties(title=title, **_SIZE)


def _reach(found: Found, number: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of both axes: around the set with its intervals, and the limit."""
    limit = found.evaluator.costs[number].limit
    lower, upper = found.scores.lower[:, number], found.scores.upper[:, number]
    costs = [lower.min(), upper.max(), limit if np.isfinite(limit) else upper.max()]
    return _around(min(costs), max(costs)), _around(
        found.scores.quality.min(), found.scores.quality.max()
    )


def _around(low: float, high: float) -> tuple[float, float]:
    margin = _MARGIN * (high - low) or _MARGIN * abs(high) or 1.0
    return _short(low - margin), _short(high + margin)


def _cloud(
    found: Found, number: int, across: tuple[float, float], up: tuple[float, float]
) -> list[dict[str, float]]:
    """A sample of what was looked at and is within limits, as far as the picture reaches."""
    cost, quality = found.looked_at.value[:, number], found.looked_at.quality
    inside = (across[0] < cost) & (cost < across[1]) & (up[0] < quality) & (quality < up[1])
    # What a device refuses, too, would only seem to be better than the set.
    inside &= found.evaluator.excess(found.looked_at) == 0
    shown = np.random.default_rng(0).permutation(np.flatnonzero(inside))[:_CLOUD]
    return [
        {"cost": _short(one), "quality": _short(other)}
        for one, other in zip(cost[shown].tolist(), quality[shown].tolist(), strict=True)
    ]


def _set(found: Found, number: int) -> list[dict[str, Any]]:
    column, quality = found.evaluator.costs[number].column, found.evaluator.quality.column
    drawn = {"cost": column, "quality": quality}
    drawn |= {end: f"{column}_{end}" for end in ("lower", "upper")}
    rows: list[dict[str, Any]] = found.to_frame().to_dict("records")
    return [
        {name: v if isinstance(v, str) else _short(v) for name, v in row.items()}
        | {name: _short(row[source]) for name, source in drawn.items()}
        | {"best": bool(best)}
        for row, best in zip(rows, found.pareto, strict=True)
    ]


def _short(value: float) -> float:
    """Six digits are more than any of the numbers has."""
    return float(f"{value:.6g}")


def _tooltip(found: Found) -> list[Any]:
    alt = altair()
    quality = found.evaluator.quality
    columns = {quality.column: quality.title}
    for cost in found.evaluator.costs:
        columns[cost.column] = cost.title
        # Titles are what a page tells values apart by: they must differ.
        columns |= {f"{cost.column}_{end}": f"{cost.title}, {end}" for end in ("lower", "upper")}
    numbers = [alt.Tooltip(f"{c}:Q", title=title, format=".4~g") for c, title in columns.items()]
    return [alt.Tooltip("architecture:N"), *numbers]


def _page(found: Found, charts: list[alt.LayerChart], path: Path, command: str) -> None:
    costs = found.evaluator.costs
    figures = [Figure(one, _caption(found, cost)) for one, cost in zip(charts, costs, strict=True)]
    target = costs[0].model.target
    devices = ", ".join(dict.fromkeys(cost.model.target.device for cost in costs))
    rows = _rows(found)
    count = int(found.pareto.sum())
    more = f" Here {_ROWS} of {count} of the set, evenly spaced." if count > _ROWS else ""
    page(
        f"Pareto set for {devices}",
        [
            Section(
                "Trade-off",
                text=found.words(),
                figures=figures,
                commands=[command] if command else [],
                wide=len(figures) == 1,
            ),
            Section(
                "Architectures",
                text=[f"All are in `{TABLE}`, which `archcost predict --input` reads.{more}"],
                rows=rows,
            ),
        ],
        path,
        lead=f"{target.space} on {target.dataset}: no architecture that was looked at and is "
        "within the limits is better in one objective and at least as good in the others.",
    )


def _caption(found: Found, cost: Cost) -> str:
    what = "objective" if cost.objective else "limited only"
    return (
        f"{cost.title}, {what}. Points: the set, with {found.evaluator.coverage:.0%} intervals; "
        + f"small and light: within {found.margin:.0%} of it; " * bool(found.margin)
        + "grey: a sample of the others within the limits. Point at an architecture to see it."
    )


def _rows(found: Found) -> list[list[str]]:
    quality = found.evaluator.quality
    lines = [[quality.title, *(cost.title for cost in found.evaluator.costs), "architecture"]]
    shown = found.some(_ROWS)
    names = found.architectures.take(shown).strings()
    for row, name in zip(shown.tolist(), names, strict=True):
        ends = [
            f"{found.scores.value[row, i]:.4g} ({found.scores.lower[row, i]:.4g} to "
            f"{found.scores.upper[row, i]:.4g})"
            for i in range(len(found.evaluator.costs))
        ]
        lines.append([f"{found.scores.quality[row]:.4g}", *ends, f"`{name}`"])
    return lines
