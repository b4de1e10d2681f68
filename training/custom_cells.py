"""Cells with other nodes and operators, predicted from a device's measurements in known spaces.

Ground truth are tables of `archcost collect run --space custom`, and of the same device and runtime
in NAS-Bench-201 (and FBNet).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

import numpy as np

from archcost.aliases import Ints, Progress
from archcost.data import MeasuredTable
from archcost.encodings import CUSTOM, SPACES, Architecture
from archcost.errors import TableError
from archcost.predictors import LayerIntervals, metrics
from archcost.training.layer_tables import Measured, gather
from archcost.training.layers import out_of_fold, shipped_growth
from archcost.training.trials import Name

_FEWEST = 10


@dataclass(frozen=True)
class CustomScore:
    """A device's custom cells from its costs in known spaces; means over the seeds.

    Attributes:
        device: which.
        known: spaces in which it was measured, e.g. "nasbench201 + fbnet".
        samples: custom cells measured.
        n: cells scored: all others.
        spearman: rank correlation.
        error: median relative error.
        coverage: share of cells inside their 90 % intervals.
    """

    device: str
    known: str
    samples: int
    n: int
    spearman: float
    error: float
    coverage: float


def custom_cells(
    tables: Iterable[MeasuredTable],
    *,
    samples: Iterable[int] = (0, 20, 100),
    seeds: int = 5,
    progress: Progress | None = None,
) -> list[CustomScore]:
    """Score models of layers on custom cells.

    Args:
        tables: custom cells and architectures of known spaces; devices that have both are scored.
        samples: numbers of custom cells that are learned from too; those that leave fewer than ten
            to score are skipped.
        seeds: how often each number is drawn; 0 samples need no draw.
        progress: called with the device, those done and those in all.

    Raises:
        TableError: no device has both.
    """
    data = gather(tables)
    archs = [n for n in data.networks if isinstance(n, Architecture)]
    spaces = np.array([arch.skeleton.space for arch in archs])
    names = [name for name in data.costs if name[1] == "latency"]
    found = {name: set(spaces[data.rows(name)].tolist()) for name in names}
    jobs = [name for name in names if CUSTOM in found[name] and found[name] & {*SPACES}]
    if not jobs:
        raise TableError("the tables hold no device with custom cells and a known space")
    counts = list(samples)
    scores = []
    for done, name in enumerate(jobs):
        if progress is not None:
            progress(name[0], done, len(jobs))
        rows = data.rows(name)
        cells = rows[spaces[rows] == CUSTOM]
        here = [space for space in SPACES if space in found[name]]
        for known in [here[: stop + 1] for stop in range(len(here))]:
            learned = rows[np.isin(spaces[rows], known)]
            for count in [count for count in counts if len(cells) - count >= _FEWEST]:
                parts = [
                    _score(data, name, learned, cells, count, seed)
                    for seed in range(seeds if count else 1)
                ]
                means = [mean(column) for column in zip(*parts, strict=True)]
                left = len(cells) - count
                scores.append(CustomScore(name[0], " + ".join(known), count, left, *means))
    return scores


def _score(
    data: Measured, name: Name, learned: Ints, cells: Ints, count: int, seed: int
) -> tuple[float, float, float]:
    """Spearman, median error and coverage on the cells that are not among the samples."""
    rng = np.random.default_rng(seed)
    shots, rest = np.split(rng.permutation(cells), [count])
    rows = rng.permutation(np.concatenate([learned, shots]))
    model = data.fitted(name, rows)
    costs = data.costs[name][rest]
    value = model.predict_table(data.layers.take(rest))
    intervals = LayerIntervals.fit(model, out_of_fold(data, name, rows), shipped_growth())
    lower, upper = intervals.around(data.networks.take(rest), value, 0.9)
    error = float(np.median(np.abs(value / costs - 1)))
    return metrics.spearman(value, costs), error, metrics.coverage(lower, upper, costs)
