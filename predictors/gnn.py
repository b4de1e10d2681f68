"""Message passing over the operators of an architecture; one network for many devices.

Each operator is a node (`archcost.encodings.nodes`). Layers of messages along and against the flow
of data (as GraphConv: Morris et al., AAAI 2019) tell a node what surrounds it; what the nodes then
hold is summed, since costs add, and joined by the rows that trees learn from. Up to here nothing
knows of devices. A small head turns the sum into the logarithm of a cost; its activations are
scaled and shifted by the device's embedding (as FiLM: Perez et al., AAAI 2018).

Training takes torch, PyTorch Geometric and Lightning (`archcost.predictors.network`). Prediction is
the few matrix products below: importing torch would take longer than all of them.

Networks that differ in their first weights alone err differently: the mean of two, in logarithms,
is worth more than a wider or longer trained one (measured on validation cells).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.data.measurements import without_mask
from archcost.encodings import Batch, parse
from archcost.encodings.matrices import wiring
from archcost.encodings.nodes import node_rows
from archcost.errors import CheckpointError, MeasurementError, check_whole
from archcost.predictors.base import Predictor, one_skeleton, positive_costs
from archcost.predictors.ground import GROUND, Ground
from archcost.predictors.rows import feature_rows, kept

Array = npt.NDArray[np.float32]

SHARED = "network."
"""How the names of the arrays begin that all devices of a network share."""
_PARTS = ("own", "along", "against")
# Architectures at a time: their states stay in the processor's cache.
_BLOCK = 256
_EPS = 1e-5


@dataclass(frozen=True, eq=False)
class Graphs:
    """n architectures of one skeleton as a network takes them.

    Attributes:
        nodes: (n, k, columns) of `archcost.encodings.nodes`.
        wiring: (k, k) 1 where data would flow from the first node to the second.
        present: (n, k) 0 for operators `none`, which are no nodes: nothing flows there.
        rows: (n, f) features of the whole.
        summaries: what networks have made of them, for the devices that are asked for next.
    """

    nodes: Array
    wiring: Array
    present: Array
    rows: Array
    summaries: WeakKeyDictionary[GraphNetwork, Array] = field(default_factory=WeakKeyDictionary)

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The graphs of a batch of one skeleton."""
        (group,) = batch.groups
        present = np.ones((len(group), group.ids.shape[1] + 2), dtype=np.float32)
        if group.none_id is not None:
            present[:, 1:-1] = group.ids != group.none_id
        full = wiring(group.edges, group.ids.shape[1]).astype(np.float32)
        return cls(node_rows(group), full, present, feature_rows(batch))

    def block(self, start: int) -> Graphs:
        """A few of the architectures."""
        part = slice(start, start + _BLOCK)
        return Graphs(self.nodes[part], self.wiring, self.present[part], self.rows[part])


