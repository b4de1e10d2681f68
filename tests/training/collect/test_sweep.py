"""Many versions of a chip."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archcost.cli import main
from archcost.errors import UnknownNameError, UnsupportedError
from archcost.training.collect.simulators import find_chip, simulate, sweep

NETWORK = "|".join(["k3_e6", "k3_e1"] * 11)


def test_each_version_is_simulated_as_by_itself() -> None:
    found = sweep([1], {"rows": ["8", "12"], "columns": ["7", "14"]}, settings={"pe_pj": "6"})
    assert found.versions.tolist() == [[8, 7], [8, 14], [12, 7], [12, 14]]
    for version, (rows, columns) in enumerate(found.versions.astype(int)):
        _, chip = find_chip("eyeriss", {"rows": str(rows), "columns": str(columns), "pe_pj": "6"})
        alone = simulate([1], chip)
        assert found.latency_ms[version] == alone.latency_ms
        assert found.energy_mj[version] == alone.energy_mj
    assert found.name(1) == "rows=8 columns=14"


def test_best_versions_are_beaten_by_none_and_misfits_are_no_version() -> None:
    sizes = ["60", "2000", "65536"]
    found = sweep([NETWORK], {"rows": ["6", "12"], "buffer_words": sizes})
    assert set(found.reasons) == set(np.flatnonzero(found.versions[:, 1] == 60))
    assert np.isnan(found.latency_ms[list(found.reasons)]).all()
    best = found.best(0)
    assert not set(best) & set(found.reasons)
    for version in np.flatnonzero(np.isfinite(found.latency_ms[:, 0])):
        slower = found.latency_ms[best, 0] <= found.latency_ms[version, 0]
        assert (slower & (found.energy_mj[best, 0] <= found.energy_mj[version, 0])).any()


def test_refusals() -> None:
    with pytest.raises(UnsupportedError, match="nothing to vary"):
        sweep([NETWORK], {})
    with pytest.raises(UnsupportedError, match="rows: either varied or set"):
        sweep([NETWORK], {"rows": ["8"]}, settings={"rows": "9"})
    with pytest.raises(UnknownNameError, match="did you mean 'rows'"):
        sweep([NETWORK], {"row": ["8"]})
    with pytest.raises(UnsupportedError, match="no mapping"):
        sweep([NETWORK], {"buffer_words": ["10", "20"]})


def test_command_writes_a_table_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("altair")
    out, plot = tmp_path / "s.csv", tmp_path / "s.png"
    command = ["collect", "sweep", "1", "2", "--over", "rows=8,12", "--over", "columns=7,14"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--out", str(out), "--plot", str(plot)])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "simulated, not measured" in said
    assert "rows=12 columns=14" in said
    frame = pd.read_csv(out)
    assert len(frame) == 8
    assert frame.groupby("architecture").pareto.sum().min() >= 1
    assert frame[["latency_ms", "energy_mj"]].gt(0).all(axis=None)
    assert plot.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(SystemExit) as ended:
        main([*command, "--out", str(out), "--plot", str(plot)])
    assert ended.value.code == 2
    assert "archcost[pages]" in capsys.readouterr().err
