"""Contributions add up, agree with known sums, and changes cost what is predicted for them."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcost
from archcost.checkpoints import cards, load_card
from archcost.encodings import FBNET_OPERATORS, Architecture, key_table, lower, parse, skeleton
from archcost.errors import ArchitectureError, UnknownNameError, UnsupportedError
from archcost.predictors import CostModel, Explanation, Target, explain_model
from archcost.predictors.contributions import shapley_weights

CELLS = (0, 1, 2, 77, 1462, 13714)
NETWORK = [4, 7, 8, 2, 0, 1, 3, 8, 5, 6, 6, 2, 8, 0, 1, 7, 3, 2, 5, 8, 4, 6]
DEAD_END = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|none~2|"


def total(found: Explanation) -> float:
    return sum(part.value for part in found.parts)


KINDS = {(card.space, card.kind, card.metric): card for card in cards() if card.space != "custom"}


@pytest.mark.parametrize("key", KINDS, ids="-".join)
def test_contributions_add_up_to_the_prediction(key: tuple[str, str, str]) -> None:
    """For every kind of predictor that ships."""
    model = load_card(KINDS[key])
    for arch in CELLS if key[0] == "nasbench201" else (parse([NETWORK]),):
        found = explain_model(model, arch)
        expected = model.predict(arch)
        assert (found.value, found.lower, found.upper) == (
            expected.value[0],
            expected.lower[0],
            expected.upper[0],
        )
        assert total(found) == pytest.approx(found.value, rel=1e-12)
        assert sum(found.by_operator.values()) == pytest.approx(found.value, rel=1e-12)


@pytest.mark.parametrize("device", ["raspi4", "titan_rtx_1"])
@pytest.mark.parametrize("arch", [*CELLS, DEAD_END, parse([NETWORK])])
def test_layers_add_up_to_their_parts(device: str, arch: object) -> None:
    found = archcost.explain(arch, device)
    for part in found.parts:
        layers = sum(layer.value for layer in found.layers if layer.part == part.name)
        assert layers == pytest.approx(part.value, rel=1e-9, abs=1e-12)
    assert sum(found.by_stage.values()) == pytest.approx(found.value, rel=1e-9)


@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
@settings(max_examples=30)
def test_sums_over_operators_are_found(ids: list[int]) -> None:
    """On Eyeriss an operator costs the same wherever it stands."""
    price = (0.0, 0.0, 0.24576, 1.47456, 1.47456)
    found = archcost.explain([ids], "eyeriss", space="nasbench201")
    for part, own in zip(found.parts[2:], ids, strict=True):
        assert part.value == pytest.approx(price[own], abs=2e-6)


@pytest.mark.parametrize("dataset", ["cifar100", "ImageNet"])
def test_look_up_sums_are_found(dataset: str) -> None:
    model = archcost.load("edgegpu", space="fbnet", dataset=dataset)
    table, keys = model.predictor.table, key_table(skeleton("fbnet", dataset))
    found = explain_model(model, [NETWORK])
    for part, own, names in zip(found.parts[1:], NETWORK, keys.blocks, strict=True):
        assert part.value == pytest.approx(table[names[own]] - table[names[8]], abs=1e-9)
    fixed = sum(table[key] for key in (keys.stem, *keys.tail))
    fixed += sum(table[names[8]] for names in keys.blocks)
    assert found.parts[0].value == pytest.approx(fixed)


@pytest.mark.parametrize("cell", [1, 2, 1462])
def test_shapley_values_of_sums_over_layers_are_prices(cell: int) -> None:
    beyond = archcost.load("raspi4").beyond
    assert beyond is not None
    target = Target("nasbench201", "cifar10", "raspi4", "latency")
    asked = explain_model(CostModel(target, "layers", beyond.predictor, beyond.intervals), cell)
    priced = explain_model(beyond, parse(cell))
    assert asked.method != priced.method
    for one, other in zip(asked.parts[2:], priced.parts[2:], strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9, abs=1e-9)


def test_shapley_weights_against_all_orders() -> None:
    worth = dict(enumerate(np.random.default_rng(0).random(16)))
    members, weights = shapley_weights((0, 2, 3, 5), 6)
    values = np.array([worth[int(row[[0, 2, 3, 5]] @ [8, 4, 2, 1])] for row in members])
    found = weights @ values
    expected = np.zeros(6)
    for order in permutations((0, 2, 3, 5)):
        before = 0
        for player in order:
            after = before | {0: 8, 2: 4, 3: 2, 5: 1}[player]
            expected[player] += (worth[after] - worth[before]) / 24
            before = after
    assert found == pytest.approx(expected)
    assert found.sum() == pytest.approx(worth[15] - worth[0])
    assert not members[0].any()


def test_nothing_is_contributed_by_none_and_skip() -> None:
    for device in ("raspi4", "1080ti_1"):
        parts = archcost.explain(DEAD_END, device).parts
        assert [p.value for p in parts if p.operator in ("none", "skip_connect")] == [0.0] * 4


@pytest.mark.parametrize(
    ("arch", "count"), [(1462, 24), (parse([NETWORK]), 176)], ids=["cell", "chain"]
)
def test_changes_cost_what_is_predicted_for_them(arch: object, count: int) -> None:
    model = archcost.load("raspi4", space="nasbench201" if arch == 1462 else "fbnet")
    found = explain_model(model, arch)
    own = parse(arch)[0]
    graph = lower(own)
    assert len({(c.place, c.after) for c in found.changes}) == count
    assert [c.saved for c in found.changes] == sorted(c.saved for c in found.changes)[::-1]
    for change in found.changes[:: count // 12]:
        operators = list(own.operators)
        assert operators[change.place] == change.before
        operators[change.place] = change.after
        other = replace(own, operators=tuple(operators))
        estimate = model.predict(other)
        ends = [estimate.value[0], estimate.lower[0], estimate.upper[0]]
        assert [change.value, change.lower, change.upper] == pytest.approx(ends, rel=1e-6)
        assert change.saved == found.value - change.value
        assert change.macs == lower(other).macs - graph.macs
        assert change.params == lower(other).params - graph.params


def test_changes_that_cut_off_say_so() -> None:
    # The input reaches the output by edges 0-2 and 2-3 alone.
    cell = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
    found = archcost.explain(cell, "raspi4")
    by_change = {(c.name, c.after): c for c in found.changes}
    cut = by_change["edge 2-3", "none"]
    assert not cut.connected
    assert cut.cuts_off == ("edge 0-2",)
    assert by_change["edge 2-3", "skip_connect"].cuts_off == ()
    assert by_change["edge 0-1", "none"].connected
    assert found.best is not None
    assert found.best.connected
    assert found.best.after != "none"
    assert found.best.saved > 0


def test_nothing_is_recommended_where_less_is_no_saving() -> None:
    assert archcost.explain(1, "eyeriss", "arithmetic_intensity").best is None
    assert archcost.explain(1, "eyeriss", "arithmetic_intensity").layers == ()
    assert archcost.explain("|".join(["skip"] * 22), "raspi4").best is None


def test_what_the_compiler_is_unlikely_to_accept_is_not_recommended() -> None:
    for cell in range(0, 200, 20):
        found = archcost.explain(cell, "edgetpu")
        assert found.feasible is not None
        assert found.best is None or found.best.feasible >= 0.5


def test_what_the_runtime_removes() -> None:
    found = archcost.explain(DEAD_END, "edgegpu")
    assert "TensorRT" in found.runtime
    first = found.parts[2]
    assert (first.name, first.operator, first.runs) == ("edge 0-1", "nor_conv_3x3", False)
    assert "cannot reach the output" in first.why
    assert abs(first.value) < 0.02 * found.value
    assert all(p.runs for p in archcost.explain(DEAD_END, "1080ti_1").parts if p.value and p.place)


def test_a_cell_that_is_cut_off() -> None:
    found = archcost.explain([[3, 3, 3, 0, 0, 0]], "raspi4", space="nasbench201")
    assert not found.connected
    skeleton_part, wiring = found.parts[:2]
    assert wiring.value == pytest.approx(-skeleton_part.value, rel=0.1)
    assert "cut off" in wiring.why


def test_custom_cells_and_layer_graphs() -> None:
    place = replace(skeleton("nasbench201"), space="custom")
    cell = Architecture.custom_cell(["dw_conv_5x5", "nor_conv_1x1"], [(0, 1), (1, 2)], place)
    found = archcost.explain(cell, "raspi4")
    assert found.space == "custom"
    assert total(found) == pytest.approx(found.value)
    assert all(part.value > 0 for part in found.parts if part.operator)
    assert {change.after for change in found.changes} >= {"dw_conv_5x5", "none"}
    graph = archcost.explain(lower(cell), "raspi4")
    assert graph.value == pytest.approx(found.value)
    assert total(graph) == pytest.approx(graph.value)
    assert graph.changes == ()


def test_a_model_will_do_for_its_device() -> None:
    model = archcost.load("edgegpu", "energy")
    assert archcost.explain(DEAD_END, model) == archcost.explain(DEAD_END, "edgegpu", "energy")
    mine = archcost.adapt([1, 7, 300], [1.0, 2.0, 3.0], device="mine")
    assert archcost.explain(7, mine).value == pytest.approx(mine.predict(7).value[0])


def test_the_answer_is_a_value_that_becomes_json() -> None:
    found = archcost.explain(1, "edgetpu", coverage=0.8)
    with pytest.raises(FrozenInstanceError):
        found.value = 1.0  # type: ignore[misc]
    again = json.loads(json.dumps(found.to_dict()))
    assert again["coverage"] == 0.8
    assert sum(part["value"] for part in again["parts"]) == pytest.approx(again["value"])
    assert again["by_stage"].keys() == {"stem and head", "stage 0", "stage 1", "stage 2"}


def test_data_set_and_kind() -> None:
    of_cell = parse(1, dataset="ImageNet16-120")
    found = archcost.explain(of_cell, "raspi4")
    assert (found.dataset, found.kind) == ("ImageNet16-120", "scaled")
    assert archcost.explain(1, "raspi4", kind="gbdt").kind == "gbdt"
    names = "|".join(FBNET_OPERATORS[i] for i in NETWORK)
    assert archcost.explain(names, "raspi4", dataset="ImageNet").dataset == "ImageNet"


def test_refusals() -> None:
    with pytest.raises(ArchitectureError, match="one at a time"):
        archcost.explain([1, 2], "raspi4")
    with pytest.raises(ArchitectureError, match="one at a time"):
        archcost.explain([1, 2], "raspi4", space="nasbench201")
    with pytest.raises(UnknownNameError, match="raspi4"):
        archcost.explain(1, "raspi")
    with pytest.raises(UnsupportedError, match=r"0\.5"):
        archcost.explain(1, "raspi4", coverage=1.0)
