"""An archcost predictor inside a study of one's own with Optuna.

python tests/examples/optuna_objective.py
"""

from __future__ import annotations

import optuna

import archcost
from archcost.encodings import NASBENCH201_OPERATORS, useful_macs

MODEL = archcost.load("raspi4")


def objective(trial: optuna.Trial) -> tuple[float, float]:
    """A cell of six operators: latency that it stays under with 90 %, and multiply-accumulates
    (or your accuracy)."""
    names = [trial.suggest_categorical(f"edge_{i}", NASBENCH201_OPERATORS) for i in range(6)]
    cell = archcost.parse([names], space="nasbench201")
    estimate = MODEL.predict(cell, coverage=0.9)
    return float(estimate.upper[0]), float(useful_macs(cell)[0])


def main(trials: int = 200, seed: int = 0) -> optuna.Study:
    """Print the best trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.NSGAIISampler(seed=seed)
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    study.optimize(objective, n_trials=trials)
    for trial in study.best_trials:
        print(f"{trial.values[0]:8.3f} ms {trial.values[1] / 1e6:8.1f} M {trial.params}")
    return study


if __name__ == "__main__":
    main()
