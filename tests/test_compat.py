"""The drop-in API: the original's keys and printed values, from a file and from checkpoints."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archcost
from archcost.checkpoints.user import user_folder
from archcost.compat import FBNET_METRICS, METRICS, HWNASBenchAPI
from archcost.data import MeasuredTable, load_plain_pickle, read_lookup
from archcost.errors import ArchitectureError, TableError, UnknownNameError, UnsupportedError
from archcost.training import Settings

NASBENCH201 = ("cifar10", "cifar100", "ImageNet16-120")
REFUSED = 5


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[str, list[dict[str, Any]]]:
    """Every value that the authors print."""
    return json.loads((shared_data / "published_values.json").read_text())


@pytest.fixture(scope="module")
def official(shared_data: Path, published: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A file of the official structure that holds the printed cells, a refused one, and blocks."""
    cells: dict[str, dict[str, list[float]]] = {}
    for dataset in NASBENCH201:
        cells[dataset] = {key: [math.nan] * 15625 for key in METRICS}
        cells[dataset]["edgetpu_latency"][REFUSED] = -1
    for entry in published["nasbench201"]:
        for key, value in entry["metrics"].items():
            cells[entry["dataset"]][key][entry["arch"]] = value
    table = read_lookup(shared_data / "fbnet_hwnasbench_luts.parquet")
    blocks = {
        f"{device}_{metric}": dict(zip(table.keys, costs.tolist(), strict=True))
        for (device, metric), costs in table.targets.items()
    }
    return {"nasbench201": cells, "fbnet": blocks}


