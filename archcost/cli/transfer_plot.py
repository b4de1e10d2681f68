"""The plot of `archcost benchmark transfer`; needs matplotlib (the extra `plots`)."""

from __future__ import annotations

from pathlib import Path

from archcost.errors import ArchcostError
from archcost.training.transfer_benchmark import SetScore
from archcost.training.transfer_sets import SETS


def draw(rows: list[SetScore], path: Path) -> None:
    """Spearman correlation against samples, a line a set; crosses: the best published figures.

    Raises:
        ArchcostError: the file cannot be written, or its suffix is no image format.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name in dict.fromkeys(row.set for row in rows):
        part = sorted((row.samples, row.spearman) for row in rows if row.set == name)
        (line,) = axes.plot(*zip(*part, strict=True), marker="o", label=name)
        published = SETS[name].published
        axes.scatter(published.keys(), published.values(), marker="x", color=line.get_color())
    axes.set_xlabel("measured networks")
    axes.set_ylabel("Spearman, mean over unseen devices and seeds")
    axes.set_title("Lines: archcost; crosses: best published")
    axes.legend(ncols=2)
    try:
        figure.savefig(path, bbox_inches="tight", dpi=150)
    except (OSError, ValueError) as error:
        raise ArchcostError(f"{path}: cannot be written ({error})") from None
    finally:
        pyplot.close(figure)
