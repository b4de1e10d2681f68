from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from archcost.data import read_hwnasbench, read_lookup
from archcost.errors import MeasurementError, TableError

CELLS = 15_625
KEY = "Skip_H4_W4_stride1"


def official() -> dict[str, Any]:
    """A file of the official structure, with made-up values."""
    costs = [float(index) for index in range(CELLS)]
    edgetpu = [-1] + [2.5] * (CELLS - 1)
    cells = {"raspi4_latency": costs, "edgetpu_latency": edgetpu, "config": [{}] * CELLS}
    array = {"eyeriss_arithmetic_intensity": np.full(CELLS, 3.0)}
    return {
        "nasbench201": {"ImageNet16-120": array, "cifar10": cells},
        "fbnet": {"fpga_energy": {KEY: 0.0, "FC": 7.0}, "raspi4_latency": {"FC": 2, KEY: 1}},
    }


def save(folder: Path, content: object) -> Path:
    file = folder / "h.pickle"
    file.write_bytes(pickle.dumps(content))
    return file


def test_the_official_structure(tmp_path: Path) -> None:
    bench = read_hwnasbench(save(tmp_path, official()))
    cells, small = bench.tables
    assert (cells.space, cells.dataset, cells.source) == ("nasbench201", "cifar10", "hw-nas-bench")
    assert small.dataset == "ImageNet16-120"
    np.testing.assert_array_equal(cells.architectures, np.arange(CELLS))
    np.testing.assert_array_equal(cells.targets["raspi4", "latency"], np.arange(CELLS))
    assert np.isnan(cells.targets["edgetpu", "latency"][0])
    assert cells.failed["edgetpu", "latency"].sum() == 1
    assert list(small.targets) == [("eyeriss", "arithmetic_intensity")]
    assert set(bench.lookup.keys) == {KEY, "FC"}
    assert dict(zip(bench.lookup.keys, bench.lookup.targets["raspi4", "latency"], strict=True)) == {
        KEY: 1.0,
        "FC": 2.0,
    }


def _set(*path: Any, value: Any) -> Any:
    def change(content: Any) -> Any:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda c: c.pop("fbnet"), TableError, "no dict 'fbnet'; found nasbench201"),
        (_set("nasbench201", value=[]), TableError, "no dict 'nasbench201'"),
        (lambda c: c["nasbench201"].clear(), TableError, "none of the data sets"),
        (_set("nasbench201", "cifar10", value={"config": []}), TableError, "known metrics"),
        (_set("nasbench201", "cifar10", "raspi4_latency", value=[1.0]), TableError, "15625"),
        (_set("nasbench201", "cifar10", "raspi4_latency", 7, value=-1), MeasurementError, "row 8"),
        (_set("nasbench201", "cifar10", "raspi4_latency", 7, value="a"), MeasurementError, "'a'"),
        (_set("fbnet", value={}), TableError, "known metrics"),
        (_set("fbnet", "fpga_energy", value={"FC": 1.0}), TableError, "other blocks"),
        (_set("fbnet", "fpga_energy", "FC", value=None), TableError, "no cost"),
        (_set("fbnet", "fpga_energy", value=3), TableError, "no dict 'fpga_energy'"),
    ],
)
def test_other_structures(tmp_path: Path, change: Any, error: type[Exception], words: str) -> None:
    content = official()
    change(content)
    with pytest.raises(error, match=words):
        read_hwnasbench(save(tmp_path, content))


def test_not_a_dictionary(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="a list; expected"):
        read_hwnasbench(save(tmp_path, [1]))


def test_lookup_of_every_form(tmp_path: Path) -> None:
    frame = pd.DataFrame({"op_key": ["FC", KEY], "fpga_energy_mj": [7.0, 0.0]})
    frame.to_csv(tmp_path / "l.csv", index=False)
    frame.to_parquet(tmp_path / "l.parquet")
    for name in ("l.csv", "l.parquet"):
        lookup = read_lookup(tmp_path / name)
        assert lookup.keys == ("FC", KEY)
        np.testing.assert_array_equal(lookup.targets["fpga", "energy"], [7.0, 0.0])
    assert KEY in read_lookup(save(tmp_path, official())).keys


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"key": ["FC"], "fpga_energy_mj": [1.0]}, "no column 'op_key'"),
        ({"op_key": ["FC", "FC"], "fpga_energy_mj": [1.0, 2.0]}, "names a block twice"),
        ({"op_key": ["FC"], "fpga_energy_mj": [None]}, "no cost"),
        ({"op_key": ["FC"], "energy_mj": [1.0]}, "one column per device"),
        ({"op_key": ["FC"], "a_ms": [1.0], "a_latency_ms": [1.0]}, "one column per device"),
        ({"op_key": ["FC"], "fpga": [1.0]}, "no target columns"),
    ],
)
def test_bad_lookups(tmp_path: Path, frame: dict[str, list[object]], words: str) -> None:
    pd.DataFrame(frame).to_csv(tmp_path / "l.csv", index=False)
    with pytest.raises(TableError, match=words):
        read_lookup(tmp_path / "l.csv")
