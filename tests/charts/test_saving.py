"""Image files."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from archcost.charts import COLOURS, save
from archcost.errors import ArchcostError, UnsupportedError

alt = pytest.importorskip("altair")


def _chart() -> alt.Chart:
    frame = pd.DataFrame({"x": [1, 2], "y": [3, 4], "kind": ["a", "b"]})
    return alt.Chart(frame).mark_point().encode(x="x", y="y", color="kind")


def test_each_suffix_gets_its_format(tmp_path: Path) -> None:
    heads = {".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF"}
    for suffix, head in heads.items():
        save(_chart(), tmp_path / f"one{suffix}")
        assert (tmp_path / f"one{suffix}").read_bytes().startswith(head)
    text = (tmp_path / "one.svg").read_text("utf-8")
    ElementTree.fromstring(text)
    assert COLOURS[0] in text and COLOURS[1] in text


def test_a_larger_scale_has_more_pixels(tmp_path: Path) -> None:
    widths = []
    for scale in (1, 3):
        save(_chart(), tmp_path / "one.png", scale)
        widths.append(int.from_bytes((tmp_path / "one.png").read_bytes()[16:20], "big"))
    assert widths[1] == pytest.approx(3 * widths[0], abs=3)


def test_refusals_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnsupportedError, match=r"suffix '\.gif'; write a \.png, \.svg, \.pdf"):
        save(_chart(), tmp_path / "one.gif")
    with pytest.raises(ArchcostError, match="no folder"):
        save(_chart(), tmp_path / "none" / "one.png")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(UnsupportedError, match=r"archcost\[pages\]"):
        save(_chart(), tmp_path / "one.png")
    assert list(tmp_path.iterdir()) == []
