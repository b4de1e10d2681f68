"""The trained predictors that ship with archcost, and how such files are written and read."""

from archcost.checkpoints.card import Card, Golden
from archcost.checkpoints.explaining import explain
from archcost.checkpoints.registry import (
    SHIPPED,
    cards,
    catalogue,
    checkpoint_folder,
    chosen_cards,
    every_card,
    find_card,
    find_place,
    load,
    load_card,
    remove_device,
)
from archcost.checkpoints.store import read_checkpoint, write_checkpoint

__all__ = [
    "SHIPPED",
    "Card",
    "Golden",
    "cards",
    "catalogue",
    "checkpoint_folder",
    "chosen_cards",
    "every_card",
    "explain",
    "find_card",
    "find_place",
    "load",
    "load_card",
    "read_checkpoint",
    "remove_device",
    "write_checkpoint",
]
