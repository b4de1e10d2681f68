"""The layers of many networks as arrays: what each is, what it does, and how often it runs."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats, Ints
from archcost.encodings.architecture import Architecture
from archcost.encodings.execution import VIEWS, unrolled_once
from archcost.encodings.layers import KINDS, Layer, LayerGraph

ARITHMETIC = ("conv_1x1", "conv_kxk", "depthwise", "grouped", "linear")
"""Classes of layers that multiply by weights. A convolution with one channel a group is depthwise,
one with several groups of more channels grouped."""
MEMORY = ("relu", "bn", "add", "shuffle", "zero", "pool_avg", "pool_max", "global_pool")
"""Classes of layers that mainly read and write; `identity` is none of them, it does nothing."""
CLASSES = (*ARITHMETIC, *MEMORY)

QUANTITIES = ("layers", "work", "values", "weights")
"""Of a layer, for one image: 1; multiply-accumulates, or window positions of pooling; numbers read
and written, weights aside; weights."""
SHAPES = ("work", "values", "weights", "kernel", "dilation")
"""What tells whether a layer is like others of its class, as base-2 logarithms; `kernel` is the
number of its positions."""


_NAMES = (
    *("macs", "input_values", "output_values", "params", "c_in", "groups"),
    *("kernel", "dilation"),
)
_FIELDS = attrgetter(*_NAMES)
_POOLS = ("pool_avg", "pool_max")


@dataclass(frozen=True, eq=False)
class LayerTable:
    """Layers of n networks; layers that nothing runs (`identity`) are left out.

    Attributes:
        count: n.
        network: (L,) which network each layer belongs to.
        category: (L,) position in `CLASSES`.
        quantities: (L, `QUANTITIES`).
        shapes: (L, `SHAPES`).
        runs: (L, `VIEWS`) how often the layer runs.
        connected: (n, `VIEWS`) whether a layer that runs reads the network's input.
    """

    count: int
    network: Ints
    category: Ints
    quantities: Floats
    shapes: Floats
    runs: Ints
    connected: npt.NDArray[np.bool_]

    def totals(self, view: int) -> Floats:
        """(n, `CLASSES`, `QUANTITIES`) sums over the layers that run in a view."""
        sums = np.zeros((self.count, len(CLASSES), len(QUANTITIES)))
        np.add.at(sums, (self.network, self.category), self.quantities * self.runs[:, [view]])
        return sums

    def take(self, networks: Ints) -> LayerTable:
        """The table of the networks at these positions (m,), each at most once."""
        number = np.full(self.count, -1)
        number[networks] = np.arange(len(networks))
        kept = number[self.network] >= 0
        return LayerTable(
            len(networks),
            number[self.network[kept]],
            self.category[kept],
            self.quantities[kept],
            self.shapes[kept],
            self.runs[kept],
            self.connected[networks],
        )

    def per_network(self, values: Floats) -> Floats:
        """(n,) sums of a number for each layer (L,)."""
        sums: Floats = np.zeros(self.count)
        np.add.at(sums, self.network, values)
        return sums


def layer_table(networks: list[Architecture | LayerGraph]) -> LayerTable:
    """The layers of networks.

    Raises:
        ArchitectureError: as `archcost.lower`.
    """
    layers: list[Layer] = []
    runs = [np.zeros((0, len(VIEWS)), dtype=np.int64)]
    connected = np.zeros((len(networks), len(VIEWS)), dtype=bool)
    sizes = []
    for number, network in enumerate(networks):
        graph, times = unrolled_once(network)
        layers += graph.layers
        first = np.ones(len(graph.layers), dtype=bool)
        first[[consumer for _, consumer in graph.edges]] = False
        connected[number] = (times[first] > 0).any(axis=0)
        runs.append(times)
        sizes.append(len(graph.layers))
    kinds = np.array([KINDS.index(layer.kind) for layer in layers], dtype=np.int64)
    rows = np.array([_FIELDS(layer) for layer in layers], dtype=np.float64).reshape(-1, len(_NAMES))
    columns = dict(zip(_NAMES, rows.T, strict=True))
    category = _categories(kinds, columns)
    kept = category >= 0
    quantities = _quantities(kinds, columns)
    logs = [*quantities[:, 1:].T, columns["kernel"] ** 2, columns["dilation"]]
    shapes = np.log2(np.maximum(np.stack(logs, axis=1), 1))
    network_of = np.repeat(np.arange(len(networks)), sizes)
    return LayerTable(
        len(networks),
        network_of[kept],
        category[kept],
        quantities[kept],
        shapes[kept],
        np.concatenate(runs)[kept],
        connected,
    )


def _categories(kinds: Ints, columns: dict[str, Floats]) -> Ints:
    """(L,) positions in `CLASSES`; -1: none."""
    of_kind = [CLASSES.index(kind) if kind in CLASSES else -1 for kind in KINDS]
    found = np.array(of_kind, dtype=np.int64)[kinds]
    groups, kernel = columns["groups"], columns["kernel"]
    dense = np.where(kernel == 1, CLASSES.index("conv_1x1"), CLASSES.index("conv_kxk"))
    depthwise = (groups > 1) & (groups == columns["c_in"])
    split = np.where(depthwise, CLASSES.index("depthwise"), CLASSES.index("grouped"))
    convolution = np.where(groups == 1, dense, split)
    return np.where(kinds == KINDS.index("conv"), convolution, found)


def _quantities(kinds: Ints, columns: dict[str, Floats]) -> Floats:
    pools = np.isin(kinds, [KINDS.index(kind) for kind in _POOLS])
    window = np.where(pools, columns["output_values"] * columns["kernel"] ** 2, columns["macs"])
    whole = kinds == KINDS.index("global_pool")
    work = np.where(whole, columns["input_values"], window)
    weighted = np.isin(kinds, [KINDS.index("conv"), KINDS.index("linear")])
    weights = np.where(weighted, columns["params"], 0)
    moved = columns["input_values"] + columns["output_values"]
    return np.stack([np.ones(len(kinds)), work, moved, weights], axis=1)
