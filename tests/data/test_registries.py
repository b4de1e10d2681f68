from __future__ import annotations

import subprocess
import sys

import pytest

from archcost.data import DEVICES, SOURCES, dataset_name, device, parse_target, source
from archcost.data.names import TargetColumn
from archcost.errors import TableError, UnknownNameError


def test_every_device_names_a_known_source_and_its_own_key() -> None:
    for key, entry in DEVICES.items():
        assert entry.id == key == key.lower()
        assert entry.source in SOURCES
        assert entry.note and entry.title and entry.runtime


def test_devices_are_counted_by_source() -> None:
    counts = dict.fromkeys(SOURCES, 0)
    for entry in DEVICES.values():
        counts[entry.source] += 1
    # HELP: five GPUs at four batch sizes, four CPUs, four phones.
    assert counts == {"hw-nas-bench": 6, "help": 28, "eagle": 14, "archcost": 2}


def test_batch_size_is_the_suffix_of_a_gpu() -> None:
    assert device("1080ti_256").batch_size == 256
    assert device("edgegpu").batch_size == 1
    assert device("gold_6226").batch_size is None


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="raspi4"):
        device("rasp4")
    with pytest.raises(UnknownNameError, match="hw-nas-bench"):
        source("hw-nas")
    assert device("RASPI4").id == "raspi4"
    assert source("help").licence == "MIT"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("edgegpu_latency_ms", TargetColumn(None, "edgegpu", "latency")),
        ("edgegpu_energy_mJ", TargetColumn(None, "edgegpu", "energy")),
        ("eyeriss_arithmetic_intensity", TargetColumn(None, "eyeriss", "arithmetic_intensity")),
        ("1080ti_1_ms", TargetColumn(None, "1080ti_1", "latency")),
        ("my_board_mj", TargetColumn(None, "my_board", "energy")),
        ("latency_ms", TargetColumn(None, "", "latency")),
        ("cifar100_latency_ms", TargetColumn("cifar100", "", "latency")),
        ("ImageNet16-120_raspi4_ms", TargetColumn("imagenet16-120", "raspi4", "latency")),
        (
            "mobile_cpu_snapdragon_855_kryo_485_int8_ms",
            TargetColumn(None, "mobile_cpu_snapdragon_855_kryo_485_int8", "latency"),
        ),
        ("latency (ms)", TargetColumn(None, "", "latency")),
        ("My Board energy [mJ]", TargetColumn(None, "my_board", "energy")),
        ("iphone_max_latency_ms", TargetColumn(None, "iphone_max", "latency")),
        ("raspi4_latency_ms_std", None),
        ("latency_std", None),
        ("latency_std_ms", None),
        ("raspi4_energy_p95", None),
        ("accuracy", None),
        ("cifar10", None),
    ],
)
def test_target_columns(column: str, expected: TargetColumn | None) -> None:
    assert parse_target(column) == expected


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("latency", "latency_ms"),
        ("latency_mean", "latency_ms"),
        ("latency (us)", "latency_ms"),
        ("raspi4_latency", "raspi4_latency_ms"),
        ("cifar100_raspi4_latency_us", "cifar100_raspi4_latency_ms"),
        ("raspi4_us", "raspi4_latency_ms"),
        ("latency_mj", "latency_ms"),
        ("energy", "energy_mj"),
        ("b_energy_j", "b_energy_mj"),
        ("x_energy_ms", "x_energy_mj"),
        ("x_arithmetic_intensity_ms", "x_arithmetic_intensity"),
    ],
)
def test_a_cost_without_its_unit_is_refused(column: str, name: str) -> None:
    with pytest.raises(TableError, match=rf"unit; give .* and name the column {name}$"):
        parse_target(column)


def test_dataset_names() -> None:
    assert dataset_name("nasbench201", "CIFAR-10") == "cifar10"
    assert dataset_name("nasbench201", "imagenet16-120") == "ImageNet16-120"
    assert dataset_name("nasbench201", "imagenet") == "ImageNet16-120"
    assert dataset_name("fbnet", "IMAGENET") == "ImageNet"
    assert dataset_name("my cells", "SVHN") == "SVHN"
    with pytest.raises(UnknownNameError, match="cifar100"):
        dataset_name("fbnet", "cifar10")


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, archcost.data;"
        "heavy = {'pandas', 'pyarrow', 'torch', 'scipy', 'urllib.request'};"
        "print(heavy & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
