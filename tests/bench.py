"""`make bench`: medians of several runs. These are figures to compare, not tests."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import archcost
from archcost.checkpoints import cards, load_card
from archcost.encodings import ENCODINGS, encode, parse

RUNS = 5


def seconds(task: Callable[[], object], runs: int = RUNS) -> float:
    """Median wall time of a call, after one that does not count."""
    task()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def process(*arguments: str) -> Callable[[], object]:
    """A fresh Python process."""
    return lambda: subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL
    )


def main() -> None:
    """Print one line a figure."""
    whole = list(range(15625))
    batch = parse(whole)
    print(f"{'parse 15,625 indices':52} {seconds(lambda: parse(whole)):8.3f} s")
    for name in ENCODINGS:
        if name != "graph":
            took = seconds(lambda name=name: encode(batch, name))  # type: ignore[misc]
            print(f"{f'encode 15,625 cells: {name}':52} {took:8.3f} s")
    model = archcost.load("raspi4")
    print(f"{'15,625 cells on raspi4, loaded':52} {seconds(lambda: model.predict(batch)):8.3f} s")
    ten = [
        load_card(card)
        for card in cards()
        if card.default
        and (card.space, card.dataset, card.source) == ("nasbench201", "cifar10", "hw-nas-bench")
    ]
    took = seconds(lambda: [one.predict(batch) for one in ten])
    print(f"{f'15,625 cells on {len(ten)} metrics, loaded':52} {took:8.3f} s")
    bare = seconds(process("-c", "pass"))
    took = seconds(process("-c", "import archcost"))
    print(f"{'import archcost, without the interpreter':52} {took - bare:8.3f} s")
    took = seconds(process("-m", "archcost", "predict", "1", "--all"))
    print(f"{'archcost predict 1 --all, cold process':52} {took:8.3f} s")


if __name__ == "__main__":
    main()
