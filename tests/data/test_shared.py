"""The readers on the measured tables themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from archcost.data import (
    DEVICES,
    HWNASBench,
    load_plain_pickle,
    read_hwnasbench,
    read_lookup,
    read_table,
)
from archcost.errors import TableError

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def bench(shared_data: Path) -> HWNASBench:
    return read_hwnasbench(shared_data / "HW-NAS-Bench-v1_0.partial.pickle")


def test_the_partial_pickle(bench: HWNASBench) -> None:
    (table,) = bench.tables
    assert (table.dataset, len(table), len(table.targets)) == ("cifar10", 15_625, 10)
    assert {target: int(mask.sum()) for target, mask in table.failed.items()} == {
        ("edgetpu", "latency"): 4127
    }
    for target, costs in table.targets.items():
        assert np.isnan(costs).sum() == 2000 + (4127 if target[0] == "edgetpu" else 0)
        assert np.nanmin(costs) > 0
    assert len(bench.lookup.keys) == 225 and len(bench.lookup.targets) == 8


def test_published_values(bench: HWNASBench, shared_data: Path) -> None:
    published = json.loads((shared_data / "published_values.json").read_text())["nasbench201"]
    checked = 0
    for entry in published:
        if entry["dataset"] != "cifar10":
            continue
        for key, value in entry["metrics"].items():
            device, metric = key.split("_", 1)
            read = bench.tables[0].targets[device, metric][entry["arch"]]
            if not np.isnan(read):  # withheld
                assert read == pytest.approx(value, rel=1e-6)
                checked += 1
    assert checked == 20


def test_pickle_and_parquet_agree(bench: HWNASBench, shared_data: Path) -> None:
    (table,) = read_table(
        shared_data / "nasbench201_hwnasbench_cifar10.parquet",
        dataset="cifar10",
        arch_column="arch_index",
        source="hw-nas-bench",
    )
    (cells,) = bench.tables
    assert len(table) == 13_625 and table.targets.keys() == cells.targets.keys()
    for target, costs in table.targets.items():
        np.testing.assert_allclose(costs, cells.targets[target][table.architectures], rtol=1e-6)
    np.testing.assert_array_equal(
        table.failed["edgetpu", "latency"],
        cells.failed["edgetpu", "latency"][table.architectures],
    )
    lookup = read_lookup(shared_data / "fbnet_hwnasbench_luts.parquet")
    assert set(lookup.keys) == set(bench.lookup.keys)
    assert lookup.targets.keys() == bench.lookup.targets.keys()


@pytest.mark.parametrize(
    ("name", "dataset", "space", "rows", "targets"),
    [
        ("nasbench201_help", "cifar10", "nasbench201", 13_625, 23),
        ("nasbench201_eagle", "cifar10", "nasbench201", 13_625, 14),
        ("fbnet_help", "cifar100", "fbnet", 4_000, 27),
    ],
)
def test_other_sources(
    shared_data: Path, name: str, dataset: str, space: str, rows: int, targets: int
) -> None:
    (table,) = read_table(shared_data / f"{name}.parquet", dataset=dataset)
    assert (table.space, len(table), len(table.targets)) == (space, rows, targets)
    assert {device for device, _ in table.targets} <= DEVICES.keys()
    assert not table.failed


def test_every_help_and_eagle_device_has_a_column(shared_data: Path) -> None:
    seen = set()
    for name in ("nasbench201_help", "nasbench201_eagle", "fbnet_help"):
        (table,) = read_table(shared_data / f"{name}.parquet", dataset="cifar100")
        seen |= {device for device, _ in table.targets}
    assert {d.id for d in DEVICES.values() if d.source in ("help", "eagle")} <= seen


def test_the_sample_of_other_data_sets(shared_data: Path) -> None:
    tables = read_table(shared_data / "nasbench201_other_datasets_sample.csv")
    assert {table.dataset: len(table.targets) for table in tables} == {
        "cifar100": 1,
        "ImageNet16-120": 2,
    }


def test_accuracies_are_no_costs(shared_data: Path) -> None:
    with pytest.raises(TableError, match="no target columns"):
        read_table(shared_data / "nasbench201_accuracy.parquet", dataset="cifar10")


def test_a_truncated_pickle(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "HW-NAS-Bench-v1_0.partial.pickle").read_bytes()
    (tmp_path / "cut.pickle").write_bytes(whole[:100_000])
    with pytest.raises(TableError, match="nothing in it was run"):
        load_plain_pickle(tmp_path / "cut.pickle")
