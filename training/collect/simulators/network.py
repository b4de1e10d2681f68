"""From the costs of operators on a chip to those of whole networks, many at once.

Both chips' costs are sums over operators and what stands around them, so each operator is priced
once for each place where it can stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from archcost.aliases import Floats
from archcost.encodings import Architecture, Group, Layer, Skeleton, lower, operator, parse
from archcost.encodings.lowering import Builder, Tensor, lower_block, lower_edge
from archcost.encodings.operators import Operator
from archcost.encodings.places import Place, block_places, cell_places
from archcost.errors import UnsupportedError, unknown_name
from archcost.training.collect.simulators.calibration import (
    CellTable,
    cell_table,
    refetched_words,
)
from archcost.training.collect.simulators.fpga import FPGA, depthwise_cycles, pointwise_cycles
from archcost.training.collect.simulators.row_stationary import RowStationary, best_mapping
from archcost.training.collect.simulators.workloads import Workload, workload_of

Chip = RowStationary | FPGA

CHIPS: dict[str, Chip] = {"eyeriss": RowStationary(), "fpga": FPGA()}
"""The chips of HW-NAS-Bench by name."""

QUIRKS: dict[str, tuple[str, ...]] = {
    "eyeriss": ("dense_pooling", "copied_energy", "dearer_mappings", "cell_table"),
    "fpga": ("output_size", "padded_184", "free_ends"),
}
"""What HW-NAS-Bench's tables do that the hardware would not, by chip.

