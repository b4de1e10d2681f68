"""The simulated chips against published numbers and against slow, plain reference code."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archcost.data import LookupTable, read_lookup
from archcost.encodings import NASBENCH201_EDGES, Architecture, parse, skeleton
from archcost.errors import UnknownNameError, UnsupportedError
from archcost.training.collect.simulators import (
    FPGA,
    RowStationary,
    compare,
    find_chip,
    simulate,
)
from archcost.training.collect.simulators.compare import simulate_lookup
from archcost.training.collect.simulators.row_stationary import best_mapping
from archcost.training.collect.simulators.workloads import Workload

EMPTY, ONE, THREE, POOL = ([0] * 6, [2] + [0] * 5, [3] + [0] * 5, [4] + [0] * 5)


def test_eyeriss_gives_the_published_coefficients_of_nasbench201() -> None:
    cells = np.array([EMPTY, [1] * 6, ONE, THREE, POOL])
    found = simulate(cells, "eyeriss", quirks=["table"], space="nasbench201").latency_ms
    published = [0, 0, 0.24576, 1.47456, 1.47456]
    assert found - found[0] == pytest.approx(published, abs=1e-12)


@pytest.mark.parametrize(
    ("cell", "dataset", "latency", "energy"),
    [
        (0, "cifar10", 3.645620000000001, 0.6872827644999999),
        (1, "cifar10", 7.577780000000003, 1.5644240284999997),
        (2, "cifar10", 10.526900000000001, 2.0846801885),
        (0, "cifar100", 3.648640000000001, 0.6874206219999999),
        (2, "cifar100", 10.52992, 2.084818046),
    ],
)
def test_published_cells(cell: int, dataset: str, latency: float, energy: float) -> None:
    """What HW-NAS-Bench's authors print in their example."""
    found = simulate(cell, "eyeriss", quirks=["table"], dataset=dataset)
    assert found.latency_ms == pytest.approx([latency], rel=1e-9)
    assert found.energy_mj == pytest.approx([energy], rel=1e-9)
    by_rule = simulate(cell, "eyeriss", dataset=dataset)
    assert by_rule.latency_ms[0] < latency


def test_cell_table_stays_within_the_table() -> None:
    """Another skeleton, and the clock of another chip, are priced by the rules."""
    small = replace(skeleton("nasbench201", "cifar10"), repeats=(1, 1, 1))
    cell = Architecture(small, ("nor_conv_3x3",) * 6, NASBENCH201_EDGES)
    table, rules = (simulate(cell, "eyeriss", quirks=q) for q in (["cell_table"], []))
    assert table.energy_mj == rules.energy_mj
    fast = RowStationary(clock_mhz=1000)
    table, rules = (simulate(1, fast, quirks=q) for q in (["cell_table"], []))
    assert table.energy_mj == rules.energy_mj


@pytest.mark.parametrize(
    ("last", "dataset", "eyeriss", "fpga"),
    [
        (["k3_e1", "k3_e1"], "cifar100", 3.940896, 10.73952),
        (["k3_e1", "k3_e1"], "ImageNet", 18.127332, 29.4219),
        (["k3_e1", "k3_e1_g2"], "cifar100", 3.900416, 10.34784),
        (["k3_e1_g2", "k3_e1_g2"], "ImageNet", 18.063916, 27.83502),
    ],
)
def test_published_networks_of_fbnet(
    last: list[str], dataset: str, eyeriss: float, fpga: float
) -> None:
    """What HW-NAS-Bench's authors print in their example."""
    network = Architecture(skeleton("fbnet", dataset), ("k3_e1",) * 20 + tuple(last))
    found = simulate(network, "eyeriss", quirks=["table"])
    assert found.latency_ms == pytest.approx([eyeriss], rel=1e-9)
    found = simulate(network, "fpga", quirks=["table"])
    assert found.latency_ms == pytest.approx([fpga], rel=1e-9)
    assert found.energy_mj == pytest.approx([7 * fpga], rel=1e-9)


def test_published_energy_of_fbnet() -> None:
    found = simulate("|".join(["k3_e1"] * 22), "eyeriss", quirks=["table"])
    assert found.energy_mj == pytest.approx([3.242008], rel=2e-3)


