"""The picture of `archcost collect sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archcost.charts.look import COLOURS, SHAPES, altair

if TYPE_CHECKING:
    import altair as alt

    from archcost.training.collect.simulators import Sweep

_LONGEST = 40


def energy_against_latency(found: Sweep) -> alt.LayerChart:
    """Energy against latency: a point a version of the chip, a colour and shape a network.

    Versions that no other beats in both are large and joined and, for a single network, named.
    """
    import pandas as pd

    alt = altair()
    texts = found.networks.strings()
    names = [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in texts]
    rows = []
    for network, name in enumerate(names):
        best = set(found.best(network).tolist())
        for version in np.flatnonzero(np.isfinite(found.latency_ms[:, network])).tolist():
            rows.append(
                {
                    "network": name,
                    "version": found.name(version),
                    "latency": found.latency_ms[version, network],
                    "energy": found.energy_mj[version, network],
                    "best": version in best,
                }
            )
    domain = list(dict.fromkeys(names))
    legend = alt.Legend(title="Network", columns=1)
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X(
            "latency:Q",
            title="Simulated latency (ms)",
            scale=alt.Scale(type="log", nice=False, padding=20),
        ),
        y=alt.Y("energy:Q", title="Simulated energy (mJ)", scale=alt.Scale(zero=False, padding=20)),
        color=alt.Color("network:N", legend=legend, scale=alt.Scale(domain=domain, range=COLOURS)),
    )
    best = base.transform_filter("datum.best")
    layers = [
        best.mark_line(strokeWidth=1.5),
        base.mark_point(filled=True).encode(
            shape=alt.Shape(
                "network:N", legend=legend, scale=alt.Scale(domain=domain, range=SHAPES)
            ),
            size=alt.condition("datum.best", alt.value(80), alt.value(22)),
            opacity=alt.condition("datum.best", alt.value(1), alt.value(0.5)),
        ),
    ]
    if len(names) == 1:
        label = best.mark_text(align="left", dx=8, dy=-6, fontSize=10)
        layers.append(label.encode(text="version:N", color=alt.value(COLOURS[6])))
    return alt.layer(*layers).properties(
        title=f"{found.chip}: {len(found.versions)} versions; joined: best in one or the other",
        width=560,
        height=380,
    )
