"""The transfer: exact sums, laws that hold whatever the numbers, intervals that hold."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.checkpoints.transfer import shipped_cloud, source_devices
from archcost.data import read_table
from archcost.encodings import Batch, encode, parse
from archcost.errors import (
    CheckpointError,
    MeasurementError,
    NotFittedError,
    UnknownNameError,
    UnsupportedError,
)
from archcost.predictors import TransferIntervals, TransferPredictor, metrics
from archcost.predictors.hyperprior import Newcomers, narrowed, posterior
from archcost.predictors.kernel_features import blocks, pool, projections, raw_features
from archcost.predictors.kernels import SourceDevices
from archcost.training.transfer_sets import SETS

Floats = npt.NDArray[np.float64]
# The devices of HELP's comparison: learned from these nine, tried on the six.
ND = SETS["ND"]
CELLS = np.random.default_rng(5).permutation(15625)[:600]
NETWORKS = np.random.default_rng(5).integers(0, 9, size=(200, 22))
# none, skip, 1x1, 3x3, pooling: two operators cost the same, as on Eyeriss.
SUM = (0.0, 0.0, 0.24576, 1.47456, 1.47456)


def additive(cells: npt.ArrayLike, weights: tuple[float, ...] = SUM) -> Floats:
    return encode(cells, "counts").values.astype(float) @ np.array(weights) + 3


def transfer(names: list[str] | None = None, space: str = "nasbench201") -> TransferPredictor:
    return TransferPredictor(source_devices(space, names), shipped_cloud(space, names))


def test_an_exact_sum_is_found_and_ties_stay_ties() -> None:
    model = transfer([*ND.sources]).fit(CELLS[:20], additive(CELLS[:20]))
    found = model.predict(CELLS[20:])
    assert np.allclose(found, additive(CELLS[20:]), rtol=1e-3)
    assert metrics.spearman(found, additive(CELLS[20:])) > 0.999
    # A pooling for a 3x3, on any edge: the same cost.
    three, pool = model.predict(np.array([[3, 0, 1, 2, 0, 1], [0, 1, 2, 1, 4, 0]]))
    assert three == pytest.approx(pool, rel=1e-4)


@settings(max_examples=8)
@given(st.floats(1e-4, 1e4))
def test_another_unit_scales_predictions_and_intervals(factor: float) -> None:
    noise = np.exp(np.random.default_rng(1).normal(0, 0.1, 8))
    plain = transfer().fit(CELLS[:8], additive(CELLS[:8]) * noise).moments(CELLS[8:60])
    scaled = transfer().fit(CELLS[:8], additive(CELLS[:8]) * noise * factor).moments(CELLS[8:60])
    for one, other in zip(plain, scaled, strict=True):
        assert np.allclose(one * factor, other, rtol=1e-6)


@settings(max_examples=8)
@given(st.permutations(range(8)))
def test_the_order_of_samples_does_not_matter(order: list[int]) -> None:
    noisy = additive(CELLS[:8]) * np.exp(np.random.default_rng(2).normal(0, 0.1, 8))
    plain = transfer().fit(CELLS[:8], noisy).predict(CELLS[8:60])
    shuffled = transfer().fit(CELLS[order], noisy[order]).predict(CELLS[8:60])
    assert np.allclose(plain, shuffled, rtol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5, 60])
@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_saved_and_read_again_it_predicts_the_same(count: int, space: str) -> None:
    batch = parse(CELLS[:200] if space == "nasbench201" else NETWORKS, space=space)
    onehot = encode(batch, "onehot").values
    costs = onehot @ np.linspace(1, 2, onehot.shape[1])
    model = transfer(space=space).fit(batch.take(np.arange(count)), costs[:count])
    again = TransferPredictor.from_state(model.state())
    for one, other in zip(model.moments(batch), again.moments(batch), strict=True):
        assert np.isfinite(one).all()
        assert (one > 0).all()
        # Sources are stored in single precision.
        assert np.allclose(one, other, rtol=1e-4)


def test_a_twin_of_a_source_is_recognised_from_ten_networks() -> None:
    sources = source_devices("nasbench201")
    features = sources.standardised(parse(CELLS))
    for name in ("raspi4", "1080ti_32", "epyc_onnxruntime"):
        place = sources.names.index(name)
        costs = 2.5 * sources.costs(features)[:, place]
        likeness = sources.compared(features[:10], costs[:10]).likeness
        assert likeness is not None
        assert np.isclose(likeness.sum(), 1)
        assert likeness.argmax() == place
        model = TransferPredictor(sources, shipped_cloud("nasbench201"))
        model.fit(CELLS[:10], np.maximum(costs[:10], 1e-3))
        assert metrics.spearman(model.predict(CELLS[10:]), costs[10:]) > 0.99


def test_costs_that_tell_nothing_make_all_devices_as_likely() -> None:
    sources = source_devices("fbnet")
    features = sources.standardised(parse(NETWORKS))
    for costs in (np.ones(1), np.full(8, 3.0)):
        likeness = sources.compared(features[: len(costs)], costs).likeness
        assert likeness is not None
        assert np.allclose(likeness, 1 / len(sources.names))
    assert sources.at([]).compared(features[:3], np.arange(3.0)).likeness is not None


def test_what_was_made_with_other_features_is_refused() -> None:
    state = transfer().fit(CELLS[:5], additive(CELLS[:5])).state()
    for other in (state | {"source.features": np.array([1])}, dict(list(state.items())[1:])):
        with pytest.raises(CheckpointError, match="adapt the device again"):
            TransferPredictor.from_state(other)


def test_predictions_and_moments_are_of_one_posterior() -> None:
    # Predictions come from one function of features, moments from kernels with the samples.
    for model, batch in (
        (transfer().fit(CELLS[:3], additive(CELLS[:3])), CELLS),
        (transfer().fit(CELLS[:30], additive(CELLS[:30])), CELLS),
        (transfer(space="fbnet").fit(NETWORKS[:9], np.arange(1.0, 10)), NETWORKS),
    ):
        assert np.allclose(model.predict(batch), model.moments(batch)[0], rtol=1e-9)


def test_more_samples_do_not_make_it_worse() -> None:
    rng = np.random.default_rng(3)
    truth = additive(CELLS, (0.1, 0.3, 1.0, 3.0, 0.7))
    measured = truth * np.exp(rng.normal(0, 0.05, len(CELLS)))
    scores = [
        np.mean(
            [
                metrics.spearman(
                    transfer().fit(CELLS[i : i + n], measured[i : i + n]).predict(CELLS[200:]),
                    truth[200:],
                )
                for i in (0, 60, 120)
            ]
        )
        for n in (1, 5, 20, 60)
    ]
    assert scores[0] > 0.7
    for fewer, more in pairwise(scores):
        assert more > fewer - 0.01
    assert scores[-1] > 0.99


def test_one_outlier_in_ten_does_little() -> None:
    truth = additive(CELLS, (0.1, 0.3, 1.0, 3.0, 0.7))
    measured = truth[:20].copy()
    measured[[3, 11]] *= 6
    found = transfer().fit(CELLS[:20], measured).predict(CELLS[20:])
    assert metrics.spearman(found, truth[20:]) > 0.97
    assert np.median(np.abs(found / truth[20:] - 1)) < 0.1


def test_without_sources() -> None:
    none = source_devices("nasbench201", [])
    model = TransferPredictor(none).fit(CELLS[:30], additive(CELLS[:30]))
    assert metrics.spearman(model.predict(CELLS[30:]), additive(CELLS[30:])) > 0.98
    intervals = TransferIntervals.fit(
        model, shipped_cloud("nasbench201", []), 30, Newcomers(model.sources)
    )
    lower, upper = intervals.around(parse(CELLS[30:]), model.predict(CELLS[30:]), 0.9)
    assert metrics.coverage(lower, upper, additive(CELLS[30:])) > 0.8


def imitated(sources: SourceDevices, device: str, batch: Batch) -> Floats:
    one = sources.only([device])
    return np.maximum(one.costs(one.standardised(batch))[:, 0], 1e-3)


def test_intervals_hold_on_devices_left_out() -> None:
    every, batch = source_devices("nasbench201"), parse(CELLS)
    shares = []
    for device in ND.unseen:
        truth = imitated(every, device, batch)
        model = transfer([*ND.sources]).fit(CELLS[:10], truth[:10])
        assert model.cloud is not None
        intervals = TransferIntervals.fit(model, model.cloud, 10, Newcomers(model.sources))
        found = model.predict(batch[10:])
        lower, upper = intervals.around(batch[10:], found, 0.9)
        assert (lower > 0).all()
        assert (lower <= found).all()
        assert (found <= upper).all()
        shares.append(metrics.coverage(lower, upper, truth[10:]))
    assert 0.75 < np.mean(shares) <= 1
    with pytest.raises(UnsupportedError, match=r"0\.5"):
        intervals.around(batch, model.predict(batch), 0.3)


def test_refusals() -> None:
    with pytest.raises(NotFittedError, match="fit"):
        transfer().predict([1])
    with pytest.raises(UnknownNameError, match="raspi4"):
        source_devices("nasbench201", ["raspi"])
    with pytest.raises(UnsupportedError, match="nasbench201 or fbnet"):
        source_devices("darts")
    with pytest.raises(MeasurementError, match="rows 2"):
        transfer().fit([1, 2], [1.0, 0.0])
    assert len(transfer().fit([1, 2], [1.0, 2.0]).predict([])) == 0


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "device", "floor"),
    [
        ("nasbench201_help.parquet", "titan_rtx_256", 0.99),
        ("nasbench201_help.parquet", "gold_6226", 0.95),
        ("nasbench201_hwnasbench_cifar10.parquet", "raspi4", 0.88),
    ],
)
def test_ten_random_cells_of_a_measured_device(
    shared_data: Path, file: str, device: str, floor: float
) -> None:
    tables = read_table(shared_data / file, dataset="cifar10")
    costs = tables[0].targets[device, "latency"]
    batch = parse(tables[0].architectures, space="nasbench201")
    base, scores, shares = transfer([*ND.sources]), [], []
    for seed in range(3):
        shots = np.random.default_rng(seed).permutation(len(batch))
        model = base.fit(batch.take(shots[:10]), costs[shots[:10]])
        assert base.cloud is not None
        rest = shots[10:4000]
        found = model.predict(batch.take(rest))
        intervals = TransferIntervals.fit(model, base.cloud, 10, Newcomers(base.sources))
        ends = intervals.around(batch.take(rest), found, 0.9)
        scores.append(metrics.spearman(found, costs[rest]))
        shares.append(metrics.coverage(*ends, costs[rest]))
    assert np.mean(scores) > floor
    assert 0.7 < np.mean(shares) <= 1


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_interactions_never_outweigh_their_own_linear_part(space: str) -> None:
    # Alone they would rank networks by how unlike the usual ones they are.
    names = source_devices(space).block_names
    weights = shipped_cloud(space).weights
    for name in (name for name in names if name.endswith("^2")):
        linear = weights[:, names.index(name.removesuffix("^2"))]
        assert (weights[:, names.index(name)] <= linear + 1e-12).all()


def test_a_refit_forgets_what_was_predicted_before() -> None:
    archs, batch = [0, 500, 9000, 12000], parse([1, 2, 3])
    model = TransferPredictor(source_devices("nasbench201"), shipped_cloud("nasbench201"))
    first = model.fit(archs, [1.0, 2.0, 3.0, 4.0]).predict(batch)
    second = model.fit(archs, [10.0, 20.0, 30.0, 40.0]).predict(batch)
    assert np.allclose(second, 10 * first)


def test_sources_say_how_often_counts_are_all() -> None:
    # Simulated chips and eager runtimes cost sums over operators; these phones' runtime does not.
    position = source_devices("nasbench201").block_names.index("all.count")
    shares = []
    for names in (["eyeriss", "fpga", "titan_rtx_1"], ["raspi4", "pixel3", "edgetpu"]):
        cloud = shipped_cloud("nasbench201", names)
        chances = np.exp(cloud.log_prior)
        assert chances.sum() == pytest.approx(1)
        shares.append(chances[cloud.weights[:, position] == 1].sum())
    assert shares[0] > 2 * shares[1]


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
@pytest.mark.parametrize("names", [None, []])
def test_all_linear_blocks_have_unit_variance(space: str, names: list[str] | None) -> None:
    sources = source_devices(space, names)
    rows = sources.rows(sources.standardised(pool(space)))
    for name, values in rows.items():
        # Devices that are alike have no differences from their mean to speak of.
        assert (values - values.mean(axis=0)).var(axis=0).sum() == pytest.approx(1, rel=0.1), name


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_a_sum_over_a_block_is_its_own_projection(space: str) -> None:
    raw = raw_features(pool(space)).astype(float)
    raw -= raw.mean(axis=0)
    rng = np.random.default_rng(0)
    for name, projection in projections(space).items():
        columns = [*blocks(space)[name].columns]
        weights = np.zeros(raw.shape[1])
        weights[columns] = rng.normal(size=len(columns))
        again = raw[:, columns] @ (projection.coefficients @ weights)
        assert np.allclose(again, raw @ weights, atol=1e-6)


def test_what_an_operator_costs_follows_from_others_on_source_devices() -> None:
    # On 1080ti_1 pooling costs next to nothing, on titanx_256 more than a 1x1 convolution; no cell
    # with pooling is measured on either, and neither are other batch sizes known.
    every = source_devices("nasbench201")
    families = ("1080ti", "titanx_")
    names = [name for name in every.names if not name.startswith(families)]
    sources, cloud = every.only(names), shipped_cloud("nasbench201", names)
    cells = parse(range(15625))
    pooled = (cells.groups[0].ids == 4).any(axis=1)
    shots = np.random.default_rng(0).choice(np.flatnonzero(~pooled), 60, replace=False)
    test = cells.take(np.flatnonzero(pooled))
    for device in ("1080ti_1", "titanx_256"):
        costs = imitated(every, device, cells)
        errors = [
            np.median(np.abs(model.predict(test) / costs[pooled] - 1))
            for model in (
                TransferPredictor(known, prior).fit(cells.take(shots), costs[shots])
                for known, prior in ((sources, cloud), (every.at([]), None))
            )
        ]
        assert errors[0] < min(0.1, errors[1])


def test_narrowed_points_explain_more_and_obey_the_same_rules() -> None:
    names = [*SETS["FD"].sources]
    sources, cloud = source_devices("fbnet", names), shipped_cloud("fbnet", names)
    standardised = sources.standardised(parse(NETWORKS[:60]))
    every = source_devices("fbnet")
    costs = imitated(every, "raspi4", parse(NETWORKS[:60]))
    rows = sources.compared(standardised, costs).rows(standardised)
    kernels, centred = sources.kernels(rows, rows), costs - np.median(costs)
    found = narrowed(kernels, centred, cloud, sources.block_names)
    assert np.allclose(found.weights.sum(axis=1), 1)
    linear, squared = (
        found.weights[:, sources.block_names.index(name)]
        for name in ("struct_total", "struct_total^2")
    )
    assert (squared <= linear * (1 + 1e-9)).all()
    # The likeliest of the cloud are among them, and one that was drawn is likelier than they.
    best = cloud.at(np.argsort(-posterior(kernels, centred, cloud).share)[:1])
    assert (found.weights == best.weights).all(axis=1).any()
    shares = posterior(kernels, centred, found).share
    assert shares[8:].max() > shares[:8].max()
