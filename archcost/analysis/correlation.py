"""How alike the rankings of devices are: rank correlations, and a tree of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.errors import UnsupportedError
from archcost.predictors.metrics import comparable


def rank_correlations(costs: Floats) -> Floats:
    """Spearman's rank correlation of each pair of columns.

    Costs that agree to six significant digits are ties, as in `archcost.predictors.metrics`.

    Args:
        costs: (n, t); NaN where a device does not run the network. A pair is compared on the rows
            that both have.

    Returns:
        (t, t) symmetric, 1 on the diagonal; NaN where a column is constant.
    """
    import pandas as pd

    rounded = pd.DataFrame({i: comparable(column) for i, column in enumerate(costs.T)})
    found = rounded.corr(method="spearman").to_numpy(dtype=np.float64, copy=True)
    np.fill_diagonal(found, 1.0)
    return found


@dataclass(frozen=True, eq=False)
class Tree:
    """A dendrogram.

    Attributes:
        order: (t,) the columns from left to right, neighbours alike.
        x, y: (t - 1, 4) corners of each join, from the left foot over the bar to the right foot;
            x counts places in `order` (the middle of the first is 0.5), y is the distance.
    """

    order: npt.NDArray[np.int64]
    x: Floats
    y: Floats


def similarity_tree(correlations: Floats) -> Tree:
    """Average linkage of the distances 1 - rank correlation, leaves in the optimal order.

    Bar-Joseph, Gifford & Jaakkola 2001, as in SciPy.

    Args:
        correlations: (t, t), as from `rank_correlations`.

    Raises:
        UnsupportedError: fewer than two columns, or a correlation that is not defined.
    """
    from scipy.cluster.hierarchy import dendrogram, linkage
    from scipy.spatial.distance import squareform

    if len(correlations) < 2:
        raise UnsupportedError("a correlation needs two targets at least; name more devices")
    if np.isnan(correlations).any():
        raise UnsupportedError(
            "a target costs the same for all networks: its rank correlation is not defined"
        )
    distances = np.clip(1.0 - correlations, 0.0, None)
    np.fill_diagonal(distances, 0.0)
    condensed = squareform((distances + distances.T) / 2)
    tree = dendrogram(linkage(condensed, "average", optimal_ordering=True), no_plot=True)
    # SciPy puts leaves at 5, 15, 25, …
    x, y = np.array(tree["icoord"]) / 10, np.array(tree["dcoord"])
    return Tree(np.array(tree["leaves"], dtype=np.int64), x, y)
