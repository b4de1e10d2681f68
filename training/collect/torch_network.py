"""A torch module of an architecture, layer by layer as its layer graph says.

`none` multiplies by zero and `skip_connect` hands its input on, as in NAS-Bench-201's own code: a
framework that runs all it is given does the same work as there. Average pooling does not count the
padding, as there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from archcost.encodings import Architecture, Layer, LayerGraph, lower, parse
from archcost.errors import ArchitectureError
from archcost.training.collect.weights import Weights, random_weights

EPSILON = 1e-5


class Network(nn.Module):
    """A network as a list of layers that read each other's results.

    Attributes:
        graph: what is computed.
    """

    def __init__(self, graph: LayerGraph, weights: Weights) -> None:
        super().__init__()
        self.graph = graph
        self.steps = nn.ModuleList(
            _module(layer, own) for layer, own in zip(graph.layers, weights, strict=True)
        )
        sources: list[list[int]] = [[] for _ in graph.layers]
        for producer, consumer in graph.edges:
            sources[consumer].append(producer)
        last = {source: place for place, found in enumerate(sources) for source in found}
        # What nothing reads any more is let go, so that memory is what a network written by hand
        # would take.
        self._plan = [
            (found, [source for source in set(found) if last[source] == place])
            for place, found in enumerate(sources)
        ]

    def forward(self, images: Tensor) -> Tensor:
        """Scores (n, classes) of images (n, channels, size, size)."""
        made: dict[int, Tensor] = {}
        result = images
        for place, (step, (sources, done)) in enumerate(zip(self.steps, self._plan, strict=True)):
            result = step(*([made[source] for source in sources] or [images]))
            for source in done:
                del made[source]
            made[place] = result
        return result


class _Function(nn.Module):
    """A layer without parameters."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs)


class _Shuffle(nn.Module):
    """Channels of g groups taken in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, images: Tensor) -> Tensor:
        n, channels, height, width = images.shape
        split = images.view(n, self.groups, channels // self.groups, height, width)
        return split.transpose(1, 2).reshape(n, channels, height, width)


def network_from(
    arch: object, seed: int = 0, weights: Weights | None = None, dataset: str | None = None
) -> Network:
    """The network of an architecture, ready to run.

    Args:
        arch: one of NAS-Bench-201 or FBNet in any form that `archcost.parse` reads, or a custom
            `Architecture`.
        seed: of the random weights.
        weights: use these instead (see `archcost.training.collect.weights`).
        dataset: whose image size and classes it gets; an `Architecture` has its own.

    Raises:
        ArchitectureError: as `archcost.lower`; malformed, or not one architecture but several.
        UnknownNameError: as `archcost.parse`.
    """
    if not isinstance(arch, Architecture):
        batch = parse(arch, dataset=dataset)
        if len(batch) != 1:
            raise ArchitectureError(f"{len(batch)} architectures; a network is made of one")
        arch = batch[0]
    graph = lower(arch)
    # Modules draw weights of their own, which these replace: what others draw stays as it was.
    with torch.random.fork_rng(devices=[]):
        network = Network(graph, random_weights(graph, seed) if weights is None else weights)
    return network.eval()


def _module(layer: Layer, weights: Mapping[str, object]) -> nn.Module:
    arrays = {name: torch.as_tensor(array) for name, array in weights.items()}
    if layer.kind == "conv":
        conv = nn.Conv2d(
            layer.c_in,
            layer.c_out,
            layer.kernel,
            layer.stride,
            layer.padding,
            layer.dilation,
            layer.groups,
            bias=False,
        )
        return _filled(conv, weight=arrays["weight"])
    if layer.kind == "bn":
        names = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
        values = {own: arrays[given] for own, given in names.items()}
        return _filled(nn.BatchNorm2d(layer.c_out, eps=EPSILON), **values)
    if layer.kind == "linear":
        return _filled(nn.Linear(layer.c_in, layer.c_out), **arrays)
    return _without_parameters(layer)


def _filled(module: nn.Module, **values: Tensor) -> nn.Module:
    state = module.state_dict()
    module.load_state_dict(state | values)
    return module


def _without_parameters(layer: Layer) -> nn.Module:
    kind, kernel, stride, padding = layer.kind, layer.kernel, layer.stride, layer.padding
    if kind == "relu":
        return nn.ReLU()
    if kind == "identity":
        return nn.Identity()
    if kind == "pool_avg":
        return nn.AvgPool2d(kernel, stride, padding, count_include_pad=False)
    if kind == "pool_max":
        return nn.MaxPool2d(kernel, stride, padding)
    if kind == "shuffle":
        return _Shuffle(layer.groups)
    if kind == "global_pool":
        return _Function(lambda images: functional.adaptive_avg_pool2d(images, 1).flatten(1))
    if kind == "add":
        return _Function(torch.add)
    assert kind == "zero"
    return _Function(lambda images: images.mul(0.0))
