"""Drawings of cells and chains."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from archcost.charts import drawing, pieces
from archcost.encodings import FBNET_OPERATORS, all_strings
from archcost.errors import ArchitectureError, UnknownNameError

CELL = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|"
_SVG = "{http://www.w3.org/2000/svg}"


def _titles(text: str) -> list[str | None]:
    return [e.text for e in ElementTree.fromstring(drawing(text)).iter(f"{_SVG}title")]


def test_every_operator_is_drawn_and_named() -> None:
    operators = ["nor_conv_3x3", "none", "avg_pool_3x3", "skip_connect", "nor_conv_1x1"]
    assert _titles(CELL) == [*operators, "skip_connect"]
    chain = [*FBNET_OPERATORS, *FBNET_OPERATORS, "skip", "skip", "k3_e1", "k5_e6"]
    assert _titles("|".join(chain)) == chain


def test_cells_of_ones_own_lie_inside_their_frame() -> None:
    text = "|dw_conv_5x5~0|+|dil_conv_3x3~0|nor_conv_7x7~0|+" + "|".join(
        ["", *(f"max_pool_3x3~{source}" for source in range(3)), ""]
    )
    root = ElementTree.fromstring(drawing(text))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    assert len(list(root.iter(f"{_SVG}path"))) == 6
    for label in root.iter(f"{_SVG}text"):
        assert 0 <= float(label.get("x", -1)) <= width
        assert 8 <= float(label.get("y", -1)) <= height


def test_a_space_needs_few_pieces() -> None:
    """So a page of thousands of cells holds no drawing of each."""
    found: dict[str, str] = {}
    for text in all_strings():
        found |= pieces(text)
    assert len(found) == 1 + 6 * 5
    assert sum(map(len, found.values())) < 20_000


def test_refusals() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'skip_connect'"):
        drawing("|skip_conect~0|")
    with pytest.raises(ArchitectureError, match="malformed"):
        drawing("|skip_connect~0")
