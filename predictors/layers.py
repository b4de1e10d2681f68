"""Cost of any network from its layers: what `archcost.load(device, space="custom")` uses.

`archcost.predictors.layer_costs` says how a layer is priced. Which layers a runtime removes is
chosen among the views of `archcost.encodings.execution`, by the error on the measurements.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Architecture, Networks, read_networks
from archcost.encodings.execution import VIEWS
from archcost.encodings.layer_table import CLASSES, SHAPES, LayerTable
from archcost.predictors.additive import round_significant
from archcost.predictors.base import Predictor, positive_costs
from archcost.predictors.layer_costs import IN_ARITHMETIC, LayerCosts, fit_layer_costs
from archcost.predictors.rows import layers_of

_EXTENTS = ("low", "high", "least", "most", "varied")


class LayersPredictor(Predictor):
    """A constant and a price for each layer; for all networks that have a layer graph.

    Attributes:
        view_: which layers run, a position in `archcost.encodings.execution.VIEWS`.
        costs_: what they cost.
        low_, high_: (`CLASSES`, `SHAPES`) extent of the shapes of layers that were measured;
            infinite, low above high, where no layer of the class was.
        least_, most_: (`CLASSES`) fewest and most layers of each class in a network that was
            measured.
        varied_: (`CLASSES`) whether networks of one skeleton differed in that: only then do
            measurements say what one costs.
    """

    kind = "layers"

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`, with networks of any skeletons, several together."""
        networks = read_networks(archs)
        costs = positive_costs(measured, len(networks))
        return self.fit_table(layers_of(networks), costs, skeleton_groups(networks))

    def fit_table(self, table: LayerTable, costs: Floats, group: npt.NDArray[np.int64]) -> Self:
        """As `fit`, from layers of networks that have been told apart by `skeleton_groups`."""
        _, group = np.unique(group, return_inverse=True)
        best = np.inf
        for view in range(len(VIEWS)):
            found = fit_layer_costs(table, view, costs, group)
            errors = np.abs(found.of(table, view) / costs - 1)
            error = float(np.mean([np.median(errors[group == g]) for g in range(group.max() + 1)]))
            # The first view is the simplest: it is left for a better one only.
            if error < best * (1 - 1e-3):
                best, self.view_, self.costs_ = error, view, found
        self.low_, self.high_ = _extent(table, self.view_)
        layers, whole = table.totals(self.view_)[:, :, 0], table.connected[:, self.view_]
        self.least_, self.most_ = layers.min(axis=0), layers.max(axis=0)
        # Networks that are cut off lack all that the others have in common.
        alike = [layers[(group == g) & whole] for g in range(group.max() + 1)]
        varied = np.stack([(part != part[:1]).any(axis=0) for part in alike])
        self.varied_: npt.NDArray[np.bool_] = np.logical_or.reduce(varied)
        return self

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`, of whatever `archcost.encodings.read_networks` reads."""
        self._check_fitted("costs_")
        return self.predict_table(layers_of(read_networks(archs)))

    def predict_table(self, table: LayerTable) -> Floats:
        """As `predict`, from the layers of networks."""
        return round_significant(self.costs_.of(table, self.view_))

    def prices(self, table: LayerTable) -> Floats:
        """Cost (L,) of each layer of a table, run once."""
        return (table.quantities * self.costs_.rates[table.category]).sum(axis=1)

    def extrapolation(self, archs: object) -> Floats:
        """How far each network lies from what was measured (n,); 0: nowhere outside.

        A layer lies outside by the number of doublings by which its arithmetic, its tensors, its
        weights, its kernel or its dilation leave the extent of the layers of its class that were
        measured, the largest of these; and by one more if measurements do not say what layers of
        its class cost, unless there are as many of them as in all that was measured. A network
        lies outside by the mean over its layers, which count half by their share of the cost, half
        alike.
        """
        self._check_fitted("costs_")
        return self.extrapolation_of(layers_of(read_networks(archs)))

    def extrapolation_of(self, table: LayerTable) -> Floats:
        """As `extrapolation`, from the layers of networks."""
        low, high = self._extents()
        below, above = low[table.category] - table.shapes, table.shapes - high[table.category]
        distance = np.maximum(below, above).max(axis=1, initial=0)
        layers = table.totals(self.view_)[:, :, 0]
        unusual = (layers < self.least_) | (layers > self.most_)
        new = np.where(self.varied_, False, unusual)
        distance += new[table.network, table.category]
        runs = table.runs[:, self.view_].astype(np.float64)
        cost = self.prices(table) * runs
        tiny = np.finfo(np.float64).tiny
        by_cost = table.per_network(cost * distance) / np.maximum(
            self.costs_.of(table, self.view_), tiny
        )
        alike = table.per_network(runs * distance) / np.maximum(layers.sum(axis=1), 1)
        return (by_cost + alike) / 2

    def _extents(self) -> tuple[Floats, Floats]:
        """(`CLASSES`, `SHAPES`); of a class that was not measured, of all classes of its sort."""
        low, high = self.low_.copy(), self.high_.copy()
        absent: npt.NDArray[np.bool_] = np.logical_and.reduce(low > high, axis=1)
        for sort in (IN_ARITHMETIC, ~IN_ARITHMETIC):
            if not absent[sort].all():
                low[sort & absent] = self.low_[sort].min(axis=0)
                high[sort & absent] = self.high_[sort].max(axis=0)
        # With nothing of the sort to compare with, the shape says nothing.
        unknown = low > high
        low[unknown], high[unknown] = -np.inf, np.inf
        return low, high

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`."""
        return {
            "rates": self.costs_.rates,
            "constants": self.costs_.constants,
            "view": np.array([self.view_]),
            **{name: getattr(self, f"{name}_") for name in _EXTENTS},
        }

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        model = cls()
        model.costs_ = LayerCosts(state["rates"], state["constants"])
        model.view_ = int(state["view"][0])
        for name in _EXTENTS:
            setattr(model, f"{name}_", state[name])
        return model


def skeleton_groups(networks: Networks) -> npt.NDArray[np.int64]:
    """(n,) one number per skeleton; layer graphs are a group of their own."""
    skeletons = [n.skeleton if isinstance(n, Architecture) else None for n in networks]
    numbers = {skeleton: number for number, skeleton in enumerate(dict.fromkeys(skeletons))}
    return np.array([numbers[skeleton] for skeleton in skeletons], dtype=np.int64)


def _extent(table: LayerTable, view: int) -> tuple[Floats, Floats]:
    low = np.full((len(CLASSES), len(SHAPES)), np.inf)
    high = -low
    running = table.runs[:, view] > 0
    np.minimum.at(low, table.category[running], table.shapes[running])
    np.maximum.at(high, table.category[running], table.shapes[running])
    return low, high
