"""Models in files, made ready to run by the runtimes that a board may have."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from archcost.training.collect.board.protocol import Timed


class Call(Timed):
    """A session whose run is one call."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call

    def run(self) -> None:
        """One run."""
        self._call()


def _images(shape: Any, chance: int = 0) -> Any:
    """Random images; values like those of real ones, since zeros can be faster."""
    import numpy as np

    return np.random.default_rng(chance).standard_normal(tuple(shape), dtype=np.float32)


def open_onnxruntime(model: str | bytes, threads: int) -> Timed:
    """An ONNX model in ONNX Runtime's CPU provider, with all its graph optimisations."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    feed = {given.name: _images(given.shape)}
    return Call(lambda: session.run(None, feed))


def open_openvino(model: str | bytes, threads: int) -> Timed:
    """An ONNX model in OpenVINO on the processor, in float32, one request at a time."""
    import openvino

    core = openvino.Core()
    read = core.read_model(model)
    compiled = core.compile_model(
        read,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
        },
    )
    request = compiled.create_infer_request()
    images = openvino.Tensor(_images(compiled.input(0).shape))
    request.set_input_tensor(images)
    return Call(request.infer)


OPENERS: dict[str, Callable[[str | bytes, int], Timed]] = {
    "onnxruntime": open_onnxruntime,
    "openvino": open_openvino,
}
"""Runtime to how it opens a model, by path or content, for a number of threads."""

MODULES = {"onnxruntime": "onnxruntime", "openvino": "openvino"}
"""Runtime to the module that it is imported from."""


def runtime_version(runtime: str) -> str | None:
    """The version of a runtime's package; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(MODULES[runtime].replace("_", "-"))
    except PackageNotFoundError:
        return None


def variables(threads: int) -> dict[str, str]:
    """This process's environment variables, with so many threads for libraries that ask there."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads))}
