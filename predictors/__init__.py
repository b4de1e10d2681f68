"""Models of cost: additive sums, boosted trees, graph networks, and what calibrates them.

`archcost.predictors.gnn` is not imported here: it brings torch along, seconds that only those
should spend who use it.
"""

from archcost.predictors.additive import AdditivePredictor, LookupPredictor
from archcost.predictors.base import Predictor
from archcost.predictors.estimate import Estimate
from archcost.predictors.gbdt import Feasibility, GBDTPredictor
from archcost.predictors.intervals import ConformalIntervals
from archcost.predictors.model import CostModel, Target
from archcost.predictors.scaled import ScaledPredictor

__all__ = [
    "AdditivePredictor",
    "ConformalIntervals",
    "CostModel",
    "Estimate",
    "Feasibility",
    "GBDTPredictor",
    "LookupPredictor",
    "Predictor",
    "ScaledPredictor",
    "Target",
]