@pytest.mark.shared
@pytest.mark.parametrize("space", ["nasbench201", "fbnet"])
def test_printed_examples_from_a_file(
    space: str,
    official: dict[str, Any],
    published: dict[str, list[dict[str, Any]]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "HW-NAS-Bench-v1_0.pickle"
    path.write_bytes(pickle.dumps(official))
    api = HWNASBenchAPI(str(path), search_space=space)
    assert api.source == "file"
    for entry in published[space]:
        found = api.query_by_index(entry["arch"], entry["dataset"])
        assert found.source == "file"
        assert list(found) == list(entry["metrics"])
        assert dict(found) == pytest.approx(entry["metrics"], rel=1e-11)
        assert isinstance(found, dict)


@pytest.mark.shared
def test_printed_examples_of_fbnet_from_checkpoints(
    published: dict[str, list[dict[str, Any]]],
) -> None:
    api = HWNASBenchAPI(search_space="fbnet")
    for entry in published["fbnet"]:
        found = api.query_by_index(entry["arch"], entry["dataset"])
        assert found.source == "checkpoints"
        assert dict(found) == pytest.approx(entry["metrics"], rel=1e-11)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore:.*is NaN")
def test_printed_examples_of_cells_from_checkpoints(
    published: dict[str, list[dict[str, Any]]],
) -> None:
    """Predicted: within the devices' intervals; exactly where the cost is a sum."""
    api = HWNASBenchAPI()
    inside = []
    for entry in published["nasbench201"]:
        found = api.query_by_index(entry["arch"], entry["dataset"])
        for key, value in entry["metrics"].items():
            if math.isnan(found[key]):
                continue
            if entry["dataset"] == "cifar10" and key.startswith(("eyeriss", "fpga")):
                assert found[key] == pytest.approx(value, rel=1e-6)
            device, metric = METRICS[key]
            estimate = archcost.load(device, metric, dataset=entry["dataset"]).predict(
                entry["arch"], coverage=0.99
            )
            inside.append(estimate.lower[0] <= value <= estimate.upper[0])
    assert len(inside) > 70
    assert np.mean(inside) > 0.9


@pytest.mark.shared
def test_the_withheld_and_the_configuration_of_a_real_file(shared_data: Path) -> None:
    content = load_plain_pickle(shared_data / "HW-NAS-Bench-v1_0.partial.pickle")
    api = HWNASBenchAPI(content)
    cells = content["nasbench201"]["cifar10"]
    for index in (0, 7, 15624):
        assert api.get_net_config(index, "cifar10") == cells["config"][index]
    (withheld,) = np.nonzero(np.isnan(cells["edgegpu_latency"]))
    with pytest.warns(UserWarning, match="the file has no cost"):
        found = api.query_by_index(int(withheld[0]), "cifar10")
    assert math.isnan(found["edgegpu_latency"])
    with pytest.raises(UnsupportedError, match=r"not on cifar100.*predicted"):
        api.query_by_index(0, "cifar100")


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore:.*no cost for this network")
def test_refusals_in_a_file_are_nan_with_a_warning(official: dict[str, Any]) -> None:
    api = HWNASBenchAPI(official)
    with pytest.warns(UserWarning, match=r"edgetpu_latency.*published as -1"):
        found = api.query_by_index(REFUSED, "cifar100")
    assert math.isnan(found["edgetpu_latency"])
    assert "-1" in found.reasons["edgetpu_latency"]


def test_predicted_costs_are_those_of_the_devices() -> None:
    api = HWNASBenchAPI(None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = api.query_by_index(0, "cifar10")
    assert api.source == found.source == "checkpoints"
    assert list(found) == list(METRICS)
    for key, (device, metric) in METRICS.items():
        assert found[key] == pytest.approx(archcost.load(device, metric).predict(0).value[0])


def test_models_of_ones_own_do_not_answer_for_the_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    blocks = np.random.default_rng(0).integers(0, 9, (300, 22)).astype(np.int8)
    target = {("eyeriss", "latency"): blocks.sum(axis=1) + 1.0}
    own = MeasuredTable("fbnet", "cifar100", None, blocks, target)
    archcost.train(own, out=user_folder(), settings=Settings(kinds=("additive",), n_test=50))
    found = HWNASBenchAPI(None, "fbnet").query_by_index([0] * 22, "cifar100")
    assert found["eyeriss_latency"] == pytest.approx(3.940896)


def test_predicted_refusals_are_nan_with_a_warning() -> None:
    chance = archcost.load("edgetpu").predict(range(100)).feasible
    assert chance is not None
    index = int(np.argmin(chance))
    with pytest.warns(UserWarning, match="edgetpu_latency is NaN on cifar10.*refuse"):
        found = HWNASBenchAPI().query_by_index(index, "cifar10")
    assert math.isnan(found["edgetpu_latency"])
    assert found["edgegpu_latency"] > 0


@pytest.mark.filterwarnings("ignore:edgetpu_latency is NaN")
def test_what_is_not_predicted_on_a_data_set_is_nan_with_a_reason() -> None:
    with pytest.warns(UserWarning, match="raspi4_latency is NaN on cifar100: too few cells"):
        found = HWNASBenchAPI().query_by_index(0, "cifar100")
    assert found.keys() == METRICS.keys()
    assert {key for key, value in found.items() if math.isnan(value)} == found.reasons.keys()
    assert "raspi4_latency" in found.reasons


def test_the_average_is_absent_and_says_why() -> None:
    for api, arch in ((HWNASBenchAPI(), 0), (HWNASBenchAPI(None, "fbnet"), [0] * 22)):
        found = api.query_by_index(arch, "cifar10" if arch == 0 else "cifar100")
        assert "average_hw_metric" not in found
        with pytest.raises(KeyError, match="mJ"):
            found["average_hw_metric"]
        with pytest.raises(KeyError, match="fpga_energy"):
            found["fpga_energie"]
        assert found == dict(found)
        assert pickle.loads(pickle.dumps(found)).source == "checkpoints"


def test_look_up_tables_add_up() -> None:
    api = HWNASBenchAPI(None, search_space="fbnet")
    tables = api.get_op_lookup_tables()
    assert tables.keys() == FBNET_METRICS.keys()
    network = [i % 9 for i in range(22)]
    keys = archcost.encodings.operator_keys(archcost.parse([network], space="fbnet")[0])
    found = api.query_by_index(network, "cifar100")
    for key, table in tables.items():
        assert sum(table[block] for block in keys) == pytest.approx(found[key])
    with pytest.raises(UnsupportedError, match="fbnet"):
        HWNASBenchAPI().get_op_lookup_tables()


def test_configurations() -> None:
    config = HWNASBenchAPI().get_net_config(0, "ImageNet16-120")
    assert config == {
        "name": "infer.tiny",
        "C": 16,
        "N": 5,
        "arch_str": "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|"
        "+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
        "num_classes": 120,
    }
    network = [0] * 21 + [8]
    config = HWNASBenchAPI(None, "fbnet").get_net_config(network, "ImageNet")
    assert config == {
        "dataset": "ImageNet",
        "num_classes": 1000,
        "op_idx_list": network,
        "arch_str": ["k3_e1"] * 21 + ["skip"],
    }


@pytest.mark.parametrize(
    ("space", "arch", "dataset", "error", "says"),
    [
        ("nasbench201", 0, "cifar", UnknownNameError, "cifar10"),
        ("nasbench201", 0, "ImageNet", UnknownNameError, "ImageNet16-120"),
        ("nasbench201", -1, "cifar10", ArchitectureError, "0 to 15624"),
        ("nasbench201", 15625, "cifar10", ArchitectureError, "15624"),
        ("nasbench201", [1, 2], "cifar10", ArchitectureError, "one index"),
        ("nasbench201", True, "cifar10", ArchitectureError, "architecture"),
        ("fbnet", 3, "cifar100", ArchitectureError, "FBNet"),
        ("fbnet", [0] * 21, "cifar100", ArchitectureError, "22"),
        ("fbnet", [9] * 22, "cifar100", ArchitectureError, "9"),
        ("fbnet", [0] * 22, "cifar10", UnknownNameError, "cifar100"),
    ],
)
def test_what_does_not_exist_raises(
    space: str, arch: object, dataset: str, error: type[Exception], says: str
) -> None:
    api = HWNASBenchAPI(None, search_space=space)
    for ask in (api.query_by_index, api.get_net_config):
        with pytest.raises(error, match=says):
            ask(arch, dataset)  # type: ignore[arg-type]


def test_wrong_spaces_and_files_raise(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="nasbench201"):
        HWNASBenchAPI(None, search_space="nasbench")
    with pytest.raises(TableError, match="archcost fetch"):
        HWNASBenchAPI(tmp_path / "none.pickle")
    with pytest.raises(TableError, match="nasbench201"):
        HWNASBenchAPI({"fbnet": {}})
