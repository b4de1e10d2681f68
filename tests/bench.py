"""`make bench`: medians of several runs. These are figures to compare, not tests."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

import archcost
from archcost.checkpoints import Card, cards, load_card
from archcost.encodings import ENCODINGS, encode, parse
from archcost.predictors import CostModel

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


def throughput(space: str, kinds: tuple[str, ...]) -> None:
    """Architectures a second, reading included, for one target of each default kind."""
    random = np.random.default_rng(0)
    for kind in kinds:
        card = next(c for c in cards() if c.default and (c.space, c.kind) == (space, kind))
        if space == "nasbench201":
            index = random.integers(0, 15625, 10**6)
            batch = parse(index)
            forms: dict[str, object] = {"index": index}
        else:
            batch = parse(random.integers(0, 9, (10**5, 22)).astype(np.int8))
            forms = {}
        texts = batch.strings()
        forms |= {
            "ids": batch.groups[0].ids,
            "list of strings": texts,
            "DataFrame": pd.DataFrame({"arch": texts}),
            "Arrow column": pa.array(texts),
        }
        for form, archs in forms.items():
            # A new model each time: of NAS-Bench-201, each cell is predicted once a model.
            took = seconds(lambda card=card, archs=archs: fresh(card).predict(archs), 3)  # type: ignore[misc]
            what = f"{len(batch):,} of {space}, {kind}, {form}"
            print(f"{what:52} {len(batch) / took:8,.0f} a second")
        if space == "nasbench201":
            took = seconds(lambda card=card: fresh(card).predict(range(15625)), 3)  # type: ignore[misc]
            what = f"15,625 different cells, {kind}"
            print(f"{what:52} {15625 / took:8,.0f} a second")


def fresh(card: Card) -> CostModel:
    """The model as after loading, without what it keeps of earlier predictions."""
    return replace(load_card(card))


def main() -> None:
    """Print one line per figure."""
    whole = list(range(15625))
    batch = parse(whole)
    print(f"{'parse 15,625 indices':52} {seconds(lambda: parse(whole)):8.3f} s")
    for name in ENCODINGS:
        if name != "graph":
            took = seconds(lambda name=name: encode(batch, name))  # type: ignore[misc]
            print(f"{f'encode 15,625 cells: {name}':52} {took:8.3f} s")
    model = archcost.load("raspi4")
    took = seconds(lambda: replace(model).predict(batch))
    print(f"{'15,625 cells on raspi4, loaded':52} {took:8.3f} s")
    ten = [
        load_card(card)
        for card in cards()
        if card.default
        and (card.space, card.dataset, card.source) == ("nasbench201", "cifar10", "hw-nas-bench")
    ]
    took = seconds(lambda: [replace(one).predict(batch) for one in ten])
    print(f"{f'15,625 cells on {len(ten)} metrics, loaded':52} {took:8.3f} s")
    throughput("nasbench201", ("additive", "ensemble", "gnn", "stacked"))
    throughput("fbnet", ("additive", "gbdt", "stacked"))
    bare = seconds(process("-c", "pass"))
    took = seconds(process("-c", "import archcost"))
    print(f"{'import archcost, without the interpreter':52} {took - bare:8.3f} s")
    took = seconds(process("-m", "archcost", "predict", "1", "--all"))
    print(f"{'archcost predict 1 --all, cold process':52} {took:8.3f} s")


if __name__ == "__main__":
    main()
