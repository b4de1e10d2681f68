"""The model of layers: prices, extrapolation, intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import archcost
from archcost.encodings import (
    Architecture,
    Networks,
    custom_skeleton,
    parse,
    read_networks,
    skeleton,
)
from archcost.encodings.layer_table import CLASSES, layer_table
from archcost.errors import ArchitectureError, MeasurementError, NotFittedError, UnsupportedError
from archcost.predictors import LayerIntervals, LayersPredictor
from archcost.training.collect import sample

CELLS = Networks(sample(120, seed=1))
CHAINS = Networks(sample(60, "fbnet", seed=1))
OWN = Networks(sample(20, "custom", seed=1))


def priced(networks: Networks, view: int = 0) -> np.ndarray:
    """A device with a launch time, an arithmetic rate, and a price of memory."""
    totals = layer_table(list(networks)).totals(view)
    rates = np.zeros(totals.shape[1:])
    rates[:, 0], rates[:, 1] = 0.01, 2e-8
    return (totals * rates).sum(axis=(1, 2)) + 0.5


@pytest.fixture(scope="module")
def fitted() -> LayersPredictor:
    return LayersPredictor().fit(CELLS, priced(CELLS))


def test_other_spaces_are_predicted(fitted: LayersPredictor) -> None:
    assert (fitted.costs_.rates >= 0).all()
    assert (fitted.costs_.constants >= 0).all()
    for networks, most in ((CELLS, 0.01), (OWN, 0.05), (CHAINS, 0.6)):
        errors = np.abs(fitted.predict(networks) / priced(networks) - 1)
        assert np.median(errors) < most


def test_the_view_is_found() -> None:
    for view in (0, 1):
        found = LayersPredictor().fit(CELLS, priced(CELLS, view))
        assert found.view_ == view
        assert np.allclose(found.predict(CELLS), priced(CELLS, view), rtol=0.02)


def test_outliers_do_not_matter() -> None:
    costs = priced(CELLS)
    costs[::10] *= 5
    found = LayersPredictor().fit(CELLS, costs).predict(CELLS)
    assert np.median(np.abs(found / priced(CELLS) - 1)) < 0.02


def test_extrapolation(fitted: LayersPredictor) -> None:
    assert (fitted.extrapolation(parse(np.arange(0, 15625, 500))) == 0).all()
    place = custom_skeleton()
    texts = ["|nor_conv_3x3~0|", "|nor_conv_5x5~0|", "|nor_conv_9x9~0|", "|dw_conv_3x3~0|"]
    same, five, nine, new = fitted.extrapolation(
        [Architecture.from_string(text, place) for text in texts]
    )
    # Its layers are known ones, but for the number of additions.
    assert 0 < same < five < nine
    assert new > 0
    sizes = [
        Architecture.from_string(texts[0], replace(place, image_size=size))
        for size in (32, 64, 128)
    ]
    assert (np.diff(fitted.extrapolation(sizes)) > 0).all()


def test_both_spaces_bring_networks_nearer(fitted: LayersPredictor) -> None:
    both = Networks([*CELLS, *CHAINS])
    more = LayersPredictor().fit(both, priced(both))
    assert more.extrapolation(OWN).mean() < fitted.extrapolation(OWN).mean()
    # A class in neither is still new.
    assert not more.varied_[CLASSES.index("pool_max")]


def test_intervals_widen(fitted: LayersPredictor) -> None:
    residuals = np.random.default_rng(0).normal(0, 0.05, size=500)
    growth = np.linspace(0, 1, 201)
    intervals = LayerIntervals.fit(fitted, [residuals, residuals / 10], growth)
    value = np.ones(len(OWN))
    lower, upper = intervals.around(OWN, value, 0.9)
    outside = fitted.extrapolation(OWN)
    order = np.argsort(outside)
    assert (np.diff((upper / lower)[order]) >= 0).all()
    assert np.allclose(np.log(upper / value), 0.9 * np.sqrt(outside) + 0.08, atol=0.02)
    with pytest.raises(UnsupportedError, match="coverage"):
        intervals.around(OWN, value, 0.4)
    with pytest.raises(MeasurementError, match="20"):
        LayerIntervals.fit(fitted, [residuals[:19]], growth)


def test_state(fitted: LayersPredictor) -> None:
    again = LayersPredictor.from_state(fitted.state())
    assert np.array_equal(again.predict(OWN), fitted.predict(OWN))
    assert np.array_equal(again.extrapolation(OWN), fitted.extrapolation(OWN))
    with pytest.raises(NotFittedError):
        LayersPredictor().predict(OWN)


def test_a_shipped_model_hands_custom_networks_on() -> None:
    model, custom = archcost.load("raspi4"), archcost.load("raspi4", space="custom")
    found = model.predict(OWN)
    assert np.array_equal(found.value, custom.predict(OWN).value)
    assert (found.extrapolation > 0).any()
    assert "extrapolation" in found.to_frame().columns
    inside = model.predict([0, 1])
    assert (inside.extrapolation == 0).all()
    assert "extrapolation" not in inside.to_frame().columns


def test_in_a_mixed_batch_each_network_has_the_model_that_knows_it() -> None:
    model, custom = archcost.load("raspi4"), archcost.load("raspi4", space="custom")
    own = Architecture.custom_cell(["dw_conv_5x5"], [(0, 1)], custom_skeleton())
    dead = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|none~2|"
    block = parse([[0] * 22], space="fbnet")[0]
    mixed = [own, dead, block, 7, archcost.lower(own)]
    found = model.predict(mixed)
    assert np.array_equal(found.value[[1, 3]], model.predict([dead, 7]).value)
    assert np.array_equal(found.upper[[1, 3]], model.predict([dead, 7]).upper)
    outside = custom.predict([own, block, archcost.lower(own)])
    assert np.array_equal(found.value[[0, 2, 4]], outside.value)
    assert list(found.architectures)[1:4] == [dead, str(block), str(parse(7)[0])]
    again = model.predict(read_networks(mixed))
    np.testing.assert_allclose(again.value[[0, 2, 3, 4]], found.value[[0, 2, 3, 4]], rtol=1e-6)
    with pytest.raises(ArchitectureError, match="architecture 2"):
        model.predict([own, 7, "|nor_conv_3x3~0|+"])


def test_a_data_set_is_the_skeleton_of_cells_without_one() -> None:
    small = archcost.load("raspi4", space="custom", dataset="ImageNet16-120")
    place = replace(skeleton("nasbench201", "ImageNet16-120"), space="custom")
    text = "|nor_conv_5x5~0|"
    there = small.predict(text).value
    assert there == small.predict(Architecture.from_string(text, place)).value
    assert there < archcost.load("raspi4", space="custom").predict(text).value


def test_mixed_batches_come_in_any_container() -> None:
    model = archcost.load("raspi4")
    own = Architecture.custom_cell(["dw_conv_5x5"], [(0, 1)], custom_skeleton())
    expected = model.predict([own, 7]).value
    array = np.empty(2, dtype=object)
    array[:] = [own, 7]
    for mixed in ((own, 7), array, pd.Series([own, 7])):
        assert np.array_equal(model.predict(mixed).value, expected)
    # Six indices beside it are no cell of six operators.
    many = model.predict([own, 0, 1, 2, 3, 4, 1])
    np.testing.assert_allclose(many.value[1:], model.predict(np.array([0, 1, 2, 3, 4, 1])).value)


@pytest.mark.parametrize("dataset", ["cifar10", "ImageNet16-120"])
def test_a_cell_costs_the_same_in_every_form(dataset: str) -> None:
    custom = archcost.load("raspi4", space="custom", dataset=dataset)
    operators = list(parse(7)[0].operators)
    forms: list[object] = [7, str(parse(7)[0]), operators, parse(7, dataset=dataset)[0]]
    costs = [custom.predict([form]).value[0] for form in forms]
    assert costs == pytest.approx([costs[0]] * len(forms), rel=1e-6)
    assert custom.predict(forms).value == pytest.approx(costs, rel=1e-6)
    assert custom.predict(np.array([7, 7])).value == pytest.approx(costs[:2], rel=1e-6)
    elsewhere = parse(7, dataset="cifar100")[0]  # a skeleton of its own
    assert str(read_networks([elsewhere], dataset)[0].skeleton.dataset) == "cifar100"


def test_a_model_hands_cells_on_in_its_own_data_set() -> None:
    triples = [(0, 1, "nor_conv_5x5")]
    for dataset in ("cifar10", "ImageNet16-120"):
        custom = archcost.load("raspi4", space="custom", dataset=dataset).predict([triples])
        handed = archcost.load("raspi4", dataset=dataset).predict([triples])
        assert handed.value == custom.value


def test_what_a_device_refuses_outside_the_space_is_unknown() -> None:
    cell = archcost.Architecture.from_graph(
        [(0, 1, "nor_conv_3x3"), (1, 2, "dil_conv_5x5")], archcost.skeleton("nasbench201")
    )
    with pytest.warns(UserWarning, match="edgetpu refuses some networks"):
        assert archcost.load("edgetpu").predict([cell]).feasible is None
    with pytest.warns(UserWarning, match="edgetpu refuses some networks"):
        found = archcost.load("edgetpu").predict([cell, 7])
    assert found.feasible is not None
    assert np.isnan(found.feasible).tolist() == [True, False]
    assert found.feasible[1:] == archcost.load("edgetpu").predict(7).feasible
    assert found.runs[0]


def test_known_networks_in_any_container_are_known(recwarn: pytest.WarningsRecorder) -> None:
    found = archcost.load("edgetpu").predict(read_networks([7, 8]))
    expected = archcost.load("edgetpu").predict([7, 8])
    assert found.feasible is not None
    assert np.array_equal(found.feasible, expected.feasible)
    assert np.array_equal(found.value, expected.value)
    assert not [one for one in recwarn if "refuses" in str(one.message)]
