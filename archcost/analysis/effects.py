"""What operators cost where they stand: a sum fitted to predicted costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archcost.aliases import Floats
from archcost.encodings import Batch, encode
from archcost.errors import UnsupportedError

if TYPE_CHECKING:
    import pandas as pd


# Of the largest: what is less is the rounding of the fit.
_NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class Effects:
    """A constant and a cost for each operator at each place, by least squares.

    Attributes:
        frame: one row per place and operator: place ("0→1" in cells, "block 1" in chains),
            operator, cost in the unit of the costs, against `reference` at the same place (which
            is 0).
        reference: "none" in cells, "skip" in chains.
        constant: cost of the network of `reference` only, by the fit.
        r2: share of the variance that the sum explains.
    """

    frame: pd.DataFrame
    reference: str
    constant: float
    r2: float


def operator_effects(batch: Batch, costs: Floats) -> Effects:
    """Fit the sum.

    Over all cells of NAS-Bench-201 it is the difference of means: what the average cell costs more
    with this operator here than with `none` here.

    Args:
        batch: n architectures of one skeleton of a known space, more than places x operators.
        costs: (n,).

    Raises:
        UnsupportedError: several skeletons, or too few architectures.
    """
    import pandas as pd

    if len(batch.groups) != 1 or not batch.groups[0].known:
        raise UnsupportedError("effects of operators: give networks of one space and data set")
    group = batch.groups[0]
    places, names = group.ids.shape[1], group.vocabulary
    onehot = encode(batch, "onehot").values.astype(np.float64)
    onehot = onehot.reshape(len(batch), places, len(names))
    reference = names.index("none" if group.edges is not None else "skip")
    others = [i for i in range(len(names)) if i != reference]
    design = np.column_stack([np.ones(len(batch)), onehot[:, :, others].reshape(len(batch), -1)])
    if len(batch) <= design.shape[1]:
        raise UnsupportedError(
            f"{len(batch)} networks for the costs of {design.shape[1]} operators and places: "
            "give more"
        )
    found = np.linalg.lstsq(design, costs, rcond=None)[0]
    effects = np.zeros((places, len(names)))
    effects[:, others] = found[1:].reshape(places, len(others))
    effects[np.abs(effects) < _NOTHING * np.abs(effects).max()] = 0.0
    labels = (
        [f"{source}→{target}" for source, target in group.edges]
        if group.edges is not None
        else [f"block {number}" for number in range(1, places + 1)]
    )
    frame = pd.DataFrame(
        {
            "place": np.repeat(labels, len(names)),
            "operator": names * places,
            "cost": effects.ravel(),
        }
    )
    spread = float(np.var(costs))
    r2 = 1.0 - float(np.var(costs - design @ found)) / spread if spread else float("nan")
    return Effects(frame, names[reference], float(found[0]), r2)


def with_means(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with a place "mean": each operator's mean over the places."""
    import pandas as pd

    means = frame.groupby("operator", sort=False, as_index=False)["cost"].mean()
    return pd.concat([frame, means.assign(place="mean")], ignore_index=True)
