"""`make bench-streaming`: rows a second and peak memory of whole files, by one process and by Dask.

Every figure is from a process of its own. Files are made under a temporary folder and removed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from archcost import parse
from archcost.checkpoints import cards, find_card
from archcost.streaming import Job, predict_file, predict_on_cluster

_BLOCK = 2**17


def write_input(path: Path, space: str, rows: int) -> None:
    """Random networks of a space."""
    random = np.random.default_rng(0)
    with pq.ParquetWriter(path, pa.schema([("arch", pa.string())])) as writer:
        for start in range(0, rows, _BLOCK):
            n = min(_BLOCK, rows - start)
            if space == "fbnet":
                batch = parse(random.integers(0, 9, (n, 22)).astype(np.int8))
            else:
                batch = parse(random.integers(0, 15625, n))
            writer.write_table(pa.table({"arch": batch.strings()}))


def predict(source: Path, output: Path, device: str | None, workers: int) -> None:
    """Predict a file by one process (no workers) or by so many workers."""

    def models(place: tuple[str, str]) -> list:
        if device is not None:
            return [find_card(device, "latency", *place)]
        return [c for c in cards() if c.default and (c.space, c.dataset) == place]

    job = Job(source, models)
    start = time.perf_counter()
    if workers:
        done = predict_on_cluster(job, output, workers=workers)
    else:
        done = predict_file(job, output)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = sum(path.stat().st_size for path in [output, *output.glob("*")] if path.is_file())
    rows = pq.read_metadata(source).num_rows
    print(
        f"{source.stem:14} {device or 'all':9} {workers or 'single':>6} workers {rows:>9} rows in "
        f"{took:7.1f} s: {rows / took:8.0f} rows/s, {done.written / took:9.0f} predictions/s, "
        f"peak {peak:5.0f} MB, output {used / 2**20:6.0f} MB",
        flush=True,
    )


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    parser.add_argument("--one", nargs=4, metavar=("SOURCE", "OUTPUT", "DEVICE", "WORKERS"))
    asked = parser.parse_args()
    if asked.one:
        source, output, device, workers = asked.one
        predict(Path(source), Path(output), None if device == "all" else device, int(workers))
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in asked.rows:
            for space, device in (("nasbench201", "raspi4"), ("fbnet", "2080ti_1")):
                source = Path(folder, f"{space}.parquet")
                write_input(source, space, rows)
                _run(source, device, 0)
        # Of the longest input: with workers, and all devices of FBNet.
        for workers in (1, 2):
            _run(Path(folder, "fbnet.parquet"), "2080ti_1", workers)
        _run(Path(folder, "fbnet.parquet"), "all", 0)


def _run(source: Path, device: str, workers: int) -> None:
    output = source.with_name("out" if workers else "out.parquet")
    command = [sys.executable, __file__, "--one", *map(str, (source, output, device, workers))]
    subprocess.run(command, check=True)
    subprocess.run(["rm", "-rf", str(output)], check=True)


if __name__ == "__main__":
    main()