Of Eyeriss: average pooling is a convolution between all channels; the energy of FBNet's stem, head,
pooling and classifier is a copy of their latency; seven layers have a dearer mapping than the best,
and NAS-Bench-201 on CIFAR has constants of its own
(`archcost.training.collect.simulators.calibration`). Of the FPGA: see
`archcost.training.collect.simulators.fpga`.
"""

MJ_PER_PJ = 1e-9
_ENDS = ("stem", "head")


@dataclass(frozen=True, eq=False)
class Simulated:
    """Simulated costs of n architectures, batch 1.

    Attributes:
        chip: its name.
        latency_ms, energy_mj: (n,) float64.
    """

    chip: str
    latency_ms: Floats
    energy_mj: Floats


@dataclass(frozen=True, slots=True)
class Cost:
    """Cycles and picojoules, which add up; cycles without rounding, so that equals stay equal."""

    cycles: float = 0.0
    energy_pj: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cycles + other.cycles, self.energy_pj + other.energy_pj)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.cycles * times, self.energy_pj * times)


def total_cost(costs: Iterable[Cost]) -> Cost:
    """The sum of costs."""
    return sum(costs, Cost())


def find_chip(name: str, settings: dict[str, str] | None = None) -> tuple[str, Chip]:
    """A chip by name, with some of its numbers changed.

    Args:
        name: "eyeriss" or "fpga", in any case.
        settings: attribute of the chip to number, as text.

    Raises:
        UnknownNameError: no such chip or attribute; names the nearest.
        UnsupportedError: not a number, or not above 0.
    """
    folded = name.casefold()
    if folded not in CHIPS:
        raise unknown_name("chip", name, CHIPS)
    chip = CHIPS[folded]
    known = [field.name for field in fields(chip)]
    numbers: dict[str, float] = {}
    for key, text in (settings or {}).items():
        if key not in known:
            raise unknown_name(f"setting of {folded}", key, known)
        kind = type(getattr(chip, key))
        try:
            numbers[key] = kind(text)
        except ValueError:
            what = "whole number" if kind is int else "number"
            raise UnsupportedError(f"{key} = {text!r}: give a {what}") from None
    return folded, replace(chip, **numbers)  # type: ignore[arg-type]


def find_quirks(chip: str, names: Iterable[str]) -> frozenset[str]:
    """The named quirks of a chip; "table" stands for all of them.

    Raises:
        UnknownNameError: the chip has no such quirk; names the nearest.
    """
    names = set(names)
    if "table" in names:
        names = (names - {"table"}) | set(QUIRKS[chip])
    for name in names:
        if name not in QUIRKS[chip]:
            raise unknown_name(f"quirk of {chip}", name, (*QUIRKS[chip], "table"))
    return frozenset(names)


def simulate(
    archs: object,
    chip: str | Chip = "eyeriss",
    *,
    quirks: Iterable[str] = (),
    space: str | None = None,
    dataset: str | None = None,
) -> Simulated:
    """Simulated latency and energy of architectures on a chip.

    Args:
        archs: n architectures in any form that `archcost.parse` reads.
        chip: "eyeriss", "fpga", or either with numbers of its own.
        quirks: names from `QUIRKS`, or "table" for all of the chip's: prices as HW-NAS-Bench's
            tables have them. By default what the hardware would do.
        space, dataset: as `archcost.parse`.

    Raises:
        ArchitectureError, UnknownNameError: as `archcost.parse`; no such chip or quirk.
        UnsupportedError: cells on the FPGA (no rule is known); a buffer too small for a layer.
    """
    if isinstance(chip, str):
        _, chip = find_chip(chip)
    name = "eyeriss" if isinstance(chip, RowStationary) else "fpga"
    wanted = find_quirks(name, quirks)
    batch = parse(archs, space=space, dataset=dataset)
    latency, energy = np.zeros(len(batch)), np.zeros(len(batch))
    for group in batch.groups:
        if name == "fpga" and group.edges is not None:
            raise UnsupportedError(
                "no rule is known for cells on the FPGA: HW-NAS-Bench's numbers for NAS-Bench-201 "
                "follow another design than those for FBNet; use --chip eyeriss, or archcost "
                "predict --device fpga"
            )
        latency[group.positions], energy[group.positions] = _price_group(group, chip, wanted)
    return Simulated(name, latency, energy)


def _price_group(group: Group, chip: Chip, quirks: frozenset[str]) -> tuple[Floats, Floats]:
    """Latency (ms) and energy (mJ) of the architectures of a group, each (m,)."""
    skeleton = group.skeleton
    around = price_surroundings(group.architecture(0), chip, quirks)
    operators = [operator(name) for name in group.vocabulary]
    if group.edges is None:
        rows = [
            [price_block(op, at, chip, quirks) for op in operators] for at in block_places(skeleton)
        ]
        columns = np.arange(group.ids.shape[1])
    else:
        rows = [[price_edge(op, skeleton, chip, quirks) for op in operators]]
        columns = np.zeros(group.ids.shape[1], dtype=np.int64)
    as_published = "cell_table" in quirks and chip == CHIPS["eyeriss"]
    known = cell_table(skeleton) if as_published else None
    if known is not None:
        around, rows = _as_in_table(known, group.vocabulary, rows[0], chip)
    cycles = np.array([[cost.cycles for cost in row] for row in rows])
    energy = np.array([[cost.energy_pj for cost in row] for row in rows])
    return (
        chip.latency_ms(around.cycles + cycles[columns, group.ids].sum(axis=1)),
        (around.energy_pj + energy[columns, group.ids].sum(axis=1)).round(3) * MJ_PER_PJ,
    )


def _as_in_table(
    known: CellTable, names: tuple[str, ...], priced: list[Cost], chip: Chip
) -> tuple[Cost, list[list[Cost]]]:
    """What stands around the cell and its operators, by HW-NAS-Bench's own coefficients."""
    around = Cost(known.constant_ms * chip.clock_mhz * 1e3, known.constant_mj / MJ_PER_PJ)
    row = [
        Cost(cost.cycles, known.edge_mj[name] / MJ_PER_PJ)
        for name, cost in zip(names, priced, strict=True)
    ]
    return around, [row]


def price_surroundings(arch: Architecture, chip: Chip, quirks: frozenset[str]) -> Cost:
    """What every network of the architecture's skeleton costs, whatever its operators.

    The stem, the residual blocks between stages, the head and the classifier.
    """
    return _price_surroundings(arch.skeleton, arch.edges is None, chip, quirks)


