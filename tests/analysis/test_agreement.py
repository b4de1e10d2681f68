"""Calibration and errors by cost, against answers made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import archcost
from archcost.analysis import calibration, errors_by_decile
from archcost.analysis.agreement import NOMINAL
from archcost.encodings import parse
from archcost.errors import MeasurementError


def test_calibration_counts_what_intervals_hold() -> None:
    model = archcost.load("raspi4", kind="gbdt")
    batch = parse(range(200))
    value = model.predict(batch).value
    # Half of the measurements are right, half are off by a factor that no interval holds.
    measured = np.where(np.arange(200) % 2, value, 1e9 * value)
    frame = calibration(model, batch, value, measured)
    assert frame["nominal"].tolist() == list(NOMINAL)
    assert frame["held"].tolist() == [0.5] * len(NOMINAL)
    row = frame.set_index("nominal").loc[0.9]
    assert (row["low"], row["high"]) == tuple(x / 200 for x in binom.interval(0.95, 200, 0.9))


def test_calibration_asks_for_the_intervals_of_predictions() -> None:
    model = archcost.load("raspi4", kind="gbdt")
    batch = parse(range(40))
    estimate = model.predict(batch, coverage=0.8)
    just_inside = np.where(np.arange(40) < 10, estimate.upper, 1.001 * estimate.upper)
    frame = calibration(model, batch, estimate.value, just_inside).set_index("nominal")
    assert frame.loc[0.8, "held"] == 0.25


def test_deciles_follow_predicted_cost() -> None:
    predicted = np.arange(1.0, 101.0)
    measured = np.where(predicted <= 50, predicted / 1.1, predicted / 0.8)
    order = np.random.default_rng(0).permutation(100)
    frame = errors_by_decile(predicted[order], measured[order])
    assert frame["n"].tolist() == [10] * 10
    assert frame["from"].tolist() == [1.0 + 10 * k for k in range(10)]
    assert frame["to"].tolist() == [10.0 + 10 * k for k in range(10)]
    assert frame["median"].to_numpy() == pytest.approx([0.1] * 5 + [0.2] * 5)
    assert frame["p90"].to_numpy() == pytest.approx([0.1] * 5 + [0.2] * 5)
    assert frame["bias"].to_numpy() == pytest.approx([0.1] * 5 + [-0.2] * 5)


def test_too_few_networks_have_no_deciles() -> None:
    with pytest.raises(MeasurementError, match="9 networks"):
        errors_by_decile(np.ones(9), np.ones(9))
