"""HW-NAS-Bench's own interface, answered by archcost: moving over changes the import alone.

    >>> from archcost.compat import HWNASBenchAPI as HWAPI
    >>> hw_api = HWAPI(None, search_space="fbnet")
    >>> hw_api.query_by_index([0] * 22, "cifar100")["eyeriss_latency"]
    3.940896

Names, keys and units are those of `hw_nas_bench_api` (Li et al., ICLR 2021): latencies in ms,
energies in mJ, arithmetic intensity in operations a byte. Given the official file, costs are the
published ones; without it they are predicted by the checkpoints that ship. Where the original is
wrong, this is not: a network that the Edge TPU's compiler refuses (published as -1) costs NaN, with
a warning; `average_hw_metric`, a product of ms and mJ, is absent, and asking for it says why; names
and indices that do not exist raise.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from archcost.checkpoints import Card, cards, load_card
from archcost.data import HWNASBench, as_hwnasbench, read_hwnasbench
from archcost.encodings import FBNET_OPERATORS, Architecture, find_space, parse
from archcost.encodings.nasbench201 import CELLS
from archcost.errors import ArchitectureError, TableError, UnsupportedError, unknown_name
from archcost.predictors import LookupPredictor

METRICS = {
    f"{device}_{metric}": (device, metric)
    for device, metrics in {
        "edgegpu": ("latency", "energy"),
        "raspi4": ("latency",),
        "edgetpu": ("latency",),
        "pixel3": ("latency",),
        "eyeriss": ("latency", "energy", "arithmetic_intensity"),
        "fpga": ("latency", "energy"),
    }.items()
    for metric in metrics
}
"""Key of NAS-Bench-201's costs to device and metric, in the order of the original."""
FBNET_METRICS = {
    key: target
    for key, target in METRICS.items()
    if target not in (("edgetpu", "latency"), ("eyeriss", "arithmetic_intensity"))
}
"""The same of FBNet's."""

_AVERAGE = "average_hw_metric"
_NO_AVERAGE = (
    "average_hw_metric is left out: it multiplies latencies in ms and energies in mJ of different "
    "devices, and is negative where the Edge TPU's compiler refuses a network; combine the costs "
    "of the devices that you mean"
)
_REFUSED = "the compiler refused this network (published as -1)"
_LIKELY_REFUSED = "the compiler would more likely refuse this network than not"
_NOT_OFFERED = "too few cells are published on this data set to learn it from"
_EMPTY = "the file has no cost for this network"
# Cells predicted together: who asks for one mostly asks for its neighbours next.
_BLOCK = 125

Answer = tuple[dict[str, float], dict[str, str]]
"""Costs by key, and the reasons of those that are NaN."""


class HardwareCosts(dict[str, float]):
    """Costs of one network by key, like the original's dictionary.

    Attributes:
        source: "file", the published costs, or "checkpoints", predicted ones.
        reasons: key to why its cost is NaN.
    """

    def __init__(self, costs: Mapping[str, float], source: str, reasons: Mapping[str, str]) -> None:
        super().__init__(costs)
        self.source = source
        self.reasons = dict(reasons)

    def __missing__(self, key: str) -> float:
        raise KeyError(_NO_AVERAGE if key == _AVERAGE else str(unknown_name("metric", key, self)))


class _Source(Protocol):
    """Where costs come from."""

    name: str

    def cell(self, dataset: str, index: int) -> Answer:
        """Costs of a cell of NAS-Bench-201."""

    def lookup(self, dataset: str) -> dict[str, LookupPredictor]:
        """The costs of FBNet's blocks, by key."""


