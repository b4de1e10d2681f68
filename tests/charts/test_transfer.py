"""The picture of `archcost benchmark transfer`."""

from __future__ import annotations

from pathlib import Path

import pytest

from archcost.charts import save
from archcost.charts.transfer import spearman_against_samples
from archcost.training.transfer_benchmark import SetScore
from archcost.training.transfer_sets import SETS

pytest.importorskip("altair")


def test_a_panel_a_set_with_the_published_figures(tmp_path: Path) -> None:
    rows = [
        SetScore(name, samples, 0.9, 0.9, 0.05, SETS[name].published.get(samples))
        for name in ("ND", "F1", "N2")
        for samples in (10, 20)
    ]
    chart = spearman_against_samples(rows)
    data = chart.data
    assert list(data["set"].unique()) == ["ND", "F1", "N2"]
    published = data[data["from"] == "best published"]
    assert dict(zip(published["samples"], published["spearman"], strict=True))[20] == 0.857
    assert (data["from"] == "archcost").sum() == 6
    save(chart, tmp_path / "one.svg")
    text = (tmp_path / "one.svg").read_text("utf-8")
    assert all(f">{name}<" in text for name in ("ND", "F1", "N2"))
