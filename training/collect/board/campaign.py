"""Doing what a plan says, from wherever its journal stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from archcost.training.collect.board.isolate import Server
from archcost.training.collect.board.journal import Journal
from archcost.training.collect.board.plan import visits

Record = dict[str, Any]
Progress = Callable[[str, int, int], None]

# A network that fails so often is not tried again: it may take its time limit each time.
_FAILURES = 2


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
    server: Server,
    job_of: Callable[[int], Record],
    surroundings: Record,
    progress: Progress | None = None,
) -> None:
    """Make the visits of a journal's plan that are not in it yet.

    Args:
        journal: open; each visit is appended when it is done.
        server: answers jobs with what `protocol.visit` gives.
        job_of: the job of a network by number.
        surroundings: the machine as it is now, put into the journal if anything is left to do.
        progress: called with a network's name, visits done and visits in all.
    """
    plan = journal.plan
    todo = visits(
        len(plan["networks"]), plan["rounds"], plan["references"], plan["every"], plan["seed"]
    )
    done = {record["visit"] for record in journal.records if "visit" in record}
    failures = failures_of(journal.records)
    if all(n in done or failures.get(todo[n][0], 0) >= _FAILURES for n in range(len(todo))):
        return
    journal.append({"environment": surroundings})
    for number, (network, turn) in enumerate(todo):
        if progress is not None:
            progress(f"round {turn + 1} of {plan['rounds']}", number, len(todo))
        if number in done or failures.get(network, 0) >= _FAILURES:
            continue
        answer = server.ask(job_of(network), plan["timeout_s"])
        record = {"visit": number, "network": network, "round": turn, "at": time.time(), **answer}
        journal.append(record)
        if "failed" in answer:
            failures[network] = failures.get(network, 0) + 1
    if progress is not None:
        progress("done", len(todo), len(todo))


def failures_of(records: list[Record]) -> dict[int, int]:
    """How often each network has failed."""
    found: dict[int, int] = {}
    for record in records:
        if "failed" in record:
            found[record["network"]] = found.get(record["network"], 0) + 1
    return found
