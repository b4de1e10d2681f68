"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# Devices that a person has saved must neither be seen nor be touched.
os.environ["ARCHCOST_HOME"] = tempfile.mkdtemp(prefix="archcost-test-")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the measured tables where they are absent."""
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason=f"no measured tables at {SHARED}")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of measured tables (mark the test `shared`)."""
    return SHARED


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


@pytest.fixture
def opened(browser: Any) -> Any:
    """A context manager: a file in a tab of this width, offline.

    At the end it has asked for nothing but the file, and said nothing on the console.
    """

    @contextmanager
    def opening(path: Path, width: int = 1280) -> Iterator[Any]:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        tab = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(path.as_uri())
        tab.wait_for_selector(".chart[data-drawn]")
        yield tab
        context.close()
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []

    return opening