class _File:
    """The published costs."""

    name = "file"

    def __init__(self, given: str | os.PathLike[str] | dict[str, Any]) -> None:
        if isinstance(given, dict):
            self.content: HWNASBench = as_hwnasbench(given, "the dictionary")
            return
        if not Path(given).is_file():
            raise TableError(
                f"{given}: no such file; `archcost fetch` downloads it, and without a file "
                "(HWNASBenchAPI(None)) costs are predicted"
            )
        self.content = read_hwnasbench(Path(given))

    def cell(self, dataset: str, index: int) -> Answer:
        tables = {table.dataset: table for table in self.content.tables}
        if dataset not in tables:
            raise UnsupportedError(
                f"the file has NAS-Bench-201 on {', '.join(tables)}, not on {dataset}; without a "
                "file (HWNASBenchAPI(None)) costs are predicted"
            )
        table = tables[dataset]
        costs, reasons = {}, {}
        for key, target in METRICS.items():
            column = table.targets.get(target)
            costs[key] = math.nan if column is None else float(column[index])
            if math.isnan(costs[key]):
                refused = target in table.failed and table.failed[target][index]
                reasons[key] = _REFUSED if refused else _EMPTY
        return costs, reasons

    def lookup(self, dataset: str) -> dict[str, LookupPredictor]:
        found = self.content.lookup
        missing = [key for key, target in FBNET_METRICS.items() if target not in found.targets]
        if missing:
            raise UnsupportedError(f"the file has no costs of FBNet's blocks for {missing[0]}")
        return {
            key: LookupPredictor(dict(zip(found.keys, found.targets[target].tolist(), strict=True)))
            for key, target in FBNET_METRICS.items()
        }


