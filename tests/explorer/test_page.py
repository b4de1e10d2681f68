"""The page in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

MINUS = "\N{MINUS SIGN}"
READY = "#results[aria-busy=false] [role=row][data-device]"
Open = Callable[..., "Page"]


@pytest.fixture
def open_page(new_tab: Open, address: str) -> Iterator[Open]:
    """Opens the page at a link; what its console complains of fails the test."""
    complaints: list[str] = []
    pages: list[Page] = []

    def opened(link: str = "", width: int = 1280, **options: Any) -> Page:
        page = new_tab(viewport={"width": width, "height": 850}, **options)
        pages.append(page)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # Nothing may come from elsewhere, and nothing may be asked for there.
        page.on(
            "request",
            lambda r: None if r.url.startswith((address, "data:")) else complaints.append(r.url),
        )
        page.goto(address + link)
        page.wait_for_selector(READY)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert complaints == []


def cost(page: Page, device: str, metric: str = "latency") -> str:
    row = page.locator(f"[data-device={device}][data-metric={metric}]")
    return row.locator(".cost").inner_text()


def settle(page: Page) -> None:
    """Until the request after a click has been answered and drawn."""
    page.wait_for_selector(READY)


def edge(page: Page, name: str, side: str = "a") -> Any:
    return page.locator(f".network[data-side={side}] .edge[aria-label^='Edge {name}']")


def test_a_click_on_an_edge_changes_all_numbers(open_page: Open) -> None:
    page = open_page("#a=334131")
    before = {name: cost(page, name) for name in ("raspi4", "edgegpu", "gold_6226")}
    edge(page, "0 to 2").click()
    page.get_by_role("menuitemradio", name="none").click()
    settle(page)
    assert "none" in str(edge(page, "0 to 2").get_attribute("aria-label"))
    for name, text in before.items():
        assert cost(page, name) != text
    assert "a=304131" in page.url


def test_the_keyboard_does_all_of_it(open_page: Open) -> None:
    page = open_page("#a=334131")
    edge(page, "2 to 3").focus()
    page.keyboard.press("4")
    settle(page)
    assert "a=334133" in page.url
    page.keyboard.press("ArrowDown")
    settle(page)
    assert "a=334134" in page.url
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    settle(page)
    assert "a=334130" in page.url
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Edge 2 to 3: none")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "button"


def test_the_numbers_are_those_of_the_service(open_page: Open, address: str) -> None:
    page = open_page("#a=334131&coverage=0.8")
    body = {"architectures": [[3, 3, 4, 1, 3, 1]], "devices": ["raspi4"], "coverage": 0.8}
    found = page.request.post(f"{address}predict", data=body).json()["costs"][0]
    shown = re.findall(r"[\d.]+", cost(page, "raspi4"))
    ends = [found["value"], found["lower"], found["upper"]]
    assert [float(text) for text in shown] == pytest.approx(ends, rel=5e-3)
    assert "ms" in cost(page, "raspi4")
    assert "mJ" in cost(page, "edgegpu", "energy")


def test_two_cells_side_by_side(open_page: Open) -> None:
    page = open_page("#a=334131")
    page.get_by_role("button", name="Compare two").click()
    settle(page)
    edge(page, "0 to 1", "b").click()
    page.get_by_role("menuitemradio", name=re.compile("1.1 convolution")).click()
    settle(page)
    assert "b=234131" in page.url
    first, second = (page.locator(f".network[data-side={s}]").bounding_box() for s in "ab")
    assert first and second
    assert first["y"] == second["y"]
    text = cost(page, "fpga")
    assert f"B {MINUS}" in text
    assert "clear" in text
    assert "differs" in str(edge(page, "0 to 1").get_attribute("aria-label"))
    assert "differs" not in str(edge(page, "0 to 2").get_attribute("aria-label"))
    page.select_option("#sort", "difference")
    shown = page.locator("[data-metric=latency] .difference").all_inner_texts()
    shares = [float(re.sub(r"[^\d.-]", "", t.split("%")[0].replace(MINUS, "-"))) for t in shown]
    assert shares == sorted(shares)


@pytest.mark.parametrize("link", ["#a=334131", "#a=334131&b=004131", "#space=fbnet"])
def test_what_a_menu_offers_is_answered_before_it_is_chosen(open_page: Open, link: str) -> None:
    page = open_page(link)
    # Until ranks are made the page asks for them now and then.
    page.locator("#status", has_text="ranks:").wait_for(state="detached", timeout=120_000)
    side = "b" if "b=" in link else "a"
    page.locator(f".network[data-side={side}] :is(.edge, .block)").nth(2).click()
    # The differences on the device looked at come with the costs of all.
    page.wait_for_selector("#menu .delta:is(.less, .more)")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("menuitemradio").first.click()
    settle(page)
    foreseen = page.locator("#tables").inner_text()
    assert not [url for url in asked if url.endswith("/predict")]
    again = open_page(page.url[page.url.index("#") :])
    assert again.locator("#tables").inner_text() == foreseen


def test_a_link_reopens_the_same_state(open_page: Open) -> None:
    page = open_page("#a=334131")
    page.get_by_role("button", name="Compare two").click()
    edge(page, "1 to 3", "b").focus()
    page.keyboard.press("1")
    page.select_option("#coverage", "0.95")
    page.get_by_role("radio", name="HELP").check()
    page.locator("[data-device=gold_6226] .device").click()
    settle(page)
    again = open_page("#" + page.url.split("#")[1])
    for one in (page, again):
        one.locator("#explain").get_by_text("latency, Intel Xeon Gold 6226").wait_for()
    for element in ("#tables", "#networks", "#status"):
        assert again.locator(element).inner_text() == page.locator(element).inner_text()
    assert again.locator(".selected").get_attribute("data-device") == "gold_6226"
    assert again.locator("#coverage").input_value() == "0.95"


def test_links_that_say_nonsense_open_the_start(open_page: Open) -> None:
    page = open_page("#space=nope&a=99&b=xyz&size=-4&coverage=7&device=none")
    assert page.locator(".network:visible").count() == 1
    assert edge(page, "0 to 1").count() == 1


def test_sizes_beyond_the_published_skeleton(open_page: Open) -> None:
    page = open_page("#a=334131")
    before = cost(page, "raspi4")
    page.locator("#skeleton summary").click()
    page.locator("#size-width").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert cost(page, "raspi4") != before
    assert "width=24" in page.url
    row = page.locator("[data-device=raspi4]").first
    assert "extrapolated" in row.inner_text()
    page.locator("#published").click()
    settle(page)
    assert cost(page, "raspi4") == before


def test_fbnet_by_block(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("radio", name="FBNet").check()
    settle(page)
    page.wait_for_selector(".chain")
    blocks = page.locator(".network[data-side=a] .block")
    assert blocks.count() == 22
    before = cost(page, "edgegpu")
    blocks.nth(4).click()
    page.get_by_role("menuitemradio", name=re.compile("^.*skip")).click()
    settle(page)
    assert blocks.nth(4).inner_text().startswith("skip")
    assert cost(page, "edgegpu") != before
    # Where the shape changes, skip is a convolution, and is called so.
    blocks.nth(5).click()
    assert re.search("skip.*1.1 convolution", page.locator("#menu").inner_text())


def test_ranks_come_when_they_are_made(open_page: Open) -> None:
    page = open_page("#a=000000")
    rank = page.locator("[data-device=edgegpu][data-metric=energy] .rank .line").first
    rank.filter(has_text="%").wait_for()
    assert re.fullmatch(r"[\d,]+ of 15,625 cells .*", str(rank.get_attribute("title")))


def test_the_edge_tpu_refuses(open_page: Open) -> None:
    page = open_page("#a=011410")
    row = page.locator("[data-device=edgetpu]")
    assert "to run" in row.inner_text()


@pytest.mark.parametrize("link", ["#a=334131&b=304131", "#space=fbnet", "#width=32"])
def test_a_phone_needs_no_scrolling_sideways(open_page: Open, link: str) -> None:
    page = open_page(link, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("raspi4", "edgegpu"):
        box = page.locator(f"[data-device={name}]").first.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_where_a_cost_comes_from(open_page: Open) -> None:
    page = open_page("#a=334131&device=raspi4")
    panel = page.locator("#explain")
    page.locator("[data-device=fpga][data-metric=energy] .device").click()
    panel.get_by_text("energy, FPGA").wait_for()
    assert "mJ" in page.locator(".edge .value").all_text_contents()[0]
    before = cost(page, "fpga", "energy")
    panel.locator(".apply").click()
    settle(page)
    assert "a=334131" not in page.url
    assert cost(page, "fpga", "energy") != before
    # Nothing reads node 2 here: the runtime of the Raspberry Pi removes what leads there.
    page = open_page("#a=334130&device=raspi4")
    page.locator(".network .edge.removed").first.wait_for()
    assert "removed: cannot reach the output" in page.locator("#explain").inner_text()
    assert "cannot reach" in str(edge(page, "1 to 2").get_attribute("aria-label"))


def test_everything_that_can_be_clicked_has_a_name(open_page: Open) -> None:
    page = open_page("#a=334131&b=304131")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, [role=button], a')]
        .filter(e => e.checkVisibility() && !(e.getAttribute('aria-label') || e.innerText
            || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"""
    )
    assert unnamed == []
