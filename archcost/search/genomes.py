"""Spaces too large to be looked at whole, as rows of whole numbers that evolution can change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Ids
from archcost.encodings import Batch, Group, Skeleton, operator
from archcost.encodings.architecture import Edges
from archcost.errors import UnsupportedError, check_whole
from archcost.training.collect.candidates import CUSTOM_OPERATORS

NODES = (2, 6)
"""Fewest and most nodes of a custom cell, input and output included."""


@dataclass(frozen=True)
class Genome:
    """Architectures of one wiring, each a row of operator ids.

    Attributes:
        skeleton: around the operators.
        vocabulary: what may stand at every place; FBNet's blocks and the edges of a cell take each
            of their operators everywhere.
        length: number of places.
        edges: of a cell; None: a chain of blocks.
    """

    skeleton: Skeleton
    vocabulary: tuple[str, ...]
    length: int
    edges: Edges | None

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.vocabulary) ** self.length

    def batch(self, ids: npt.NDArray[np.integer]) -> Batch:
        """The architectures of rows (n, length)."""
        rows = np.asarray(ids).astype(np.int8)
        positions = np.arange(len(rows))
        return Batch([Group(self.skeleton, self.edges, self.vocabulary, positions, rows)])

    def every(self) -> Ids:
        """All rows (size, length), the last place fastest."""
        places = len(self.vocabulary) ** np.arange(self.length - 1, -1, -1)
        numbers = np.arange(self.size)[:, None]
        return (numbers // places % len(self.vocabulary)).astype(np.int8)

    def sample(self, count: int, rng: np.random.Generator) -> Ids:
        """Rows (count, length) from all over the space.

        First those with one operator everywhere. The others draw each row's operators with its own
        weights (Dirichlet, 1/2): with equal weights all rows would cost about the same.
        """
        choices = len(self.vocabulary)
        same = np.repeat(np.arange(choices)[:, None], self.length, axis=1)
        weights = rng.dirichlet(np.full(choices, 0.5), size=max(count - choices, 0))
        drawn = [rng.choice(choices, self.length, p=row) for row in weights]
        rows = np.array([*same, *drawn])[:count]
        return rows.astype(np.int8)


def cells(nodes: int, operators: Iterable[str] | None, skeleton: Skeleton) -> Genome:
    """Cells in which every pair of nodes is joined by one of these operators (`none`: not joined).

    Args:
        nodes: with input and output, 2 to 6.
        operators: by default those that `archcost collect run --space custom` draws from.
        skeleton: in which the cells stand.

    Raises:
        UnsupportedError: another number of nodes, or fewer than two operators.
        UnknownNameError: an operator that is not known, or not one of a cell.
    """
    check_whole("nodes", nodes)
    if not NODES[0] <= nodes <= NODES[1]:
        raise UnsupportedError(f"cells of {nodes} nodes: give {NODES[0]} to {NODES[1]}")
    names = tuple(sorted(set(CUSTOM_OPERATORS if operators is None else operators)))
    for name in names:
        if not operator(name).in_cell:
            raise UnsupportedError(f"operator {name!r} is a block of a chain, not of a cell")
    if len(names) < 2:
        raise UnsupportedError("cells to search among need at least two operators")
    edges = tuple((source, target) for target in range(1, nodes) for source in range(target))
    return Genome(skeleton, names, len(edges), edges)
