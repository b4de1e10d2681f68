"""The same networks on many versions of a chip: which arrays and buffers are worth having."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch, parse
from archcost.errors import UnsupportedError
from archcost.training.collect.simulators.network import find_chip, simulate
from archcost.training.pareto import pareto


@dataclass(frozen=True, eq=False)
class Sweep:
    """Simulated costs of n networks on c versions of a chip, batch 1.

    What is not in the model costs nothing: area and leakage, and the energy of an access to a
    larger buffer is that of the smaller one unless it is set too.

    Attributes:
        chip: its name.
        axes: names of the k numbers that differ.
        versions: (c, k) these numbers.
        networks: n of them.
        latency_ms, energy_mj: (c, n); NaN where a layer fits into no mapping.
        reasons: number of such a version to the reason.
    """

    chip: str
    axes: tuple[str, ...]
    versions: Floats
    networks: Batch
    latency_ms: Floats
    energy_mj: Floats
    reasons: dict[int, str]

    def best(self, network: int) -> npt.NDArray[np.int64]:
        """Versions that no other beats in both latency and energy, by rising latency."""
        usable = np.flatnonzero(np.isfinite(self.latency_ms[:, network]))
        found = pareto(self.latency_ms[usable, network], self.energy_mj[usable, network])
        return usable[found]

    def name(self, version: int) -> str:
        """A version in words, as in "rows=12 columns=14"."""
        pairs = zip(self.axes, self.versions[version], strict=True)
        return " ".join(f"{axis}={value:g}" for axis, value in pairs)


def sweep(
    archs: object,
    over: Mapping[str, Sequence[str]],
    chip: str = "eyeriss",
    *,
    settings: Mapping[str, str] | None = None,
    quirks: Iterable[str] = (),
    space: str | None = None,
    dataset: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Sweep:
    """Simulate networks on every combination of a chip's numbers.

    Args:
        archs: n architectures in any form that `archcost.parse` reads.
        over: attribute of the chip to its numbers, as text; every combination is simulated.
        chip: "eyeriss" or "fpga".
        settings: attributes that are changed alike for all.
        quirks, space, dataset: as `simulate`.
        progress: called with a version, versions done and versions in all.

    Raises:
        ArchitectureError, UnknownNameError: as `simulate`, and for an unknown attribute.
        UnsupportedError: nothing to vary, an attribute both varied and set, not a number, or no
            version of the chip that can run the networks.
    """
    if not over:
        raise UnsupportedError("nothing to vary; give numbers, such as rows=8,12,16")
    both = set(over) & set(settings or {})
    if both:
        raise UnsupportedError(f"{min(both)}: either varied or set, not both")
    batch = parse(archs, space=space, dataset=dataset)
    combinations = [dict(zip(over, values, strict=True)) for values in product(*over.values())]
    chips = [find_chip(chip, {**(settings or {}), **chosen}) for chosen in combinations]
    latency, energy = np.full((2, len(chips), len(batch)), np.nan)
    reasons: dict[int, str] = {}
    for number, (_, hardware) in enumerate(chips):
        if progress is not None:
            words = " ".join(f"{key}={value}" for key, value in combinations[number].items())
            progress(words, number, len(chips))
        try:
            found = simulate(batch, hardware, quirks=quirks)
        except UnsupportedError as error:
            reasons[number] = str(error)
            if len(reasons) == len(chips):
                raise
            continue
        latency[number], energy[number] = found.latency_ms, found.energy_mj
    versions = np.array([[getattr(hardware, key) for key in over] for _, hardware in chips])
    return Sweep(
        chips[0][0], tuple(over), versions.astype(np.float64), batch, latency, energy, reasons
    )
