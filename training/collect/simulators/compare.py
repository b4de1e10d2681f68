"""How far the simulators agree with HW-NAS-Bench's look-up table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from archcost.data import LookupTable
from archcost.encodings import Layer, Skeleton, key_table, lower, operator, skeleton
from archcost.encodings.architecture import Architecture
from archcost.encodings.operators import FBNET_OPERATORS
from archcost.encodings.places import block_places
from archcost.errors import UnsupportedError
from archcost.training.collect.simulators.network import (
    MJ_PER_PJ,
    QUIRKS,
    Chip,
    Cost,
    find_chip,
    find_quirks,
    price_block,
    price_layer,
)

_EXACT = 1e-6


@dataclass(frozen=True)
class Agreement:
    """A chip's simulated operators against the published ones.

    Attributes:
        chip, metric: which.
        operators: number compared.
        exact: of them equal to one part in a million.
        median, p95: relative error of the operators.
        tau: Kendall's, between simulated and published.
        misses: keys of the operators that are not exact, worst first, with published and simulated
            costs in ms or mJ.
    """

    chip: str
    metric: str
    operators: int
    exact: int
    median: float
    p95: float
    tau: float
    misses: tuple[tuple[str, float, float], ...]


def simulate_lookup(chip: str = "eyeriss", quirks: Iterable[str] = ("table",)) -> dict[str, Cost]:
    """Every operator of HW-NAS-Bench's look-up table of FBNet by its key.

    Those of both data sets, and CIFAR-100's network with the classifier of CIFAR-10.
    """
    name, hardware = find_chip(chip)
    wanted = find_quirks(name, quirks)
    small = skeleton("fbnet", "cifar100")
    found: dict[str, Cost] = {}
    for place in (small, replace(small, classes=10), skeleton("fbnet", "ImageNet")):
        found |= _simulate_skeleton(place, hardware, wanted)
    return found


def _simulate_skeleton(place: Skeleton, chip: Chip, quirks: frozenset[str]) -> dict[str, Cost]:
    keys = key_table(place)
    found = {
        key: price_block(operator(name), at, chip, quirks)
        for row, at in zip(keys.blocks, block_places(place), strict=True)
        for key, name in zip(row, FBNET_OPERATORS, strict=True)
    }
    network = lower(Architecture(place, ("skip",) * sum(place.repeats)))
    ends: dict[str, Layer] = {layer.name: layer for layer in network.layers}
    names = ("stem.conv", "head.conv", "head.pool", "head.linear")
    for key, name in zip((keys.stem, *keys.tail), names, strict=True):
        found[key] = price_layer(ends[name], chip, quirks)
    return found


def compare(
    lookup: LookupTable, chip: str = "eyeriss", quirks: Iterable[str] = ("table",)
) -> list[Agreement]:
    """Compare a chip's operators with a look-up table, latency and energy.

    The energies of stem, head, pooling and classifier are left out for Eyeriss: in the table they
    are copies of the latencies.

    Raises:
        UnsupportedError: the table has nothing for this chip.
    """
    from scipy.stats import kendalltau

    simulated = simulate_lookup(chip, quirks)
    hardware = find_chip(chip)[1]
    agreements = []
    for metric in ("latency", "energy"):
        if (chip, metric) not in lookup.targets:
            continue
        published = dict(zip(lookup.keys, lookup.targets[chip, metric].tolist(), strict=True))
        copied = "copied_energy" in QUIRKS[chip] and metric == "energy"
        keys = [
            key
            for key in simulated
            if key in published and not (copied and not key.startswith(("ConvBlock", "Skip")))
        ]
        theirs = np.array([published[key] for key in keys])
        if metric == "latency":
            ours = hardware.latency_ms([simulated[key].cycles for key in keys])
        else:
            ours = np.array([simulated[key].energy_pj for key in keys]) * MJ_PER_PJ
        error = np.abs(ours - theirs) / np.maximum(theirs, 1e-12)
        worst = [i for i in np.argsort(-error) if error[i] > _EXACT]
        agreements.append(
            Agreement(
                chip=chip,
                metric=metric,
                operators=len(keys),
                exact=len(keys) - len(worst),
                median=float(np.median(error)),
                p95=float(np.quantile(error, 0.95)),
                tau=float(kendalltau(ours, theirs).statistic),
                misses=tuple((keys[i], float(theirs[i]), float(ours[i])) for i in worst),
            )
        )
    if not agreements:
        raise UnsupportedError(f"the table has no costs of {chip}")
    return agreements
