"""Train predictors from measured tables and score them."""

from archcost.training.datasets import train_scaled
from archcost.training.evaluate import Evaluation, evaluate
from archcost.training.train import Settings, Trained, split_rows, train, train_lookup

__all__ = [
    "Evaluation",
    "Settings",
    "Trained",
    "evaluate",
    "split_rows",
    "train",
    "train_lookup",
    "train_scaled",
]
