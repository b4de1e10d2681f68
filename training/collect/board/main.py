"""What `python3 measure.pyz` does on a board: measures the models that lie beside it."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from archcost.training.collect.board.campaign import failures_of, run_campaign
from archcost.training.collect.board.energy import find_meter, idle_watts, open_meter
from archcost.training.collect.board.environment import environment
from archcost.training.collect.board.isolate import Server, serve
from archcost.training.collect.board.journal import Journal
from archcost.training.collect.board.protocol import bind_threads, visit
from archcost.training.collect.board.sessions import (
    MODULES,
    OPENERS,
    runtime_version,
    variables,
)

MANIFEST, RESULTS = "manifest.json", "results.jsonl"
_WORKER = "--worker"


def main(arguments: list[str] | None = None) -> None:
    """Measure what the manifest says; run again after any interruption, it goes on."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == [_WORKER]:
        serve(_handle, preload=[MODULES[given[1]]])
        return
    parser = argparse.ArgumentParser(description=__doc__, prog="measure.pyz")
    beside = Path(sys.argv[0]).resolve().parent
    parser.add_argument("--folder", type=Path, default=beside, help="where the manifest lies")
    folder = parser.parse_args(given).folder
    try:
        _measure(folder)
    except (OSError, ValueError) as error:
        sys.exit(f"measure: {error}")
    except KeyboardInterrupt:
        sys.exit("measure: interrupted; run it again to go on")


def _measure(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    plan, models = manifest["plan"], manifest["models"]
    if runtime_version(plan["runtime"]) is None:
        raise ValueError(f"the package {MODULES[plan['runtime']]} is not installed here")
    for name, expected in models.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise ValueError(f"{name} is damaged; copy the bundle again")
    meter, reasons = find_meter(("rapl", "ina3221"))
    files = list(models)

    def job(network: int) -> dict[str, Any]:
        return {
            "model": str(folder / files[network]),
            "runtime": plan["runtime"],
            "threads": plan["threads"],
            "meter": meter,
            "settings": plan["settings"],
        }

    surroundings = environment()
    surroundings["runtime"] = plan["runtime"]
    surroundings["runtime_version"] = runtime_version(plan["runtime"])
    surroundings["meter"] = meter
    if meter is None:
        surroundings["energy_absent"] = reasons
    else:
        surroundings["idle_watts"] = idle_watts(open_meter(meter))
        surroundings["idle_power"] = "not subtracted"
    command = [sys.executable, sys.argv[0], _WORKER, plan["runtime"]]
    with (
        Journal(folder / RESULTS, plan) as journal,
        Server(command, variables(plan["threads"])) as server,
    ):
        run_campaign(journal, server, job, surroundings, _Progress())
        failed = len(failures_of(journal.records))
    print(
        f"\ndone, {failed} networks failed at least once: copy {folder / RESULTS} back and give it"
    )
    print(f"to archcost collect import {RESULTS} --out TABLE.parquet")


def _handle(job: dict[str, Any]) -> dict[str, Any]:
    bind_threads(job["threads"])
    session = OPENERS[job["runtime"]](job["model"], job["threads"])
    meter = None if job["meter"] is None else open_meter(job["meter"])
    return visit(session, job["settings"], meter)


class _Progress:
    """One line that tells how much is done and how long the rest will take."""

    def __init__(self) -> None:
        self._begin: float | None = None
        self._first = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if self._begin is None:
            self._begin, self._first = now, done
        made = done - self._first
        left = f", {(now - self._begin) / made * (total - done) / 60:.0f} min left" if made else ""
        end = "\r" if os.isatty(2) else "\n"
        print(f"{what}: {done} of {total} visits{left}   ", end=end, file=sys.stderr, flush=True)
