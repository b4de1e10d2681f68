"""The checkpoints that ship, from the measured tables: ``make checkpoints``.

Takes two to three hours, nearly all of them on one core. Every part is a step of its own, and what
it wrote stays. After an interruption ``make`` begins anew; to go on, name the parts that are
missing (``python -m archcost.training.shipping TABLES build/shipped layers own``) and move the
folder as the Makefile does.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from archcost.aliases import Progress
from archcost.checkpoints import cards
from archcost.data import MeasuredTable, own_tables, read_lookup, read_table
from archcost.encodings import parse
from archcost.errors import unknown_name
from archcost.training.datasets import train_scaled
from archcost.training.layer_tables import sums_of
from archcost.training.layers import train_layers
from archcost.training.lookup import train_lookup
from archcost.training.own import train_own
from archcost.training.train import train
from archcost.training.transfer_sources import ship_sources
from archcost.training.trials import Name, Settings

_SUMS = ("raspi4", "pixel3", "eyeriss", "fpga")
"""Devices whose FBNet costs in HELP are HW-NAS-Bench's sums, which the look-up table gives."""
_CELLS = {
    "hw-nas-bench": "nasbench201_hwnasbench_cifar10.parquet",
    "help": "nasbench201_help.parquet",
    "eagle": "nasbench201_eagle.parquet",
}
"""Tables of NAS-Bench-201 on CIFAR-10, by source."""
_NETWORK = Settings(kinds=("gnn",))
_SMALL_TREES = Settings(kinds=("gbdt",), n_estimators=100, max_depth=5, learning_rate=0.12)
_FBNET_FOLDS = 20
"""FBNet's tables are short, and its trees quick: without a fifth they err by some 5 % more."""


def _lookup(tables: Path, out: Path, progress: Progress) -> None:
    train_lookup(read_lookup(tables / "fbnet_hwnasbench_luts.parquet"), out=out)


def _cells(tables: Path, source: str) -> MeasuredTable:
    """NAS-Bench-201 on CIFAR-10, as one of the sources measured it."""
    (found,) = read_table(tables / _CELLS[source], dataset="cifar10", source=source)
    return found


def _networks(tables: Path) -> MeasuredTable:
    """FBNet on CIFAR-100, as HELP measured it."""
    (found,) = read_table(tables / "fbnet_help.parquet", dataset="cifar100", source="help")
    return found


def _transfer(tables: Path, out: Path, progress: Progress) -> None:
    cells = [_cells(tables, source) for source in _CELLS]
    spaces = [*cells, *own_tables("nasbench201")], [_networks(tables)]
    ship_sources(spaces, out / "transfer")


def _hwnasbench(tables: Path, out: Path, progress: Progress) -> None:
    found = _cells(tables, "hw-nas-bench")
    train(found, out=out, settings=Settings(), progress=progress)
    # Where sums are exact trees are there to be compared with: small ones do.
    small = replace(_SMALL_TREES, kinds=("additive", "gbdt"))
    exact = [name for name in found.targets if name[0] in ("eyeriss", "fpga")]
    train(found, out=out, targets=exact, settings=small, progress=progress)


def _help(tables: Path, out: Path, progress: Progress) -> None:
    train(_cells(tables, "help"), out=out, settings=_NETWORK, progress=progress)


def _eagle(tables: Path, out: Path, progress: Progress) -> None:
    train(_cells(tables, "eagle"), out=out, settings=_NETWORK, progress=progress)


def _fbnet(tables: Path, out: Path, progress: Progress) -> None:
    found = _networks(tables)
    targets = [name for name in found.targets if name[0] not in _SUMS]
    settings = replace(_SMALL_TREES, folds=_FBNET_FOLDS)
    train(found, out=out, targets=targets, settings=settings, progress=progress)


def _scaled(tables: Path, out: Path, progress: Progress) -> None:
    cards.cache_clear()
    bases = [
        card
        for card in cards(out)
        if card.default and (card.source, card.dataset) == ("hw-nas-bench", "cifar10")
    ]
    for table in _few_cells(tables):
        train_scaled(table, bases, root=out, out=out)


def _layers(tables: Path, out: Path, progress: Progress) -> None:
    found = sums_of(read_lookup(tables / "fbnet_hwnasbench_luts.parquet"))
    found += [_cells(tables, source) for source in _CELLS]
    fbnet = _networks(tables)
    measured = {k: v for k, v in fbnet.targets.items() if k[0] not in _SUMS}
    found += [replace(fbnet, targets=measured), *own_tables()]
    train_layers(found, out=out, progress=progress)


def _own(tables: Path, out: Path, progress: Progress) -> None:
    train_own([*own_tables("nasbench201"), *own_tables("fbnet")], out=out)


def _few_cells(tables: Path) -> list[MeasuredTable]:
    """CIFAR-100 and ImageNet16-120: the cells that the authors print, and the sample."""
    costs: dict[str, dict[Name, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    sample = read_table(tables / "nasbench201_other_datasets_sample.csv", source="hw-nas-bench")
    for table in sample:
        for name, values in table.targets.items():
            cells = parse(table.architectures).strings()
            costs[table.dataset][name] |= dict(zip(cells, values.tolist(), strict=True))
    published = json.loads((tables / "published_values.json").read_text())["nasbench201"]
    for entry in published:
        if entry["dataset"] != "cifar10":
            for column, value in entry["metrics"].items():
                device, metric = column.split("_", 1)
                (cell,) = parse(entry["arch"]).strings()
                costs[entry["dataset"]][device, metric][cell] = float(value)
    return [_table(dataset, found) for dataset, found in costs.items()]


def _table(dataset: str, found: dict[Name, dict[str, float]]) -> MeasuredTable:
    cells = sorted({cell for values in found.values() for cell in values})
    targets = {
        name: np.array([values.get(cell, np.nan) for cell in cells])
        for name, values in found.items()
    }
    return MeasuredTable("nasbench201", dataset, "hw-nas-bench", cells, targets)


PARTS: dict[str, Callable[[Path, Path, Progress], None]] = {
    "transfer": _transfer,
    "lookup": _lookup,
    "hwnasbench": _hwnasbench,
    "help": _help,
    "eagle": _eagle,
    "fbnet": _fbnet,
    "scaled": _scaled,
    "layers": _layers,
    "own": _own,
}
"""In the order in which they build on each other."""


def main() -> None:
    """Train the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, help="folder of the measured tables")
    parser.add_argument("out", type=Path, help="folder for the checkpoints")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; by default all")
    arguments = parser.parse_args()
    for part in arguments.parts or PARTS:
        if part not in PARTS:
            parser.error(str(unknown_name("part", part, PARTS)))
    for part in arguments.parts or PARTS:

        def report(what: str, done: int, total: int, part: str = part) -> None:
            print(f"{part}: {done}/{total} {what}", flush=True)

        PARTS[part](arguments.tables, arguments.out, report)


if __name__ == "__main__":
    main()