class GraphNetwork:
    """A trained network: predicts all its devices, one at a time.

    Args:
        arrays: as `archcost.predictors.network.train_network` gives them.

    Raises:
        CheckpointError: arrays are missing or do not fit together.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self.arrays: dict[str, Array] = {
            name: np.asarray(value, dtype=np.float32) for name, value in arrays.items()
        }
        try:
            self.layers = sum(name.endswith(".along") for name in self.arrays)
            self.devices, _ = self.arrays["embedding"].shape
            nodes, _ = self.arrays["nodes.weight"].shape
            rows, _ = self.arrays["rows.weight"].shape
            self._weights = [
                np.concatenate([self.arrays[f"layer{i}.{part}"] for part in _PARTS])
                for i in range(self.layers)
            ]
        except (KeyError, ValueError) as error:
            raise CheckpointError(f"not a graph network ({error})") from None
        self.features = rows
        self._widths = (nodes, rows)

    def log_costs(self, graphs: Graphs, device: int) -> Floats:
        """Natural logarithm of the cost (n,) of architectures on one device.

        Raises:
            CheckpointError: the network was made for other features.
        """
        if (graphs.nodes.shape[2], graphs.rows.shape[1]) != self._widths:
            raise CheckpointError(
                f"the network takes {self._widths} features of nodes and wholes, this version of "
                f"archcost makes {(graphs.nodes.shape[2], graphs.rows.shape[1])}"
            )
        starts = range(0, len(graphs.rows), _BLOCK)
        if self not in graphs.summaries:
            parts = [self._summary(graphs.block(start)) for start in starts]
            graphs.summaries[self] = np.concatenate(parts)
        summary = graphs.summaries[self]
        found = [self._head(summary[start : start + _BLOCK], device) for start in starts]
        return np.concatenate(found).astype(np.float64)

    def _summary(self, graphs: Graphs) -> Array:
        """What the head sees (n, c)."""
        a = self.arrays
        # Node by node, so that what flows along an edge is a contiguous piece.
        nodes = np.ascontiguousarray(graphs.nodes.transpose(1, 0, 2))
        mask = np.ascontiguousarray(graphs.present.T)[:, :, None]
        state = np.maximum(nodes @ a["nodes.weight"] + a["nodes.bias"], 0) * mask
        count, width = len(nodes), state.shape[2]
        heard = np.empty((*state.shape[:2], 3 * width), dtype=np.float32)
        for layer in range(self.layers):
            name = f"layer{layer}"
            # Absent nodes hold zeros: the sum over all edges is that over those that are there.
            heard[:, :, :width] = state
            heard[:, :, width:] = 0
            for source, target in np.argwhere(graphs.wiring):
                heard[target, :, width : 2 * width] += state[source]
                heard[source, :, 2 * width :] += state[target]
            message = heard @ self._weights[layer] + a[f"{name}.bias"]
            message -= message.mean(axis=2, keepdims=True)
            spread = np.einsum("knc,knc->kn", message, message)[:, :, None] / width
            message *= a[f"{name}.scale"] / np.sqrt(spread + _EPS)
            message += a[f"{name}.shift"]
            state += np.maximum(message, 0, out=message) * mask
        found = graphs.rows @ a["rows.weight"] + a["rows.bias"]
        for node in range(count):
            found += np.maximum(state[node] @ a["sum.weight"] + a["sum.bias"], 0) * mask[node]
        return found

    def _head(self, summary: Array, device: int) -> Array:
        """Logarithm of the cost (n,)."""
        a = self.arrays
        embedding = a["embedding"][device]

        def of_device(name: str) -> Array:
            return embedding @ a[f"{name}.weight"] + a[f"{name}.bias"]

        first = summary @ a["first.weight"] + a["first.bias"]
        first = np.maximum(first * of_device("scale1") + of_device("shift1"), 0)
        second = first @ a["second.weight"] + a["second.bias"]
        second = np.maximum(second * of_device("scale2") + of_device("shift2"), 0)
        found = (first + second) @ of_device("out") + summary @ of_device("linear")
        return found * a["spread"][device] + a["centre"][device]


_known: WeakValueDictionary[tuple[tuple[str, int], ...], GraphNetwork] = WeakValueDictionary()


def _network(arrays: Mapping[str, npt.NDArray[Any]]) -> GraphNetwork:
    """One object for all devices that share these very arrays, so that they share summaries."""
    made = GraphNetwork(arrays)
    # A network keeps its arrays: no others get their ids while it is known.
    return _known.setdefault(tuple((n, id(v)) for n, v in made.arrays.items()), made)


_graphs = kept(Graphs.of)


class GNNPredictor(Predictor):
    """One device of a graph network, or of the mean of several.

    Args:
        members: networks to train, alike but for their first weights and the order of batches.
        hidden: width of the nodes' states.
        layers: of messages.
        width: of the sum over nodes and of the head.
        embedding: numbers that describe a device.
        steps: of training, at most 300 passes over the architectures.
        seed: of initial weights and of the order of batches.
    """

    kind = "gnn"
    networks_: tuple[GraphNetwork, ...]
    device_: int

    def __init__(
        self,
        members: int = 1,
        hidden: int = 32,
        layers: int = 2,
        width: int = 128,
        embedding: int = 32,
        steps: int = 3600,
        seed: int = 0,
    ) -> None:
        self.members = members
        self.hidden = hidden
        self.layers = layers
        self.width = width
        self.embedding = embedding
        self.steps = steps
        self.seed = seed

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`; `fit_many` learns several devices together."""
        batch = parse(archs)
        costs = positive_costs(measured, len(batch))
        (fitted,) = self.fit_many(batch, costs[:, None])
        self.networks_, self.device_ = fitted.networks_, fitted.device_
        self.ground_ = fitted.ground_
        return self

    def fit_many(self, archs: object, measured: npt.ArrayLike) -> list[Self]:
        """The same networks for d devices from n architectures: d predictors that share them.

        Args:
            archs: n architectures of one skeleton.
            measured: (n, d) costs, each column in a unit of its own; NaN where there is none.

        Raises:
            MeasurementError: a cost is not positive, or a device has none.
            UnsupportedError: a parameter is no whole number from 1 on (`seed`: from 0).
            ArchitectureError: an architecture is malformed.
        """
        from archcost.predictors.network import train_network

        batch = parse(archs)
        one_skeleton(batch, "a gnn")
        costs = np.asarray(without_mask(measured), dtype=np.float64)
        if costs.ndim != 2 or len(costs) != len(batch):
            raise MeasurementError(
                f"measured costs of shape {costs.shape} for {len(batch)} architectures; give a "
                "row per architecture and a column per device"
            )
        there = ~np.isnan(costs)
        if not there.any(axis=0).all():
            raise MeasurementError("a device has no measurement at all; leave it out")
        for column, given in zip(costs.T, there.T, strict=True):
            positive_costs(column[given], int(given.sum()))
        settings = self.get_params()
        for name, value in settings.items():
            check_whole(name, value, least=0 if name == "seed" else 1)
        graphs = Graphs.of(batch)
        seeds = range(settings.pop("seed"), self.seed + settings.pop("members"))
        networks = tuple(
            GraphNetwork(train_network(graphs, np.log(costs), seed=seed, **settings))
            for seed in seeds
        )
        ground = Ground.of(batch)
        return [self._of(networks, device, ground) for device in range(costs.shape[1])]

    def _of(self, networks: tuple[GraphNetwork, ...], device: int, ground: Ground) -> Self:
        model = self.unfitted()
        model.networks_, model.device_, model.ground_ = networks, device, ground
        return model

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        batch = self._asked(archs)
        if not len(batch):
            return np.zeros(0)
        graphs = _graphs(batch)
        found = [network.log_costs(graphs, self.device_) for network in self.networks_]
        return np.exp(np.mean(found, axis=0))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`; names of what other devices share begin with `SHARED`."""
        arrays = {
            f"{SHARED}{member}.{name}": value
            for member, network in enumerate(self.networks_)
            for name, value in network.arrays.items()
        }
        return arrays | {"device": np.array([self.device_]), GROUND: self.ground_.array()}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`; not known of the parameters are then `steps` and `seed`."""
        members: dict[str, dict[str, npt.NDArray[Any]]] = {}
        for name, value in state.items():
            if name.startswith(SHARED):
                member, own = name.removeprefix(SHARED).split(".", 1)
                members.setdefault(member, {})[own] = value
        # safetensors gives them in any order: written again, they shall make the same file.
        order = sorted(members, key=lambda member: (len(member), member))
        networks = tuple(_network(members[member]) for member in order)
        device = int(state["device"][0])
        devices = min((network.devices for network in networks), default=0)
        if not 0 <= device < devices:
            raise CheckpointError(f"device {device} of a network of {devices}")
        first = networks[0]
        hidden, width = (len(first.arrays[f"{part}.bias"]) for part in ("nodes", "rows"))
        embedding = first.arrays["embedding"].shape[1]
        model = cls(len(networks), hidden, first.layers, width, embedding)
        return model._of(networks, device, Ground.from_array(state[GROUND]))
