"""A device of one's own, from what people really measure to a model that is kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import archcost
from archcost.checkpoints import read_checkpoint
from archcost.checkpoints.card import read_card
from archcost.checkpoints.user import user_folder
from archcost.data import MeasuredTable
from archcost.encodings import Batch, encode, parse
from archcost.errors import (
    ArchcostError,
    CheckpointError,
    MeasurementError,
    UnknownNameError,
    UnsupportedError,
)
from archcost.predictors import metrics
from archcost.training import Settings, train
from archcost.training.adapt import Learned
from archcost.training.campaign import clean

CELLS = np.random.default_rng(9).permutation(15625)[:400]
NETWORKS = np.random.default_rng(9).integers(0, 9, size=(60, 22))
TRUTH = archcost.load("raspi4").predict(CELLS).value


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("n", "floor"), [(1, 0.6), (2, 0.6), (5, 0.75), (10, 0.8), (60, 0.93)])
def test_any_number_of_samples(n: int, floor: float) -> None:
    model = archcost.adapt(CELLS[:n], TRUTH[:n])
    found = model.predict(CELLS[100:])
    assert metrics.spearman(found.value, TRUTH[100:]) > floor
    assert (found.lower <= found.value).all()
    assert (found.value <= found.upper).all()
    assert (found.lower > 0).all()
    assert model.learned is not None
    assert (model.learned.n, model.learned.n_calibration) == (n, 0)
    assert np.isnan(model.learned.error) == (n < 3)
    assert len(model.learned.nearest) == (3 if n >= 6 else 0)


def test_hundreds_choose_among_kinds() -> None:
    model = archcost.adapt(CELLS[:200], TRUTH[:200], device="many")
    assert metrics.spearman(model.predict(CELLS[200:]).value, TRUTH[200:]) > 0.95
    assert model.learned is not None
    assert "transfer" in model.learned.chosen_by
    held = model.learned.n_calibration
    assert held == (0 if model.kind == "transfer" else 40)
    assert read_card(model.save() / "card.json").n_calibration == held
    again = archcost.load("many").predict(CELLS)
    assert np.allclose(again.value, model.predict(CELLS).value, rtol=1e-4)


def test_repeats_gaps_and_zeros_are_sorted_out() -> None:
    found = clean(parse([5, 6, 5, 7, 8, 5, 9]), [3.0, 4.0, 90.0, None, -1, 2.0, 0])
    assert found.batch.strings() == parse([5, 6, 9]).strings()
    assert found.costs.tolist() == [3.0, 4.0, 1.0]
    assert found.refused.strings() == parse([8]).strings()
    assert any("1 of 5 networks" in message for message in found.messages)
    assert any("median" in message for message in found.messages)
    assert any("clock" in message for message in found.messages)


def test_real_measuring_hardly_hurts() -> None:
    rng = np.random.default_rng(0)
    rest = slice(100, None)
    archs = [*CELLS[:20], *CELLS[:20], *CELLS[20:30]]
    costs = np.concatenate([TRUTH[:20] * rng.normal(1, 0.02, 20) for _ in range(2)])
    costs = np.round(np.append(costs, TRUTH[20:30]))
    costs[[3, 23, 44]] = costs[3] * 6, costs[23] * 6, np.nan
    model = archcost.adapt(archs, costs)
    assert metrics.spearman(model.predict(CELLS[rest]).value, TRUTH[rest]) > 0.85
    assert model.learned is not None
    assert model.learned.n == 29


def test_an_outlier_is_named() -> None:
    counts = encode(CELLS[:20], "counts").values.astype(float)
    costs = counts @ [0.1, 0.3, 1.0, 3.0, 0.7] + 1
    costs[4] *= 8
    model = archcost.adapt(CELLS[:20], costs)
    assert model.learned is not None
    ((name, more),) = model.learned.outliers
    assert name == parse(CELLS[4:5]).strings()[0]
    assert more == pytest.approx(1 / 8 - 1, abs=0.02)


def test_an_honest_stopwatch_is_not_doubted() -> None:
    named = hit = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        archs = archcost.suggest(n=20, seed=seed)
        costs = archcost.load("pixel3").predict(archs).value * rng.normal(1, 0.03, 20)
        named += len(_learned(archs, costs).outliers)
        for slow in (7, 3 * seed + 1):
            doubled = np.where(np.arange(20) == slow, 2 * costs, costs)
            hit += archs[slow] in dict(_learned(archs, doubled).outliers)
    # One of these 80 costs may happen to lie more than three standard deviations off, and one in
    # twenty that took twice as long is not found.
    assert named <= 1
    assert hit >= 7


def _learned(archs: list[str], costs: np.ndarray) -> Learned:
    found = archcost.adapt(archs, costs).learned
    assert found is not None
    return found


def test_repeats_that_disagree_are_a_warning() -> None:
    archs, costs = [*CELLS[:8], *CELLS[:8]], np.append(TRUTH[:8], TRUTH[:8] * 1.2)
    assert _learned(archs, costs).warnings == ()
    costs[9] *= 10
    (warning,) = _learned(archs, costs).warnings
    assert (
        f"1 of 8 networks differ by more than half, most those of {parse(CELLS[1:2])[0]}" in warning
    )
    assert "12 times" in warning


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda costs: costs / 1000, "seconds"),
        (lambda costs: costs * 1000, "microseconds"),
        (lambda costs: costs * 0 + 5, "equal"),
        (lambda costs: 1 / costs, "reversed"),
        (lambda costs: np.random.default_rng(4).permutation(costs), "unlike any known device"),
        (lambda costs: np.maximum(np.round(costs), 1), "whole numbers"),
        (lambda costs: costs * 20, None),
        (lambda costs: costs, None),
    ],
)
def test_warnings(change, says: str | None) -> None:  # type: ignore[no-untyped-def]
    model = archcost.adapt(CELLS[:60], change(TRUTH[:60]))
    assert model.learned is not None
    if says is None:
        assert model.learned.warnings == ()
    else:
        assert says in " ".join(model.learned.warnings)
    if says in ("reversed", "unlike any known device"):
        assert model.learned.nearest == ()


def test_refused_networks() -> None:
    shipped = archcost.load("edgetpu").predict(CELLS)
    costs = np.where(shipped.feasible < 0.5, -1, shipped.value)
    model = archcost.adapt(CELLS[:150], costs[:150], device="tpu")
    found = model.predict(CELLS[150:])
    assert found.feasible is not None
    ran = costs[150:] > 0
    assert found.feasible[ran].mean() > found.feasible[~ran].mean() + 0.5
    model.save()
    again = archcost.load("tpu").predict(CELLS[150:])
    assert again.feasible is not None
    assert np.allclose(again.feasible, found.feasible)
    few = archcost.adapt(CELLS[:4], [3, -1, 4, 5])
    assert few.predict([1]).feasible is None
    assert few.learned is not None
    assert "too few" in " ".join(few.learned.notes)
    twice = archcost.adapt(CELLS[[0, 0, 1, 1, 2]], [3, -1, -1, -1, 5])
    assert twice.learned is not None
    assert "failed to run 1 of 3" in " ".join(twice.learned.notes)
    assert "ran once and failed once" in " ".join(twice.learned.notes)


@pytest.mark.parametrize(
    ("archs", "costs", "space", "dataset", "metric", "unit"),
    [
        (CELLS[:9], TRUTH[:9], "nasbench201", "ImageNet16-120", "latency", "ms"),
        (CELLS[:9], TRUTH[:9], "nasbench201", "cifar10", "energy", "mJ"),
        (NETWORKS[:9], None, "fbnet", "cifar100", "latency", "ms"),
        (NETWORKS[:9], None, "fbnet", "ImageNet", "energy", "mJ"),
    ],
)
def test_other_places_and_metrics(archs, costs, space, dataset, metric, unit) -> None:  # type: ignore[no-untyped-def]
    if costs is None:
        shipped = archcost.load("eyeriss", metric, space, dataset)
        costs = shipped.predict(archs).value
    model = archcost.adapt(archs, costs, space, dataset, metric, "elsewhere")
    model.save()
    again = archcost.load("elsewhere", metric, space, dataset).predict(archs)
    assert again.unit == unit
    assert np.median(np.abs(again.value / costs - 1)) < 0.2
    with pytest.raises(UnsupportedError, match=dataset):
        archcost.load("elsewhere", metric, *_elsewhere(space, dataset))


def _elsewhere(space: str, dataset: str) -> tuple[str, str]:
    return space, "cifar100" if dataset != "cifar100" else "ImageNet"


def test_kept_replaced_and_deleted(home: Path) -> None:
    model = archcost.adapt(CELLS[:10], TRUTH[:10], device="my-board")
    folder = model.save()
    assert folder.is_relative_to(home)
    first = archcost.load("my-board").predict(CELLS).value
    assert np.allclose(first, model.predict(CELLS).value, rtol=1e-4)
    assert "my-board" in set(archcost.catalogue().device)
    # Again, under the same name, by another kind: there is one model of a target.
    archcost.adapt(CELLS[:150], TRUTH[:150] * 2, device="my-board").save()
    assert [path.name.split("-")[:2] for path in folder.parent.iterdir()] == [["my", "board"]]
    second = archcost.load("my-board").predict(CELLS).value
    assert np.median(second / first) == pytest.approx(2, rel=0.2)
    model.save("other")
    assert (archcost.load("other").predict(CELLS).value == first).all()
    shutil.rmtree(user_folder())
    with pytest.raises(UnknownNameError, match="my-board"):
        archcost.load("my-board")


def test_a_damaged_device_says_what_to_do() -> None:
    folder = archcost.adapt(CELLS[:5], TRUTH[:5], device="my-board").save()
    (path,) = folder.glob("model*.safetensors")
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="adapt the device again"):
        archcost.load("my-board")
    (folder / "card.json").write_text("{")
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(CheckpointError, match="adapt the device again"),
    ):
        archcost.load("my-board")
    archcost.adapt(CELLS[:5], TRUTH[:5], device="my-board").save()
    assert archcost.load("my-board").predict(CELLS[:5]).value.min() > 0


def test_models_that_were_trained_are_not_replaced() -> None:
    costs = MeasuredTable(
        "nasbench201", "cifar10", None, CELLS, {("my-board", "latency"): TRUTH}, {}
    )
    settings = Settings(kinds=("gbdt",), n_estimators=5)
    (trained,) = train(costs, out=user_folder(), settings=settings)
    model = archcost.adapt(CELLS[:5], TRUTH[:5], device="my-board")
    with pytest.raises(UnsupportedError, match=r"my-board-latency-gbdt.*another name"):
        model.save()
    (kept,) = (user_folder() / "nasbench201" / "cifar10").iterdir()
    assert read_checkpoint(kept)[1] == trained.card
    kept.rename(kept.with_name("my-board-latency-ensemble"))
    with pytest.raises(UnsupportedError, match="my-board-latency-ensemble"):
        model.save()
    assert model.save("other").is_dir()


@pytest.mark.parametrize("name", ["My-Board", "a/b", "", "..", "x" * 65, "-a"])
def test_names_that_cannot_be_used(name: str) -> None:
    with pytest.raises(UnsupportedError, match="lower-case"):
        archcost.adapt(CELLS[:3], TRUTH[:3], device=name)


def test_what_is_no_name_and_no_model() -> None:
    with pytest.raises(UnsupportedError, match="device name 3: give text"):
        archcost.adapt(CELLS[:3], TRUTH[:3], device=3)  # type: ignore[arg-type]
    for refused in (
        lambda: archcost.adapt(CELLS[:3], TRUTH[:3], known="raspi4"),  # type: ignore[arg-type]
        lambda: archcost.carry_over("raspi4", "fbnet"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UnsupportedError, match=r"a str is no model; give what archcost\.load"):
            refused()


def test_cells_of_other_sizes_are_refused() -> None:
    place = replace(archcost.parse(CELLS[:1]).groups[0].skeleton, channels=(32, 64, 128))
    wide = Batch.from_ids(place, archcost.parse(CELLS[:3]).groups[0].ids)
    with pytest.raises(
        UnsupportedError, match=r"0 is of .* with channels \(32, 64, 128\); a device"
    ):
        archcost.adapt(wide, TRUTH[:3])
    with pytest.raises(UnsupportedError, match=r"this model predicts raspi4 latency of channels"):
        archcost.load("raspi4").predict(wide)


def test_a_set_of_sources_is_the_same_in_every_process() -> None:
    names = ["pixel3", "raspi4", "fpga", "gold_6226", "edgegpu"]
    found = [
        archcost.adapt(CELLS[:3], TRUTH[:3], sources=given).predict(CELLS).value  # type: ignore[arg-type]
        for given in ({*names}, sorted(names))
    ]
    assert np.array_equal(*found)


def test_a_shipped_name_cannot_be_saved() -> None:
    with pytest.raises(UnsupportedError, match="shipped"):
        archcost.adapt(CELLS[:3], TRUTH[:3]).save("raspi4")


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        ({"archs": [], "measured": []}, MeasurementError, "at least 1"),
        ({"measured": [1.0]}, MeasurementError, "1 measured costs for 3"),
        ({"measured": [None] * 3}, MeasurementError, "at least 1"),
        ({"measured": [-1] * 3}, MeasurementError, "3 were refused"),
        ({"measured": [0.0] * 3}, MeasurementError, "clock"),
        ({"measured": [1, -2, 3]}, MeasurementError, "row 2"),
        ({"measured": [1, 2, "x"]}, MeasurementError, "row 3"),
        ({"measured": [1, np.inf, 3]}, MeasurementError, "infinite"),
        ({"metric": "latncy"}, UnknownNameError, "latency"),
        ({"dataset": "cifar11"}, UnknownNameError, "cifar10"),
        ({"space": "fbnt"}, UnknownNameError, "fbnet"),
        ({"space": "fbnet"}, ArchcostError, "nasbench201"),
        ({"sources": ["raspi"]}, UnknownNameError, "raspi4"),
        ({"archs": [0, 1, 99999]}, ArchcostError, "15624"),
    ],
)
def test_refusals(arguments: dict[str, object], kind: type[ArchcostError], says: str) -> None:
    given = {"archs": parse([0, 1, 2]), "measured": [1.0, 2.0, 3.0]} | arguments
    with pytest.raises(kind, match=says):
        archcost.adapt(**given)  # type: ignore[arg-type]


def test_a_notebook_shows_a_line() -> None:
    model = archcost.adapt(CELLS[:3], TRUTH[:3], device="board")
    assert repr(model) == "<Adapted: board latency, nasbench201 on cifar10 (transfer)>"
