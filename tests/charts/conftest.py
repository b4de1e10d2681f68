"""A browser without a network; its tests are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A running Chromium or Chrome."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
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
