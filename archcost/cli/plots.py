"""What the plots share; needs matplotlib (the extra `plots`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from archcost.data import write_whole
from archcost.errors import ArchcostError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@contextmanager
def figure_file(path: Path, size: tuple[float, float]) -> Iterator[Axes]:
    """Axes to draw on, written to a file at the end; size in inches.

    Raises:
        ArchcostError: the file cannot be written, or its suffix is no image format.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=size)
    try:
        yield axes
        with write_whole(path) as part:
            figure.savefig(part, bbox_inches="tight", dpi=150)
    except (OSError, ValueError) as error:
        raise ArchcostError(f"{path}: cannot be written ({error})") from None
    finally:
        pyplot.close(figure)
