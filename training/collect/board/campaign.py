"""Doing what a plan says, from wherever its journal stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from archcost.training.collect.board.journal import Journal
from archcost.training.collect.board.plan import visits

Record = dict[str, Any]
Progress = Callable[[str, int, int], None]  # of its own: boards run these files without archcost

# A network that fails so often is not tried again: it may take its time limit each time.
_FAILURES = 2


class Answering(Protocol):
    """Something that does jobs (see `isolate.Server`)."""

    def answers(
        self, jobs: Iterable[tuple[int, Record]], timeout_s: float
    ) -> Iterator[tuple[int, Record]]:
        """The number and the answer of each job, as they come; a job is taken when its turn is."""


def plan_record(
    networks: list[str],
    *,
    runtime: str,
    threads: int,
    batch_size: int,
    rounds: int,
    references: list[int],
    seed: int,
    timeout_s: float,
    protocol: int,
    **others: Any,
) -> Record:
    """The first line of a journal: what is measured and how.

    Args:
        networks: what names each of them.
        runtime, threads, batch_size: of all runs.
        rounds: visits of each network.
        references: positions of the reference networks.
        seed: of the orders.
        timeout_s: seconds after which a visit is given up.
        protocol: version of the protocol.
        others: whatever else is to be the same when it is continued.
    """
    return {
        "protocol": protocol,
        "runtime": runtime,
        "threads": threads,
        "batch_size": batch_size,
        "rounds": rounds,
        "references": references,
        "every": 20,
        "seed": seed,
        "timeout_s": timeout_s,
        "networks": networks,
        **others,
    }


def run_campaign(
    journal: Journal,
    server: Answering,
    job_of: Callable[[int], Record],
    surroundings: Record | None,
    progress: Progress | None = None,
) -> None:
    """Make the visits of a journal's plans that are not in it yet.

    Args:
        journal: open; each visit is appended when it is done.
        server: answers jobs with what `protocol.visit` gives.
        job_of: the job of a network by its number among those of all plans.
        surroundings: the machine as it is now, put into the journal if anything is left to do;
            None: the server does that.
        progress: called with the round, visits done and visits in all.
    """
    plan = journal.plans[0]
    todo = _visits_of(journal.plans)
    done = {record["visit"] for record in journal.records if "visit" in record}
    failures = failures_of(journal.records)

    def due() -> Iterator[tuple[int, Record]]:
        for number, (network, _) in enumerate(todo):
            # Asked for when it is handed out: its network may have failed in the meantime.
            if number not in done and failures.get(network, 0) < _FAILURES:
                yield number, job_of(network)

    first = next(due(), None)
    if first is None:
        return
    if surroundings is not None:
        journal.append({"environment": surroundings})
    if progress is not None:
        progress(f"round {todo[first[0]][1] + 1} of {plan['rounds']}", len(done), len(todo))
    for number, answer in server.answers(due(), plan["timeout_s"]):
        network, turn = todo[number]
        record = {"visit": number, "network": network, "round": turn, "at": time.time(), **answer}
        journal.append(record)
        done.add(number)
        if "failed" in answer:
            failures[network] = failures.get(network, 0) + 1
        if progress is not None:
            progress(f"round {turn + 1} of {plan['rounds']}", len(done), len(todo))
    if progress is not None:
        progress("done", len(todo), len(todo))


def _visits_of(plans: Sequence[Record]) -> list[tuple[int, int]]:
    """The visits of one plan after the other, networks numbered through."""
    found: list[tuple[int, int]] = []
    before = 0
    for plan in plans:
        count = len(plan["networks"])
        order = visits(count, plan["rounds"], plan["references"], plan["every"], plan["seed"])
        found += [(before + network, turn) for network, turn in order]
        before += count
    return found


def failures_of(records: list[Record]) -> dict[int, int]:
    """How often each network has failed."""
    found: dict[int, int] = {}
    for record in records:
        if "failed" in record:
            found[record["network"]] = found.get(record["network"], 0) + 1
    return found
