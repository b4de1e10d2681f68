"""Pages, looked at by a browser."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from archcost.charts import Figure, Section, drawing, page
from archcost.encodings import all_strings

alt = pytest.importorskip("altair")

CELLS = [all_strings()[i] for i in (0, 17, 4000, 15000)]
CHAIN = "|".join(["k3_e6", "skip", "k5_e1_g2"] * 7 + ["k5_e3"])
CUSTOM = "|dw_conv_5x5~0|nor_conv_3x3~0|nor_conv_3x3~0|+|skip_connect~0|max_pool_3x3~1|"
TEXTS = [*CELLS, CHAIN, CUSTOM, "|nor_conv_1x1~0|"]


def _chart(frame: pd.DataFrame) -> alt.Chart:
    device = alt.param(name="device", value="")
    return (
        alt.Chart(frame)
        .mark_point(size=400)
        .encode(x="x:Q", y="y:Q", tooltip=["architecture:N", alt.Tooltip("x:Q", title="cost (ms)")])
        .add_params(device)
        .transform_filter("device == '' || device == datum.device")
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = pd.DataFrame(
        {
            "architecture": TEXTS,
            "x": range(len(TEXTS)),
            "y": range(len(TEXTS)),
            "device": ["one", "two"] * 3 + ["one"],
        }
    )
    sections = [
        Section(
            "First <part>",
            ["Text with `code`."],
            [
                Figure(_chart(frame), "Of one", {"device": "one"}),
                Figure(_chart(frame), "Of two", {"device": "two"}),
                Figure(_chart(frame), "Of both", min_width=600),
            ],
            commands=["archcost report -o report.html"],
        ),
        Section("Second", rows=[["device", "note"], ["one", "word " * 30]]),
    ]
    path = tmp_path_factory.mktemp("page") / "page.html"
    page("A title & more", sections, path, lead="A lead.")
    return path


def _content(path: Path) -> Any:
    found = re.search(r'id="content">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_shared_data_are_stored_once(written: Path) -> None:
    content = _content(written)
    assert len(content["specs"]) == 3
    assert len(content["datasets"]) == 1


def test_headings_contents_and_commands(written: Path, opened: Any) -> None:
    with opened(written) as tab:
        assert tab.title() == "A title & more"
        assert tab.locator("h1").all_inner_texts() == ["A title & more"]
        assert tab.locator("h2").all_inner_texts() == ["First <part>", "Second"]
        links = tab.locator("nav a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert all(tab.locator(link).count() == 1 for link in links)
        assert tab.locator("pre").text_content() == "archcost report -o report.html"
        assert tab.locator("p code").inner_text() == "code"


def test_the_page_draws_what_python_draws(written: Path, opened: Any) -> None:
    script = files("archcost.charts").joinpath("page.js").read_text("utf-8")
    functions = script[script.index("function pieceNames") : script.index("function element")]
    with opened(written) as tab:
        run = f"([content, text]) => {{ {functions}; return drawing(text); }}"
        for text in TEXTS:
            assert tab.evaluate(run, [_content(written), text]) == drawing(text)


def test_pointing_at_a_network_shows_its_drawing(written: Path, opened: Any) -> None:
    with opened(written) as tab:
        assert not tab.locator("#tooltip").is_visible()
        _point_at_something(tab, tab.locator("canvas").first.bounding_box())
        assert tab.locator("#tooltip svg path, #tooltip svg rect").count() >= 1
        assert tab.locator("#tooltip dt").all_inner_texts() == ["cost (ms)"]
        assert tab.locator("#tooltip .name").inner_text() in TEXTS
        tab.mouse.move(2, 2)
        assert not tab.locator("#tooltip").is_visible()


def test_a_tap_shows_the_drawing_too(written: Path, new_tab: Any) -> None:
    tab = new_tab(viewport={"width": 390, "height": 900}, has_touch=True, is_mobile=True)
    tab.goto(written.as_uri())
    tab.wait_for_selector(".chart[data-drawn]")
    box = tab.locator("canvas").first.bounding_box()
    # The first network lies in the corner of the axes.
    for x in range(30, 70, 5):
        tab.touchscreen.tap(box["x"] + x, box["y"] + box["height"] - 43)
        if tab.locator("#tooltip svg").is_visible():
            break
    else:
        pytest.fail("no tap shows a network")
    assert tab.locator("#tooltip .name").inner_text() in TEXTS
    tab.context.close()


def _point_at_something(tab: Any, box: dict[str, float]) -> None:
    for y in range(10, int(box["height"]), 9):
        for x in range(40, int(box["width"]), 9):
            tab.mouse.move(box["x"] + x, box["y"] + y)
            if tab.locator("#tooltip svg").is_visible():
                return
    pytest.fail("nothing to point at")


def test_filters_hide_figures_and_reach_charts(written: Path, opened: Any, until: Any) -> None:
    with opened(written) as tab:
        tab.wait_for_function("document.querySelectorAll('[data-drawn]').length == 3")
        before = tab.locator("figure").nth(2).screenshot()
        tab.select_option("select[data-filter=device]", "two")
        shown = tab.locator("figure").evaluate_all("all => all.map(f => !f.hidden)")
        assert shown == [False, True, True]
        until(lambda: tab.locator("figure").nth(2).screenshot() != before)
        tab.select_option("select[data-filter=device]", "")
        assert tab.locator("figure:not([hidden])").count() == 3


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(written: Path, opened: Any, width: int) -> None:
    with opened(written, width) as tab:
        tab.wait_for_function("document.querySelectorAll('[data-drawn]').length == 3")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        boxes = [canvas.bounding_box() for canvas in tab.locator("canvas").all()]
        inside = [box["x"] + box["width"] <= width for box in boxes[:2]]
        assert inside == [True, True]


def test_the_policy_of_the_page_forbids_a_network(written: Path, new_tab: Any) -> None:
    tab = new_tab()
    tab.goto(written.as_uri())
    loaded = "fetch('http://127.0.0.1:9/').then(() => 'yes', error => String(error))"
    assert "TypeError" in tab.evaluate(loaded)
    image = """() => new Promise(done => {
        document.addEventListener('securitypolicyviolation', e => done(e.violatedDirective));
        new Image().src = 'http://127.0.0.1:9/a.png';
    })"""
    assert tab.evaluate(image) == "img-src"
    tab.context.close()
