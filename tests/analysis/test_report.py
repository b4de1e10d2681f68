"""Reports and pictures: what is compared with what, and how they look in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcost.analysis import PICTURES, Study, picture, report
from archcost.checkpoints import chosen_cards, find_card
from archcost.data import MeasuredTable, own_tables, read_table
from archcost.encodings import Batch, all_strings
from archcost.errors import UnknownNameError, UnsupportedError
from archcost.training import adapt, held_out_rows

pytest.importorskip("altair")

OWN = "epyc_onnxruntime"


@pytest.fixture(scope="module")
def study() -> Study:
    """A simulated device, of which no table is given, and one whose table ships."""
    cards = (find_card("eyeriss"), find_card("eyeriss", "energy"), find_card(OWN))
    return Study(cards)


@pytest.fixture(scope="module")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    report(study, path, ["--devices", f"eyeriss,{OWN}"])
    return path


def test_held_out_rows_of_own_tables_are_used_without_being_given(study: Study) -> None:
    (table,) = own_tables("nasbench201", "epyc_onnxruntime")
    card = find_card(OWN)
    rows = held_out_rows(card, table)
    found = study.agreements[f"{OWN} latency"]
    assert card.scores is not None and len(found.measured) == len(rows) == card.scores.n
    assert found.measured.tolist() == table.targets[OWN, "latency"][rows].tolist()
    assert study.left_out == dict.fromkeys(
        ("eyeriss latency", "eyeriss energy"), "no table given has it"
    )


def test_a_table_that_it_was_not_trained_on_is_refused() -> None:
    (table,) = own_tables("nasbench201", "epyc_onnxruntime")
    half = MeasuredTable(
        table.space,
        table.dataset,
        None,
        table.architectures[:700],
        {("eyeriss", "energy"): table.targets[OWN, "latency"][:700]},
    )
    study = Study((find_card("eyeriss", "energy"),), (half,))
    assert "is not the one that it was trained on" in study.left_out["eyeriss energy"]


def test_a_device_of_ones_own_is_compared_on_what_it_was_not_adapted_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path))
    (table,) = own_tables("nasbench201", "epyc_onnxruntime")
    texts = list(table.architectures[:60])
    costs = table.targets[OWN, "latency"][:60]
    adapted = adapt(texts[:20], costs[:20], device="study-board")
    adapted.save()
    given = MeasuredTable(
        "nasbench201", "cifar10", None, texts, {("study-board", "latency"): costs}
    )
    study = Study(tuple(chosen_cards(("nasbench201", "cifar10"), ["study-board"])), (given,))
    found = study.agreements["study-board latency"]
    assert found.batch.strings() == texts[20:]
    assert found.measured.tolist() == costs[20:].tolist()


@pytest.mark.shared
def test_agreement_is_what_the_card_says(shared_data: Path) -> None:
    path = shared_data / "nasbench201_hwnasbench_cifar10.parquet"
    card = find_card("edgetpu", kind="gbdt")
    study = Study((card,), tuple(read_table(path, dataset="cifar10")))
    found = study.agreements["edgetpu latency"]
    estimate = found.estimate
    inside = (estimate.lower <= found.measured) & (found.measured <= estimate.upper)
    assert card.scores is not None
    assert len(found.measured) == card.scores.n == 1386
    assert inside.mean() == pytest.approx(card.scores.coverage)


def test_no_network_before_which_a_pareto_set_stands_is_better() -> None:
    """The Edge TPU refuses networks that would be: they are not drawn."""
    section = PICTURES["pareto"][1](Study((find_card("edgetpu"), find_card("raspi4"))))
    refusing, other = (figure.chart.layer for figure in section.figures)
    assert refusing[0].data is other[0].data
    assert refusing[0].transform[0].to_dict() == {"filter": "(datum['runs_c0'] === 'runs')"}
    points, best = refusing[0].data.query("runs_c0 == 'runs'"), refusing[1].data
    assert len(points) < len(refusing[0].data)
    for cost, good in points[["c0", "good"]].to_numpy():
        assert not ((best["c0"] > cost) & (best["good"] <= good)).any()


def test_spaces_do_not_mix() -> None:
    with pytest.raises(UnsupportedError, match="one space"):
        Study((find_card("eyeriss"), find_card("eyeriss", space="fbnet")))


def test_the_report_says_what_is_left_out_and_how_to_get_it(written: Path) -> None:
    text = written.read_text("utf-8")
    assert text.count("Left out: eyeriss latency, eyeriss energy (no table given has it)") == 3
    assert "archcost fetch" in text
    assert f"archcost plot pareto --devices eyeriss,{OWN} -o pareto.svg" in text
    assert len(text) < 6e6


def test_the_report_in_a_browser(written: Path, opened: Any) -> None:
    """Every chart is drawn offline, a network is shown, the filter leaves one device."""
    with opened(written) as tab:
        assert tab.locator("h2").count() == 1 + len(PICTURES)
        _scroll(tab)
        assert tab.locator(".chart").count() == tab.locator(".chart[data-drawn]").count() == 16
        assert tab.locator(".problem").count() == 0
        chart = tab.locator("#cost-against-multiply-accumulates canvas").first
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        for x in range(70, int(box["width"]), 3):
            tab.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)
            if tab.locator("#tooltip svg").is_visible():
                break
        assert tab.locator("#tooltip .name").inner_text() in set(all_strings())
        tab.select_option("select[data-filter=device]", OWN)
        # One chart a section: the correlation has no device, the other seven have this one.
        assert tab.locator("figure:not([hidden])").count() == 8


def test_the_report_fits_a_phone(written: Path, opened: Any) -> None:
    with opened(written, 390) as tab:
        _scroll(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") == 390


def _scroll(tab: Any) -> None:
    """To the end, so that every chart is drawn."""
    for number in range(tab.locator(".chart").count()):
        tab.locator(".chart").nth(number).scroll_into_view_if_needed()
    tab.wait_for_function("document.querySelectorAll('.chart:not([data-drawn])').length == 0")


@pytest.mark.parametrize("name", ["correlation", "calibration", "pareto"])
def test_pictures_as_files(study: Study, tmp_path: Path, name: str) -> None:
    picture(study, name, tmp_path / "one.svg")
    text = (tmp_path / "one.svg").read_text("utf-8")
    assert text.startswith("<svg")
    if name == "pareto":
        assert "Predicted latency (ms)" in text and "Predicted energy (mJ)" in text
    if name == "calibration":
        assert OWN in text and "eyeriss" not in text


def test_refusals(tmp_path: Path) -> None:
    alone = Study((find_card("fpga"),))
    with pytest.raises(UnknownNameError, match="did you mean 'pareto'"):
        picture(alone, "pareto_set", tmp_path / "one.svg")
    with pytest.raises(UnsupportedError, match="two targets"):
        picture(alone, "correlation", tmp_path / "one.svg")
    with pytest.raises(UnsupportedError, match=r"needs measurements .*--table"):
        picture(alone, "deciles", tmp_path / "one.svg")
    assert list(tmp_path.iterdir()) == []


def test_points_are_drawn_by_a_stated_rule(study: Study) -> None:
    assert isinstance(study.networks, Batch) and len(study.networks) == 15625
    rows = study.drawn(1000)
    assert len(rows) == study.points == 600
    assert (np.diff(rows) > 0).all() and (rows == study.drawn(1000)).all()
