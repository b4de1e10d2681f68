"""Which layers run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from archcost.encodings import Architecture, Layer, custom_skeleton, lower, parse
from archcost.encodings.execution import VIEWS, executed, unrolled_once
from archcost.encodings.layer_table import CLASSES, QUANTITIES, layer_table
from archcost.training.collect import sample

CELLS = [*sample(25, "custom", seed=2), *parse([0, 1, 7, 40, 555]), *sample(3, "fbnet")]


def counted(layers: tuple[Layer, ...], times: np.ndarray) -> Counter[Layer]:
    found: Counter[Layer] = Counter()
    for layer, runs in zip(layers, times.tolist(), strict=True):
        found[replace(layer, name="")] += int(runs)
    return +found


@pytest.mark.parametrize("arch", CELLS, ids=str)
def test_unrolled_once_is_the_whole_network(arch: Architecture) -> None:
    whole = lower(arch)
    runs = executed(whole)
    once, times = unrolled_once(arch)
    for view in range(len(VIEWS)):
        assert counted(once.layers, times[:, view]) == counted(whole.layers, runs[:, view])


def test_views_of_a_small_cell() -> None:
    # Node 1 leads nowhere, node 2 is made of zeros.
    arch = Architecture.from_string(
        "|nor_conv_3x3~0|+|none~0|+|nor_conv_1x1~2|skip_connect~0|", custom_skeleton()
    )
    cell = [layer.name.partition("cell0.")[2] for layer in lower(arch).layers]
    place = {name: number for number, name in enumerate(cell) if name and number < 12}
    runs = {name: executed(lower(arch))[number].tolist() for name, number in place.items()}
    assert runs["edge0.conv"] == [True, False, False]
    assert runs["edge1.zero"] == [True, False, False]
    # Computed from zeros, and added: TensorRT keeps that.
    assert runs["edge3.conv"] == [True, True, False]


def test_nothing_runs_before_a_cell_that_is_cut_off() -> None:
    table = layer_table([parse(0)[0], Architecture.from_string("|none~0|", custom_skeleton())])
    assert table.connected[1].tolist() == [True, False, False]
    conv = CLASSES.index("conv_kxk")
    assert table.totals(1)[1, conv, 0] == 0
    assert table.totals(0)[1, conv, 0] == 5


def test_totals_are_those_of_the_layer_graph() -> None:
    archs = list(sample(4, "custom"))
    totals = layer_table(archs).totals(0)
    for arch, found in zip(archs, totals, strict=True):
        layers = lower(arch)
        assert found[:5, QUANTITIES.index("work")].sum() == layers.macs
    some = layer_table(archs).take(np.array([2, 0]))
    assert np.array_equal(some.totals(0), totals[[2, 0]])
