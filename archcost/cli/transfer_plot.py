"""The plot of `archcost benchmark transfer`; needs matplotlib (the extra `plots`)."""

from __future__ import annotations

from pathlib import Path

from archcost.cli.plots import figure_file
from archcost.training.transfer_benchmark import SetScore
from archcost.training.transfer_sets import SETS


def draw(rows: list[SetScore], path: Path) -> None:
    """Spearman correlation against samples, a line a set; crosses: the best published figures.

    Raises:
        ArchcostError: the file cannot be written, or its suffix is no image format.
    """
    with figure_file(path, (7, 4.5)) as axes:
        for name in dict.fromkeys(row.set for row in rows):
            part = sorted((row.samples, row.spearman) for row in rows if row.set == name)
            (line,) = axes.plot(*zip(*part, strict=True), marker="o", label=name)
            published = SETS[name].published
            samples, best = list(published.keys()), list(published.values())
            axes.scatter(samples, best, marker="x", color=line.get_color())
        axes.set_xlabel("measured networks")
        axes.set_ylabel("Spearman, mean over unseen devices and seeds")
        axes.set_title("Lines: archcost; crosses: best published")
        axes.legend(ncols=2)
