"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Devices that a person has saved must neither be seen nor be touched.
os.environ["ARCHCOST_HOME"] = tempfile.mkdtemp(prefix="archcost-test-")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_S = 600
"""A busy machine is slow, not wrong: what hangs must end, but nothing fails for being slow."""
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of measured tables; without it the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(f"no measured tables at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], object]], None]:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"not so within {_PATIENCE_S} s"
            time.sleep(0.005)

    return wait


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium or Chrome; tests are skipped where there is none.

    One at a time: Playwright's loop, as long as it runs, shuts out others in the same thread.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no chromium or chrome in the path")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def new_tab(browser: Any) -> Callable[..., Any]:
    """Gives an empty tab, in a context of its own that has these options."""

    def opening(**options: Any) -> Any:
        context = browser.new_context(**options)
        context.set_default_timeout(1000 * _PATIENCE_S)
        return context.new_page()

    return opening


@pytest.fixture
def opened(new_tab: Callable[..., Any]) -> Any:
    """A context manager: a file in a tab of this width, offline.

    At the end it has asked for nothing but the file, and said nothing on the console.
    """

    @contextmanager
    def opening(path: Path, width: int = 1280) -> Iterator[Any]:
        tab = new_tab(viewport={"width": width, "height": 900}, offline=True)
        said: list[str] = []
        asked: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(path.as_uri())
        tab.wait_for_selector(".chart[data-drawn]")
        yield tab
        tab.context.close()
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []

    return opening
