"""The parts that must not fail unnoticed: protocol, plan, journal, isolation, resumption."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archcost.training.collect.board.campaign import plan_record, run_campaign
from archcost.training.collect.board.environment import environment
from archcost.training.collect.board.isolate import Server
from archcost.training.collect.board.journal import Journal, read_journal
from archcost.training.collect.board.plan import visits
from archcost.training.collect.board.protocol import Timed, visit

HANDLER = """
import os, signal, sys, time
from archcost.training.collect.board.isolate import serve
def handle(job):
    if job.get("log"):
        with open(job["log"], "a") as file:
            file.write(f"{job['network']}\\n")
    what = job.get("what", "answer")
    if what == "raise":
        raise ValueError("no such\\n operator")
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "exit":
        os._exit(3)
    if what == "hang":
        time.sleep(60)
    if what == "print":
        print("a runtime that talks")
    time.sleep(job.get("sleep", 0))
    return {"ms": 1.0 + job.get("network", 0), "pid": os.getpid()}
serve(handle)
"""
COMMAND = [sys.executable, "-c", HANDLER]


class Slowing(Timed):
    """Takes so many milliseconds a run, each list in turn and then the last."""

    def __init__(self, *blocks: list[float]) -> None:
        self.blocks = list(blocks)
        self.asked: list[int] = []

    def times(self, runs: int) -> list[float]:
        self.asked.append(runs)
        block = self.blocks.pop(0) if len(self.blocks) > 1 else self.blocks[0]
        return (block * runs)[:runs]


def test_warm_up_goes_on_until_steady() -> None:
    session = Slowing([50.0], [20.0], [11.0], [10.1], [10.0])
    record = visit(session, {"warm_up_s": (0.0, 2.0), "visit_s": 0.3})
    assert record["steady"]
    assert record["warm_up_runs"] == 25  # 10.1 -> 10.0 is the first change within 2 %
    assert record["runs"] == 30
    assert record["ms"] == record["median_ms"] == 10.0


def test_the_fastest_run_shuts_out_interrupts() -> None:
    session = Slowing([1.0], [9.0, 1.0, 9.0, 9.0])
    record = visit(session, {"warm_up_s": (0.0, 0.0), "runs": (100, 100)})
    assert record["ms"] == 1.0
    assert record["median_ms"] == 9.0


def test_runs_are_bounded() -> None:
    limits = {"warm_up_s": (0.0, 0.0), "runs": (10, 50)}
    assert visit(Slowing([1000.0]), limits)["runs"] == 10
    assert visit(Slowing([0.001]), limits)["runs"] == 50


def test_a_run_that_sleeps_is_timed_rightly() -> None:
    class Sleeping(Timed):
        def run(self) -> None:
            time.sleep(0.002)

    record = visit(Sleeping(), {"warm_up_s": (0.0, 0.05), "visit_s": 0.05})
    assert 2.0 <= record["ms"] < 6.0
    assert record["end"] - record["begin"] >= record["runs"] * 0.002


def test_plan_visits_all_in_each_round_and_references_between() -> None:
    plan = visits(50, 3, [7, 8], 20, seed=1)
    assert plan == visits(50, 3, [7, 8], 20, seed=1)
    assert plan != visits(50, 3, [7, 8], 20, seed=2)
    for turn in range(3):
        counts = Counter(network for network, number in plan if number == turn)
        assert set(counts) == set(range(50))
        assert sum(counts.values()) == 50 + 4
        assert counts[7] == counts[8] == 3
    assert visits(2, 1, [], 20, seed=0) in ([(0, 0), (1, 0)], [(1, 0), (0, 0)])


def plan_for(networks: int, rounds: int = 2, **others: Any) -> dict[str, Any]:
    return plan_record(
        [f"net{number}" for number in range(networks)],
        **{"timeout_s": 5.0, "seed": 0, **others},  # type: ignore[arg-type]
        runtime="test",
        threads=1,
        batch_size=1,
        rounds=rounds,
        references=[],
        protocol=1,
    )


def test_journal_drops_the_line_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with Journal(path, plan_for(2)) as journal:
        journal.append({"visit": 0, "network": 1, "ms": 1.5})
        journal.append({"visit": 1, "network": 0, "ms": 2.5})
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    with Journal(path, plan_for(2)) as journal:
        assert [record["visit"] for record in journal.records] == [0]
        journal.append({"visit": 1, "network": 0, "ms": 2.5})
    assert path.read_bytes() == whole


def test_a_full_disk_names_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "j"
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        Journal(path, plan_for(2))
    assert caught.value.filename == str(path)


def test_journal_refuses_other_plans_files_and_writers(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with Journal(path, plan_for(2)), pytest.raises(ValueError, match="another process"):
        Journal(path, plan_for(2))
    with pytest.raises(ValueError, match="rounds 2, not 3") as refused:
        Journal(path, plan_for(2, rounds=3))
    # As where an interpreter keeps the last exception for the user to look at.
    with Journal(path, plan_for(2)) as journal:
        assert refused.value is not None and journal.records == []
    path.write_text("not a journal\n")
    with pytest.raises(ValueError, match="line 1"):
        Journal(path, plan_for(2))
    path.write_text('{"some": "json"}\n')
    with pytest.raises(ValueError, match="no plan"):
        read_journal(path)
    assert path.read_text() == '{"some": "json"}\n'


def test_a_journal_of_several_plans(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first, second = plan_for(2), {**plan_for(3), "networks": ["a", "b", "c"]}
    for plans in ([first], [first, second], [first, second]):
        Journal(path, *plans).close()
    with Journal(path, first, second) as journal, Server(COMMAND) as server:
        run_campaign(journal, server, lambda network: {"network": network}, None)
    plans, records = read_journal(path)
    assert plans == [first, second]
    assert [record["visit"] for record in records] == list(range(2 * (2 + 3)))
    assert [r["ms"] for r in records] == [1.0 + r["network"] for r in records]
    # One of them alone is what a bundle for other networks would bring.
    for other in ([second], [first]):
        with pytest.raises(ValueError, match="other networks"):
            Journal(path, *other)


def test_a_failing_job_is_answered_with_the_reason() -> None:
    with Server(COMMAND) as server:
        assert server.ask({"what": "raise"}, 5)["failed"] == "ValueError: no such operator"
        assert "signal 11" in server.ask({"what": "crash"}, 5)["failed"]
        assert "status 3" in server.ask({"what": "exit"}, 5)["failed"]
        start = time.monotonic()
        assert server.ask({"what": "hang"}, 0.5)["failed"] == "no answer within 0.5 s"
        assert time.monotonic() - start < 30  # the job sleeps for 60
        assert server.ask({"what": "print", "network": 4}, 5)["ms"] == 5.0


def test_each_job_has_its_own_process() -> None:
    with Server(COMMAND) as server:
        first, second = server.ask({}, 5)["pid"], server.ask({}, 5)["pid"]
    assert first != second


def test_a_server_that_dies_is_started_again() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(1)"]
    with Server(command) as server:
        assert "without an answer" in server.ask({}, 5)["failed"]
        assert "without an answer" in server.ask({}, 5)["failed"]


def test_failing_networks_are_given_up_after_two_tries(tmp_path: Path) -> None:
    log = tmp_path / "log"
    kinds = ["answer", "raise", "answer"]

    def job(network: int) -> dict[str, Any]:
        return {"what": kinds[network], "network": network, "log": str(log)}

    with Journal(tmp_path / "j", plan_for(3, rounds=4)) as journal, Server(COMMAND) as server:
        run_campaign(journal, server, job, environment())
        records = list(journal.records)
        run_campaign(journal, server, job, environment())
        assert journal.records == records  # what was given up is not tried again
    assert Counter(log.read_text().split()) == {"0": 4, "1": 2, "2": 4}
    assert sum("failed" in record for record in records) == 2


def test_killed_at_any_moment_it_repeats_nothing(tmp_path: Path) -> None:
    """Killed with SIGKILL again and again; the handler writes down what it was asked to do."""
    journal, log = tmp_path / "j.jsonl", tmp_path / "log"
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_protocol import COMMAND, plan_for
from archcost.training.collect.board.campaign import run_campaign
from archcost.training.collect.board.isolate import Server
from archcost.training.collect.board.journal import Journal
with Journal({str(journal)!r}, plan_for(12)) as journal, Server(COMMAND) as server:
    run_campaign(journal, server, lambda n: dict(network=n, log={str(log)!r}, sleep=0.03), {{}})
"""
    kills, done = 0, 0
    while done < 24:
        process = subprocess.Popen([sys.executable, "-c", code])
        before = done
        # Killed in the midst of it, after four more visits; the last time it may finish.
        while process.poll() is None:
            lines = journal.read_bytes().count(b'"visit"') if journal.exists() else 0
            if lines >= before + 4 and kills < 3:
                process.kill()
                kills += 1
            time.sleep(0.005)
        process.wait()
        time.sleep(0.1)  # what the killed one had asked for comes to its end
        _, records = read_journal(journal)
        done = sum("visit" in record for record in records)
    assert kills == 3
    numbers = [record["visit"] for record in records if "visit" in record]
    assert numbers == list(range(24))
    # Only what was under way when the power went can have been asked for twice.
    assert 24 <= len(log.read_text().split()) <= 24 + kills


def test_environment_reads_what_is_there(tmp_path: Path) -> None:
    governor = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    governor.mkdir(parents=True)
    (governor / "scaling_governor").write_text("performance\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nmodel name\t: Test CPU 3\n")
    found = environment(str(tmp_path))
    assert (found["governor"], found["processor"]) == ("performance", "Test CPU 3")
    assert "clock_khz" not in found
    assert json.loads(json.dumps(environment()))["processors"] >= 1
