"""Weights for the layers of a network, the same whatever runs it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archcost.encodings import Layer, LayerGraph

Array = npt.NDArray[np.float32]
Weights = tuple[dict[str, Array], ...]
"""Of each layer of a graph, its parameters by name: a convolution's `weight` (c_out, c_in/groups,
k, k); a linear layer's `weight` (c_out, c_in) and `bias` (c_out,); a normalisation's `scale`,
`bias`, `mean` and `var`, each (c,); nothing for others."""


def random_weights(graph: LayerGraph, seed: int = 0) -> Weights:
    """Random weights under which values neither vanish nor grow from layer to layer.

    Time must not depend on them, and on some processors numbers near zero are slow. Convolutions
    follow He et al., ICCV 2015; statistics of normalisations stay near 0 and 1.
    """
    rng = np.random.default_rng(seed)
    return tuple(_of_layer(layer, rng) for layer in graph.layers)


def _of_layer(layer: Layer, rng: np.random.Generator) -> dict[str, Array]:
    def normal(spread: float, *shape: int, around: float = 0.0) -> Array:
        return (around + spread * rng.standard_normal(shape)).astype(np.float32)

    channels = layer.c_out
    if layer.kind == "conv":
        inputs = layer.c_in // layer.groups
        spread = float(np.sqrt(2 / (inputs * layer.kernel**2)))
        return {"weight": normal(spread, channels, inputs, layer.kernel, layer.kernel)}
    if layer.kind == "linear":
        spread = float(1 / np.sqrt(layer.c_in))
        return {"weight": normal(spread, channels, layer.c_in), "bias": normal(spread, channels)}
    if layer.kind == "bn":
        return {
            "scale": normal(0.1, channels, around=0.8),
            "bias": normal(0.1, channels),
            "mean": normal(0.1, channels),
            "var": rng.uniform(0.8, 1.2, channels).astype(np.float32),
        }
    return {}
