"""Which layers of a network a runtime really runs: views of its layer graph.

- ``all``: every layer, as eager frameworks and ONNX Runtime run them;
- ``reach``: without what cannot reach the output (TensorRT, TensorFlow Lite);
- ``live``: what lies on a path from the network's input to its output.

In all but the first, zeros, copies of zeros and additions of zeros cost nothing. A convolution that
TensorFlow Lite retains although it is multiplied by zero (`archcost.encodings.runtime`) counts as
removed here: that rule is known for the cells of NAS-Bench-201 only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from archcost.encodings.architecture import Architecture
from archcost.encodings.layers import LayerGraph
from archcost.encodings.lowering import lower

VIEWS = ("all", "reach", "live")


def executed(graph: LayerGraph) -> npt.NDArray[np.bool_]:
    """(layers, `VIEWS`) whether each layer runs."""
    sources: list[list[int]] = [[] for _ in graph.layers]
    for producer, consumer in graph.edges:
        sources[consumer].append(producer)
    zero: list[bool] = []
    constant: list[bool] = []
    free: list[bool] = []
    for layer, inputs in zip(graph.layers, sources, strict=True):
        zeros = [zero[i] for i in inputs]
        copies = layer.kind in ("identity", "add") and bool(inputs)
        zero.append(layer.kind == "zero" or (copies and all(zeros)))
        constant.append(layer.kind == "zero" or (bool(inputs) and all(constant[i] for i in inputs)))
        free.append(zero[-1] or (layer.kind == "add" and any(zeros)))
    needed = [False] * (len(sources) - 1) + [True]
    for place in reversed(range(len(sources))):
        if needed[place] and graph.layers[place].kind != "zero":
            for source in sources[place]:
                needed[source] = True
    reach = np.array(needed) & ~np.array(free, dtype=bool)
    live = reach & ~np.array(constant, dtype=bool)
    return np.stack([np.ones_like(reach), reach, live], axis=1)


def unrolled_once(network: Architecture | LayerGraph) -> tuple[LayerGraph, npt.NDArray[np.int64]]:
    """A network whose stages hold each of their cells once, and how often each layer runs.

    Returns:
        The graph, and (layers, `VIEWS`) runs of each layer in the whole network: the cells of a
        stage are alike, except that where nothing gets through a cell from its input to its
        output, only the last cell of all is needed.

    Raises:
        ArchitectureError: as `archcost.lower`.
    """
    if isinstance(network, LayerGraph) or network.edges is None:
        graph = network if isinstance(network, LayerGraph) else lower(network)
        return graph, executed(graph).astype(np.int64)
    skeleton = network.skeleton
    once = replace(skeleton, repeats=(1,) * len(skeleton.repeats))
    graph = lower(replace(network, skeleton=once))
    runs = executed(graph)
    times = np.array([_repeats(layer.name, skeleton.repeats) for layer in graph.layers])
    # The stem runs where its output is needed: then so is that of every cell.
    return graph, runs.astype(np.int64) * np.where(runs[0], times[:, None], 1)


def _repeats(name: str, repeats: tuple[int, ...]) -> int:
    """From ``stage2.cell0...``: how often the stage repeats its cell; 1 outside cells."""
    stage, _, rest = name.partition(".")
    return repeats[int(stage.removeprefix("stage"))] if rest.startswith("cell") else 1
