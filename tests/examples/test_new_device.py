"""The worked example runs, with and without measured tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("new_device.py")


def spearman_of(*arguments: str) -> float:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=True
    )
    found = re.search(r"Spearman ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout
    assert "most like" in done.stdout
    return float(found[1])


def test_simulated_array() -> None:
    assert spearman_of("-n", "10") > 0.99


@pytest.mark.shared
def test_measured_device(shared_data: Path) -> None:
    table = shared_data / "nasbench201_help.parquet"
    assert spearman_of("--table", str(table), "--device", "titan_rtx_256") > 0.99
