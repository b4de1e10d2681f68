"""Train predictors from measured tables and score them."""

from archcost.training.adapt import Adapted, adapt
from archcost.training.cards import Trained
from archcost.training.carry import carry_over
from archcost.training.datasets import train_scaled
from archcost.training.evaluate import evaluate, held_out_rows
from archcost.training.layers import train_layers
from archcost.training.lookup import train_lookup
from archcost.training.suggest import Suggestion, suggest
from archcost.training.train import train
from archcost.training.trials import Settings, split_rows

__all__ = [
    "Adapted",
    "Settings",
    "Suggestion",
    "Trained",
    "adapt",
    "carry_over",
    "evaluate",
    "held_out_rows",
    "split_rows",
    "suggest",
    "train",
    "train_layers",
    "train_lookup",
    "train_scaled",
]
