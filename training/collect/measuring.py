"""Measure networks on this machine: the plan, its journal, and the table that comes of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from archcost.aliases import Progress
from archcost.encodings import Architecture, Batch, Skeleton, encode, lower, parse
from archcost.errors import TableError, UnsupportedError, unknown_name
from archcost.training.collect.board.campaign import plan_record, run_campaign
from archcost.training.collect.board.energy import find_meter, idle_watts, open_meter
from archcost.training.collect.board.environment import environment, processor
from archcost.training.collect.board.isolate import Server
from archcost.training.collect.board.journal import (
    OF_A_PLAN,
    Journal,
    another,
    read_journal,
    together,
)
from archcost.training.collect.board.protocol import DEFAULTS, PROTOCOL_VERSION
from archcost.training.collect.board.sessions import variables
from archcost.training.collect.candidates import single_skeleton
from archcost.training.collect.measured import checked_device, device_id, write_table
from archcost.training.collect.power_log import read_power_log, with_power
from archcost.training.collect.results import Results
from archcost.training.collect.runners.registry import Runtime, find_runtime
from archcost.training.collect.runners.worker import job_of

_REFERENCES = 3
_COUNTED = 500


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        runtime: a name of `archcost.training.collect.runners.RUNTIMES`.
        threads: that one run may use; the process is bound to as many processors.
        batch_size: images a run.
        rounds: visits of each network.
        device: name of the device in the table; None: from processor, runtime and threads.
        timeout_s: seconds after which a visit is given up.
        seed: of the order of the visits.
        settings: changes to `archcost.training.collect.board.protocol.DEFAULTS`.
        energy: measure energy too, if a meter is there.

    Raises:
        UnsupportedError: a number that is too small, or no number of seconds.
        UnknownNameError: a setting that the protocol does not have.
    """

    runtime: str = "onnxruntime"
    threads: int = 1
    batch_size: int = 1
    rounds: int = 5
    device: str | None = None
    timeout_s: float = 60.0
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    energy: bool = True

    def __post_init__(self) -> None:
        for name in ("threads", "batch_size", "rounds"):
            if getattr(self, name) < 1:
                raise UnsupportedError(f"{name} = {getattr(self, name)}: give 1 or more")
        if not 0 < self.timeout_s < float("inf"):
            raise UnsupportedError(f"timeout_s = {self.timeout_s}: give seconds above 0")
        for name in self.settings:
            if name not in DEFAULTS:
                raise unknown_name("setting", name, DEFAULTS)


def journal_path(out: str | Path) -> Path:
    """Where the journal of a table lies: beside it."""
    return Path(out).with_suffix(".journal.jsonl")


def plan_of(
    batch: Batch, options: Options, meter: str | None = None, device: str | None = None
) -> dict[str, Any]:
    """The plan of measuring a batch: the first line of its journal.

    Args:
        batch: the networks.
        options: how.
        meter: name of the energy meter; None: no energy.
        device: the device's name; None: as the options say, else that of this machine.

    Raises:
        UnsupportedError: networks of several spaces or data sets, or one twice.
    """
    place = single_skeleton(batch)
    names = batch.strings()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnsupportedError(f"{twice} is in the list twice; give each network once")
    runtime = find_runtime(options.runtime)
    return plan_record(
        names,
        runtime=options.runtime,
        threads=options.threads,
        batch_size=options.batch_size,
        rounds=options.rounds,
        references=_references(batch),
        seed=options.seed,
        timeout_s=options.timeout_s,
        protocol=PROTOCOL_VERSION,
        device=checked_device(device or options.device or default_device(runtime, options)),
        skeleton=asdict(place),
        settings=options.settings,
        meter=meter,
    )


def default_device(runtime: Runtime, options: Options) -> str:
    """Processor or GPU, runtime, threads, and batch size where it is not 1."""
    name = processor()
    if runtime.on_gpu:
        import torch

        name = torch.cuda.get_device_name(0)
    parts = [name, runtime.name] + [f"{options.threads}t"] * (not runtime.on_gpu)
    parts += [f"b{options.batch_size}"] * (options.batch_size > 1)
    return device_id(" ".join(parts))


