"""What a runtime removes of an architecture, and why."""

from __future__ import annotations

import pytest

from archcost.encodings import Architecture, custom_skeleton, lower, parse
from archcost.encodings.execution import VIEWS, executed
from archcost.encodings.removal import RULES, connected, fates

DEAD_END = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|"
FROM_ZEROS = "|none~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"


def runs(cell: str, rule: str) -> list[bool]:
    return [fate.runs for fate in fates(parse(cell)[0], rule)]


def test_dead_ends() -> None:
    assert runs(DEAD_END, "all") == [True, False, True, True, False, False]
    for rule in ("reach", "live"):
        assert runs(DEAD_END, rule) == [False, False, False, True, False, False]


def test_tensorflow_lite_keeps_what_is_multiplied_by_zero() -> None:
    found = fates(parse(DEAD_END)[0], "tflite")
    assert found[2].runs
    assert "multiplied by zero" in found[2].why


def test_what_is_computed_from_zeros() -> None:
    assert runs(FROM_ZEROS, "reach")[4]
    assert not runs(FROM_ZEROS, "live")[4]


def test_every_removal_has_a_reason() -> None:
    for rule in RULES:
        for cell in parse(range(0, 15625, 307)):
            for fate, name in zip(fates(cell, rule), cell.operators, strict=True):
                assert fate.runs or fate.why or name == "none"


@pytest.mark.parametrize("rule", VIEWS)
def test_agrees_with_the_layer_graph(rule: str) -> None:
    """Convolutions run where their layers do, in every cell of the network."""
    for cell in parse(range(0, 15625, 613)):
        graph = lower(cell)
        done = executed(graph)[:, VIEWS.index(rule)]
        found = fates(cell, rule)
        for layer, run in zip(graph.layers, done.tolist(), strict=True):
            # The last cell: of those before it nothing is needed where the cell is cut off.
            if layer.name.startswith("stage2.cell4.edge") and layer.kind == "conv":
                assert run is found[int(layer.name.split("edge")[1][0])].runs


def test_cut_off() -> None:
    assert connected(parse(DEAD_END)[0])
    assert not connected(parse([[1, 1, 1, 0, 0, 0]], space="nasbench201")[0])
    assert connected(parse("|".join(["skip"] * 22))[0])
    cell = Architecture.custom_cell(["none", "dw_conv_3x3"], [(0, 1), (1, 2)], custom_skeleton())
    assert not connected(cell)
