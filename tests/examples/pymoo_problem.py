"""An archcost predictor inside a search of one's own with pymoo.

python tests/examples/pymoo_problem.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.operators.crossover.ux import UX
from pymoo.operators.mutation.pm import PolynomialMutation
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

import archcost
from archcost.encodings import useful_macs


class LatencyAndCapacity(Problem):
    """FBNet: 22 operators, 0 to 8; low latency, many multiply-accumulates (or your accuracy)."""

    def __init__(self, device: str) -> None:
        super().__init__(n_var=22, n_obj=2, xl=0, xu=8, vtype=int)
        self.model = archcost.load(device, space="fbnet")

    def _evaluate(self, X: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        networks = archcost.parse(X.astype(int), space="fbnet")
        out["F"] = np.column_stack([self.model.predict(networks).value, -useful_macs(networks)])


def main(device: str = "pixel3", generations: int = 30, seed: int = 0) -> Any:
    """Print the set that NSGA-II finds."""
    algorithm = NSGA2(
        pop_size=60,
        sampling=IntegerRandomSampling(),
        crossover=UX(repair=RoundingRepair()),
        mutation=PolynomialMutation(repair=RoundingRepair()),
    )
    result = minimize(LatencyAndCapacity(device), algorithm, ("n_gen", generations), seed=seed)
    for latency, macs in sorted(result.F.tolist()):
        print(f"{latency:8.3f} ms {-macs / 1e6:8.1f} M")
    return result


if __name__ == "__main__":
    main()
