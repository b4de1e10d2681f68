"""What the architectures that a predictor was fitted on have in common: it knows no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.encodings import SPACES, Batch, Group, Skeleton, skeleton
from archcost.encodings.architecture import Edges
from archcost.errors import UnsupportedError, first_few

GROUND = "ground"
"""The name under which a predictor's state holds it."""


@dataclass(frozen=True)
class Ground:
    """Skeleton, wiring and operators of the architectures that a predictor was fitted on.

    It learned nothing of sizes that were always the same, and has a column for each operator.

    Attributes:
        skeleton: around the operators.
        edges: (source, target) of the operators in the cell; None: a chain of blocks.
        operators: that may occur, in the order of their columns.
    """

    skeleton: Skeleton
    edges: Edges | None
    operators: tuple[str, ...]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """That of a batch of one skeleton and wiring, not empty."""
        (group,) = batch.groups
        return cls(group.skeleton, group.edges, group.vocabulary)

    @classmethod
    def of_space(cls, space: str, dataset: str) -> Self:
        """That of a known space on a data set."""
        place = skeleton(space, dataset)
        return cls(place, SPACES[place.space].edges, SPACES[place.space].operators)

    def check(self, batch: Batch, taker: str) -> None:
        """Refuse a batch with another skeleton, other edges or operators.

        Raises:
            UnsupportedError: it has; names the first architecture, and who takes what instead.
        """
        for group, there, here in self._others(batch):
            raise UnsupportedError(
                f"architecture {int(np.min(group.positions))} is of {there}; {taker} {here}"
            )

    def admit(self, batch: Batch) -> Batch:
        """The batch, with the operators in the order of this ground.

        Raises:
            UnsupportedError: another skeleton, other edges, or operators that did not occur.
        """
        for _, there, here in self._others(batch):
            raise UnsupportedError(
                f"architectures of {there} for a predictor that was fitted on {here}; fit another "
                "one for them"
            )
        if all(group.vocabulary == self.operators for group in batch.groups):
            return batch
        return Batch(self._in_order(group) for group in batch.groups)

    def moved(self, batch: Batch) -> Batch:
        """The same operators and edges in the skeleton of this ground."""
        return Batch(replace(group, skeleton=self.skeleton) for group in batch.groups)

    def _others(self, batch: Batch) -> Iterator[tuple[Group, str, str]]:
        """The groups that are not of this ground, with what is different there, and here."""
        for group in batch.groups:
            different = self._difference(group)
            if different is not None:
                yield group, *different

    def _difference(self, group: Group) -> tuple[str, str] | None:
        """What is different there, and here; None: nothing is."""
        there, here = group.skeleton, self.skeleton
        names = tuple(f"{each.space} on {each.dataset}" for each in (there, here))
        if names[0] != names[1]:
            return names[0], names[1]
        if there != here:
            return f"{names[0]} with {_sizes(there, here)}", _sizes(here, there)
        if group.edges != self.edges:
            return f"{names[0]} with the edges {group.edges}", f"{self.edges}"
        new = [name for name in group.vocabulary if name not in self.operators]
        if new:
            return f"{names[0]} with {first_few(new, len(new))}", ", ".join(self.operators)
        return None

    def _in_order(self, group: Group) -> Group:
        order = np.array([self.operators.index(name) for name in group.vocabulary])
        return replace(group, vocabulary=self.operators, ids=order[group.ids])

    def array(self) -> npt.NDArray[np.uint8]:
        """As bytes, for a predictor's state."""
        import msgspec

        return np.frombuffer(msgspec.json.encode(self), dtype=np.uint8)

    @classmethod
    def from_array(cls, content: npt.NDArray[Any]) -> Self:
        """Back from `array`."""
        import msgspec

        return msgspec.json.decode(content.tobytes(), type=cls)


def _sizes(one: Skeleton, other: Skeleton) -> str:
    """What one has otherwise than the other."""
    theirs = vars(other)
    return ", ".join(f"{name} {size}" for name, size in vars(one).items() if size != theirs[name])
