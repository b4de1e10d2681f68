"""How long the page of `archcost explore` takes from a click on an operator to the painted costs.

In Chromium, headless: figures to compare, not tests. `python tests/bench_explorer.py`
"""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Page

CLICKS = 60
READING = 300
"""Milliseconds between opening a menu and choosing from it: the page foresees the answer then."""
READY = "#results[aria-busy=false] [role=row][data-device]"
# From the click to the end of the first frame after the answer was drawn.
WATCH = """() => {
  const results = document.getElementById("results");
  window.times = [];
  let clicked = null;
  document.addEventListener("click", (event) => { clicked = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (results.getAttribute("aria-busy") !== "false" || clicked === null) return;
    const start = clicked;
    clicked = null;
    requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - start)));
  }).observe(results, { attributes: true, attributeFilter: ["aria-busy"] });
}"""


def clicks(page: Page, count: int) -> list[float]:
    """Milliseconds of so many changes of random edges or blocks, each by its menu."""
    chance = random.Random(0)
    page.evaluate(WATCH)
    for number in range(count):
        places = page.locator(".network[data-side=a] :is(.edge, .block)")
        places.nth(chance.randrange(places.count())).click()
        page.wait_for_timeout(READING)
        others = page.locator("#menu [aria-checked=false]")
        others.nth(chance.randrange(others.count())).click()
        # Asking all the time would take the processor from what is timed.
        page.wait_for_timeout(400)
        while page.evaluate("times.length") <= number:
            page.wait_for_timeout(400)
    found: list[float] = page.evaluate("times")
    return found


def show(name: str, times: list[float]) -> None:
    """One line of the table."""
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{name:48} {statistics.median(times):6.0f} {p95:6.0f} {max(times):6.0f}", flush=True)


def main() -> None:
    """Print median, 95th percentile and maximum of each situation."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    command = [sys.executable, "-m", "archcost", "explore", "--no-open", "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service,
        sync_playwright() as playwright,
    ):
        assert service.stdout is not None
        address = service.stdout.readline().split(" ")[0]
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        print(f"{'from click to painted costs, ms':48} median    p95    max")

        def opened(link: str) -> None:
            page.goto("about:blank")
            page.goto(address + link)
            page.wait_for_selector(READY)

        opened("#a=334131")
        show("NAS-Bench-201, ranks still being made", clicks(page, CLICKS // 3))
        page.get_by_text("ranks:").wait_for(state="detached", timeout=300_000)
        for name, link in (
            ("NAS-Bench-201", "#a=334131"),
            ("NAS-Bench-201, two cells", "#a=334131&b=304131"),
            ("NAS-Bench-201, 95 % intervals", "#a=334131&coverage=0.95"),
            ("NAS-Bench-201's cells, 64 x 64, 32 channels", "#a=334131&size=64&width=32"),
            ("FBNet", "#space=fbnet"),
        ):
            opened(link)
            show(name, clicks(page, CLICKS))
        browser.close()
        service.terminate()


if __name__ == "__main__":
    main()
