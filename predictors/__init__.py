"""Models of cost: additive sums, boosted trees, graph networks, and what calibrates them.

Nothing here imports torch, except the training of a graph network when it begins.
"""

from archcost.predictors.additive import AdditivePredictor, LookupPredictor
from archcost.predictors.base import Predictor
from archcost.predictors.carried import CarriedPredictor
from archcost.predictors.ensemble import EnsemblePredictor
from archcost.predictors.estimate import Estimate
from archcost.predictors.explain import explain_model
from archcost.predictors.explanation import Change, Explanation, LayerShare, Part
from archcost.predictors.gbdt import Feasibility, GBDTPredictor
from archcost.predictors.gnn import GNNPredictor
from archcost.predictors.intervals import ConformalIntervals
from archcost.predictors.layer_intervals import LayerIntervals
from archcost.predictors.layers import LayersPredictor
from archcost.predictors.metrics import Evaluation
from archcost.predictors.model import CostModel, Target
from archcost.predictors.scaled import ScaledPredictor
from archcost.predictors.stacked import StackedPredictor
from archcost.predictors.transfer import TransferIntervals, TransferPredictor

__all__ = [
    "AdditivePredictor",
    "CarriedPredictor",
    "Change",
    "ConformalIntervals",
    "CostModel",
    "EnsemblePredictor",
    "Estimate",
    "Evaluation",
    "Explanation",
    "Feasibility",
    "GBDTPredictor",
    "GNNPredictor",
    "LayerIntervals",
    "LayerShare",
    "LayersPredictor",
    "LookupPredictor",
    "Part",
    "Predictor",
    "ScaledPredictor",
    "StackedPredictor",
    "Target",
    "TransferIntervals",
    "TransferPredictor",
    "explain_model",
]
