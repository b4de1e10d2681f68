"""Files of a search: read back, and opened in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import archcost
from archcost.encodings import Batch
from archcost.errors import ArchcostError
from archcost.search import Found, write
from archcost.search.writing import chart

pytest.importorskip("vl_convert")


def accuracy(batch: Batch) -> np.ndarray:
    return 60 + batch.groups[0].ids.astype(float) @ np.array([3, 1, 2, 5, 2, 1])


@pytest.fixture(scope="module")
def found() -> Found:
    return archcost.search(
        ["raspi4", "edgetpu"],
        max_latency={"raspi4": "40ms"},
        confidence=0.9,
        margin=0.05,
        accuracy=accuracy,
        budget=400,
    )


@pytest.fixture(scope="module")
def folder(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("found") / "new" / "folder"
    files = write(found, folder, "archcost search --device raspi4 …")
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in files)
    return folder


def test_the_table_is_read_back(found: Found, folder: Path) -> None:
    frame = pd.read_csv(folder / "pareto.csv")
    pd.testing.assert_frame_equal(frame, found.to_frame(), check_dtype=False)
    again = archcost.load("raspi4").predict(frame["architecture"], coverage=0.9)
    # Graph networks compute in float32: the last digits depend on what is predicted together.
    np.testing.assert_allclose(again.upper, frame["raspi4_latency_ms_upper"], rtol=1e-3)
    assert frame["edgetpu_latency_ms_feasible"].min() >= 0.9


def test_the_picture_is_one(folder: Path) -> None:
    assert (folder / "pareto.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_page_says_how_to_read_it(found: Found, folder: Path) -> None:
    text = (folder / "pareto.html").read_text(encoding="utf-8")
    for part in (*found.words(), "archcost search --device raspi4 …", "raspi4 latency (ms)"):
        assert part in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)


def test_a_stand_in_shows_in_everything(tmp_path: Path) -> None:
    plain = archcost.search("fpga", budget=100)
    write(plain, tmp_path)
    assert "standing in for accuracy" in json.dumps(chart(plain, 0).to_dict())
    assert "stand in for it" in (tmp_path / "pareto.html").read_text(encoding="utf-8")
    assert "accuracy_stand_in_mmacs" in (tmp_path / "pareto.csv").read_text(encoding="utf-8")


def test_what_is_drawn_in_grey_keeps_to_the_limits() -> None:
    """Cells that the Edge TPU likely refuses would lie left of the set, as if they were better."""
    alone = archcost.search("edgetpu")
    cheapest = alone.scores.value.min()
    assert alone.looked_at.value.min() < cheapest
    drawn = chart(alone, 0).layer[0].data.values
    assert len(drawn) == 2000 and min(point["cost"] for point in drawn) >= float(f"{cheapest:.6g}")


def test_one_architecture_is_a_picture_too(tmp_path: Path) -> None:
    single = archcost.search("fpga", budget=1)
    assert len(single) == 1
    write(single, tmp_path)


def test_a_folder_that_is_a_file(found: Found, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ArchcostError, match="cannot be written"):
        write(found, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_opened_on_a_phone(folder: Path, opened: Any) -> None:
    with opened(folder / "pareto.html", width=390) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
