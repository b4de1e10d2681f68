"""Where a predicted cost comes from, for predictors of every kind.

In a known search space the predictor is asked for what each operator adds
(`archcost.predictors.contributions`). What is left is the skeleton and, in cells, the wiring: the
skeleton is what a cell of one skip costs, the wiring what changes when skips take the place of the
operators that are there: additions, zeros, and in a cell that is cut off what is removed of the
skeleton. In chains the skeleton is all that is left, the part of the cost that is no sum included.

Networks outside the known spaces are priced layer by layer, and their contributions are these
prices; the skeleton is then what stands outside the cells. For operators both ways agree where a
cost is a sum over layers: a skip has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from archcost.aliases import Ids
from archcost.data import DEVICES
from archcost.encodings import (
    CUSTOM,
    FBNET_OPERATORS,
    NASBENCH201_OPERATORS,
    Architecture,
    Batch,
    Group,
    LayerGraph,
)
from archcost.encodings.execution import VIEWS
from archcost.encodings.networks import is_custom
from archcost.encodings.removal import RULES, connected, fates
from archcost.errors import ArchitectureError
from archcost.predictors.changes import Changes
from archcost.predictors.contributions import skip_id, wanted
from archcost.predictors.estimate import Estimate
from archcost.predictors.explanation import SKELETON, WIRING, Change, Explanation, LayerShare, Part
from archcost.predictors.layer_shares import OVERHEAD, PricedLayers, priced_layers, shares
from archcost.predictors.layers import LayersPredictor
from archcost.predictors.model import CostModel

_METHODS = {
    "edges": "exact Shapley values over the edges: what an operator costs more than skip_connect "
    "in its place; wiring: additions and 'none', against a cell of one skip",
    "blocks": "what an operator costs more than skip in its place, mean over networks between this "
    "one and random ones; the skeleton is the rest",
    "layers": "prices of the layers, which the prediction is the sum of",
}
# What the sources say of the runtimes, or comparing their measurements has shown.
_RULES = {
    "TensorFlow Lite": "tflite",
    "TensorRT": "reach",
    "Edge TPU compiler and TensorFlow Lite": "live",
    "PyTorch, eager": "all",
    DEVICES["eyeriss"].runtime: "all",
    DEVICES["fpga"].runtime: "all",
}
# Places that are no operators, as in `PricedLayers.places`.
_SKELETON, _WIRING = -1, -2


def explain_model(model: CostModel, arch: object, coverage: float = 0.9) -> Explanation:
    """Where the predicted cost of one architecture comes from.

    Args:
        model: that predicts.
        arch: one architecture in any form that `CostModel.predict` takes.
        coverage: share of measurements that intervals shall hold, 0.5 to 0.99.

    Raises:
        ArchitectureError: malformed, or not one architecture but several.
        UnsupportedError: as `CostModel.predict`.
    """
    if model.beyond is not None and is_custom(arch):
        model = model.beyond
    batch = model.batch(arch)
    if len(batch) != 1:
        raise ArchitectureError(f"{len(batch)} architectures; one at a time can be explained")
    return _Question(model, batch[0], coverage).answer()


@dataclass(frozen=True, eq=False)
class _Question:
    """One architecture and the model that prices it."""

    model: CostModel
    network: Architecture | LayerGraph
    coverage: float

    def answer(self) -> Explanation:
        """Ask the model once for all that is needed, and put it together."""
        target, whole = self.model.target, self.model.predict([self.network], self.coverage)
        value = float(whole.value[0])
        parts, changes, method = self._parts_and_changes(value)
        layers, layers_by = self._layer_shares(parts)
        return Explanation(
            architecture=whole.architectures[0],
            device=target.device,
            metric=target.metric,
            space=target.space,
            dataset=target.dataset,
            kind=self.model.kind,
            unit=whole.unit,
            value=value,
            lower=float(whole.lower[0]),
            upper=float(whole.upper[0]),
            coverage=self.coverage,
            feasible=None if whole.feasible is None else float(whole.feasible[0]),
            connected=isinstance(self.network, LayerGraph) or connected(self.network),
            method=_METHODS[method],
            runtime=self._runtime(),
            parts=parts,
            layers=layers,
            layers_by=layers_by,
            changes=changes,
        )

    @cached_property
    def prices(self) -> LayersPredictor | None:
        """What says how costs divide over layers, and what of a network runs."""
        for model in (self.model, self.model.beyond):
            if model is not None and isinstance(model.predictor, LayersPredictor):
                return model.predictor
        return None

    @cached_property
    def rule(self) -> str | None:
        """What the runtime removes, of `RULES`; None: not known."""
        device = DEVICES.get(self.model.target.device)
        if device is not None and device.runtime in _RULES:
            return _RULES[device.runtime]
        return None if self.prices is None else VIEWS[self.prices.view_]

    def _runtime(self) -> str:
        device = DEVICES.get(self.model.target.device)
        name = "" if device is None else f"{device.runtime}: "
        if isinstance(self.network, LayerGraph) or self.network.edges is None:
            return f"{name}in a chain nothing can be removed"
        if self.rule is None:
            return f"{name}not known what it removes"
        return f"{name}{RULES[self.rule]}"

    @cached_property
    def layers(self) -> PricedLayers:
        """The layers, by price if there are prices."""
        view = self.rule if self.rule in VIEWS else "reach"
        return priced_layers(self.network, self.prices, view)

    def _parts_and_changes(self, value: float) -> tuple[tuple[Part, ...], tuple[Change, ...], str]:
        if isinstance(self.network, LayerGraph):
            return self._by_layer(), (), "layers"
        names = _names(self.network)
        one = _group(self.network)
        changes = Changes.of(one)
        if self.model.target.space == CUSTOM:
            method = "layers"
            costs = self._by_price(value)
            found = self._ask(one, changes.group.ids)
        else:
            method = "blocks" if one.edges is None else "edges"
            rows, weights = wanted(one)
            found = self._ask(one, np.concatenate([rows, _bare(one), changes.group.ids]))
            contributions = weights @ found.value[: len(rows)]
            skips, bare = float(found.value[0]), float(found.value[len(rows)])
            found = found.take(np.arange(len(rows) + 1, len(found)))
            costs = dict(enumerate(contributions.tolist()))
            if one.edges is not None:
                costs[_WIRING] = skips - bare
            # For cells that is `bare` but for the last digits, in which predictors differ between
            # one architecture and many at once.
            costs[_SKELETON] = value - sum(costs.values())
        parts = self._named(self.network, names, costs)
        return parts, changes.priced(self.network, names, value, found), method

    def _ask(self, one: Group, ids: Ids) -> Estimate:
        """Costs of architectures of the same skeleton and wiring (n, k), each asked for once."""
        rows, back = np.unique(ids, axis=0, return_inverse=True)
        group = Group(one.skeleton, one.edges, one.vocabulary, np.arange(len(rows)), rows)
        return self.model.predict(Batch([group]), self.coverage).take(back.reshape(-1))

    def _by_price(self, value: float) -> dict[int, float]:
        """Place to contribution; the constant is the skeleton's."""
        layers = self.layers
        assert isinstance(self.network, Architecture)
        costs = dict.fromkeys(range(len(self.network.operators)), 0.0)
        costs[_WIRING] = 0.0
        spent = (layers.weights * layers.runs).tolist()
        for place, cost in zip(layers.places.tolist(), spent, strict=True):
            costs[place] = costs.get(place, 0.0) + cost
        costs[_SKELETON] = value - sum(c for place, c in costs.items() if place != _SKELETON)
        if self.network.edges is None:
            del costs[_WIRING]
        return costs

    def _by_layer(self) -> tuple[Part, ...]:
        """A layer graph is its layers."""
        layers = self.layers
        spent = (layers.weights * layers.runs).tolist()
        named = [*zip(layers.names, spent, strict=True)]
        return tuple(
            Part(name, None, None, cost, None, "")
            for name, cost in [(OVERHEAD, layers.constant), *named]
        )

    def _named(
        self, network: Architecture, names: list[str], costs: dict[int, float]
    ) -> tuple[Part, ...]:
        parts = [Part(SKELETON, None, None, costs[_SKELETON], None, "")]
        if _WIRING in costs:
            cut = "" if connected(network) else "the cell is cut off: nothing reaches the output"
            parts.append(Part(WIRING, None, None, costs[_WIRING], None, cut))
        known = fates(network, self.rule) if self.rule is not None else None
        for place, (name, operator) in enumerate(zip(names, network.operators, strict=True)):
            fate = None if known is None else known[place]
            runs, why = (None, "") if fate is None else (fate.runs, fate.why)
            parts.append(Part(name, place, operator, costs[place], runs, why))
        return tuple(parts)

    def _layer_shares(self, parts: tuple[Part, ...]) -> tuple[tuple[LayerShare, ...], str]:
        """Shares, and what they are in proportion to."""
        if self.model.target.metric == "arithmetic_intensity":
            return (), "not divided: a ratio is no sum over layers"
        if isinstance(self.network, LayerGraph):
            return (), "the parts are layers"
        special = {SKELETON: _SKELETON, WIRING: _WIRING}
        values = {
            special[part.name] if part.place is None else part.place: (part.name, part.value)
            for part in parts
        }
        by = "multiply-accumulates" if self.prices is None else "prices of the layers model"
        return shares(self.layers, values), f"each part in proportion to {by}"


def _names(arch: Architecture) -> list[str]:
    """What the operators are called by their places."""
    if arch.edges is None:
        return [f"block {block}" for block in range(len(arch.operators))]
    return [f"edge {source}-{target}" for source, target in arch.edges]


def _group(arch: Architecture) -> Group:
    """The architecture alone, with all operators that may take the place of its own."""
    usual = FBNET_OPERATORS if arch.edges is None else NASBENCH201_OPERATORS
    vocabulary = (*usual, *sorted(set(arch.operators) - set(usual)))
    ids = np.array([[vocabulary.index(name) for name in arch.operators]], dtype=np.int8)
    return Group(arch.skeleton, arch.edges, vocabulary, np.zeros(1, dtype=np.int64), ids)


def _bare(one: Group) -> Ids:
    """(1, k): a cell of one skip from input to output; a chain of skips."""
    ids = np.full_like(one.ids, skip_id(one))
    if one.edges is not None:
        ends = (0, one.edges[-1][1])
        ids[0, [edge != ends for edge in one.edges]] = one.vocabulary.index("none")
    return ids
