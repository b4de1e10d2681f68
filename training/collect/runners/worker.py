"""The process that measures: `python -m archcost.training.collect.runners.worker RUNTIME`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from archcost.encodings import Architecture, Skeleton
from archcost.training.collect.board.energy import open_meter
from archcost.training.collect.board.isolate import serve
from archcost.training.collect.board.protocol import bind_threads, visit
from archcost.training.collect.runners.registry import find_runtime, open_network

_BUILDS_MODELS = "archcost.training.collect.onnx_network"
_BUILDS_MODULES = "archcost.training.collect.runners.torch_sessions"


def job_of(
    runtime: str,
    arch: Architecture,
    *,
    batch_size: int = 1,
    threads: int = 1,
    meter: str | None = None,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What the worker is asked, as JSON holds it.

    Args:
        runtime: a name of `RUNTIMES`.
        arch: the network.
        batch_size, threads: of a run.
        meter: name of an energy meter (see `archcost.training.collect.board.energy`).
        settings: changes to `protocol.DEFAULTS`.
    """
    return {
        "runtime": runtime,
        "architecture": str(arch),
        "skeleton": asdict(arch.skeleton),
        "batch_size": batch_size,
        "threads": threads,
        "meter": meter,
        "settings": settings or {},
    }


def handle(job: dict[str, Any]) -> dict[str, Any]:
    """Build the network of a job, run it, and give the record of the visit."""
    bind_threads(job["threads"])
    arch = Architecture.from_string(job["architecture"], Skeleton(**job["skeleton"]))
    session = open_network(job["runtime"], arch, job["batch_size"], job["threads"])
    meter = None if job["meter"] is None else open_meter(job["meter"])
    return visit(session, job["settings"], meter)


if __name__ == "__main__":
    chosen = find_runtime(sys.argv[1])
    builder = _BUILDS_MODULES if chosen.modules == ("torch",) else _BUILDS_MODELS
    serve(handle, preload=(*chosen.modules, builder))
