"""How well a perfect predictor could do: the repeatability of the measurements themselves.

Where edge 1-2 of a NAS-Bench-201 cell is `none`, exchanging nodes 1 and 2 gives another string for
the same network: the table holds two measurements of it. Their disagreement, put on top of any set
of costs, shows the Kendall tau that is left to a predictor that knows the true costs.
"""

from __future__ import annotations

import numpy as np

from archcost.aliases import Floats
from archcost.encodings import Batch, twins
from archcost.predictors.metrics import kendall_tau

_FEWEST = 100


def noise_ceiling(batch: Batch, measured: Floats, predicted: Floats, seed: int = 0) -> float | None:
    """Kendall tau of true costs against measured ones; None with fewer than 100 twins.

    Args:
        batch: NAS-Bench-201 cells (n).
        measured: (n,) costs.
        predicted: (n,) costs that stand for the true ones.
        seed: of the drawing of noise.
    """
    if len(batch.groups) != 1 or batch.groups[0].skeleton.space != "nasbench201":
        return None
    pairs = twins(batch.groups[0].ids)
    if len(pairs) < _FEWEST:
        return None
    difference = np.log(measured[pairs[:, 0]] / measured[pairs[:, 1]])
    # One measurement has 1/sqrt(2) of the difference's spread; its tails are kept as they are.
    rng = np.random.default_rng(seed)
    drawn = rng.choice(difference, len(predicted)) * rng.choice([-1, 1], len(predicted))
    return kendall_tau(predicted, predicted * np.exp(drawn / np.sqrt(2)))
