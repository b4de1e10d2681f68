"""Costs of one's own: networks that run, measured on a real runtime, or simulated on a chip.

    >>> from archcost.training.collect import simulate
    >>> simulate("|".join(["k3_e1"] * 22), "fpga", quirks=["table"]).latency_ms
    array([10.73952])

`simulators` prices architectures on chips that exist on paper; `torch_network` and `onnx_network`
build networks; `measuring` runs them here and `bundle` elsewhere. `board` holds what measures, in
the standard library alone. Names are loaded when they are first used, and runtimes by what runs on
them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archcost.training.collect.bundle import import_results, write_bundle
    from archcost.training.collect.candidates import representatives, sample
    from archcost.training.collect.measuring import Options, measure
    from archcost.training.collect.onnx_network import onnx_model, write_onnx
    from archcost.training.collect.results import Results
    from archcost.training.collect.simulators import Simulated, simulate
    from archcost.training.collect.torch_network import network_from

_HOMES = {
    "Options": "measuring",
    "Results": "results",
    "Simulated": "simulators",
    "import_results": "bundle",
    "measure": "measuring",
    "network_from": "torch_network",
    "onnx_model": "onnx_network",
    "representatives": "candidates",
    "sample": "candidates",
    "simulate": "simulators",
    "write_bundle": "bundle",
    "write_onnx": "onnx_network",
}

__all__ = [
    "Options",
    "Results",
    "Simulated",
    "import_results",
    "measure",
    "network_from",
    "onnx_model",
    "representatives",
    "sample",
    "simulate",
    "write_bundle",
    "write_onnx",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