@lru_cache(maxsize=256)
def _price_surroundings(
    skeleton: Skeleton, chain: bool, chip: Chip, quirks: frozenset[str]
) -> Cost:
    if chain:
        arch = Architecture(skeleton, ("skip",) * sum(skeleton.repeats))
    else:
        arch = Architecture.custom_cell(("none",), ((0, 1),), skeleton)
        # FBNet's look-up table has the copies; cells have no rows there.
        quirks -= {"copied_energy"}
    return total_cost(
        price_layer(layer, chip, quirks)
        for layer in lower(arch).layers
        if layer.name.startswith(_ENDS) or ".reduce." in layer.name
    )


@lru_cache(maxsize=65536)
def price_block(op: Operator, at: Place, chip: Chip, quirks: frozenset[str]) -> Cost:
    """A block of a chain at its place."""
    builder = Builder()
    lower_block(builder, op, Tensor(-1, at.c_in, at.size), at.c_out, at.stride, "block")
    if isinstance(chip, FPGA):
        return _price_fpga_block(builder.layers, chip, quirks)
    return total_cost(price_layer(layer, chip, quirks) for layer in builder.layers)


@lru_cache(maxsize=65536)
def price_edge(op: Operator, skeleton: Skeleton, chip: Chip, quirks: frozenset[str]) -> Cost:
    """An operator on one edge of the cell, in all cells of the network together."""
    total = Cost()
    for at in cell_places(skeleton):
        builder = Builder()
        lower_edge(builder, op, Tensor(-1, at.c_in, at.size), "edge")
        once = total_cost(price_layer(layer, chip, quirks) for layer in builder.layers)
        total += once * at.repeats
    return total


def price_layer(layer: Layer, chip: Chip, quirks: frozenset[str]) -> Cost:
    """A layer by itself."""
    work = workload_of(layer, "dense_pooling" in quirks)
    if work is None:
        return Cost()
    if isinstance(chip, FPGA):
        if "free_ends" in quirks:
            return Cost()
        unit = pointwise_cycles if layer.kind in ("conv", "linear") else depthwise_cycles
        return _fpga_cost(chip, unit(chip, work, work.size))
    mapped = best_mapping(chip, work)
    if "copied_energy" in quirks and layer.name.startswith(_ENDS):
        return Cost(mapped.cycles, float(chip.latency_ms(mapped.cycles)) / MJ_PER_PJ)
    dearer = chip.dram_pj * refetched_words(work) if "dearer_mappings" in quirks else 0.0
    return Cost(mapped.cycles, mapped.energy_pj + dearer)


def _price_fpga_block(layers: list[Layer], chip: FPGA, quirks: frozenset[str]) -> Cost:
    """The two units of the FPGA work side by side: the busier one decides."""
    convolutions = [layer for layer in layers if layer.kind == "conv"]
    if len(convolutions) < 3:
        return total_cost(price_layer(layer, chip, quirks) for layer in convolutions)
    works = [_counted(layer, quirks) for layer in convolutions]
    sizes = [
        convolutions[-1].h_out if "output_size" in quirks else layer.h_out for layer in convolutions
    ]
    expand, depthwise, project = works
    dense = pointwise_cycles(chip, expand, sizes[0]) + pointwise_cycles(chip, project, sizes[2])
    return _fpga_cost(chip, max(dense, depthwise_cycles(chip, depthwise, sizes[1])))


def _counted(layer: Layer, quirks: frozenset[str]) -> Workload:
    """A layer's work with the channels that are counted for it."""
    c_in, c_out = layer.c_in, layer.c_out
    if "padded_184" in quirks:
        # 184 and its multiples: hidden channels are the expansion times the padded ones.
        c_in, c_out = (c // 184 * 192 if c % 184 == 0 else c for c in (c_in, c_out))
    work = workload_of(replace(layer, c_in=c_in, c_out=c_out))
    assert work is not None  # a convolution
    if layer.groups == layer.c_in > 1:
        return replace(work, c_in=1, c_out=1, copies=c_in)
    return work


def _fpga_cost(chip: FPGA, cycles: float) -> Cost:
    return Cost(cycles, cycles * chip.watts * 1e6 / chip.clock_mhz)
