"""The layers of one network: to which part of it each belongs, and its share in the cost."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Architecture, Layer, LayerGraph, Networks
from archcost.encodings.execution import VIEWS, unrolled_once
from archcost.predictors.explanation import LayerShare
from archcost.predictors.layers import LayersPredictor
from archcost.predictors.rows import layers_of

OVERHEAD = "overhead"
"""The name of what a network costs beside its layers, in the lists of layers."""
_EDGE = re.compile(r"\.edge(\d+)\.")
_BLOCK = re.compile(r"\.block(\d+)\.")
_NODE = re.compile(r"\.node\d+\.")


@dataclass(frozen=True, eq=False)
class PricedLayers:
    """The layers of a network that do anything, the cells of a stage taken together.

    Attributes:
        names: as `LayerShare.name`.
        places: position of the operator that each belongs to; -1: the skeleton, -2: the wiring.
        times: (L,) how often there is such a layer.
        weights: (L,) prices of a layer in the unit of the cost, or its multiply-accumulates.
        runs: (L,) how often the layer runs.
        constant: of the network beside its layers; 0 where weights are no prices.
    """

    names: list[str]
    places: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    weights: Floats
    runs: npt.NDArray[np.int64]
    constant: float


def priced_layers(
    network: Architecture | LayerGraph, prices: LayersPredictor | None, view: str
) -> PricedLayers:
    """The layers of a network.

    Args:
        network: what consists of them.
        prices: weights are what its layers cost there; None: they are multiply-accumulates.
        view: of `VIEWS`, which layers run; for multiply-accumulates only.
    """
    graph, runs = unrolled_once(network)
    kept = [place for place, layer in enumerate(graph.layers) if layer.kind != "identity"]
    layers, runs = [graph.layers[place] for place in kept], runs[kept]
    running = runs[:, VIEWS.index(view) if prices is None else prices.view_]
    constant = 0.0
    if prices is None:
        weights = np.array([layer.macs for layer in layers], dtype=np.float64)
    else:
        networks = Networks([network])
        weights = prices.prices(layers_of(networks))
        constant = float(prices.predict(networks)[0] - weights @ running)
    return PricedLayers(
        [layer.name.replace(".cell0", "") for layer in layers],
        np.array([_place(layer, network) for layer in layers], dtype=np.int64),
        runs[:, VIEWS.index("all")],
        weights,
        running,
        constant,
    )


def _place(layer: Layer, network: Architecture | LayerGraph) -> int:
    """The operator that a layer belongs to; -1: the skeleton, -2: the wiring."""
    if isinstance(network, LayerGraph):
        return -1
    if _NODE.search(layer.name) or layer.kind == "zero":
        return -2
    # Networks of cells and chains have one or the other.
    found = _EDGE.search(layer.name) or _BLOCK.search(layer.name)
    # What is left of a block that is skipped is there in every network.
    if found is None or network.operators[int(found[1])] == "skip":
        return -1
    return int(found[1])


def shares(layers: PricedLayers, values: dict[int, tuple[str, float]]) -> tuple[LayerShare, ...]:
    """Contributions divided among the layers of their parts, in proportion to the weights.

    Where none of the layers of a part should run, they count as if they all did, and where they
    weigh nothing, alike. A part without layers, a skip for instance, is listed under its own name
    if it contributes anything.

    Args:
        layers: of the network.
        values: place, as in `PricedLayers.places`, to name and contribution of the part.
    """
    found = []
    for place, (name, value) in values.items():
        (mine,) = np.nonzero(layers.places == place)
        constant = layers.constant if place == -1 else 0.0
        candidates = (
            layers.weights[mine] * layers.runs[mine],
            layers.weights[mine] * layers.times[mine],
            np.ones(len(mine)),
        )
        weights = candidates[0]
        if not constant:
            weights = next((one for one in candidates if one.any()), weights)
        total = float(weights.sum()) + constant
        factor = value / total if total else 0.0
        for layer, weight in zip(mine.tolist(), weights.tolist(), strict=True):
            label, times = layers.names[layer], int(layers.times[layer])
            found.append(LayerShare(label, name, _stage(label), times, weight * factor))
        if constant:
            found.append(LayerShare(OVERHEAD, name, None, 1, constant * factor))
        elif not total and value:
            found.append(LayerShare(name, name, None, 1, value))
    return tuple(found)


def _stage(name: str) -> int | None:
    found = re.match(r"stage(\d+)\.", name)
    return int(found[1]) if found else None
