"""Models, a manifest and one file to run them, for a board without archcost; and the way back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import archcost.training.collect.board as board
from archcost.aliases import Progress
from archcost.data import sha256_of, write_whole
from archcost.encodings import Batch, parse
from archcost.errors import TableError, UnsupportedError
from archcost.optional import require
from archcost.training.collect.board.journal import read_journal, together
from archcost.training.collect.board.main import MANIFEST, RESULTS
from archcost.training.collect.measured import checked_device, device_id, write_table
from archcost.training.collect.measuring import Options, plan_of
from archcost.training.collect.onnx_network import write_onnx
from archcost.training.collect.power_log import read_power_log, with_power
from archcost.training.collect.results import Results

SCRIPT = "measure.pyz"
_MODELS, _README = "models", "README.txt"
_UNNAMED = "board"
_RUNTIMES = ("onnxruntime", "openvino")
_PACKAGES = ("archcost", "archcost/training", "archcost/training/collect")
_MAIN = "from archcost.training.collect.board.main import main\n\nmain()\n"
_HOW_TO = """\
Copy this folder to the board (scp -r, adb push), then there:

    pip install {runtime} numpy
    python3 {script}

It writes {results} here, may be stopped at any moment, and goes on when it is run again. Copy
{results} back and give it to

    archcost collect import {results} --out TABLE.parquet
"""


def write_bundle(
    archs: object,
    out: str | Path,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write everything that a board needs into a folder: all of it or, interrupted, nothing.

    Args:
        archs: networks of one space and data set, in any form that `archcost.parse` reads.
        out: the folder, new or empty.
        options: how they shall be measured there. Without a name for the device it gets that of
            the board's processor.
        progress: called with what is being done, models written and models in all.

    Returns:
        The file to run on the board.

    Raises:
        UnsupportedError: a runtime that runs no model files, onnx is missing, or the folder is in
            use.
        OSError: the folder cannot be written.
    """
    options = options or Options()
    if options.runtime not in _RUNTIMES:
        raise UnsupportedError(
            f"{options.runtime}: a board's runtime is one of {', '.join(_RUNTIMES)}"
        )
    require("onnx", "onnx")
    batch, folder = parse(archs), Path(out)
    named = options.device or _UNNAMED
    plan = plan_of(batch, options, device=named)
    if folder.exists() and not folder.is_dir():
        raise UnsupportedError(f"{folder} is a file; give a new folder")
    if folder.exists() and any(folder.iterdir()):
        raise UnsupportedError(f"{folder} is not empty; give a new folder")
    # Within a folder that is there, which may be a disk of its own; else beside the new one.
    place = folder if folder.exists() else folder.parent
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".bundle-", dir=place) as name:
        made = Path(name)
        models = _write_models(batch, made, options.batch_size, progress)
        _write_script(made / SCRIPT)
        text = _HOW_TO.format(runtime=options.runtime, script=SCRIPT, results=RESULTS)
        (made / _README).write_text(text, encoding="utf-8")
        manifest = json.dumps({"plan": plan, "models": models}, indent=1)
        with write_whole(made / MANIFEST) as part:
            part.write_text(manifest, encoding="utf-8")
        folder.mkdir(exist_ok=True)
        # The manifest last: a folder with a manifest is whole.
        for one in (_MODELS, SCRIPT, _README, MANIFEST):
            (made / one).rename(folder / one)
    return folder / SCRIPT


def _write_models(
    batch: Batch, folder: Path, batch_size: int, progress: Progress | None
) -> dict[str, str]:
    """Write the models into a new folder; their names, seen from the bundle, and hashes."""
    (folder / _MODELS).mkdir()
    models: dict[str, str] = {}
    for number, arch in enumerate(batch):
        if progress is not None:
            progress("models", number, len(batch))
        name = f"{_MODELS}/{number:05d}.onnx"
        write_onnx(arch, folder / name, batch_size=batch_size)
        models[name] = sha256_of(folder / name)
    return models


def _write_script(path: Path) -> None:
    """The modules of `board` as one file that Python runs, under the names they import."""
    (home,) = board.__path__
    with write_whole(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for package in _PACKAGES:
            packed.writestr(f"{package}/__init__.py", "")
        for module in sorted(Path(home).glob("*.py")):
            packed.write(module, f"{_PACKAGES[-1]}/board/{module.name}")
        packed.writestr("__main__.py", _MAIN)


def import_results(
    results: str | Path,
    out: str | Path,
    *,
    device: str | None = None,
    power_log: str | Path | None = None,
) -> Results:
    """Write the table of what was measured on a board.

    Args:
        results: the results file that came back.
        out: the table, a .parquet file.
        device: name of the device; None: as given to the bundle, else from the board's processor.
        power_log: an external meter's log that covers the visits.

    Raises:
        TableError: not a results file, or the table cannot be written.
        MeasurementError: no network could be measured.
    """
    try:
        plans, records = read_journal(results)
    except FileNotFoundError:
        raise TableError(f"{results}: no such file") from None
    except OSError as error:
        raise TableError(f"{results}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise TableError(str(error)) from None
    if not plans:
        raise TableError(f"{results}: an empty file")
    plan = together(plans)
    name = device or (plan["device"] if plan["device"] != _UNNAMED else _named_by(plan, records))
    plans = [{**each, "device": checked_device(name)} for each in plans]
    if power_log is not None:
        records = with_power(records, read_power_log(power_log))
    return write_table(out, plans, records)


def _named_by(plan: dict[str, Any], records: list[dict[str, Any]]) -> str:
    found = [record["environment"] for record in records if "environment" in record]
    processor = found[0]["processor"] if found else _UNNAMED
    return device_id(f"{processor} {plan['runtime']} {plan['threads']}t")
