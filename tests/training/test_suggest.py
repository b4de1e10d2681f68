"""Which networks to measure: new ones, telling ones, in any number."""

from __future__ import annotations

import numpy as np
import pytest

import archcost
from archcost.encodings import all_strings, parse
from archcost.errors import MeasurementError, UnknownNameError, UnsupportedError
from archcost.predictors import metrics
from archcost.training.transfer_sets import SETS

CELLS = all_strings()


@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
@pytest.mark.parametrize("n", [1, 2, 10, 150])
def test_any_number_of_distinct_networks(n: int, space: str) -> None:
    found = archcost.suggest(n, space)
    assert len(found) == len(set(found)) == n
    assert parse(found, space=space).strings() == found
    assert [one.architecture for one in found.details] == found
    narrowing = [one.narrowing for one in found.details]
    assert all(0 <= value < 1 for value in narrowing)
    assert narrowing[0] == max(narrowing)


@pytest.mark.parametrize("seed", range(3))
def test_no_operator_is_left_to_what_other_devices_say(seed: int) -> None:
    ids = parse(archcost.suggest(3, seed=seed)).groups[0].ids
    assert {*ids.ravel().tolist()} == {*range(5)}


def test_seeds_repeat_and_differ() -> None:
    assert archcost.suggest(4, seed=1) == archcost.suggest(4, seed=1)
    assert archcost.suggest(4, seed=1) != archcost.suggest(4, seed=2)
    # The first of a longer choice are the shorter choice.
    assert archcost.suggest(8, seed=1)[:4] == archcost.suggest(4, seed=1)


def test_a_campaign_goes_on() -> None:
    first = archcost.suggest(6)
    costs = archcost.load("raspi4").predict(first).value
    more = archcost.suggest(6, measured=(first, costs))
    assert not set(more) & set(first)
    # What is known already narrows most.
    assert more.details[0].narrowing < first_narrowing(first)
    refused = archcost.suggest(6, measured=(first, [-1.0] * 6))
    assert not set(refused) & set(first)
    # What waits for its measurement is not chosen again, and narrows nothing yet.
    pending = archcost.suggest(6, measured=(first, [None] * 6))
    assert not set(pending) & set(first)
    assert pending.details[0].narrowing > 2 * more.details[0].narrowing
    assert archcost.suggest(6, measured=([], [])) == first


def first_narrowing(found: list[str]) -> float:
    return archcost.suggest(len(found)).details[0].narrowing


def test_until_nothing_is_left() -> None:
    left = set(CELLS[3:8])
    known = [cell for cell in CELLS if cell not in left]
    costs = 1.0 + np.arange(len(known)) % 9
    assert set(archcost.suggest(5, measured=(known, costs))) == left
    with pytest.raises(UnsupportedError, match="5 networks left"):
        archcost.suggest(6, measured=(known, costs))
    with pytest.raises(UnsupportedError, match="15625"):
        archcost.suggest(20000)


def test_five_chosen_cells_rank_an_unseen_device() -> None:
    device, sources = archcost.load("titan_rtx_256"), [*SETS["ND"].sources]
    rest = np.random.default_rng(0).permutation(15625)[:1000]
    archs = archcost.suggest(5, sources=sources)
    model = archcost.adapt(archs, device.predict(archs).value, sources=sources)
    assert metrics.spearman(model.predict(rest).value, device.predict(rest).value) > 0.95


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        ({"n": 0}, UnsupportedError, "n is 0; give a whole number from 1 on"),
        ({"n": "10"}, UnsupportedError, "n is '10'"),
        ({"seed": -1}, UnsupportedError, "seed is -1"),
        ({"seed": 1.5}, UnsupportedError, r"seed is 1\.5"),
        ({"space": "nasbnch201"}, UnknownNameError, "nasbench201"),
        ({"dataset": "cifar11"}, UnknownNameError, "cifar10"),
        ({"sources": ["raspi"]}, UnknownNameError, "raspi4"),
        ({"sources": "raspi"}, UnknownNameError, "raspi4"),
        ({"sources": 3}, UnsupportedError, "sources 3: give names as text, several as a list"),
        ({"sources": [["raspi4"]]}, UnsupportedError, "give names as text"),
        ({"measured": 3}, UnsupportedError, "measured is no pair"),
        ({"measured": "abc"}, UnsupportedError, "measured is no pair"),
        ({"measured": ([1, 2], [3.0])}, MeasurementError, "1 measured costs for 2"),
    ],
)
def test_refusals(arguments: dict[str, object], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        archcost.suggest(**arguments)  # type: ignore[arg-type]