def measure(
    archs: object | None,
    out: str | Path,
    options: Options | None = None,
    progress: Progress | None = None,
    power_log: str | Path | None = None,
) -> Results:
    """Measure networks and write their table; what is in its journal is not measured again.

    Networks that the journal does not hold are added to those that it holds; the table has all.

    Args:
        archs: networks of one space and data set, in any form that `archcost.parse` reads; None:
            go on with the journal of `out` as it is.
        out: the table, a .parquet file; its journal lies beside it.
        options: how, the same whenever networks are added; not used when `archs` is None.
        progress: called with what is being done, visits done and visits in all.
        power_log: an external meter's log that covers the visits (see `power_log`).

    Raises:
        UnsupportedError: a missing runtime or GPU, or options that do not fit.
        TableError: the journal was measured with other options, or there is none to go on with.
        MeasurementError: no network could be measured.
    """
    path = journal_path(out)
    if Path(out).suffix.lower() != ".parquet":
        raise TableError(f"{out}: suffix {Path(out).suffix!r}; the table is a .parquet file")
    if archs is not None:
        options = options or Options()
        runtime = find_runtime(options.runtime)
        runtime.check()
        meter, reasons = meter_of(runtime) if options.energy else (None, {"meter": "not asked for"})
        plans = plans_of(path, parse(archs), options, meter)
    else:
        plans = stored_plans(path)
        runtime = find_runtime(plans[0]["runtime"])
        runtime.check()
        meter, reasons = plans[0]["meter"], {}
    plan = together(plans)
    try:
        with Journal(path, *plans) as journal, server_of(runtime, plan["threads"]) as server:
            run_campaign(
                journal,
                server,
                jobs_of(plan),
                surroundings_of(runtime, plan, meter, reasons),
                progress,
            )
            records = list(journal.records)
    except ValueError as error:
        raise TableError(str(error)) from None
    if power_log is not None:
        records = with_power(records, read_power_log(power_log))
    return write_table(out, plans, records)


def plans_of(
    path: Path, batch: Batch, options: Options, meter: str | None, device: str | None = None
) -> list[dict[str, Any]]:
    """The plans of a journal once it holds a batch too; `plan_of` has the arguments.

    Raises:
        UnsupportedError: as `plan_of`.
        TableError: it was measured with other options, or is no journal.
    """
    plan = plan_of(batch, options, meter, device)
    plans = _stored(path)
    if not plans:
        return [plan]
    settings = json.loads(json.dumps({**plan, **{key: plans[0][key] for key in OF_A_PLAN}}))
    if settings != plans[0]:
        raise TableError(str(another(path, plans[0], settings)))
    known = set(together(plans)["networks"])
    further = [number for number, name in enumerate(plan["networks"]) if name not in known]
    if further:
        plans.append(plan_of(batch.take(np.array(further)), options, meter, device))
    return plans


def stored_plans(path: Path) -> list[dict[str, Any]]:
    """The plans of a journal that is to be gone on with.

    Raises:
        TableError: there is none.
    """
    plans = _stored(path)
    if not plans:
        raise TableError(f"{path}: no journal to go on with; say which networks: --archs or -n")
    return plans


def _stored(path: Path) -> list[dict[str, Any]]:
    try:
        return read_journal(path)[0] if path.exists() else []
    except ValueError as error:
        raise TableError(str(error)) from None


def jobs_of(plan: dict[str, Any]) -> Callable[[int], dict[str, Any]]:
    """From the number of a network in a plan to what a server is asked."""
    place = Skeleton(**plan["skeleton"])

    def job(network: int) -> dict[str, Any]:
        return job_of(
            plan["runtime"],
            Architecture.from_string(plan["networks"][network], place),
            batch_size=plan["batch_size"],
            threads=plan["threads"],
            meter=plan["meter"],
            settings=plan["settings"],
        )

    return job


def _references(batch: Batch) -> list[int]:
    """Networks at the quartiles of multiply-accumulates, so that all sizes are watched."""
    if len(batch) <= _REFERENCES:
        return []
    if batch.groups[0].known:
        encoded = encode(batch, "layers")
        macs = encoded.values[:, encoded.columns.index("all:total:macs")]
    else:
        macs = np.array([lower(arch).macs for arch in batch[:_COUNTED]])
    order = np.argsort(macs, kind="stable")
    return [int(order[len(order) * part // 4]) for part in (1, 2, 3)]


def server_of(runtime: Runtime, threads: int) -> Server:
    """What does the jobs on this machine."""
    command = [sys.executable, "-m", "archcost.training.collect.runners.worker", runtime.name]
    # Compiling in one process: the visit is bound to its processors anyway.
    return Server(command, {**variables(threads), "TORCHINDUCTOR_COMPILE_THREADS": "1"})


def meter_of(runtime: Runtime) -> tuple[str | None, dict[str, str]]:
    """This machine's energy meter for what runs there, or None and the reasons."""
    return find_meter(("nvml", "ina3221") if runtime.on_gpu else ("rapl", "ina3221"))


def surroundings_of(
    runtime: Runtime, plan: dict[str, Any], meter: str | None, reasons: dict[str, str]
) -> dict[str, Any]:
    """This machine as it is now, as a record for a journal."""
    found = environment() | {
        "archcost": version("archcost"),
        "runtime": runtime.title,
        "runtime_version": runtime.version(),
        "threads": plan["threads"],
        "batch_size": plan["batch_size"],
        "meter": meter,
    }
    if runtime.on_gpu:
        import torch

        found["gpu"] = torch.cuda.get_device_name(0)
    if meter is None:
        return found | {"energy_absent": reasons}
    return found | {"idle_watts": idle_watts(open_meter(meter)), "idle_power": "not subtracted"}
