"""What a shipped checkpoint was trained with, and what it is made of."""

from __future__ import annotations

from archcost.checkpoints import Card, load_card
from archcost.predictors import (
    AdditivePredictor,
    EnsemblePredictor,
    GBDTPredictor,
    GNNPredictor,
    LayersPredictor,
    LookupPredictor,
    Predictor,
    ScaledPredictor,
    StackedPredictor,
    TransferPredictor,
)
from archcost.training import Settings, shipping


def trained_with(card: Card) -> str:
    """The settings that `archcost.training.shipping` gives to this kind of checkpoint."""
    if card.kind in ("stacked", "transfer"):
        return "those of `archcost.adapt`"
    if card.kind in ("gnn", "gbdt", "ensemble"):
        used = _settings(card)
        network = {"members": used.members, "steps": used.steps}
        trees = {
            "n_estimators": used.n_estimators,
            "learning_rate": used.learning_rate,
            "max_depth": used.max_depth,
        }
        shown = {"gnn": network, "gbdt": trees, "ensemble": network | trees}[card.kind]
        return f"{_words(shown)}, seed {used.seed}"
    return ""


def _settings(card: Card) -> Settings:
    if card.space == "fbnet" or (card.kind == "gbdt" and card.device in ("eyeriss", "fpga")):
        return shipping._SMALL_TREES
    return Settings() if card.source == "hw-nas-bench" else shipping._NETWORK


def _words(values: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def structure(card: Card) -> str:
    """What the files hold, counted."""
    return _inside(load_card(card).predictor)


def _inside(predictor: Predictor) -> str:
    match predictor:
        case AdditivePredictor():
            terms = len(predictor.numerator_)
            return f"{'a ratio of two sums' if predictor.ratio else 'a sum'} of {terms} terms"
        case LookupPredictor():
            return f"a table of {len(predictor.table)} blocks"
        case GBDTPredictor():
            forest = predictor.booster_.forest
            return f"{len(forest.child)} trees on {forest.features} features"
        case GNNPredictor():
            first = predictor.networks_[0]
            size = sum(array.size for array in first.arrays.values())
            return (
                f"{len(predictor.networks_)} network(s) of {first.layers} graph layers and "
                f"{size:,} weights, shared by {first.devices} targets"
            )
        case EnsemblePredictor():
            return "weighted geometric mean of " + " and ".join(
                f"{weight:.2g} times ({_inside(member)})"
                for member, weight in zip(predictor.members_, predictor.weights_, strict=True)
            )
        case ScaledPredictor():
            return (
                f"{predictor.offset_:.4g} + {predictor.factor_:.4g} times the prediction for "
                f"cifar10 ({_inside(predictor.base)})"
            )
        case StackedPredictor():
            return f"a transfer and {_inside(predictor.trees_)} on its residuals"
        case TransferPredictor():
            sources = len(predictor.sources.names)
            return f"a Gaussian process on {len(predictor.ids_)} networks and {sources} devices"
        case LayersPredictor():
            return "prices of layers (`archcost.predictors.layers`)"
    raise TypeError(f"no words for {type(predictor).__name__}")
