"""Searching: what is found is best among what was looked at, and within limits."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcost
from archcost.encodings import Batch, parse, useful_macs
from archcost.errors import MeasurementError, SearchError, TableError, UnsupportedError
from archcost.search import Found, hypervolume


def ids_of(batch: Batch) -> np.ndarray:
    return batch.groups[0].ids.astype(int)


def made_up(batch: Batch) -> np.ndarray:
    """An accuracy that no cost goes along with."""
    return ids_of(batch) @ np.array([7, 1, 5, 3, 2, 9]) % 31


def same(one: Found, other: Found) -> None:
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())


@pytest.fixture(scope="module")
def whole() -> Found:
    return archcost.search("eyeriss", accuracy=made_up)


def test_the_whole_space_is_looked_at(whole: Found) -> None:
    every = parse(range(15625))
    cost, quality = archcost.load("eyeriss").predict(every).value, made_up(every)
    for architecture, c, q in zip(
        whole.architectures.strings(), whole.scores.value[:, 0], whole.scores.quality, strict=True
    ):
        assert not ((cost <= c) & (quality >= q) & ((cost < c) | (quality > q))).any()
        position = parse(architecture)
        assert made_up(position) == q
    # Nothing is missing: the best quality for each cost of the set, and nothing beyond.
    assert whole.scores.quality.max() == quality.max()
    assert whole.scores.value.min() == cost.min()
    assert (np.diff(whole.scores.value[:, 0]) > 0).all()
    assert len(whole.looked_at) == 15625
    assert whole.pareto.all()


@pytest.mark.parametrize("form", ["stand-in", "function", "table"])
def test_what_was_found_can_be_sent_to_another_process(form: str, tmp_path: Path) -> None:
    table = tmp_path / "accuracy.csv"
    table.write_text("arch_index,accuracy\n1,90\n7,80\n9,85\n")
    accuracy = {"stand-in": None, "function": made_up, "table": table}[form]
    found = archcost.search("eyeriss", accuracy=accuracy, budget=200)
    same(pickle.loads(pickle.dumps(found)), found)


def test_columns_name_units(whole: Found) -> None:
    assert whole.to_frame().columns.tolist() == [
        *("architecture", "arch_index", "accuracy"),
        *("eyeriss_latency_ms", "eyeriss_latency_ms_lower", "eyeriss_latency_ms_upper"),
    ]


def test_the_package_is_the_function_too() -> None:
    import archcost.search as package

    assert callable(archcost.search)
    assert package("fpga", budget=50).method == archcost.search("fpga", budget=50).method


@settings(max_examples=12)
@given(
    latency=st.floats(0.3, 8.0),
    energy=st.floats(2.0, 30.0),
    confidence=st.sampled_from([None, 0.5, 0.9, 0.99]),
    margin=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 5),
)
def test_limits_are_honoured(
    latency: float, energy: float, confidence: float | None, margin: float, seed: int
) -> None:
    wanted: dict[str, Any] = {
        "max_latency": {"edgetpu": latency},
        "max_energy": f"{energy}mJ",
        "confidence": confidence,
        "margin": margin,
    }
    try:
        found = archcost.search("edgegpu", accuracy=made_up, budget=150, seed=seed, **wanted)
    except SearchError as error:
        assert "limit" in str(error)
        return
    names = [cost.column for cost in found.evaluator.costs]
    assert names == ["edgegpu_latency_ms", "edgetpu_latency_ms", "edgegpu_energy_mj"]
    archs, coverage = found.architectures, confidence or 0.9
    tpu = archcost.load("edgetpu").predict(archs, coverage)
    gpu = archcost.load("edgegpu", metric="energy").predict(archs, coverage)
    bounded = "value" if confidence is None else "upper"
    assert (getattr(tpu, bounded) <= latency * (1 + 1e-9)).all()
    assert (getattr(gpu, bounded) <= energy * (1 + 1e-9)).all()
    assert tpu.feasible is not None
    assert (tpu.feasible >= (confidence or 0.5) - 1e-9).all()


def test_nothing_within_limits_says_what_there_is() -> None:
    with pytest.raises(SearchError, match=r"raspi4 latency \(ms\) from 0\.0\d+ \(limit 1e-05\)"):
        archcost.search("raspi4", max_latency="0.01us", budget=300)


def test_a_network_that_is_refused_is_not_found(tmp_path: Path) -> None:
    feasible = archcost.load("edgetpu").predict(range(60)).feasible
    assert feasible is not None
    refused = [int(feasible.argmin())]
    file = table(tmp_path / "a.csv", arch_index=refused, accuracy=[99.0])
    with pytest.raises(SearchError, match=r"probability of running up to 0\.[0-4]"):
        archcost.search("edgetpu", accuracy=file)
    assert len(archcost.search("edgetpu", accuracy=file, min_feasible=1e-9)) == 1


def test_a_margin_adds_what_is_close() -> None:
    plain = archcost.search("pixel3", accuracy=made_up, budget=400)
    wide = archcost.search("pixel3", accuracy=made_up, budget=400, margin=0.3)
    frame = wide.to_frame()
    assert len(wide) > len(plain)
    pd.testing.assert_frame_equal(
        frame[frame["pareto"]].drop(columns="pareto").reset_index(drop=True), plain.to_frame()
    )
    assert "smaller" in " ".join(wide.words())


def test_without_accuracies_a_stand_in_is_named() -> None:
    found = archcost.search("fpga", budget=200)
    assert "accuracy_stand_in_mmacs" in found.to_frame()
    assert "accuracy" not in found.to_frame()
    assert "stand in" in " ".join(found.words())
    np.testing.assert_allclose(found.scores.quality * 1e6, useful_macs(found.architectures))


def test_seeds_repeat_and_differ() -> None:
    def run(seed: int, **given: Any) -> Found:
        return archcost.search("raspi4", seed=seed, budget=300, **given)

    for given_space in ({}, {"space": "fbnet"}):
        same(run(1, **given_space), run(1, **given_space))
        assert run(1, **given_space).to_frame()["architecture"].tolist() != (
            run(2, **given_space).to_frame()["architecture"].tolist()
        )


def test_three_objectives() -> None:
    found = archcost.search(["eyeriss", "fpga"], accuracy=made_up, budget=2000)
    rows = np.column_stack([-found.scores.quality, found.scores.value])
    looked = np.column_stack([-found.looked_at.quality, found.looked_at.value])
    for row in rows:
        assert not ((looked <= row).all(axis=1) & (looked < row).any(axis=1)).any()


def test_more_arithmetic_intensity_is_better() -> None:
    found = archcost.search("eyeriss", metrics="arithmetic_intensity", accuracy=made_up, budget=500)
    (best,) = np.nonzero(found.looked_at.quality == found.looked_at.quality.max())
    assert found.scores.value.max() == found.looked_at.value.max()
    assert found.scores.value.min() == found.looked_at.value[best].max()


def test_fbnet_is_searched_nearly_to_the_bound() -> None:
    """On an exact sum the best networks on the convex hull are those that are best for a price of
    multiply-accumulates, block by block; the hull bounds the hypervolume from above."""
    model = archcost.load("eyeriss", space="fbnet")
    one_each = np.zeros((9 * 22, 22), dtype=np.int8)
    for place in range(22):
        one_each[place * 9 : place * 9 + 9, place] = np.arange(9)
    batch = Batch.from_ids(archcost.skeleton("fbnet"), one_each)
    cost = model.predict(batch).value.reshape(22, 9)
    macs = (useful_macs(batch) / 1e6).reshape(22, 9)
    base = cost[0, 0], macs[0, 0]
    prices = np.geomspace(1e-4, 1e4, 4000)[:, None, None]
    picks = (cost - prices * macs).argmin(axis=2)
    rows = np.arange(22)
    hull_cost = (cost[rows, picks] - base[0]).sum(axis=1) + base[0]
    hull_macs = (macs[rows, picks] - base[1]).sum(axis=1) + base[1]
    corner = (hull_cost.max() * 1.01, 0.0)
    # The hull itself, not the stairs of its corners.
    line = np.linspace(hull_cost.min(), hull_cost.max(), 5000)
    order = np.unique(hull_cost, return_index=True)[1]
    bound = hypervolume(line, -np.interp(line, hull_cost[order], hull_macs[order]), corner)
    found = archcost.search("eyeriss", space="fbnet", budget=6000)
    reached = hypervolume(found.scores.value[:, 0], -found.scores.quality, corner)
    random = archcost.encodings.Batch.from_ids(
        archcost.skeleton("fbnet"), np.random.default_rng(0).integers(0, 9, (6000, 22))
    )
    by_chance = hypervolume(model.predict(random).value, -useful_macs(random) / 1e6, corner)
    assert 0.98 * bound < reached <= bound * 1.001
    assert by_chance < 0.9 * bound


def test_small_spaces_are_looked_at_whole() -> None:
    found = archcost.search(
        "raspi4", space="custom", nodes=3, operators=["none", "nor_conv_1x1", "dw_conv_3x3"]
    )
    assert len(found.looked_at) == 27
    assert found.method.startswith("Looked at 27 of 27")


def test_custom_cells_evolve() -> None:
    found = archcost.search("raspi4", space="custom", nodes=4, budget=120, max_latency=200)
    assert len(found.looked_at) == 120
    assert all(arch.nodes == 4 for arch in found.architectures)
    assert found.architectures[0].skeleton.space == "custom"
    with pytest.raises(UnsupportedError, match="2 to 6"):
        archcost.search("raspi4", space="custom", nodes=7)
    with pytest.raises(UnsupportedError, match="at least two"):
        archcost.search("raspi4", space="custom", operators=["none"])
    with pytest.raises(UnsupportedError, match="block of a chain"):
        archcost.search("raspi4", space="custom", operators=["none", "k3_e1"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence": 0.9},
        {"confidence": 1.5, "max_latency": 3},
        {"confidence": "0.9", "max_latency": 3},
        {"confidence": 0.3, "max_latency": 3},
        {"min_feasible": 90},
        {"budget": 0},
        {"budget": "10"},
        {"seed": 0.5},
        {"nodes": "3", "space": "custom"},
        {"margin": -1},
    ],
)
def test_numbers_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError):
        archcost.search("raspi4", **wrong)


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="metrics 3: give names as text, several as a list"):
        archcost.search("raspi4", metrics=3)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match=r"operators .*: give names as text"):
        archcost.search("raspi4", space="custom", operators=[3])  # type: ignore[list-item]


@pytest.mark.parametrize("devices", [3, ["raspi4", 3], None])
def test_what_is_no_device_is_not_left_out(devices: Any) -> None:
    with pytest.raises(UnsupportedError, match=r"device (3|None): give an id"):
        archcost.search(devices, budget=10)


# Accuracies


def table(path: Path, **columns: Any) -> Path:
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_only_architectures_of_a_table_are_candidates(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", arch_index=[3, 5, 8, 13], accuracy=[91.0, 92.0, None, 93.0])
    found = archcost.search("raspi4", accuracy=file)
    assert len(found.looked_at) == 3
    assert set(found.to_frame()["arch_index"]) <= {3, 5, 13}


def test_repeated_accuracies_are_averaged(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", arch_index=[3, 3, 5], accuracy=[90.0, 92.0, 20.0])
    found = archcost.search("raspi4", accuracy=file)
    assert 91.0 in found.scores.quality
    assert len(found.looked_at) == 2


def test_the_column_of_the_data_set(tmp_path: Path) -> None:
    columns = {"arch_index": [3, 5], "CIFAR-10": [9.0, 1.0], "cifar100": [1.0, 9.0]}
    file = table(tmp_path / "a.csv", **columns)
    assert archcost.search("raspi4", accuracy=file).scores.quality.max() == 9.0
    chosen = archcost.search("raspi4", accuracy=file, accuracy_column="cifar100")
    assert "cifar100" in chosen.evaluator.quality.words
    with pytest.raises(TableError, match="no column of numbers 'top1'; there is"):
        archcost.search("raspi4", accuracy=file, accuracy_column="top1")
    other = table(tmp_path / "b.csv", arch_index=[3, 5], first=[9.0, 1.0], second=[1.0, 9.0])
    with pytest.raises(TableError, match="which column is the accuracy"):
        archcost.search("raspi4", accuracy=other)


def test_accuracies_that_are_no_numbers_are_shown(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", arch_index=[3, 5], acc=["90.5", "80,1%"])
    for column in (None, "acc"):
        with pytest.raises(TableError, match="'acc' holds '80,1%' in row 2, not a number"):
            archcost.search("raspi4", accuracy=file, accuracy_column=column)


def test_costs_are_not_taken_for_accuracies(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", arch_index=[3, 5], board_latency_ms=[9.0, 1.0])
    with pytest.raises(TableError, match="no column of numbers for the accuracy"):
        archcost.search("raspi4", accuracy=file)


def test_accuracies_of_fbnet_and_custom_cells(tmp_path: Path) -> None:
    networks = archcost.search("raspi4", space="fbnet", budget=30).architectures.strings()
    file = table(tmp_path / "f.csv", architecture=networks, top1=np.arange(len(networks)))
    found = archcost.search("raspi4", space="fbnet", accuracy=file)
    assert len(found.looked_at) == len(networks)
    cells = ["|dw_conv_3x3~0|", "|nor_conv_5x5~0|+|none~0|skip_connect~1|"]
    file = table(tmp_path / "c.csv", architecture=cells, accuracy=[70.0, 80.0])
    found = archcost.search("raspi4", space="custom", accuracy=file)
    assert set(found.to_frame()["architecture"]) == set(cells)


@pytest.mark.parametrize("wrong", [lambda b: [1.0], lambda b: np.full(len(b), np.inf)])
def test_functions_that_give_nothing_to_use(wrong: Callable[[Batch], Any]) -> None:
    with pytest.raises(MeasurementError, match="one finite number for each"):
        archcost.search("raspi4", accuracy=wrong, budget=5)


def test_unknown_accuracies_are_not_chosen() -> None:
    found = archcost.search(
        "fpga", accuracy=lambda b: np.where(ids_of(b)[:, 0] == 0, np.nan, made_up(b)), budget=500
    )
    assert (ids_of(found.architectures)[:, 0] > 0).all()
    evolved = archcost.search(
        "fpga",
        space="fbnet",
        budget=400,
        accuracy=lambda b: np.where(ids_of(b)[:, 0] == 0, np.nan, ids_of(b).sum(axis=1)),
    )
    assert (ids_of(evolved.architectures)[:, 0] > 0).all()
    with pytest.raises(SearchError, match="known accuracy"):
        archcost.search("fpga", accuracy=lambda b: np.full(len(b), np.nan), budget=10)


# Ctrl-C


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_an_interrupted_search_keeps_what_it_found(space: str) -> None:
    seen = []

    def accuracy(batch: Batch) -> np.ndarray:
        seen.append(len(batch))
        if len(seen) == 4:
            raise KeyboardInterrupt
        return ids_of(batch).sum(axis=1).astype(float)

    found = archcost.search("fpga", space=space, accuracy=accuracy)
    assert found.interrupted
    assert len(found.looked_at) == sum(seen[:3])
    assert "Interrupted" in found.method
    assert len(found) > 0


def test_interrupted_before_anything_was_found() -> None:
    def accuracy(batch: Batch) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archcost.search("fpga", accuracy=accuracy)


def test_an_accuracy_that_is_neither_a_file_nor_a_function() -> None:
    with pytest.raises(UnsupportedError, match="accuracy is a Series; give"):
        archcost.search(["raspi4"], accuracy=pd.Series([1.0]))  # type: ignore[arg-type]
