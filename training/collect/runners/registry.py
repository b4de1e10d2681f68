"""The runtimes that can be measured on, by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from archcost.encodings import Architecture
from archcost.errors import UnsupportedError, unknown_name
from archcost.optional import require
from archcost.training.collect.board.protocol import Timed
from archcost.training.collect.board.sessions import OPENERS


@dataclass(frozen=True, slots=True)
class Runtime:
    """Something that runs networks.

    Attributes:
        name: by which it is chosen.
        title: what it is, for tables.
        extra: the extra of archcost that installs it; None: it is always there.
        modules: that it needs, loaded once before the first network.
        on_gpu: whether it needs an NVIDIA GPU.
    """

    name: str
    title: str
    extra: str | None
    modules: tuple[str, ...]
    on_gpu: bool = False

    def check(self) -> None:
        """Make sure that it can run here.

        Raises:
            UnsupportedError: a package or the GPU is missing; says what to do.
        """
        for module in self.modules:
            require(module, self.extra or "")
        if self.on_gpu:
            import torch

            if not torch.cuda.is_available():
                raise UnsupportedError(
                    f"{self.name}: torch finds no GPU here; use --runtime torch, or install a "
                    "build of torch for this machine's GPU"
                )

    def version(self) -> str:
        """The version of its package."""
        package = self.modules[0]
        try:
            return version(package)
        except PackageNotFoundError:
            return "unknown"


RUNTIMES: dict[str, Runtime] = {
    runtime.name: runtime
    for runtime in (
        Runtime("onnxruntime", "ONNX Runtime, CPU", "onnxruntime", ("onnxruntime", "onnx")),
        Runtime("openvino", "OpenVINO, CPU", "openvino", ("openvino", "onnx")),
        Runtime("torch", "PyTorch eager, CPU", None, ("torch",)),
        Runtime("torch-compiled", "PyTorch compiled, CPU", None, ("torch",)),
        Runtime("torch-cuda", "PyTorch eager, CUDA", None, ("torch",), on_gpu=True),
        Runtime("torch-cuda-graph", "PyTorch, CUDA graph", None, ("torch",), on_gpu=True),
    )
}
"""Name to runtime. All run float32."""


def find_runtime(name: str) -> Runtime:
    """The runtime of this name.

    Raises:
        UnknownNameError: no such runtime; names the nearest.
    """
    try:
        return RUNTIMES[name]
    except KeyError:
        raise unknown_name("runtime", name, RUNTIMES) from None


def open_network(runtime: str, arch: Architecture, batch_size: int, threads: int) -> Timed:
    """A network with random weights, loaded and ready to be timed.

    Args:
        runtime: a name of `RUNTIMES`.
        arch: the architecture.
        batch_size: images a run.
        threads: that one run may use.

    Raises:
        UnknownNameError, UnsupportedError: no such runtime, or it cannot run here.
        ArchitectureError: as `archcost.lower`.
    """
    found = find_runtime(runtime)
    if found.name in OPENERS:
        from archcost.training.collect.onnx_network import onnx_model

        model = onnx_model(arch, batch_size=batch_size).SerializeToString()
        return OPENERS[found.name](model, threads)
    from archcost.training.collect.runners.torch_sessions import open_torch

    return open_torch(found.name, arch, batch_size, threads)