@pytest.mark.parametrize("dataset", ["cifar100", "ImageNet"])
def test_fpga_block_by_hand(dataset: str) -> None:
    """184 to 184 channels, expansion 6, kernel 5: 192 channels in and out, 1152 hidden."""
    names = ["skip"] * 22
    names[18] = "k5_e6"
    network = Architecture(skeleton("fbnet", dataset), tuple(names))
    found = simulate(network, "fpga", quirks=["table"])
    tile, tiles = (4, 1) if dataset == "cifar100" else (7, 1)
    squared = tile**2
    dense = 1152 / 16 * tiles * (192 * (squared + 8) + 12 * squared)
    dense += 192 / 16 * tiles * (1152 * (squared + 8) + 12 * squared)
    depthwise = 1152 / 8 * tiles * (25 * (squared + 4) + 6 * squared)
    cycles = max(dense, depthwise)
    assert found.latency_ms == pytest.approx([cycles * 5e-6])
    assert found.energy_mj == pytest.approx(7 * found.latency_ms)


def plain_search(chip: RowStationary, work: Workload) -> int:
    """Cycles by trying every mapping one after the other, from the equations as written down."""
    best = math.inf
    c, m, p, k, s = work.c_in, work.c_out, work.size, work.kernel, work.stride
    divisors = {n: [d for d in range(1, n + 1) if n % d == 0] for n in (c, m, p)}
    for cy, cw, cg in itertools.product(divisors[c], repeat=3):
        for m0, mx, my, mg in itertools.product(divisors[m], repeat=4):
            for qx in divisors[p]:
                if c % (cy * cw * cg) or m % (m0 * mx * my * mg):
                    continue
                cd, md, qd = c // (cy * cw * cg), m // (m0 * mx * my * mg), p // qx
                high, wide = (p - 1) * s + k, (qx - 1) * s + k
                if qx * mx > chip.columns or k * my * cy > chip.rows or m0 > chip.sum_words:
                    continue
                if cw * k > chip.input_words or m0 * cw * k > chip.weight_words:
                    continue
                if c // cd * high * wide + m0 * mx * my * mg * p * qx > chip.buffer_words:
                    continue
                out = m * p * p
                rows = k + (p - 1) * min(s, k) if cg == 1 else p * k
                reads = c * rows * p * k * m // (m0 * mx * my) + (cd - 1) * out
                if cd == md == 1:
                    infill = c * high * (wide + (qd - 1) * min(wide, qx * s))
                else:
                    infill = c * high * wide * qd * (md if cd > 1 else 1)
                writes = infill + out * (1 + cd)
                compute = c * m * p * p * k * k // (qx * mx * my * cy * k)
                best = min(best, max(compute, math.ceil(reads / 16), math.ceil(writes / 16)))
    assert best < math.inf
    return int(best)


@pytest.mark.parametrize(
    "work",
    [
        Workload(12, 8, 6),
        Workload(6, 12, 8, 3),
        Workload(4, 18, 10, 5, 2),
        Workload(1, 1, 14, 3, 2),
        Workload(3, 16, 32, 3),
    ],
)
@pytest.mark.parametrize("buffer", [65536, 2500])
def test_search_agrees_with_plain_loops(work: Workload, buffer: int) -> None:
    chip = RowStationary(buffer_words=buffer)
    assert best_mapping(chip, work).cycles == plain_search(chip, work)


def test_groups_and_depthwise_are_copies() -> None:
    chip = RowStationary()
    one = best_mapping(chip, Workload(8, 8, 8))
    four = best_mapping(chip, Workload(8, 8, 8, copies=4))
    assert four.cycles == 4 * one.cycles
    assert four.energy_pj == pytest.approx(4 * one.energy_pj)


def test_a_kernel_taller_than_the_array_becomes_channels() -> None:
    chip = RowStationary()
    assert best_mapping(chip, Workload(1, 1, 1, 16)) == best_mapping(chip, Workload(256, 1, 1))


def test_more_hardware_is_never_slower() -> None:
    cells = parse(range(0, 15625, 3000))
    base = simulate(cells, "eyeriss").latency_ms
    for change in ({"rows": "24"}, {"columns": "28"}, {"buffer_words": "131072"}):
        _, chip = find_chip("eyeriss", change)
        assert (simulate(cells, chip).latency_ms <= base).all()
    _, fast = find_chip("Eyeriss", {"clock_mhz": "500"})
    assert simulate(cells, fast).latency_ms == pytest.approx(base / 2)


def test_all_cells_in_seconds_and_equal_cells_cost_the_same() -> None:
    found = simulate(range(15625), "eyeriss")
    batch = parse(range(15625))
    counts = np.stack([(batch.groups[0].ids == op).sum(axis=1) for op in range(2, 5)], axis=1)
    distinct = len(np.unique(counts, axis=0))
    assert len(np.unique(found.latency_ms)) <= distinct
    assert len(np.unique(found.energy_mj)) <= distinct
    assert (found.latency_ms > 0).all()


