"""Which checkpoints are found, and what a damaged one of the user's leaves of the others."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import archcost
from archcost.checkpoints import SHIPPED, chosen_cards, load, remove_device
from archcost.checkpoints.user import user_folder
from archcost.data import MeasuredTable
from archcost.errors import CheckpointError, UnknownNameError, UnsupportedError
from archcost.training import Settings, train

PLACE = Path("nasbench201", "cifar10")
Own = Callable[..., Path]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """A shipped checkpoint as that of a device of one's own; gives the path of its card."""
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))

    def copy(device: str, kind: str = "additive", prefix: str = "", **changes: object) -> Path:
        folder = user_folder() / PLACE / f"{prefix}{device}-latency-{kind}"
        shutil.copytree(SHIPPED / PLACE / f"fpga-latency-{kind}", folder)
        path = folder / "card.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"device": device} | changes))
        return path

    return copy


@pytest.mark.parametrize(
    ("content", "remedy"), [("", "adapt the device again"), ('{"format_version": 99}', "upgrade")]
)
def test_a_bad_card_of_ones_own_is_left_out(own: Own, content: str, remedy: str) -> None:
    own("good")
    bad = own("board")
    bad.write_text(content)
    with pytest.warns(UserWarning, match=f"{bad}: .*{remedy}"):
        found = archcost.catalogue()
    with pytest.warns(UserWarning, match="left out"):
        assert archcost.load("raspi4").target.device == "raspi4"
        assert archcost.load("good").target.device == "good"
        every = chosen_cards(("nasbench201", "cifar10"), [], every=True)
    for names in (set(found.device), {card.device for card in every}):
        assert "good" in names and "board" not in names
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(CheckpointError, match=remedy),
    ):
        archcost.load("board")
    with pytest.warns(UserWarning, match="left out"), pytest.raises(UnknownNameError):
        archcost.load("boar")


@pytest.mark.parametrize("name", ["device", "metric", "kind"])
def test_several_names_are_no_name(name: str) -> None:
    for wrong in (["raspi4"], {"raspi4": 1}, 3):
        with pytest.raises(UnsupportedError, match=rf"{name} .*(raspi4|3).*: one at a time"):
            load(**{"device": "raspi4", name: wrong})  # type: ignore[arg-type]


def test_a_bad_default_leaves_the_other_kinds(own: Own) -> None:
    own("board").write_text("")
    own("board", "gbdt", default=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CheckpointError, match="additive"):
            archcost.load("board")
        assert archcost.load("board", kind="gbdt").kind == "gbdt"
        every = chosen_cards(("nasbench201", "cifar10"), [], every=True)
        assert "board" not in {card.device for card in every}


def test_checkpoints_interrupted_in_the_making_are_not_listed(own: Own) -> None:
    own("board", prefix=".")
    assert "board" not in set(archcost.catalogue().device)


def test_a_renamed_folder_is_left_out_and_says_what_to_do(own: Own) -> None:
    was = own("board").parent
    renamed = was.rename(was.with_name("mine-latency-additive"))
    says = f"{renamed}: .* board; rename it back to {was}, or adapt the device again"
    with pytest.warns(UserWarning, match=says):
        assert not {"board", "mine"} & set(archcost.catalogue().device)
    with pytest.warns(UserWarning, match="left out"), pytest.raises(CheckpointError, match=says):
        archcost.load("mine")
    renamed.rename(was)
    assert archcost.load("board").target.device == "board"


def test_all_of_a_device_is_removed_and_nothing_else(own: Own) -> None:
    removed = [own("board", "gbdt", default=False).parent, own("board").parent]
    kept = own("board-latency-2")
    removed[0].joinpath("card.json").write_text("damaged")
    assert remove_device("board") == sorted(removed)
    assert not any(folder.exists() for folder in removed) and kept.exists()
    with pytest.raises(UnknownNameError, match="device of your own 'board'"):
        remove_device("board")
    with pytest.raises(UnsupportedError, match="raspi4 ships"):
        remove_device("raspi4")


def test_what_people_trained_themselves_comes_before_what_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    cells = np.arange(0, 15625, 50)
    shipped = archcost.load("edgegpu", dataset="cifar100")
    expected = shipped.predict(cells).value
    costs = 2 * expected
    table = MeasuredTable("nasbench201", "cifar100", None, cells, {("edgegpu", "latency"): costs})
    train(table, out=user_folder(), settings=Settings(kinds=("gbdt",), n_estimators=20))
    own = archcost.load("edgegpu", dataset="cifar100")
    assert own.kind == "gbdt" != shipped.kind
    assert np.median(own.predict(cells).value / costs) == pytest.approx(1, abs=0.1)
    again = archcost.load("edgegpu", dataset="cifar100", kind=shipped.kind)
    assert np.array_equal(again.predict(cells).value, expected)
    rows = archcost.catalogue().query(
        "device == 'edgegpu' and metric == 'latency' and space == 'nasbench201'"
        " and dataset == 'cifar100'"
    )
    assert rows.set_index("kind")["default"].to_dict() == {"gbdt": True, shipped.kind: False}
