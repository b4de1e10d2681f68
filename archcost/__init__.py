"""What a neural architecture costs on a device: latency in ms, energy in mJ, without the device.

    >>> import archcost
    >>> model = archcost.load("raspi4", metric="latency", space="nasbench201", dataset="cifar10")
    >>> estimate = model.predict(1, coverage=0.9)
    >>> estimate.unit
    'ms'

Names are loaded when they are first used: importing archcost takes no time worth speaking of.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archcost.checkpoints import catalogue, explain, load
    from archcost.encodings import (
        Architecture,
        LayerGraph,
        Skeleton,
        encode,
        lower,
        parse,
        read_onnx,
        skeleton,
    )
    from archcost.errors import ArchcostError
    from archcost.predictors import CostModel, Estimate, Evaluation, Explanation
    from archcost.search import search
    from archcost.training import adapt, carry_over, evaluate, suggest, train
    from archcost.training.calibrate import calibrate
    from archcost.training.collect import network_from

_HOMES = {
    "ArchcostError": "archcost.errors",
    "Architecture": "archcost.encodings",
    "CostModel": "archcost.predictors",
    "Estimate": "archcost.predictors",
    "Evaluation": "archcost.predictors",
    "Explanation": "archcost.predictors",
    "LayerGraph": "archcost.encodings",
    "Skeleton": "archcost.encodings",
    "adapt": "archcost.training",
    "calibrate": "archcost.training.calibrate",
    "carry_over": "archcost.training",
    "catalogue": "archcost.checkpoints",
    "encode": "archcost.encodings",
    "evaluate": "archcost.training",
    "explain": "archcost.checkpoints",
    "load": "archcost.checkpoints",
    "lower": "archcost.encodings",
    "network_from": "archcost.training.collect",
    "parse": "archcost.encodings",
    "read_onnx": "archcost.encodings",
    "search": "archcost.search",
    "skeleton": "archcost.encodings",
    "suggest": "archcost.training",
    "train": "archcost.training",
}

__all__ = [
    "ArchcostError",
    "Architecture",
    "CostModel",
    "Estimate",
    "Evaluation",
    "Explanation",
    "LayerGraph",
    "Skeleton",
    "adapt",
    "calibrate",
    "carry_over",
    "catalogue",
    "encode",
    "evaluate",
    "explain",
    "load",
    "lower",
    "network_from",
    "parse",
    "read_onnx",
    "search",
    "skeleton",
    "suggest",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'archcost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
