"""PyTorch on the processor and on an NVIDIA GPU, timed by what each has for it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from archcost.encodings import Architecture
from archcost.training.collect.board.protocol import Timed
from archcost.training.collect.torch_network import network_from

_WARM_UP = 3


class Eager(Timed):
    """Runs on the processor: a call returns when the work is done."""

    def __init__(self, network: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor):
        self._network = network
        self._images = images

    def run(self) -> None:
        """One run."""
        with torch.inference_mode():
            self._network(self._images)


class OnGPU(Timed):
    """Runs on the GPU, which works on while the call has returned: its own events tell the time."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call

    def run(self) -> None:
        """One run, over when it returns."""
        with torch.inference_mode():
            self._call()
        torch.cuda.synchronize()

    def times(self, runs: int) -> list[float]:
        """Milliseconds between events around each run; a run starts when the last has ended.

        What the processor takes to launch the layers is part of it where that is the slower part,
        as it is in use with small batches.
        """
        found = []
        for _ in range(runs):
            begin = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            begin.record()
            with torch.inference_mode():
                self._call()
            end.record()
            end.synchronize()
            found.append(float(begin.elapsed_time(end)))
        return found


def open_torch(runtime: str, arch: Architecture, batch_size: int, threads: int) -> Timed:
    """A network in PyTorch.

    Args:
        runtime: "torch" (eager), "torch-compiled", "torch-cuda" or "torch-cuda-graph".
        arch, batch_size, threads: as `open_network`.
    """
    torch.set_num_threads(threads)
    network = network_from(arch)
    place = arch.skeleton
    shape = (batch_size, place.in_channels, place.image_size, place.image_size)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    if runtime == "torch":
        return Eager(network, images)
    if runtime == "torch-compiled":
        return Eager(torch.compile(network), images)
    # TF32 would be another precision than the other runtimes'.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    network, images = network.cuda(), images.cuda()
    if runtime == "torch-cuda":
        return OnGPU(lambda: network(images))
    return OnGPU(_captured(network, images).replay)


def _captured(network: torch.nn.Module, images: torch.Tensor) -> torch.cuda.CUDAGraph:
    """All launches of a run recorded once, so that the processor's part falls away."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.inference_mode(), torch.cuda.stream(side):
        for _ in range(_WARM_UP):
            network(images)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.inference_mode(), torch.cuda.graph(graph):
        network(images)
    return graph
