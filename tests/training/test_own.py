"""Checkpoints of the project's own machine are made, scored and marked as what they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import archcost
from archcost.checkpoints import load_card
from archcost.data import own_tables
from archcost.training.own import train_own


def test_train_own(tmp_path: Path) -> None:
    (table,) = own_tables("nasbench201", "epyc_onnxruntime")
    few = replace(
        table,
        architectures=table.architectures[:60],
        targets={name: costs[:60] for name, costs in table.targets.items()},
    )
    (trained,) = train_own([few], out=tmp_path)
    card = trained.card
    assert (card.n_train, card.n_test, card.source, card.batch_size) == (48, 12, "archcost", 1)
    assert card.scores is not None
    assert card.scores.spearman > 0.9
    again = load_card(card, tmp_path).predict([1, 2, 3])
    assert again.value == pytest.approx(trained.model.predict([1, 2, 3]).value, rel=1e-9)


def test_the_own_machine_ships() -> None:
    found = archcost.catalogue()
    own = found[found["device"] == "epyc_onnxruntime"]
    assert {"nasbench201", "fbnet", "custom"} <= set(own["space"])
