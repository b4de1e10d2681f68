"""The picture of `archcost benchmark transfer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archcost.charts.look import COLOURS, SHAPES, altair
from archcost.training.transfer_sets import SETS

if TYPE_CHECKING:
    import altair as alt

    from archcost.training.transfer_benchmark import SetScore

_COLUMNS = 4
_OURS, _PUBLISHED = "archcost", "best published"


def spearman_against_samples(rows: Sequence[SetScore]) -> alt.FacetChart:
    """Spearman correlation against measured networks, a panel per set, beside the best published.

    Args:
        rows: as from `archcost.training.transfer_benchmark.summary`.
    """
    import pandas as pd

    alt = altair()
    found = [(row.set, row.samples, row.spearman, _OURS) for row in rows]
    for name in dict.fromkeys(row.set for row in rows):
        found += [(name, n, best, _PUBLISHED) for n, best in SETS[name].published.items()]
    frame = pd.DataFrame(found, columns=["set", "samples", "spearman", "from"])
    domain = [_OURS, _PUBLISHED]
    base = alt.Chart(frame).encode(
        x=alt.X("samples:Q", title="Measured networks", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y(
            "spearman:Q",
            title="Spearman",
            scale=alt.Scale(zero=False),
        ),
        color=alt.Color("from:N", title=None, scale=alt.Scale(domain=domain, range=COLOURS[:2])),
    )
    layers = alt.layer(
        base.mark_line(),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            shape=alt.Shape("from:N", title=None, scale=alt.Scale(domain=domain, range=SHAPES[:2]))
        ),
    ).properties(width=170, height=150)
    sets = list(dict.fromkeys(frame["set"]))
    return layers.facet(
        alt.Facet("set:N", title=None, sort=sets), columns=min(_COLUMNS, len(sets))
    ).properties(title="Transfer to the unseen devices of each set, mean over devices and seeds")