def test_pooling_is_dense_only_when_asked() -> None:
    cells = np.array([EMPTY, POOL, THREE])
    plain = simulate(cells, "eyeriss", space="nasbench201").latency_ms
    quirky = simulate(cells, "eyeriss", quirks=["dense_pooling"], space="nasbench201").latency_ms
    assert plain[1] < plain[2]
    assert quirky[1] == quirky[2]
    assert quirky[0] > plain[0]


def test_custom_cells_and_other_data_sets() -> None:
    place = skeleton("nasbench201", "cifar10")
    edges = ((0, 1), (0, 2), (1, 2))
    names = ("nor_conv_5x5", "dil_conv_3x3", "max_pool_3x3")
    small = Architecture.custom_cell(names, edges, place)
    big = Architecture.custom_cell(("nor_conv_7x7", *names[1:]), edges, place)
    found = simulate([small, big], "eyeriss")
    assert 0 < found.latency_ms[0] < found.latency_ms[1]
    on_small = simulate(5, "eyeriss", dataset="ImageNet16-120")
    assert on_small.latency_ms < simulate(5, "eyeriss").latency_ms
    assert on_small.energy_mj < simulate(5, "eyeriss").energy_mj


def test_copied_energy_is_of_fbnet_only() -> None:
    quirks = ["copied_energy"]
    network = "|".join(["k3_e1"] * 22)
    cell = simulate(1, "eyeriss")
    assert simulate(1, "eyeriss", quirks=quirks).energy_mj == cell.energy_mj
    assert simulate(network, "eyeriss", quirks=quirks).energy_mj != pytest.approx(
        simulate(network, "eyeriss").energy_mj
    )


def test_quirks_of_the_fpga_change_what_they_say() -> None:
    network = "|".join(["k3_e3"] * 22)
    table = simulate(network, "fpga", quirks=["table"]).latency_ms[0]
    honest = simulate(network, "fpga").latency_ms[0]
    free = simulate(network, "fpga", quirks=["free_ends"]).latency_ms[0]
    assert table < free < honest  # the first convolution of a stride-2 block at its own size
    padded = simulate(network, "fpga", quirks=["free_ends", "padded_184"]).latency_ms[0]
    assert free < padded


def test_refusals() -> None:
    with pytest.raises(UnsupportedError, match="cells on the FPGA"):
        simulate(1, "fpga")
    with pytest.raises(UnknownNameError, match="eyeriss"):
        simulate(1, "eyeris")
    with pytest.raises(UnknownNameError, match="dense_pooling"):
        simulate(1, "eyeriss", quirks=["dens_pooling"])
    with pytest.raises(UnknownNameError, match="rows"):
        find_chip("eyeriss", {"row": "3"})
    with pytest.raises(UnsupportedError, match="whole number"):
        find_chip("eyeriss", {"rows": "x"})
    with pytest.raises(UnsupportedError, match="above 0"):
        find_chip("fpga", {"watts": "-1"})
    with pytest.raises(UnsupportedError, match="buffer"):
        simulate(1, replace(RowStationary(), buffer_words=10))
    assert FPGA(watts=3.5).watts == 3.5


def test_compare_counts_exact_operators_and_lists_misses() -> None:
    chip = RowStationary()
    simulated = simulate_lookup("eyeriss")
    keys = sorted(simulated)
    costs = chip.latency_ms([simulated[key].cycles for key in keys])
    costs[3] *= 1.5
    (found,) = compare(LookupTable(tuple(keys), {("eyeriss", "latency"): costs}), "eyeriss")
    assert (found.operators, found.exact) == (225, 224)
    assert [key for key, _, _ in found.misses] == [keys[3]]
    with pytest.raises(UnsupportedError, match="fpga"):
        compare(LookupTable(tuple(keys), {("eyeriss", "latency"): costs}), "fpga")


@pytest.mark.shared
def test_agreement_with_the_published_table(shared_data: Path) -> None:
    lookup = read_lookup(shared_data / "fbnet_hwnasbench_luts.parquet")
    latency, energy = compare(lookup, "eyeriss")
    assert (latency.operators, latency.exact) == (225, 224)
    assert latency.misses[0][0] == "Skip_H112_W112_Cin16_Cout24_stride2"
    assert (energy.median, energy.tau) == (
        pytest.approx(0.0094, abs=2e-4),
        pytest.approx(0.989, abs=1e-3),
    )
    assert energy.p95 < 0.06
    by_rule = compare(lookup, "eyeriss", ("dense_pooling", "copied_energy"))[1]
    assert 0.2 < by_rule.p95 < 0.24
    for found in compare(lookup, "fpga"):
        assert (found.operators, found.exact) == (225, 225)
