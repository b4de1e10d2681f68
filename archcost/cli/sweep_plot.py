"""The plot of `archcost collect sweep`; needs matplotlib (the extra `plots`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archcost.cli.plots import figure_file

if TYPE_CHECKING:
    from archcost.training.collect.simulators import Sweep

_LONGEST = 34


def draw(found: Sweep, path: Path) -> None:
    """Energy against latency: a point a version of the chip, a colour a network.

    Versions that no other beats in both are joined and, for a single network, named.

    Raises:
        ArchcostError: the file cannot be written, or its suffix is no image format.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    with figure_file(path, (7, 5)) as axes:
        names = found.networks.strings()
        for network, name in enumerate(names):
            latency, energy = found.latency_ms[:, network], found.energy_mj[:, network]
            best = found.best(network)
            label = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
            (line,) = axes.plot(latency[best], energy[best], marker="o", label=label)
            axes.scatter(latency, energy, s=12, alpha=0.5, color=line.get_color())
            if len(names) == 1:
                for version in best:
                    axes.annotate(
                        found.name(version),
                        (latency[version], energy[version]),
                        xytext=(4, 8),
                        textcoords="offset points",
                        fontsize=7,
                        rotation=25,
                    )
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("simulated latency (ms)")
        axes.set_ylabel("simulated energy (mJ)")
        axes.set_title(
            f"{found.chip}: {len(found.versions)} versions; joined: best in one or the other"
        )
        axes.legend(fontsize=7)
