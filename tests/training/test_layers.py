"""Models of layers from tables, and custom cells scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archcost.checkpoints import read_checkpoint
from archcost.cli import main
from archcost.data import MeasuredTable, read_lookup
from archcost.encodings import Batch
from archcost.errors import MeasurementError, TableError
from archcost.training import train_layers
from archcost.training.collect import sample, simulate
from archcost.training.custom_cells import custom_cells
from archcost.training.layer_tables import gather, sums_of

CHIP = ("chip", "latency")


def table(batch: Batch, noise: float = 0.02) -> MeasuredTable:
    """Costs on a simulated Eyeriss, with noise."""
    costs = simulate(batch, "eyeriss").latency_ms
    costs = costs * np.exp(np.random.default_rng(0).normal(0, noise, size=len(batch)))
    place = batch.groups[0].skeleton
    return MeasuredTable(place.space, place.dataset, None, batch.strings(), {CHIP: costs})


CELLS, OWN = table(sample(100, seed=3)), table(sample(60, "custom", seed=3))


def test_train_layers(tmp_path: Path) -> None:
    chains = table(sample(60, "fbnet", seed=3))
    (trained,) = train_layers([CELLS, chains], out=tmp_path)
    card = trained.card
    assert (card.space, card.kind, card.n_train, card.n_test) == ("custom", "layers", 128, 32)
    assert card.scores is not None
    assert card.scores.spearman > 0.9
    assert "pool_max" in card.note
    assert "nasbench201 on cifar10" in card.note
    assert "fbnet on cifar100" in card.note
    model, _ = read_checkpoint(tmp_path / "custom" / "cifar10" / "chip-latency-layers")
    assert np.allclose(model.predict(card.golden.architectures).value, card.golden.values)


def test_what_cannot_be_priced_is_left_out() -> None:
    costs = np.exp(2 * np.random.default_rng(1).normal(size=len(CELLS)))
    assert train_layers([replace(CELLS, targets={CHIP: costs})]) == []
    few = MeasuredTable("nasbench201", "cifar10", None, [0, 1], {CHIP: np.ones(2)})
    with pytest.raises(MeasurementError, match="chip latency: 2 measurements"):
        train_layers([few])


def test_gather_knows_equal_networks() -> None:
    other = replace(CELLS, targets={("other", "latency"): CELLS.targets[CHIP]})
    data = gather([CELLS, other, OWN], most=40)
    assert len(data.networks) == 80
    assert len(data.rows(CHIP)) == 80
    assert len(data.rows(("other", "latency"))) == 40


def test_custom_cells() -> None:
    none, some = custom_cells([CELLS, OWN], samples=[0, 30], seeds=1)
    assert (none.known, none.n, some.n) == ("nasbench201", 60, 30)
    assert none.spearman > 0.8
    assert some.error < none.error
    assert none.coverage > 0.8
    with pytest.raises(TableError, match="custom"):
        custom_cells([CELLS])


def test_benchmark_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    paths = []
    for one, name in ((CELLS, "cells"), (OWN, "own")):
        frame = pd.DataFrame(
            {"arch_str": one.architectures, "cifar10_chip_latency_ms": one.targets[CHIP]}
        )
        frame.attrs["archcost"] = {"space": one.space, "dataset": one.dataset}
        frame.to_parquet(tmp_path / f"{name}.parquet")
        paths += ["--table", str(tmp_path / f"{name}.parquet")]
    # Data sets of custom spaces are no part of a column's name.
    own = pd.read_parquet(tmp_path / "own.parquet")
    own.columns = ["arch_str", "chip_latency_ms"]
    own.to_parquet(tmp_path / "own.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["benchmark", "unseen", *paths, "--seeds", "1"])
    assert ended.value.code == 0
    out = capsys.readouterr().out.splitlines()
    assert "90 % hold" in out[0]
    assert [line.split()[2] for line in out[1:]] == ["0", "20"]


@pytest.mark.shared
def test_sums_of_the_lookup_table(shared_data: Path) -> None:
    small, large = sums_of(read_lookup(shared_data / "fbnet_hwnasbench_luts.parquet"), count=5)
    assert (small.dataset, large.dataset) == ("cifar100", "ImageNet")
    assert (large.targets["raspi4", "latency"] > small.targets["raspi4", "latency"]).all()
