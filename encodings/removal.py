"""Which operators of one architecture a runtime executes, and why it leaves out the others.

Rules are those found by comparing measurements of cells that differ in one edge (see
`archcost.encodings.runtime`): ``all`` removes nothing; ``reach`` drops what cannot reach the
output; ``tflite`` is that with the exception of convolutions that are multiplied by zero; ``live``
also drops what is computed from zeros only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcost.encodings.architecture import NASBENCH201_EDGES, Architecture, Edges
from archcost.encodings.operators import NASBENCH201_OPERATORS
from archcost.encodings.runtime import tflite_executed
from archcost.encodings.structure import Structure, analyse

RULES = {
    "all": "runs every operator, also those that cannot reach the output",
    "reach": "removes what cannot reach the output; keeps what is computed from zeros",
    "tflite": "removes what cannot reach the output, except a convolution whose output is only "
    "multiplied by zero",
    "live": "removes what cannot reach the output and what is computed from zeros only",
}
"""Rule to what it does, in words."""


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether an operator runs.

    Attributes:
        runs: whether it is executed; `none` never is.
        why: in words, where it is not plain: empty for an operator that runs on data and is used.
    """

    runs: bool
    why: str


def fates(arch: Architecture, rule: str) -> tuple[Fate, ...]:
    """The fate of each operator of an architecture, in its order.

    Args:
        arch: a cell, or a chain of blocks, of which nothing can be removed.
        rule: one of `RULES`; "tflite" is known for NAS-Bench-201's cell, elsewhere it is "reach".
    """
    if arch.edges is None:
        return (Fate(True, ""),) * len(arch.operators)
    found = _structure(arch.operators, arch.edges)
    retained = np.zeros(len(arch.operators), dtype=bool)
    if rule == "tflite" and arch.edges == NASBENCH201_EDGES:
        row = [[NASBENCH201_OPERATORS.index(name) for name in arch.operators]]
        retained = tflite_executed(np.array(row, dtype=np.int8))[0][0] & ~found.end_reaches[0]
    return tuple(
        _fate(rule, name, *states)
        for name, *states in zip(
            arch.operators,
            found.end_reaches[0].tolist(),
            found.start_reached[0].tolist(),
            retained.tolist(),
            strict=True,
        )
    )


def _fate(rule: str, name: str, useful: bool, fed: bool, retained: bool) -> Fate:
    if name == "none":
        return Fate(False, "")
    if not useful:
        if rule == "all":
            return Fate(True, "runs, though it cannot reach the output")
        if retained:
            return Fate(True, "kept: its output is multiplied by zero, not removed")
        return Fate(False, "removed: cannot reach the output")
    if not fed:
        if rule == "live":
            return Fate(False, "removed: computed from zeros only")
        return Fate(True, "runs on zeros only")
    return Fate(True, "")


def connected(arch: Architecture) -> bool:
    """Whether anything gets from the input of a cell to its output; always so in a chain."""
    if arch.edges is None:
        return True
    return bool(_structure(arch.operators, arch.edges).to_output[0, 0])


def _structure(operators: tuple[str, ...], edges: Edges) -> Structure:
    """Of one cell."""
    passes = np.array([[name != "none" for name in operators]], dtype=np.int8)
    return analyse(passes, edges)
