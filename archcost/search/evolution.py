"""NSGA-II (Deb, Pratap, Agarwal and Meyarivan, 2002) over rows of operators, by pymoo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats, Ids
from archcost.optional import require
from archcost.search.genomes import Genome

POPULATION = 100
"""Of two objectives; half as many more for each further one."""
_WORST = 1e30


class Evolution:
    """Proposes rows, and learns from how good they are.

    Uniform crossover; each place then changes to another operator with probability 1/length. Rows
    within limits beat those outside (pymoo's constraint domination), and these compete by their
    excess.
    """

    def __init__(self, genome: Genome, objectives: int, budget: int, seed: int) -> None:
        """Set up.

        Args:
            genome: the space.
            objectives: how many.
            budget: most rows that `generations` proposes in all.
            seed: of everything random.

        Raises:
            UnsupportedError: pymoo is not installed.
        """
        require("pymoo", "search")
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.problem import Problem
        from pymoo.operators.crossover.ux import UX
        from pymoo.termination import get_termination

        size = min(POPULATION * (objectives + 2) // 4, budget)
        start = genome.sample(size, np.random.default_rng(seed))
        self._budget = budget
        self._problem = Problem(
            n_var=genome.length,
            n_obj=objectives,
            n_ieq_constr=1,
            xl=0,
            xu=len(genome.vocabulary) - 1,
            vtype=int,
        )
        self._algorithm: Any = NSGA2(
            pop_size=size,
            sampling=start.astype(int),
            crossover=UX(),
            mutation=_mutation(),
            eliminate_duplicates=True,
        )
        # The seed of the start is not that of the changes: one stream must not repeat the other.
        self._algorithm.setup(
            self._problem, termination=get_termination("n_gen", budget), seed=seed + 1
        )
        self._asked: Any = None

    def generations(self) -> Iterator[Ids]:
        """Rows to be scored (n, length); call `tell` before going on. Ends with the budget."""
        left = self._budget
        while left > 0:
            self._asked = self._algorithm.ask()
            if self._asked is None or len(self._asked) == 0:
                return
            self._asked = self._asked[:left]
            left -= len(self._asked)
            yield self._asked.get("X").astype(np.int8)

    def tell(self, objectives: Floats, excess: Floats) -> None:
        """How good the rows are that were proposed last: (n, k), less is better, and (n,)."""
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        values = np.nan_to_num(objectives, nan=_WORST)
        broken = np.minimum(excess, _WORST)[:, None]
        Evaluator().eval(StaticProblem(self._problem, F=values, G=broken), self._asked)
        self._algorithm.tell(infills=self._asked)


def _mutation() -> Any:
    """A mutation that puts another operator in a place; a class of pymoo's, made when needed."""
    from pymoo.core.mutation import Mutation

    class AnotherOperator(Mutation):  # type: ignore[misc]
        """Each place with probability 1/length."""

        def _do(
            self, problem: Any, X: npt.NDArray[Any], *args: Any, random_state: Any, **kwargs: Any
        ) -> npt.NDArray[Any]:
            changed = random_state.random(X.shape) < 1 / problem.n_var
            choices = int(problem.xu[0]) + 1
            step = random_state.integers(1, choices, size=X.shape)
            return np.where(changed, (X + step) % choices, X)

    return AnotherOperator()
