"""The same over the workers of a Dask cluster: one file per partition, finished ones are kept.

This process reads the input and hands partitions out; workers predict them and write
``part-00000.parquet``, …, each under another name first and then renamed, so that a file is whole
whoever dies, and a partition that two workers predicted is there once. All workers must reach the
output folder under the same path.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archcost.aliases import Progress
from archcost.errors import ArchcostError, TableError, UnsupportedError
from archcost.optional import dask_client, require
from archcost.streaming.manifest import Manifest
from archcost.streaming.partitions import (
    Job,
    Partition,
    Summary,
    predict_partition,
    read_partitions,
)
from archcost.streaming.source import count_rows
from archcost.streaming.tables import LeftOut, table_writer

if TYPE_CHECKING:
    from distributed import Client, Future

LEFT_OUT = "_left-out.csv"
"""Readers of folders of Parquet pass over names that begin with an underscore."""
_LOCK = "_lock"
_GO_ON = "finished partitions are kept: give the same command again"
# Partitions handed out beyond those at work, so that no worker waits for the next.
_AHEAD = 2
_POLL_S = 1.0
_PATIENCE_S = 60.0


def part_path(folder: Path, number: int) -> Path:
    """The file of one partition."""
    return folder / f"part-{number:05d}.parquet"


def predict_on_cluster(
    job: Job,
    folder: Path,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Predict a file into a folder of .parquet files, one a partition, by Dask workers.

    Stopped or failed, the same call goes on: partitions whose files are there are not predicted
    again. ``_manifest.json`` in the folder says of what input, by which models. Readers of folders
    of Parquet pass over it, as over the list of rows left out, ``_left-out.csv``.

    Args:
        job: what.
        folder: made if need be.
        scheduler: address of a Dask scheduler; None: a cluster on this machine, for this call.
        workers: of that cluster, one thread each; None: one a core.
        progress: called after each partition.

    Raises:
        TableError: the input, or a row of it, cannot be read; the folder holds predictions of
            another input or by other models, is none, or another process writes into it.
        UnsupportedError: distributed is missing, no scheduler answers, it is lost, no worker is
            left for a minute, or a worker has other models.
        OSError: the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise TableError(f"{folder}: a file; with Dask the output is a folder")
    total = count_rows(job.source)
    done = 0
    with _alone(folder):
        manifest = Manifest.open(folder, job)
        with (
            _swept(folder),
            LeftOut(folder / LEFT_OUT) as left_out,
            _connected(scheduler, workers) as client,
        ):
            pool = _Pool(client, folder, job.coverage)
            partitions = 0
            for partition in read_partitions(job):
                manifest.check_models(partition.models)
                left_out.add(partition.problems)
                partitions += 1
                if part_path(folder, partition.number).exists():
                    pool.rows_done += _written(part_path(folder, partition.number))
                    done += 1
                else:
                    done += pool.submit(partition)
                if progress is not None:
                    progress("rows", min(done * job.rows, total), total)
            for _ in pool.rest():
                done += 1
                if progress is not None:
                    progress("rows", min(done * job.rows, total), total)
            manifest.finish(partitions, pool.rows_done)
    return Summary(pool.rows_done, left_out.count)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Has this process alone write into a folder: another would sweep away what is half written.

    Raises:
        TableError: another process does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    lock = folder / _LOCK
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TableError(
                f"{folder}: another process predicts into it; wait for it, or name another folder"
            ) from None
        except OSError:
            pass  # a file system without locks
        # The file stays: of one that is deleted, a process that waits to open it has another.
        yield


@contextmanager
def _swept(folder: Path) -> Iterator[None]:
    """Takes away, at the end, what killed workers had half written."""
    try:
        yield
    finally:
        for half in folder.glob(".part-*.parquet"):
            half.unlink(missing_ok=True)


def _written(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


@contextmanager
def _connected(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    if scheduler is not None:
        with dask_client(scheduler) as client:
            yield client
        return
    distributed = require("distributed", "dask")
    with ExitStack() as stack:
        with _without_interrupts():
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address=":0",
                    # What goes wrong comes back as an error of the partition.
                    silence_logs="CRITICAL",
                )
            )
        yield stack.enter_context(distributed.Client(cluster))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is started inside never sees Ctrl-C; here it comes at the end.

    A terminal sends it to workers too: they would print where it met them, while this process stops
    them anyway. Threads and processes inherit what is blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started later, it would take the block away.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Pool:
    """Partitions at work; no more than keep the workers busy, so that memory stays the same."""

    def __init__(self, client: Client, folder: Path, coverage: float) -> None:
        self._client, self._folder, self._coverage = client, folder, coverage
        self._pending: set[Future[Any]] = set()
        self.rows_done = 0

    def submit(self, partition: Partition) -> int:
        """Hand a partition out, when there is room; how many others were finished meanwhile."""
        finished = 0
        while len(self._pending) >= self._room():
            finished += self._collect()
        # The scheduler keeps the architectures until a worker has finished: nothing has to be
        # fetched from a worker that died.
        self._pending.add(
            self._client.submit(
                _predict_and_write,
                partition,
                str(self._folder.resolve()),
                self._coverage,
                pure=False,
            )
        )
        return finished

    def rest(self) -> Iterator[None]:
        """Wait for all that are left, one after another."""
        while self._pending:
            yield from [None] * self._collect()

    def _room(self) -> int:
        return max(1, sum(self._client.nthreads().values())) * _AHEAD

    def _collect(self) -> int:
        from distributed import wait

        finished: set[Future[Any]] = set()
        last = time.monotonic()
        while not finished:
            if self._client.status != "running":
                raise UnsupportedError(f"the Dask scheduler is gone; {_GO_ON}")
            if self._client.nthreads():
                last = time.monotonic()
            elif time.monotonic() - last > _PATIENCE_S:
                raise UnsupportedError(f"no Dask worker is left; start one, {_GO_ON}")
            with suppress(TimeoutError):
                finished = set(wait(list(self._pending), _POLL_S, "FIRST_COMPLETED").done)
        for future in finished:
            self._pending.discard(future)
            self.rows_done += _result(future.result)
        return len(finished)


def _result(result: Callable[[], Any]) -> int:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return int(result())
    except KilledWorker as error:
        raise UnsupportedError(
            f"several Dask workers died over one partition ({error}): is their memory too small? "
            f"{_GO_ON}"
        ) from None
    except CancelledError:
        raise UnsupportedError(f"the Dask scheduler is gone; {_GO_ON}") from None
    except ArchcostError as error:
        raise UnsupportedError(f"a Dask worker failed: {error}") from None


def _predict_and_write(partition: Partition, folder: str, coverage: float) -> int:
    """Runs on a worker: the rows it wrote."""
    path = part_path(Path(folder), partition.number)
    table = predict_partition(partition, coverage)
    with table_writer(path) as write:
        write(table)
    return int(table.num_rows)
