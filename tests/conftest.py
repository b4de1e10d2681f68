"""Fixtures that every test may use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Devices that a person has saved must neither be seen nor be touched.
os.environ["ARCHCOST_HOME"] = tempfile.mkdtemp(prefix="archcost-test-")
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
