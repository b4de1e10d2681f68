"""The examples run, and find what they look for."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent


def main_of(name: str) -> Any:
    return runpy.run_path(str(HERE / name))["main"]


def test_pymoo_problem(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pymoo")
    result = main_of("pymoo_problem.py")(generations=8)
    latency, macs = result.F[np.argsort(result.F[:, 0])].T
    assert len(latency) > 5
    assert (np.diff(macs) <= 0).all()
    assert len(capsys.readouterr().out.splitlines()) == len(latency)


def test_optuna_objective(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    study = main_of("optuna_objective.py")(trials=30)
    assert len(study.trials) == 30
    assert study.best_trials
    assert len(capsys.readouterr().out.splitlines()) == len(study.best_trials)
