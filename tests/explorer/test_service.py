"""The service: what it answers, what it refuses and how it says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import archcost
from archcost.encodings import custom_skeleton
from archcost.explorer import create_app
from archcost.explorer.app import STATIC
from archcost.explorer.limits import MOST_BYTES, BoundedRate
from archcost.explorer.schema import MOST_ARCHITECTURES

BASE = "http://127.0.0.1"
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"
CHAIN = "|".join(["k3_e6"] * 22)


def service() -> TestClient:
    return TestClient(create_app(rate=1e6, burst=10**6, warm=None), base_url=BASE)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with service() as found:
        yield found


@pytest.fixture
def fresh() -> Iterator[TestClient]:
    """A service that makes no tables but those that its test asks for."""
    with service() as found:
        yield found


def predict(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_costs_are_those_of_the_models(client: TestClient) -> None:
    found = predict(client, architectures=[CELL, 7], devices=["raspi4", "edgetpu"], coverage=0.8)
    assert [n["index"] for n in found["networks"]] == [archcost_index(CELL), 7]
    assert len(found["costs"]) == 4
    for cost in found["costs"]:
        expected = archcost.load(cost["device"]).predict([CELL, 7], 0.8)
        at = cost["architecture"]
        assert cost["unit"] == "ms"
        ends = [cost["value"], cost["lower"], cost["upper"]]
        assert ends == pytest.approx([expected.value[at], expected.lower[at], expected.upper[at]])
        assert (cost["feasible"] is None) is (cost["device"] == "raspi4")


def archcost_index(cell: str) -> int:
    from archcost.encodings import index_of

    return int(index_of(archcost.parse(cell).groups[0].ids)[0])


def test_all_devices_and_metrics_by_default(client: TestClient) -> None:
    found = predict(client, architectures=[CHAIN], dataset="ImageNet")
    metrics = {(c["device"], c["metric"]) for c in found["costs"]}
    here = archcost.catalogue().query("space == 'fbnet' and dataset == 'ImageNet' and default")
    assert metrics == set(zip(here["device"], here["metric"], strict=True))
    assert len(metrics) == 8
    # The sum that HW-NAS-Bench's authors print for another network of this space.
    published = predict(client, architectures=[[0] * 22], devices=["eyeriss"], metric="latency")
    assert published["costs"][0]["value"] == pytest.approx(3.940896, rel=1e-9)


def test_ranks_are_places_in_the_whole_space(fresh: TestClient) -> None:
    asked = {"architectures": [1, 2, 6], "devices": ["fpga", "edgetpu"], "metric": "latency"}
    first = predict(fresh, **asked)
    assert first["models"] == 2
    fresh.app.state.tables.wait()  # type: ignore[attr-defined]
    found = predict(fresh, **asked)
    assert found["pending"] == 0
    for before, after in zip(first["costs"], found["costs"], strict=True):
        # A look-up by then; cells asked one by one differ in the last digits of float32.
        assert after["value"] == pytest.approx(before["value"], rel=1e-5)
        assert after["upper"] == pytest.approx(before["upper"], rel=1e-5)
    every = archcost.parse(range(15625))
    whole = {name: archcost.load(name).predict(every) for name in ("fpga", "edgetpu")}
    for cost in found["costs"]:
        values, feasible = whole[cost["device"]].value, whole[cost["device"]].feasible
        runs = np.ones(15625, bool) if feasible is None else feasible >= 0.5
        index = asked["architectures"][cost["architecture"]]  # type: ignore[index]
        cheaper = int((values[runs] < values[index]).sum())
        expected = {"cheaper": cheaper, "of": int(runs.sum()), "sampled": False}
        assert cost["rank"] == (expected if runs[index] else None)
    assert {cost["rank"] is None for cost in found["costs"]} == {True, False}


def test_ranks_among_random_networks(fresh: TestClient) -> None:
    smallest, largest = [8] * 22, [7] * 22
    asked = {"architectures": [smallest, largest], "devices": ["eyeriss"], "space": "fbnet"}
    predict(fresh, **asked)
    fresh.app.state.tables.wait()  # type: ignore[attr-defined]
    ranks = [c["rank"] for c in predict(fresh, **asked, metric="latency")["costs"]]
    assert ranks[0] == {"cheaper": 0, "of": 5000, "sampled": True}
    assert ranks[1] == {"cheaper": 5000, "of": 5000, "sampled": True}


def test_other_sizes_go_to_the_models_of_layers(client: TestClient) -> None:
    sizes = {"image_size": 64, "channels": [32, 64, 128], "repeats": [2, 2, 2], "classes": 7}
    found = predict(client, architectures=[CELL], devices=["raspi4"], skeleton=sizes)
    place = replace(
        custom_skeleton(),
        **{**sizes, "channels": (32, 64, 128), "repeats": (2, 2, 2)},
        stem_channels=32,
    )
    cell = archcost.Architecture.from_string(CELL, place)
    expected = archcost.load("raspi4", space="custom").predict([cell])
    (cost,) = found["costs"]
    assert found["networks"][0]["space"] == "custom"
    assert cost["value"] == pytest.approx(expected.value[0])
    assert cost["upper"] == pytest.approx(expected.upper[0])
    assert cost["extrapolation"] == pytest.approx(expected.extrapolation[0])
    assert cost["extrapolation"] > 0
    assert cost["rank"] is None
    assert found["pending"] == 0


def test_the_published_sizes_are_no_other_sizes(client: TestClient) -> None:
    sizes = {"image_size": 32, "channels": [16, 32, 64], "repeats": [5, 5, 5]}
    found = predict(client, architectures=[CELL], devices=["fpga"], skeleton=sizes)
    assert found["networks"][0]["space"] == "nasbench201"


def test_cells_of_ones_own(client: TestClient) -> None:
    cells = ["|dw_conv_5x5~0|+|nor_conv_3x3~0|dil_conv_3x3~1|", "|nor_conv_5x5~0|"]
    found = predict(client, architectures=cells, space="custom", devices=["pixel3"])
    assert [n["architecture"] for n in found["networks"]] == cells
    assert found["networks"][0]["macs"] != found["networks"][1]["macs"]


WRONG: list[tuple[dict[str, Any], list[Any], str]] = [
    ({}, ["architectures"], "required"),
    ({"architectures": []}, ["architectures"], "at least 1"),
    ({"architectures": [1] * (MOST_ARCHITECTURES + 1)}, ["architectures"], "at most 1000"),
    ({"architectures": [1, "abc"]}, ["architectures", 1], "no architecture"),
    ({"architectures": [True]}, ["architectures", 0], "expected an index"),
    ({"architectures": [15625]}, ["architectures", 0, "index"], "15624"),
    ({"architectures": [CELL.replace("none", "nope")]}, ["architectures", 0], "none"),
    ({"architectures": ["net.onnx"]}, ["architectures", 0], "reads no files"),
    ({"architectures": ["net.onnx"], "space": "custom"}, ["architectures", 0], "a string such as"),
    ({"architectures": [1], "devices": ["fpga", "raspi"]}, ["devices", 1], "'raspi4'"),
    ({"architectures": [1], "metric": "latncy"}, ["metric"], "'latency'"),
    ({"architectures": [1], "space": "fbnt"}, ["space"], "'fbnet'"),
    ({"architectures": [1], "dataset": "cifar"}, ["dataset"], "'cifar10'"),
    ({"architectures": [1], "coverage": 0.999}, ["coverage"], "0.99"),
    ({"architectures": [1], "cover": 0.9}, ["cover"], "not permitted"),
    ({"architectures": [1], "skeleton": {"image_size": 34}}, ["skeleton"], "halved"),
    ({"architectures": [CHAIN], "skeleton": {"repeats": [1, 1, 1]}}, ["skeleton"], "7 stages"),
    ({"architectures": [1, CHAIN], "skeleton": {"classes": 7}}, ["skeleton"], "one space"),
    ({"architectures": [CHAIN], "metric": "arithmetic_intensity"}, ["metric"], "no predictor"),
    ({"architectures": [1], "devices": ["pixel2"], "metric": "energy"}, ["devices", 0], "latency"),
]


@pytest.mark.parametrize(("body", "place", "message"), WRONG)
def test_what_is_wrong_is_named(
    client: TestClient, body: dict[str, Any], place: list[Any], message: str
) -> None:
    answer = client.post("/predict", json=body)
    assert answer.status_code == 422, answer.text
    first = answer.json()["detail"][0]
    assert first["loc"] == ["body", *place]
    assert message in first["msg"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("{", 422),
        ("[" * 100_000, 400),
        ('{"architectures": [NaN]}', 422),
        ('{"architectures": [1], "coverage": NaN}', 422),
        ('{"architectures": ["\\ud800"], "\\ud800": 1}', 422),
        ('{"architectures": [1' + "0" * 5000 + "]}", 400),
    ],
)
def test_bodies_that_are_hardly_json(client: TestClient, text: str, status: int) -> None:
    answer = client.post("/predict", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_long_bodies_are_refused(client: TestClient) -> None:
    whole = client.post("/predict", content=b" " * (MOST_BYTES + 1))
    pieces = client.post("/predict", content=(b" " * 65536 for _ in range(MOST_BYTES // 65536 + 1)))
    for answer in (whole, pieces):
        assert answer.status_code == 413
        assert "1,048,576 bytes" in answer.json()["detail"]


def test_a_rate_is_kept() -> None:
    with TestClient(create_app(rate=0.5, burst=2, warm=None), base_url=BASE) as client:
        answers = [client.post("/predict", json={}) for _ in range(3)]
        assert [a.status_code for a in answers] == [422, 422, 429]
        assert answers[2].headers["retry-after"] == "2"
        assert client.get("/devices").status_code == 200


def test_tokens_come_back() -> None:
    now = 0.0
    bucket = BoundedRate(None, rate=2.0, burst=3, clock=lambda: now)  # type: ignore[arg-type]
    assert [bucket._take() for _ in range(4)] == [True, True, True, False]
    now = 0.5
    assert [bucket._take() for _ in range(2)] == [True, False]
    now = 60.0
    assert [bucket._take() for _ in range(4)] == [True, True, True, False]


def test_only_this_machine_is_answered(client: TestClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "192.168.0.7"):
        assert client.get("/devices", headers={"host": host}).status_code == 400
    answer = client.get("/devices", headers={"host": "localhost:8201", "origin": "http://evil"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = {"origin": "http://evil", "access-control-request-method": "POST"}
    assert client.options("/predict", headers=asked).status_code == 405


def test_the_page_needs_no_network(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in Path(STATIC).iterdir():
        assert client.get(f"/static/{path.name}").status_code == 200
        links = re.findall(r"https?://[^\s\"'`)]+", path.read_text(encoding="utf-8"))
        assert set(links) <= {"http://www.w3.org/2000/svg"}, path


def test_the_schema_and_its_examples(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert {"/predict", "/explain", "/devices"} == set(schema["paths"])
    for path, name in (("/predict", "PredictRequest"), ("/explain", "ExplainRequest")):
        examples = schema["components"]["schemas"][name]["examples"]
        assert examples
        for example in examples:
            answer = client.post(path, json=example)
            assert answer.status_code == 200, answer.text
            assert "NaN" not in json.dumps(answer.json())


def test_an_explanation_adds_up(client: TestClient) -> None:
    asked = {"architecture": CELL, "device": "edgegpu", "metric": "energy", "coverage": 0.8}
    answer = client.post("/explain", json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert sum(part["value"] for part in found["parts"]) == pytest.approx(found["value"])
    expected = archcost.explain(CELL, "edgegpu", "energy", coverage=0.8)
    assert found["value"] == pytest.approx(expected.value)
    assert expected.best is not None
    assert found["best"]["after"] == expected.best.after
    sizes = {"image_size": 64}
    other = client.post("/explain", json={**asked, "skeleton": sizes}).json()
    assert other["space"] == "custom"
    assert other["value"] > found["value"]


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"device": "edgegup"}, ["device"], "'edgegpu'"),
        ({"device": "pixel3", "metric": "energy"}, ["device"], "latency"),
        ({"metric": "power"}, ["metric"], "known"),
        ({"architecture": "|x~0|"}, ["architecture"], "x"),
        ({"architecture": None}, ["architecture"], "expected an index"),
        ({"space": "nb201"}, ["space"], "'nasbench201'"),
        ({"skeleton": {"image_size": 34}}, ["skeleton"], "halved"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(
    client: TestClient, change: dict[str, Any], place: list[Any], message: str
) -> None:
    body = {"architecture": CELL, "device": "edgegpu", **change}
    answer = client.post("/explain", json=body)
    assert answer.status_code == 422, answer.text
    first = answer.json()["detail"][0]
    assert first["loc"] == ["body", *place]
    assert message in first["msg"]


def test_devices_and_spaces(client: TestClient) -> None:
    found = client.get("/devices").json()
    devices = {device["id"]: device for device in found["devices"]}
    assert devices["raspi4"]["measured"]
    assert not devices["eyeriss"]["measured"]
    assert len(devices["gold_6226"]["targets"]) == 3
    assert [space["length"] for space in found["spaces"]] == [6, 22]


def test_a_device_of_ones_own(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    costs = archcost.load("raspi4").predict(range(12)).value
    archcost.adapt(list(range(12)), costs, device="my-board").save()
    found = {d["id"]: d for d in client.get("/devices").json()["devices"]}
    assert found["my-board"]["yours"]
    (cost,) = predict(client, architectures=[99], devices=["my-board"])["costs"]
    assert cost["value"] == pytest.approx(archcost.load("my-board").predict(99).value[0])
