"""A bundle, run by a Python that has the runtime and nothing of archcost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archcost.cli import main
from archcost.data import read_table
from archcost.encodings import parse
from archcost.errors import TableError, UnsupportedError
from archcost.training.collect.board.journal import read_journal
from archcost.training.collect.bundle import import_results, write_bundle
from archcost.training.collect.measuring import Options

QUICK = {"warm_up_s": [0.0, 0.02], "visit_s": 0.02, "runs": [5, 20]}
CELLS = np.array([[0] * 6, [2] * 6, [3] * 6])


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """Environment variables under which `python -S` finds onnxruntime and what it needs only."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in ("onnxruntime", "numpy", "google", "flatbuffers", "packaging"):
        spec = find_spec(name)
        assert spec is not None and spec.submodule_search_locations
        home = Path(next(iter(spec.submodule_search_locations)))
        for part in (home, home.with_name(f"{name}.libs")):
            if part.exists():
                (folder / part.name).symlink_to(part)
        for info in home.parent.glob(f"{name}-*.dist-info"):
            (folder / info.name).symlink_to(info)
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}


def python(bare: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        env=bare,
        cwd=bare["PYTHONPATH"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_bundle_runs_without_archcost_is_killed_and_goes_on(
    tmp_path: Path, bare: dict[str, str], until: Any
) -> None:
    assert "No module named 'archcost'" in python(bare, "-c", "import archcost").stderr
    folder = tmp_path / "bundle"
    batch = parse(CELLS, space="nasbench201")
    script = write_bundle(batch, folder, Options(rounds=2, settings=QUICK))
    assert {path.name for path in folder.iterdir()} == {
        *("measure.pyz", "manifest.json", "models", "README.txt")
    }
    results = folder / "results.jsonl"

    def visits() -> int:
        return results.read_bytes().count(b'"visit"') if results.exists() else 0

    process = subprocess.Popen(
        [sys.executable, "-S", str(script)],
        env=bare,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: process.poll() is not None or visits() >= 2)
    assert process.poll() is None
    process.kill()
    process.wait()
    done = python(bare, str(script))
    assert done.returncode == 0, done.stderr
    assert "min left" in done.stderr
    _, records = read_journal(results)
    assert [record["visit"] for record in records if "visit" in record] == list(range(6))
    out = tmp_path / "board.parquet"
    found = import_results(results, out)
    assert found.reasons == {}
    assert found.latency_ms[0] < found.latency_ms[1] < found.latency_ms[2]
    (table,) = read_table(out)
    ((device, metric),) = table.targets
    assert device.endswith("_onnxruntime_1t")
    assert metric == "latency"
    import_results(results, out, device="my_board")
    assert ("my_board", "latency") in read_table(out)[0].targets


@pytest.mark.parametrize("there", [False, True])
def test_interrupted_it_leaves_nothing_and_the_same_call_does_it(
    tmp_path: Path, there: bool
) -> None:
    folder = tmp_path / "new" / "bundle"
    if there:
        folder.mkdir(parents=True)
    batch = parse(CELLS, space="nasbench201")

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(batch, folder, progress=interrupt)
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
    assert folder.exists() == there
    write_bundle(batch, folder)
    assert len(list((folder / "models").iterdir())) == 3
    assert sorted(path.name for path in folder.iterdir()) == [
        *("README.txt", "manifest.json", "measure.pyz", "models")
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_damaged_bundles_are_refused(tmp_path: Path, bare: dict[str, str]) -> None:
    folder = tmp_path / "bundle"
    script = write_bundle(parse(CELLS[:1], space="nasbench201"), folder)
    model = folder / "models/00000.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    done = python(bare, str(script))
    assert done.returncode == 1
    assert done.stderr.strip() == "measure: models/00000.onnx is damaged; copy the bundle again"
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["plan"]["runtime"] = "openvino"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done = python(bare, str(script))
    assert "openvino is not installed" in done.stderr


def test_command_line_and_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    todo = tmp_path / "todo.csv"
    todo.write_text("arch_index\n5\n9\n")
    folder = tmp_path / "bundle"
    with pytest.raises(SystemExit) as ended:
        main(["collect", "bundle", "--archs", str(todo), "--out", str(folder)])
    assert ended.value.code == 0
    assert "2 models" in capsys.readouterr().out
    assert len(list((folder / "models").iterdir())) == 2
    with pytest.raises(UnsupportedError, match="not empty"):
        write_bundle(parse(1), folder)
    with pytest.raises(UnsupportedError, match="onnxruntime"):
        write_bundle(parse(1), tmp_path / "other", Options("torch"))
    for text in ("", "nonsense\n", '{"a": 1}\n'):
        (tmp_path / "results.jsonl").write_text(text)
        with pytest.raises(TableError):
            import_results(tmp_path / "results.jsonl", tmp_path / "t.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["collect", "import", str(tmp_path / "missing.jsonl")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