class _Checkpoints:
    """The predictors that ship."""

    name = "checkpoints"

    def cell(self, dataset: str, index: int) -> Answer:
        block = _predicted(dataset, index // _BLOCK)
        place = index % _BLOCK
        costs, reasons = {}, {}
        for key, found in block.items():
            if isinstance(found, str):
                costs[key], reasons[key] = math.nan, found
                continue
            costs[key] = float(found[place])
            if math.isnan(costs[key]):
                reasons[key] = _LIKELY_REFUSED
        return costs, reasons

    def lookup(self, dataset: str) -> dict[str, LookupPredictor]:
        found = {}
        for key, (device, metric) in FBNET_METRICS.items():
            card = _shipped(device, metric, "fbnet", dataset)
            assert card is not None
            predictor = load_card(card).predictor
            assert isinstance(predictor, LookupPredictor)
            found[key] = predictor
        return found


def _shipped(device: str, metric: str, space: str, dataset: str) -> Card | None:
    """The default of a target, whatever models of their own people have."""
    wanted = (device, metric, space, dataset)
    return next(
        (
            card
            for card in cards()
            if card.default and (card.device, card.metric, card.space, card.dataset) == wanted
        ),
        None,
    )


@lru_cache(maxsize=3 * CELLS // _BLOCK)
def _predicted(dataset: str, block: int) -> dict[str, npt.NDArray[np.float64] | str]:
    """Costs of a block of cells by key, NaN where they would be refused; or why there are none."""
    cells = parse(range(block * _BLOCK, (block + 1) * _BLOCK), dataset=dataset)
    found: dict[str, npt.NDArray[np.float64] | str] = {}
    for key, (device, metric) in METRICS.items():
        card = _shipped(device, metric, "nasbench201", dataset)
        if card is None:
            found[key] = _NOT_OFFERED
            continue
        estimate = load_card(card).predict(cells)
        found[key] = np.where(estimate.runs, estimate.value, np.nan)
    return found


class HWNASBenchAPI:
    """HW-NAS-Bench's costs of NAS-Bench-201's cells and FBNet's networks.

    Args:
        file_path_or_dict: the official HW-NAS-Bench-v1_0.pickle (`archcost fetch` downloads it), or
            its content; None: costs are predicted.
        search_space: "nasbench201" or "fbnet".

    Attributes:
        search_space: as given.
        source: "file" or "checkpoints".

    Raises:
        UnknownNameError: no such search space.
        TableError: no such file, or not HW-NAS-Bench's.
        MeasurementError: a cost in the file is not a number, infinite or negative.
    """

    def __init__(
        self,
        file_path_or_dict: str | os.PathLike[str] | dict[str, Any] | None = None,
        search_space: str = "nasbench201",
    ) -> None:
        self._space = find_space(search_space)
        self.search_space = self._space.name
        self._costs: _Source = (
            _Checkpoints() if file_path_or_dict is None else _File(file_path_or_dict)
        )
        self.source = self._costs.name
        self._lookups: dict[str, dict[str, LookupPredictor]] = {}

    def query_by_index(self, arch_index: int | list[int], dataname: str) -> HardwareCosts:
        """All costs of one network on a data set.

        Args:
            arch_index: nasbench201: the published index, 0 to 15624. fbnet: 22 operators by number.
            dataname: nasbench201: cifar10, cifar100, ImageNet16-120; fbnet: cifar100, ImageNet.

        Warns:
            UserWarning: a cost is NaN; says why.

        Raises:
            UnknownNameError: the space has no such data set.
            ArchitectureError: no such network.
            UnsupportedError: the file has no costs on this data set.
        """
        arch = self._read(arch_index, dataname)
        dataset = arch.skeleton.dataset
        reasons: dict[str, str] = {}
        if self.search_space == "fbnet":
            tables = self._tables(dataset)
            costs = {key: float(table.predict(arch)[0]) for key, table in tables.items()}
        else:
            assert isinstance(arch_index, int | np.integer)  # else it was refused
            costs, reasons = self._costs.cell(dataset, int(arch_index))
        for key, reason in reasons.items():
            warnings.warn(f"{key} is NaN on {dataset}: {reason}", UserWarning, stacklevel=2)
        return HardwareCosts(costs, self.source, reasons)

    def get_net_config(self, arch_index: int | list[int], dataname: str) -> dict[str, Any]:
        """What the original's network builders take.

        `archcost.network_from` builds the network from the index or the list itself.

        Raises:
            UnknownNameError, ArchitectureError: as `query_by_index`.
        """
        arch = self._read(arch_index, dataname)
        place = arch.skeleton
        if self.search_space == "fbnet":
            return {
                "dataset": place.dataset,
                "num_classes": place.classes,
                "op_idx_list": [FBNET_OPERATORS.index(name) for name in arch.operators],
                "arch_str": list(arch.operators),
            }
        return {
            "name": "infer.tiny",
            "C": place.stem_channels,
            "N": place.repeats[0],
            "arch_str": str(arch),
            "num_classes": place.classes,
        }

    def get_op_lookup_tables(self) -> dict[str, dict[str, float]]:
        """The costs of FBNet's blocks: key of `query_by_index` to block to cost.

        Raises:
            UnsupportedError: for NAS-Bench-201, whose costs are no look-up sums.
        """
        if self.search_space != "fbnet":
            raise UnsupportedError(
                "look-up tables exist for search_space='fbnet': the costs of NAS-Bench-201's "
                "networks were measured whole"
            )
        tables: dict[str, dict[str, float]] = {key: {} for key in FBNET_METRICS}
        for dataset in self._space.skeletons:
            for key, table in self._tables(dataset).items():
                tables[key].update(table.table)
        return tables

    def _read(self, arch_index: object, dataname: str) -> Architecture:
        # Elsewhere other spellings are taken; who moves over shall not get another data set.
        if dataname not in self._space.skeletons:
            raise unknown_name(f"data set of {self.search_space}", dataname, self._space.skeletons)
        batch = parse(arch_index, space=self.search_space, dataset=dataname)
        one = isinstance(arch_index, int | np.integer) is (self.search_space == "nasbench201")
        if len(batch) != 1 or not one:
            expected = "one index" if self.search_space == "nasbench201" else "a list of 22 numbers"
            raise ArchitectureError(f"{arch_index!r}: expected {expected}")
        return batch[0]

    def _tables(self, dataset: str) -> dict[str, LookupPredictor]:
        if dataset not in self._lookups:
            self._lookups[dataset] = self._costs.lookup(dataset)
        return self._lookups[dataset]
