"""Costs of layers from costs of whole networks: non-negative least squares.

A layer costs ``rate x quantity``, summed over the quantities of `archcost.encodings.layer_table`,
with rates of its class that are never negative. A network costs a constant, another one if its
input reaches its output at all, and its layers. In one search space most rates cannot be told
apart: where each operator stands equally often in each stage, launches, arithmetic and traffic are
proportional. What settles it:

- rates of a class are drawn to a common rate of all arithmetic, or of all memory layers, which
  is learned too: so classes that were not measured have a price;
- traffic is priced as far as launches and arithmetic leave something to explain (a ridge).

Errors are relative, and counted linearly beyond their median (Huber, reweighted).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcost.aliases import Floats, Ints
from archcost.encodings.layer_table import ARITHMETIC, CLASSES, QUANTITIES, LayerTable

# Chosen on NAS-Bench-201 to FBNet without measurements there, over the devices that have both.
_FUSION = 1e-2
_RIDGE = {"layers": 1e-4, "work": 1e-4, "values": 3e-2, "weights": 1e-4}
_PASSES = 8
_LEAST_ERROR = 1e-3
# Few networks in another skeleton count as this share of all.
_LEAST_SHARE = 0.2

IN_ARITHMETIC = np.array([name in ARITHMETIC for name in CLASSES])


@dataclass(frozen=True, eq=False)
class LayerCosts:
    """Rates (`CLASSES`, `QUANTITIES`) and the two constants (2,) of a device."""

    rates: Floats
    constants: Floats

    def of(self, table: LayerTable, view: int) -> Floats:
        """Costs (n,) of the networks of a table."""
        priced = table.totals(view) * self.rates
        return priced.sum(axis=(1, 2)) + _constants(table, view) @ self.constants


def _constants(table: LayerTable, view: int) -> Floats:
    return np.stack([np.ones(table.count), table.connected[:, view]], axis=1)


def fit_layer_costs(table: LayerTable, view: int, costs: Floats, group: Ints) -> LayerCosts:
    """Rates from n networks.

    Args:
        table: of their layers.
        view: which of the layers run.
        costs: (n,) positive.
        group: (n,) networks that are alike have one number, from 0: errors are judged, and few
            networks given weight, by group.
    """
    from scipy.optimize import nnls

    count, level = len(costs), float(np.median(costs))
    totals = table.totals(view)
    scale = _scales(totals)
    own = (totals / scale).reshape(count, -1)
    width = own.shape[1]
    prior = _prior(width)
    rows = np.zeros((count, prior.shape[1]))
    rows[:, :width], rows[:, -2:] = own, _constants(table, view)
    rows *= (level / costs)[:, None]
    share = _shares(group)
    weights = share.copy()
    found = np.zeros(rows.shape[1])
    for _ in range(_PASSES):
        root = np.sqrt(weights)
        equations = np.vstack([rows * root[:, None], prior * np.sqrt(count)])
        # The triangle has the same solution, and as many rows as there are rates.
        basis, triangle = np.linalg.qr(equations)
        found, _ = nnls(triangle, root @ basis[:count], maxiter=100 * len(found))
        errors = np.abs(rows @ found - 1)
        usual = np.array([np.median(errors[group == g]) for g in range(group.max() + 1)])
        weights = share / np.maximum(errors / (1.5 * usual[group] + _LEAST_ERROR), 1)
    rates = found[:width].reshape(scale.shape) / scale * level
    return LayerCosts(rates, found[-2:] * level)


def _scales(totals: Floats) -> Floats:
    """(`CLASSES`, `QUANTITIES`) mean of each quantity over all classes of the same sort."""
    means = totals.mean(axis=0)
    sums = np.where(
        IN_ARITHMETIC[:, None], means[IN_ARITHMETIC].sum(axis=0), means[~IN_ARITHMETIC].sum(axis=0)
    )
    return np.maximum(sums, 1e-9)


def _prior(width: int) -> Floats:
    """Equations (e, rates + common rates + constants) that are to be zero."""
    quantities = len(QUANTITIES)
    ridge = np.array([_RIDGE[name] for name in QUANTITIES])
    common = 2 * quantities
    to_common = np.zeros((width, width + common + 2))
    for place in range(width):
        category, quantity = divmod(place, quantities)
        shared = quantity if IN_ARITHMETIC[category] else quantities + quantity
        to_common[place, place] = _FUSION
        to_common[place, width + shared] = -_FUSION
    repeats = (width + common) // quantities
    # Of the two constants the first is free: where all networks are connected it is the only one.
    small = np.diag([*np.tile(ridge, repeats), 0.0, _RIDGE["layers"]])
    return np.vstack([to_common, small])


def _shares(group: Ints) -> Floats:
    """(n,) weights with mean 1: groups count by size, small ones as `_LEAST_SHARE` of all."""
    sizes = np.bincount(group).astype(np.float64)
    lifted = np.maximum(sizes, _LEAST_SHARE * sizes.sum())
    weights = (lifted / sizes)[group]
    return weights * (len(group) / weights.sum())
