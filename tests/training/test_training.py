"""Training repeats, keeps the test part apart, and its scores can be reproduced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import archcost
from archcost.checkpoints import cards
from archcost.data import MeasuredTable, read_lookup, read_table
from archcost.encodings import all_strings, encode, parse
from archcost.errors import MeasurementError, UnknownNameError, UnsupportedError
from archcost.predictors import AdditivePredictor, ScaledPredictor, Target
from archcost.training import (
    Settings,
    split_rows,
    train,
    train_layers,
    train_lookup,
    train_scaled,
)
from archcost.training.repeatability import noise_ceiling
from archcost.training.trials import Trial

CELLS = np.arange(0, 15625, 25)
QUICK = Settings(kinds=("additive", "gbdt"), n_estimators=25, n_test=100)


def table(noise: float = 0.05, failing: bool = False) -> MeasuredTable:
    counts = encode(CELLS, "counts").values.astype(float)
    costs = counts @ [0, 0, 0.25, 1.5, 0.5] + 1
    costs = costs * np.exp(np.random.default_rng(0).normal(0, noise, len(costs)))
    target = ("edgetpu", "latency")
    failed = {}
    if failing:
        refused = counts[:, 3] >= 2
        failed[target] = refused
        costs = np.where(refused, np.nan, costs)
    return MeasuredTable("nasbench201", "cifar10", None, CELLS, {target: costs}, failed)


def test_training_repeats() -> None:
    first, second = (train(table(), settings=QUICK) for _ in range(2))
    assert first[0].card.scores == second[0].card.scores
    assert first[0].card.golden == second[0].card.golden


def trial(errors: float, errors_of_fewer: float, rows: int = 10_000) -> tuple[Trial, np.ndarray]:
    """Residuals of these sizes; those from fewer are of a fifth of the rows, the first fold."""
    rng = np.random.default_rng(0)
    costs = np.exp(rng.normal(0, 1, rows))
    residual = rng.normal(0, 1, rows)
    out_of_fold = costs * np.exp(errors * residual)
    from_fewer = costs * np.exp(errors_of_fewer * residual + rng.normal(0, 0.01, rows))
    from_fewer[rows // 5 :] = np.nan
    return Trial.of(AdditivePredictor(), out_of_fold, from_fewer, costs), costs


def size_left(found: Trial, costs: np.ndarray) -> float:
    """Errors that intervals are made for over errors out of fold."""
    ratio = np.log(found.like_new(costs) / costs) / np.log(found.out_of_fold / costs)
    assert np.ptp(ratio) < 1e-9
    return float(ratio[0])


def test_intervals_are_for_a_model_that_has_learned_from_all() -> None:
    assert size_left(*trial(0.09, 0.10)) == pytest.approx(0.9, abs=0.01)
    assert size_left(*trial(0.10, 0.10)) == pytest.approx(1, abs=0.01)


def test_intervals_never_grow_and_never_rest_on_few_comparisons() -> None:
    assert size_left(*trial(0.10, 0.09)) == 1
    assert size_left(*trial(0.05, 0.10, rows=4000)) == 1


def test_exact_sums_get_an_additive_default() -> None:
    found = {result.card.kind: result.card for result in train(table(0.0), settings=QUICK)}
    assert found["additive"].default
    assert not found["gbdt"].default
    assert found["additive"].scores is not None
    assert found["additive"].scores.kendall_tau == pytest.approx(1)


def test_refused_networks_train_feasibility_not_cost() -> None:
    (result,) = train(table(failing=True), settings=QUICK)
    card = result.card
    assert card.scores is not None
    assert card.auc is not None
    assert card.auc > 0.95
    assert card.scores.n < card.n_test
    assert card.n_calibration < card.n_train


def test_written_checkpoints_are_complete(tmp_path: Path) -> None:
    (result,) = train(table(), out=tmp_path, settings=QUICK)
    assert result.card.files
    assert [path.name for path in tmp_path.rglob(".*")] == []


@pytest.mark.parametrize("device", ["../escaped", "cpu/gpu", "", "My Board"])
def test_a_device_whose_name_is_no_folder_is_refused(device: str, tmp_path: Path) -> None:
    named = table()
    named.targets[device, "latency"] = named.targets.pop(("edgetpu", "latency"))
    for way in (train, train_layers):
        with pytest.raises(UnsupportedError, match="lower-case letters"):
            way([named], out=tmp_path / "a" / "b")
    assert list(tmp_path.rglob("*")) == []


def test_split_is_disjoint_and_of_the_seed() -> None:
    learned, held = split_rows(500, Settings(n_test=100, seed=3))
    assert len(held) == 100
    assert not set(learned) & set(held)
    assert np.array_equal(held, split_rows(500, Settings(n_test=100, seed=3))[1])


def test_a_data_set_with_few_cells(tmp_path: Path) -> None:
    bases = [card for card in cards() if card.default and card.dataset == "cifar10"]
    pixel = archcost.load("pixel3").predict(CELLS[:30]).value
    fpga = archcost.load("fpga").predict(CELLS[:30]).value
    costs = {
        ("pixel3", "latency"): 0.2 + 0.5 * pixel,
        ("fpga", "latency"): np.where(np.arange(30) < 4, fpga[::-1], np.nan),
    }
    sparse = MeasuredTable("nasbench201", "cifar100", None, CELLS[:30], costs)
    # The four cells of the FPGA contradict any line: it is not offered.
    (result,) = train_scaled(sparse, bases)
    assert isinstance(result.model.predictor, ScaledPredictor)
    assert result.model.predictor.factor_ == pytest.approx(0.5, abs=1e-3)
    assert result.model.predictor.offset_ == pytest.approx(0.2, abs=1e-2)
    batch = parse(CELLS[30:60], dataset="cifar100")
    expected = 0.2 + 0.5 * archcost.load("pixel3").predict(CELLS[30:60]).value
    assert np.allclose(result.model.predict(batch).value, expected, rtol=1e-2)


def test_too_few_measurements() -> None:
    small = MeasuredTable(
        "nasbench201", "cifar10", None, CELLS[:30], {("raspi4", "latency"): np.ones(30)}
    )
    with pytest.raises(MeasurementError, match=r"30 measurements, 24 of which .* measure 63"):
        train(small)
    with pytest.raises(MeasurementError, match=r"30 measurements, 9 of which .* larger n_train"):
        train(small, settings=Settings(n_train=9))


@pytest.mark.parametrize("space", ["nasbench201", "custom"])
def test_costs_of_zero_are_refused_with_their_rows(space: str) -> None:
    costs = np.arange(60.0)
    zero = MeasuredTable(space, "cifar10", None, all_strings()[:60], {("a", "latency"): costs})
    learn = train_layers if space == "custom" else train
    with pytest.raises(MeasurementError, match=r"1 of 60 costs are 0.*rows 1\)"):
        learn([zero])


def test_ceiling_falls_with_noise() -> None:
    batch = parse(range(15625))
    true = encode(batch, "counts").values @ np.array([0.1, 0.2, 1, 3, 0.7]) + 1
    rng = np.random.default_rng(0)
    taus = [
        noise_ceiling(batch, true * np.exp(rng.normal(0, sigma, len(true))), true)
        for sigma in (0.01, 0.1)
    ]
    assert taus[0] is not None
    assert taus[1] is not None
    assert 0.9 < taus[0] < 1
    assert taus[1] < taus[0]


@pytest.mark.shared
def test_published_values(shared_data: Path) -> None:
    """At most one of the ten metrics of cell 1 outside its 95 % interval; FBNet exact."""
    values = json.loads((shared_data / "published_values.json").read_text())
    offered = {card.target for card in cards()}
    for entry in values["nasbench201"]:
        if entry["arch"] != 1:
            continue
        outside = []
        for name, value in entry["metrics"].items():
            device, metric = name.split("_", 1)
            if Target("nasbench201", entry["dataset"], device, metric) not in offered:
                continue
            model = archcost.load(device, metric, dataset=entry["dataset"])
            found = model.predict([1], coverage=0.95)
            if not found.lower[0] <= value <= found.upper[0]:
                outside.append(name)
        assert len(outside) <= 1, (entry["dataset"], outside)
    for entry in values["fbnet"]:
        for name, value in entry["metrics"].items():
            device, metric = name.split("_", 1)
            model = archcost.load(device, metric, "fbnet", entry["dataset"])
            assert model.predict([entry["arch"]]).value[0] == pytest.approx(value, rel=1e-9)


@pytest.mark.shared
def test_card_scores_are_reproduced(shared_data: Path) -> None:
    (measured,) = read_table(
        shared_data / "nasbench201_hwnasbench_cifar10.parquet", dataset="cifar10"
    )
    ours = [card for card in cards() if (card.device, card.space) == ("pixel3", "nasbench201")]
    held_out = [card for card in ours if card.scores is not None]
    assert {card.kind for card in held_out} == {"gbdt", "gnn", "ensemble"}
    for card in held_out:
        assert card.scores is not None
        costs = measured.targets[card.device, card.metric]
        held = split_rows(len(costs), Settings(n_test=card.n_test, seed=card.split_seed or 0))[1]
        model = archcost.load(card.device, card.metric, kind=card.kind)
        batch = parse(measured.architectures, space="nasbench201").take(held)
        found = archcost.evaluate(model, batch, costs[held])
        assert found.kendall_tau == pytest.approx(card.scores.kendall_tau, abs=1e-4)
        assert found.coverage == pytest.approx(card.scores.coverage, abs=1e-3)


@pytest.mark.shared
def test_look_up_sums_cover_both_data_sets(shared_data: Path) -> None:
    trained = train_lookup(read_lookup(shared_data / "fbnet_hwnasbench_luts.parquet"))
    assert {result.card.dataset for result in trained} == {"cifar100", "ImageNet"}
    assert len(trained) == 16


def test_what_cannot_be_trained_is_said() -> None:
    table = MeasuredTable(
        "nasbench201", "cifar10", None, np.arange(99), {("board", "latency"): np.ones(99)}
    )
    with pytest.raises(UnknownNameError, match=r"unknown target .*board latency"):
        train(table, targets=[("bord", "latency")])
    for wrong in (3, "board", ["board"], [["board"]], [3]):
        with pytest.raises(UnsupportedError, match=r"targets .*: give a list of pairs such as"):
            train(table, targets=wrong)  # type: ignore[arg-type]
    for kinds in (3, None, [3], [["gbdt"]]):
        with pytest.raises(UnsupportedError, match=r"kinds .*: give names as text"):
            Settings(kinds=kinds)  # type: ignore[arg-type]
    assert Settings(kinds="gbdt").kinds == ("gbdt",)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match="a int is no table"):
        train(3)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match="of a gnn and a gbdt"):
        Settings(kinds=("ensemble",))
    with pytest.raises(UnsupportedError, match="folds is 1"):
        Settings(folds=1)
    with pytest.raises(UnsupportedError, match="steps is '3'"):
        Settings(steps="3")  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match="n_train is 0"):
        Settings(n_train=0)
    with pytest.raises(UnsupportedError, match=r"a str is no table; .*read_table"):
        train("mine.csv")  # type: ignore[arg-type]
