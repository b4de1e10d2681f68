"""Several boards at once: a plan for each device, done by the Dask workers that carry its label.

A worker says which device it is by a resource, and by its amount that it measures one network at a
time:

    dask worker tcp://HOST:8786 --nthreads 1 --resources "device-raspi4=1"

archcost and the runtime are installed there. The boards of a device share its visits; what a board
had under way when it was lost is given to another one of that device. What comes back is appended
to the device's journal here, so that the whole can be stopped and goes on later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcost.aliases import Progress
from archcost.encodings import Batch, parse
from archcost.errors import MeasurementError, TableError, UnsupportedError, unknown_name
from archcost.optional import dask_client
from archcost.training.collect.board.campaign import run_campaign
from archcost.training.collect.board.isolate import Server
from archcost.training.collect.board.journal import Journal, together
from archcost.training.collect.measured import checked_device, write_table
from archcost.training.collect.measuring import (
    Options,
    jobs_of,
    journal_path,
    meter_of,
    plans_of,
    server_of,
    stored_plans,
    surroundings_of,
)
from archcost.training.collect.results import Results
from archcost.training.collect.runners.registry import find_runtime

if TYPE_CHECKING:
    from distributed import Client, Future

Record = dict[str, Any]

RESOURCE = "device-"
"""What the names of resources that carry a label begin with."""

_GO_ON = "what was measured is kept: put that right and give the same command again"
_PATIENCE_S = 60.0
_POLL_S = 1.0
_ONE_AT_A_TIME = threading.Lock()


def measure_on_boards(
    scheduler: str,
    archs: object | None,
    out: str | Path,
    options: Options | None = None,
    labels: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, tuple[Path, Results]]:
    """Measure networks on every device of a Dask cluster; one table and one journal a device.

    Args:
        scheduler: address of the Dask scheduler, e.g. "tcp://192.168.0.2:8786".
        archs: networks as for `archcost.training.collect.measure`; None: go on with the journals.
        out: ``mine.parquet`` becomes ``mine-<label>.parquet``, its journal lies beside it.
        options: how; without a name of a device, that is the label.
        labels: devices to measure on; none: all that workers carry now.
        progress: called with what is being done, visits done and visits in all, of all devices.

    Returns:
        Label to table and results.

    Raises:
        UnsupportedError: distributed is missing, no scheduler, no worker with a label, a runtime
            that is missing there, or a name of a device.
        UnknownNameError: no worker carries this label.
        TableError: as `measure`.
        MeasurementError: all boards of a device are gone, or no network could be measured; the
            other devices have their tables then.
    """
    if Path(out).suffix.lower() != ".parquet":
        raise TableError(f"{out}: suffix {Path(out).suffix!r}; the table is a .parquet file")
    options = options or Options()
    if options.device is not None:
        raise UnsupportedError(f"device {options.device!r}: on a cluster the labels are the names")
    batch = None if archs is None else parse(archs)
    with dask_client(scheduler) as client:
        found = _chosen(_boards(client), labels)
        plans = {label: _plans(client, label, batch, out, options) for label in found}
        shared = _Shared(threading.Event(), _Tally(progress))
        pool = ThreadPoolExecutor(len(plans))
        try:
            running = {
                label: pool.submit(_measure_device, client, label, out, plans[label], shared)
                for label in found
            }
            failed = [error for future in running.values() if (error := future.exception())]
        finally:
            shared.stop.set()
            pool.shutdown()
    if failed:
        raise failed[0]
    return {label: future.result() for label, future in running.items()}


def table_path(out: str | Path, label: str) -> Path:
    """The table of one device."""
    return Path(out).with_stem(f"{Path(out).stem}-{label}")


def _boards(client: Client) -> dict[str, int]:
    """Label to the number of workers that carry it now."""
    found: dict[str, int] = {}
    for worker in client.scheduler_info(n_workers=-1)["workers"].values():
        for name in worker["resources"]:
            if name.startswith(RESOURCE):
                label = name.removeprefix(RESOURCE)
                found[label] = found.get(label, 0) + 1
    return found


def _chosen(found: dict[str, int], labels: Sequence[str]) -> list[str]:
    if not found:
        raise UnsupportedError(
            "no Dask worker carries a label; start them as dask worker ADDRESS --nthreads 1 "
            f'--resources "{RESOURCE}NAME=1"'
        )
    for label in labels:
        if label not in found:
            raise unknown_name("label of Dask workers", label, found)
    return sorted({checked_device(label) for label in labels or found})


def _plans(
    client: Client, label: str, batch: Batch | None, out: str | Path, options: Options
) -> list[Record]:
    path = journal_path(table_path(out, label))
    if batch is None:
        return stored_plans(path)
    meter = client.submit(
        _find_meter, options.runtime, options.energy, resources={RESOURCE + label: 1}, pure=False
    )
    return plans_of(path, batch, options, _result(meter, label), label)


def _find_meter(runtime: str, energy: bool) -> str | None:
    """Runs on a board: its meter, once it is sure that the runtime is there."""
    found = find_runtime(runtime)
    found.check()
    return meter_of(found)[0] if energy else None


def _measure_device(
    client: Client, label: str, out: str | Path, plans: list[Record], shared: _Shared
) -> tuple[Path, Results]:
    table = table_path(out, label)
    try:
        journal = Journal(journal_path(table), *plans)
    except ValueError as error:
        raise TableError(str(error)) from None
    plan = together(plans)
    with journal:
        boards = _Boards(client, label, journal, shared.stop)
        try:
            run_campaign(journal, boards, jobs_of(plan), None, shared.tally.of(label))
        except CancelledError:
            raise MeasurementError(f"{label}: the scheduler is gone; {_GO_ON}") from None
        return table, write_table(table, plans, list(journal.records))


class _Boards:
    """All boards of one device, as what answers jobs."""

    def __init__(self, client: Client, label: str, journal: Journal, stop: threading.Event) -> None:
        self._client, self._label, self._journal, self._stop = client, label, journal, stop
        self._seen = set[str]()

    def answers(
        self, jobs: Iterable[tuple[int, Record]], timeout_s: float
    ) -> Iterator[tuple[int, Record]]:
        """As `isolate.Server.answers`, as many at a time as there are boards."""
        waiting = iter(jobs)
        plan = {k: v for k, v in self._journal.plans[0].items() if k != "networks"}
        pending: dict[Future[Any], int] = {}
        while True:
            room = max(1, _boards(self._client).get(self._label, 0)) - len(pending)
            for _ in range(room):
                number, job = next(waiting, (-1, {}))
                if number < 0:
                    break
                future = self._client.submit(
                    _visit, plan, job, timeout_s, resources={RESOURCE + self._label: 1}, pure=False
                )
                pending[future] = number
            if not pending:
                return
            for future in self._finished(list(pending)):
                yield pending.pop(future), self._answer(future)

    def _finished(self, pending: list[Future[Any]]) -> list[Future[Any]]:
        """Those that are done, at least one; ends when told to, or when no board is left."""
        from distributed import wait

        last = time.monotonic()
        while not self._stop.is_set():
            with suppress(TimeoutError):
                return list(wait(pending, _POLL_S, "FIRST_COMPLETED").done)
            if _boards(self._client).get(self._label):
                last = time.monotonic()
            elif time.monotonic() - last > _PATIENCE_S:
                raise MeasurementError(f"{self._label}: no board of this device is left; {_GO_ON}")
        raise MeasurementError(f"{self._label}: stopped")

    def _answer(self, future: Future[Any]) -> Record:
        from distributed import KilledWorker

        if isinstance(future.exception(), KilledWorker):
            return {"failed": "several boards were lost while they measured it"}
        board, environment, answer = _result(future, self._label)
        if board not in self._seen:
            self._seen.add(board)
            self._journal.append({"environment": {**environment, "worker": board}})
        return {"worker": board, **answer}


def _result(future: Future[Any], label: str) -> Any:
    try:
        return future.result()
    except (UnsupportedError, ImportError) as error:
        raise UnsupportedError(f"{label}: cannot measure: {error}") from None


def _visit(plan: Record, job: Record, timeout_s: float) -> tuple[str, Record, Record]:
    """Runs on a board: its name, what it is, and the record of the visit."""
    from distributed import get_worker

    with _ONE_AT_A_TIME:
        server, surroundings = _prepared(
            plan["runtime"], plan["threads"], plan["batch_size"], plan["meter"]
        )
        return str(get_worker().name), surroundings, server.ask(job, timeout_s)


@lru_cache(maxsize=8)
def _prepared(
    runtime: str, threads: int, batch_size: int, meter: str | None
) -> tuple[Server, Record]:
    """On a board: what measures, as long as the worker lives, and what the board is."""
    found = find_runtime(runtime)
    found.check()
    plan = {"threads": threads, "batch_size": batch_size}
    reasons = {} if meter else meter_of(found)[1]
    return server_of(found, threads), surroundings_of(found, plan, meter, reasons)


class _Tally:
    """Progress of several devices as one."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def of(self, label: str) -> Progress:
        """What one of the devices reports to."""

        def report(what: str, done: int, total: int) -> None:
            with self._lock:
                self._done[label] = done, total
                if self._progress is not None:
                    sums = (sum(part) for part in zip(*self._done.values(), strict=True))
                    self._progress(f"{label}: {what}", *sums)

        return report


@dataclass(frozen=True)
class _Shared:
    """What the threads of all devices share."""

    stop: threading.Event
    tally: _Tally
