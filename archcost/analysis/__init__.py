"""What predictions show about devices, operators and the predictions themselves.

`Study` says what it is about, `report` writes a page of all pictures, `picture` one of them as an
image file. The computing is in functions of arrays: `rank_correlations`, `similarity_tree`,
`operator_effects`, `calibration`, `errors_by_decile`.
"""

from __future__ import annotations

from archcost.analysis.agreement import calibration, errors_by_decile
from archcost.analysis.correlation import Tree, rank_correlations, similarity_tree
from archcost.analysis.effects import Effects, operator_effects
from archcost.analysis.report import needs_measurements, picture, report
from archcost.analysis.sections import PICTURES
from archcost.analysis.study import Agreement, Study

__all__ = [
    "PICTURES",
    "Agreement",
    "Effects",
    "Study",
    "Tree",
    "calibration",
    "errors_by_decile",
    "needs_measurements",
    "operator_effects",
    "picture",
    "rank_correlations",
    "report",
    "similarity_tree",
]
