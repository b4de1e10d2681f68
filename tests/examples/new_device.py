"""From ten measurements of a new device to a ranking of all 15,625 NAS-Bench-201 cells.

    python tests/examples/new_device.py
    python tests/examples/new_device.py --table nasbench201_help.parquet --device titan_rtx_256

The new device is one whose costs are known, so that the ranking can be scored: a simulated
row-stationary array of another size than Eyeriss, or with --table a measured device. Neither it nor
its relatives (other batch sizes; for the array, Eyeriss) are drawn upon.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

import archcost
from archcost.checkpoints.transfer import source_devices
from archcost.data import read_table
from archcost.encodings import parse
from archcost.predictors import metrics
from archcost.training.collect import simulate
from archcost.training.collect.simulators import RowStationary
from archcost.training.unseen import relatives

Floats = npt.NDArray[np.float64]
Measure = Callable[[list[str]], Floats]


def simulated_array() -> tuple[list[str], Measure]:
    """All cells, and what "measures" some: an array of 16 by 16 instead of Eyeriss's 12 by 14."""

    def measure(cells: list[str]) -> Floats:
        return simulate(cells, RowStationary(rows=16, columns=16)).latency_ms

    return parse(range(15625)).strings(), measure


def measured_device(table: Path, device: str) -> tuple[list[str], Measure]:
    """The cells that a device of a table ran, and what "measures" some: looking them up."""
    found = next(
        t for t in read_table(table, dataset="cifar10") if (device, "latency") in t.targets
    )
    costs = found.targets[device, "latency"]
    cells = parse(found.architectures, space="nasbench201").strings()
    known = {cell: cost for cell, cost in zip(cells, costs.tolist(), strict=True) if cost > 0}
    return list(known), lambda some: np.array([known[cell] for cell in some])


def main() -> None:
    """Suggest, measure, adapt, rank; print what a person would want to know."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("-n", type=int, default=10, help="networks to measure")
    options.add_argument("--table", type=Path, help="a table of measurements with the device")
    options.add_argument("--device", default="eyeriss", help="the device of the table")
    given = options.parse_args()
    if given.table is None:
        cells, measure = simulated_array()
    else:
        cells, measure = measured_device(given.table, given.device)

    # 1. Draw upon devices that have nothing to do with the new one.
    every = source_devices("nasbench201").names
    sources = [name for name in every if name not in relatives(given.device, every)]

    # 2. Which networks tell most? A few more than wanted: the table may lack some.
    suggested = archcost.suggest(2 * given.n, sources=sources)
    here = set(cells)
    archs = [cell for cell in suggested if cell in here][: given.n]

    # 3. Measure them: on a real board, `archcost collect bundle` or your own stopwatch.
    costs = measure(archs)

    # 4. Learn the device. model.save() would keep it for archcost.load and the command line.
    model = archcost.adapt(archs, costs, device="my-board", sources=sources)
    learned = model.learned
    print(f"learned from {learned.n} networks, most like {learned.nearest[0][0]}")

    # 5. Rank everything else.
    rest = [cell for cell in cells if cell not in set(archs)]
    found, truth = model.predict(rest, coverage=0.9), measure(rest)
    order = np.argsort(found.value)
    print(f"cheapest of {len(rest)}: {rest[order[0]]}, {found.value[order[0]]:.3g} {found.unit}")
    print(f"dearest: {rest[order[-1]]}, {found.value[order[-1]]:.3g} {found.unit}")
    print(f"median error {np.median(np.abs(found.value / truth - 1)):.1%}")
    print(f"in their 90 % intervals {metrics.coverage(found.lower, found.upper, truth):.1%}")
    print(f"Spearman {metrics.spearman(found.value, truth):.4f}")


if __name__ == "__main__":
    main()
