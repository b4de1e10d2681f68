"""How one network is timed on one visit. Several visits in several rounds make a measurement.

Why it is done as it is:

* **Warm-up until steady.** First runs compile, allocate and fill caches, and clocks rise only under
  load. A fixed number of runs is too many for a slow network and too few for a fast one; so runs
  are made until the median of a block is within 2 % of the one before, for 0.05 to 2 seconds.
* **Many short visits, not one long.** What disturbs (other jobs, clocks, temperature) lasts for
  seconds to minutes. A network visited once is hit by all of it or by none; visited in each of
  several rounds over all networks in random order, it is hit like all others, and the median over
  the rounds leaves out the rounds that were.
* **A process of its own for each visit.** A crash or a hang costs that visit only, and where memory
  happens to lie differs from visit to visit instead of favouring one network throughout.
* **The fastest run of a visit.** Interrupts and other jobs only ever add time, so the fastest is
  the one they touched least; how often the rest were hit is no property of the network. It falls a
  little with the number of runs, which is alike for networks of like cost. 1,500 NAS-Bench-201
  cells, one processor of a machine with other jobs: Spearman of one round with the next .993 so,
  .983 with the lower quartile of the runs and .970 with their median; 400 FBNet networks .83, .75
  and .64.
* **Batch size, input size, precision and threads are fixed and written down**, the process is bound
  to as many processors as it has threads: a thread that moves takes its caches along.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any, Protocol

PROTOCOL_VERSION = 2

DEFAULTS: dict[str, Any] = {
    "warm_up_s": (0.05, 2.0),
    "warm_up_block": 5,
    "steady": 0.02,
    "visit_s": 0.2,
    "runs": (10, 2000),
    "energy_s": 0.5,
}
"""Seconds of warm-up (least, most), runs of a block, the change from block to block that counts as
steady, seconds of timed runs, their number (least, most), and seconds of runs to measure energy."""


class Meter(Protocol):
    """What tells the energy between two moments (see `energy`)."""

    def start(self) -> None:
        """The first moment."""

    def stop(self) -> float:
        """Joules since `start`."""


class Timed:
    """Base of sessions: something that runs a network once, and how that is timed.

    Sessions whose runs end later than the call returns override `times`.
    """

    def run(self) -> None:
        """One run, over when it returns."""
        raise NotImplementedError

    def times(self, runs: int) -> list[float]:
        """Milliseconds of each of so many runs, one after the other."""
        clock, run = time.perf_counter_ns, self.run
        found = []
        for _ in range(runs):
            start = clock()
            run()
            found.append((clock() - start) * 1e-6)
        return found


def bind_threads(threads: int) -> list[int] | None:
    """Bind this process to as many processors as it has threads; the ones it got, None: cannot.

    The last ones, because the first serves most interrupts.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    chosen = sorted(os.sched_getaffinity(0))[-threads:]
    os.sched_setaffinity(0, chosen)
    return chosen


def visit(
    session: Timed, settings: dict[str, Any] | None = None, meter: Meter | None = None
) -> dict[str, Any]:
    """Warm up, time and, with a meter, take the energy of a network that is ready to run.

    Returns:
        A record that JSON can hold: `ms` of the fastest run, `median_ms`, `runs`,
        `warm_up_runs`, `steady`, `begin` and `end` of the timed runs (seconds since 1970);
        with a meter `joules` (a run), else if it failed `energy_reason`.
    """
    limits = dict(DEFAULTS, **(settings or {}))
    warm_up_runs, steady, once_ms = _warm_up(session, limits)
    least, most = limits["runs"]
    runs = int(min(most, max(least, limits["visit_s"] * 1e3 / max(once_ms, 1e-6))))
    begin = time.time()
    found = sorted(session.times(runs))
    record = {
        "ms": found[0],
        "median_ms": statistics.median(found),
        "runs": runs,
        "warm_up_runs": warm_up_runs,
        "steady": steady,
        "begin": begin,
        "end": time.time(),
    }
    if meter is not None:
        record.update(_energy(session, meter, record["ms"], limits["energy_s"]))
    return record


def _warm_up(session: Timed, limits: dict[str, Any]) -> tuple[int, bool, float]:
    """Runs made, whether they became steady, and milliseconds of a run at the end."""
    least_s, most_s = limits["warm_up_s"]
    block = limits["warm_up_block"]
    start = time.perf_counter()
    before: float | None = None
    runs = 0
    while True:
        now = statistics.median(session.times(block))
        runs += block
        elapsed = time.perf_counter() - start
        steady = before is not None and abs(now - before) <= limits["steady"] * before
        if (steady and elapsed >= least_s) or elapsed >= most_s:
            return runs, steady, now
        before = now


def _energy(session: Timed, meter: Meter, ms: float, seconds: float) -> dict[str, Any]:
    """Energy of a run from one long stretch of runs: counters are coarse in time."""
    runs = max(1, int(seconds * 1e3 / max(ms, 1e-6)))
    begin = time.time()
    try:
        meter.start()
        session.times(runs)
        joules = meter.stop()
    except (OSError, ValueError) as error:
        return {"energy_reason": str(error)}
    return {
        "joules": joules / runs,
        "energy_runs": runs,
        "energy_begin": begin,
        "energy_end": time.time(),
    }
