"""The pages that are written at build hold what they are made of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archcost.checkpoints import cards
from archcost.cli.app import app
from archcost.data import DEVICES

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs" / "_extensions"))

import generated


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generated.pages()


def test_every_card_with_its_hashes(pages: dict[str, str]) -> None:
    for card in cards():
        page = pages[f"cards/{card.device}.md"]
        for digest in (*card.files.values(), *card.shared.values()):
            assert digest in page
        if card.scores is not None:
            assert f"{card.scores.kendall_tau:.4f}" in page
        assert f"[`{card.device}`]({card.device}.md#" in pages["cards/index.md"]


def test_every_device_with_its_note(pages: dict[str, str]) -> None:
    for device in DEVICES.values():
        assert device.note.strip() in pages["devices.md"]


def test_every_default_with_scores_is_in_the_calibration(pages: dict[str, str]) -> None:
    lines = [line for line in pages["calibration.md"].splitlines() if line.startswith("| [`")]
    assert len(lines) == sum(card.default and card.scores is not None for card in cards())


def test_every_command_is_in_the_reference(pages: dict[str, str]) -> None:
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.rstrip("_")
        assert f"## archcost {name}\n" in pages["commands.md"]
    assert "## archcost collect run\n" in pages["commands.md"]


def test_what_is_gone_is_removed(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    stale = tmp_path / "cards" / "no-such-device.md"
    stale.write_text("# gone\n", encoding="utf-8")
    generated.write(tmp_path)
    assert not stale.exists()
    assert (tmp_path / "cards" / "raspi4.md").exists()
