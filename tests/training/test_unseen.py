"""Carrying a device over to another space, and cells unlike the samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import archcost
from archcost.checkpoints.transfer import shipped_cloud, source_devices
from archcost.data import MeasuredTable, read_table
from archcost.encodings import Batch, parse
from archcost.errors import TableError, UnsupportedError
from archcost.predictors import TransferIntervals, TransferPredictor, metrics
from archcost.predictors.carried import CarriedNewcomers, CarriedPredictor, in_both
from archcost.predictors.kernel_features import pool
from archcost.predictors.kernels import SourceDevices
from archcost.training import carry_over
from archcost.training.unseen import across_spaces, held_out_structure, relatives

NETWORKS = np.random.default_rng(3).integers(0, 9, size=(300, 22))


def test_a_mixture_of_sources_is_found_again() -> None:
    there, here = source_devices("nasbench201"), source_devices("fbnet")
    model = CarriedPredictor(*in_both(there, here))
    names = model.wanted.names
    # A device that costs what two others cost together, in both spaces.
    pair = [names.index("raspi4"), names.index("fpga")]
    cells, networks = pool("nasbench201"), parse(NETWORKS, space="fbnet")
    costs = model.known.costs(model.known.standardised(cells))[:, pair].sum(axis=1)
    usable = np.flatnonzero(costs > 0)
    model.fit(cells.take(usable), costs[usable])
    truth = model.wanted.costs(model.wanted.standardised(networks))[:, pair].sum(axis=1)
    assert metrics.spearman(model.predict(networks), truth) > 0.97
    again = CarriedPredictor.from_state(model.state())
    assert np.allclose(again.predict(networks), model.predict(networks))
    grown = model.as_source("twin", model.wanted, model.wanted.standardised(pool("fbnet")))
    own = grown.only(["twin"])
    assert np.allclose(own.costs(own.standardised(networks))[:, 0], model.predict(networks))


def test_a_source_is_carried_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    standardised: list[SourceDevices] = []
    known_of, make = CarriedNewcomers.known_of, SourceDevices.standardised

    def asking(newcomers: CarriedNewcomers, position: int) -> SourceDevices:
        asked.append(position)
        return known_of(newcomers, position)

    def making(devices: SourceDevices, batch: Batch) -> np.ndarray:
        standardised.append(devices)
        return make(devices, batch)

    both = CarriedNewcomers(*in_both(source_devices("nasbench201"), source_devices("fbnet")))
    few = both.only(list(both.devices.names[:3]))
    shown = parse(NETWORKS[:5], space="fbnet")
    cloud = shipped_cloud("fbnet", known="nasbench201")
    model = TransferPredictor(few.known_of(0), cloud).fit(shown, np.arange(1.0, 6.0))
    monkeypatch.setattr(CarriedNewcomers, "known_of", asking)
    monkeypatch.setattr(SourceDevices, "standardised", making)
    TransferIntervals.fit(model, cloud, 5, few)
    assert sorted(asked) == [0, 1, 2]
    assert len(standardised) <= 3


def test_carry_over() -> None:
    model = carry_over(archcost.load("raspi4"), "FBNet")
    found = model.predict(NETWORKS)
    assert (model.target.space, model.target.dataset) == ("fbnet", "cifar100")
    assert (found.lower <= found.value).all()
    assert (found.value <= found.upper).all()
    # The shipped sum is what was measured; the device itself was no source.
    shipped = archcost.load("raspi4", space="fbnet").predict(NETWORKS).value
    assert metrics.spearman(found.value, shipped) > 0.9
    assert metrics.coverage(found.lower, found.upper, shipped) > 0.5


def test_a_known_space_helps_a_few_measurements() -> None:
    shipped = archcost.load("raspi4", space="fbnet").predict(NETWORKS).value
    others = [name for name in source_devices("fbnet").names if name != "raspi4"]
    known = archcost.load("raspi4")
    scores = [
        metrics.spearman(
            archcost.adapt(
                NETWORKS[:2], shipped[:2], "fbnet", device="pi", sources=others, known=here
            )
            .predict(NETWORKS[2:])
            .value,
            shipped[2:],
        )
        for here in (None, known)
    ]
    assert scores[1] > scores[0]


def test_a_few_noisy_measurements_do_not_spoil_a_known_space() -> None:
    # The Pixel 2 scatters by more than half of what networks differ in.
    device = source_devices("fbnet").only(["pixel2"])
    truth = archcost.load("pixel2", space="fbnet").predict(NETWORKS).value
    others = [name for name in source_devices("fbnet").names if name != "pixel2"]
    scores = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        shots = rng.choice(len(truth), 6, replace=False)
        noisy = truth[shots] + rng.choice(device.residuals[0], 6)
        model = archcost.adapt(
            NETWORKS[shots],
            noisy,
            "fbnet",
            device="phone",
            sources=others,
            known=archcost.load("pixel2"),
        )
        scores.append(metrics.spearman(model.predict(NETWORKS).value, truth))
    assert np.mean(scores) > 0.6


def test_a_carried_device_is_kept_when_saved() -> None:
    known = archcost.load("raspi4")
    costs = archcost.load("raspi4", space="fbnet").predict(NETWORKS[:8]).value
    model = archcost.adapt(NETWORKS[:8], costs, "fbnet", device="carried-pi", known=known)
    model.save()
    again = archcost.load("carried-pi", space="fbnet").predict(NETWORKS)
    assert np.allclose(again.value, model.predict(NETWORKS).value)
    assert np.allclose(again.lower, model.predict(NETWORKS).lower)


def test_what_is_carried_has_a_prior_of_its_own() -> None:
    both = CarriedNewcomers(*in_both(source_devices("nasbench201"), source_devices("fbnet")))
    assert both.block_names == both.known_of(0).block_names
    assert shipped_cloud("fbnet", known="nasbench201").weights.shape[1] == len(both.block_names)
    # Two devices in both spaces are the fewest to learn from; with one nothing is learned.
    for names in (["raspi4", "eyeriss"], ["eyeriss"]):
        cloud = shipped_cloud("fbnet", names, known="nasbench201")
        assert cloud.weights.shape[1] == len(both.block_names)
    with pytest.raises(UnsupportedError, match="no device was measured both"):
        shipped_cloud("fbnet", [], known="nasbench201")


def test_carry_over_refuses() -> None:
    model = archcost.load("raspi4")
    with pytest.raises(UnsupportedError, match="already"):
        carry_over(model, "nasbench201")
    with pytest.raises(UnsupportedError, match="no device was measured both"):
        carry_over(model, "fbnet", sources=["raspi4"])
    elsewhere = replace(model, target=replace(model.target, dataset="cifar100"))
    with pytest.raises(UnsupportedError, match="cifar10"):
        carry_over(elsewhere, "fbnet")


def test_relatives_are_other_batch_sizes() -> None:
    names = ["titan_rtx_1", "titan_rtx_32", "titanx_1", "raspi4", "pixel3"]
    assert relatives("titan_rtx_1", names) == ["titan_rtx_1", "titan_rtx_32"]
    assert relatives("raspi4", names) == ["raspi4"]


def test_scores_from_a_made_table() -> None:
    ids = NETWORKS[:120]
    here = source_devices("fbnet", ["eyeriss"])
    costs = here.costs(here.standardised(parse(ids, space="fbnet")))[:, 0]
    table = MeasuredTable("fbnet", "cifar100", None, ids, {("eyeriss", "latency"): costs})
    zero, twenty = across_spaces([table], samples=[0, 20], seeds=1)
    assert zero.spearman > 0.85
    assert twenty.spearman > 0.9
    with pytest.raises(TableError, match="no device"):
        across_spaces([replace(table, targets={("mine", "latency"): costs})])
    with pytest.raises(TableError, match="source device"):
        held_out_structure([table])


@pytest.mark.shared
def test_held_out_structure(shared_data: Path) -> None:
    (table,) = read_table(shared_data / "nasbench201_hwnasbench_cifar10.parquet", dataset="cifar10")
    one = replace(table, targets={k: v for k, v in table.targets.items() if k[0] == "edgetpu"})
    convolutions, _ = held_out_structure([one], seeds=1)
    assert convolutions.spearman > convolutions.in_distribution - 0.03
    assert convolutions.error < 0.1
