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
_ROWS = 100
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
    x = alt.X("cost:Q", title=cost.title, scale=alt.Scale(zero=False))
    y = alt.Y("quality:Q", title=quality.title, scale=alt.Scale(zero=False))
    several = len(found.evaluator.costs) > 1
    layers: list[Any] = [
        alt.Chart(alt.Data(values=_cloud(found, number))).mark_point(
            color=COLOURS[6], opacity=0.25, size=8, clip=True
        ),
        alt.Chart(alt.Data(values=_set(found, number)))
        .mark_rule(color=COLOURS[0], opacity=0.45, strokeWidth=1.5, clip=True)
        .encode(x2="upper:Q"),
        alt.Chart(alt.Data(values=_set(found, number))).mark_point(
            color=COLOURS[0], opacity=1, size=30, filled=True
        ),
    ]
    layers[0] = layers[0].encode(x=x, y=y)
    layers[1] = layers[1].encode(x=alt.X("lower:Q", title=cost.title), y=y)
    layers[2] = layers[2].encode(x=x, y=y, tooltip=_tooltip(found, number))
    if np.isfinite(cost.limit):
        limit = alt.Chart(alt.Data(values=[{"limit": cost.limit, "text": "limit"}]))
        layers.append(
            limit.mark_rule(color=COLOURS[5], strokeDash=[6, 3], strokeWidth=2).encode(x="limit:Q")
        )
        layers.append(
            limit.mark_text(align="left", dx=4, dy=8, baseline="top", color=COLOURS[5]).encode(
                x="limit:Q", y=alt.value(0), text="text:N"
            )
        )
    title = f"{len(found)} architectures" + (" (of all objectives)" if several else "")
    return alt.layer(*layers).properties(title=title, **_SIZE)


def _cloud(found: Found, number: int) -> list[dict[str, float]]:
    """A sample of what was looked at, as far as the picture reaches."""
    looked = found.looked_at
    (known,) = np.nonzero(np.isfinite(looked.quality))
    rng = np.random.default_rng(0)
    shown = rng.permutation(known)[:_CLOUD]
    return [
        {"cost": _short(cost), "quality": _short(quality)}
        for cost, quality in zip(
            looked.value[shown, number].tolist(), looked.quality[shown].tolist(), strict=True
        )
    ]


def _set(found: Found, number: int) -> list[dict[str, Any]]:
    frame = found.to_frame()
    rows: list[dict[str, Any]] = [
        {"architecture": name, **{k: _short(v) for k, v in rest.items()}}
        for name, rest in zip(
            frame["architecture"],
            frame.drop(columns="architecture").to_dict("records"),
            strict=True,
        )
    ]
    column = found.evaluator.costs[number].column
    for row in rows:
        row["cost"], row["quality"] = row[column], row[found.evaluator.quality.column]
        row["lower"], row["upper"] = row[f"{column}_lower"], row[f"{column}_upper"]
    return rows


def _short(value: float) -> float:
    """Six digits are more than any of the numbers has."""
    return float(f"{value:.6g}")


def _tooltip(found: Found, number: int) -> list[Any]:
    alt = altair()
    quality = found.evaluator.quality
    shown = [
        alt.Tooltip("architecture:N"),
        alt.Tooltip(f"{quality.column}:Q", title=quality.title, format=".4~g"),
    ]
    for cost in found.evaluator.costs:
        shown.append(alt.Tooltip(f"{cost.column}:Q", title=cost.title, format=".4~g"))
        for end in ("lower", "upper"):
            shown.append(alt.Tooltip(f"{cost.column}_{end}:Q", title=end, format=".4~g"))
    return shown


def _page(found: Found, charts: list[alt.LayerChart], path: Path, command: str) -> None:
    costs = found.evaluator.costs
    figures = [Figure(one, _caption(found, cost)) for one, cost in zip(charts, costs, strict=True)]
    target = costs[0].model.target
    devices = ", ".join(dict.fromkeys(cost.model.target.device for cost in costs))
    rows = _rows(found)
    more = f" The first {_ROWS} of {len(found)}." if len(found) > _ROWS else ""
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
        lead=f"{target.space} on {target.dataset}: no architecture that was looked at is better in "
        "one objective and at least as good in the others.",
    )


def _caption(found: Found, cost: Cost) -> str:
    what = "objective" if cost.objective else "limited only"
    return (
        f"{cost.title}, {what}. Points: the set, with {found.evaluator.coverage:.0%} intervals; "
        "grey: a sample of what was looked at. Point at an architecture to see it drawn."
    )


def _rows(found: Found) -> list[list[str]]:
    quality = found.evaluator.quality
    lines = [[quality.title, *(cost.title for cost in found.evaluator.costs), "architecture"]]
    shown = found.architectures[:_ROWS]
    for row, name in enumerate(shown.strings()):
        ends = [
            f"{found.scores.value[row, i]:.4g} ({found.scores.lower[row, i]:.4g} to "
            f"{found.scores.upper[row, i]:.4g})"
            for i in range(len(found.evaluator.costs))
        ]
        lines.append([f"{found.scores.quality[row]:.4g}", *ends, f"`{name}`"])
    return lines
