"""Many architectures at once: matrices of operator ids per skeleton, in the order given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from archcost.encodings.architecture import Architecture, Edges, Skeleton
from archcost.encodings.nasbench201 import all_strings, index_of
from archcost.encodings.spaces import SPACES
from archcost.encodings.text import write_chains
from archcost.errors import ArchitectureError

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """The architectures of a batch that share skeleton and wiring.

    Attributes:
        skeleton: of all of them.
        edges: (source, target) of the operators in the cell; None: a chain of blocks.
        vocabulary: operator names; an id is a position in it. For the known spaces the space's
            own, for others the operators that occur, sorted.
        positions: (m,) int64, ascending: where they stand in the batch.
        ids: (m, k) operator ids, int8.
    """

    skeleton: Skeleton
    edges: Edges | None
    vocabulary: tuple[str, ...]
    positions: Positions
    ids: npt.NDArray[np.int8]

    def __post_init__(self) -> None:
        for name, dtype in (("positions", np.int64), ("ids", np.int8)):
            array = np.array(getattr(self, name), dtype=dtype)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def known(self) -> bool:
        """Whether the ids are those of a known space (`archcost.encodings.SPACES`)."""
        return self.skeleton.space in SPACES

    @property
    def none_id(self) -> int | None:
        """The id of the operator `none`; None where it is not in the vocabulary."""
        return self.vocabulary.index("none") if "none" in self.vocabulary else None

    def __len__(self) -> int:
        return len(self.positions)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return (
            (self.skeleton, self.edges, self.vocabulary)
            == (other.skeleton, other.edges, other.vocabulary)
            and np.array_equal(self.positions, other.positions)
            and np.array_equal(self.ids, other.ids)
        )

    __hash__ = None  # type: ignore[assignment]

    def architecture(self, row: int) -> Architecture:
        """The architecture in this row of `ids`."""
        names = tuple(self.vocabulary[i] for i in self.ids[row])
        return Architecture(self.skeleton, names, self.edges)

    def strings(self) -> list[str]:
        """The canonical string of each row."""
        if self.skeleton.space == "nasbench201":
            texts = all_strings()
            return [texts[i] for i in index_of(self.ids)]
        if self.edges is None:
            return write_chains(self.ids, self.vocabulary)
        return [str(self.architecture(row)) for row in range(len(self))]


class Batch(Sequence[Architecture]):
    """Architectures in input order, immutable; `groups` is the fast way to their ids.

    Iterating or indexing with a number gives `Architecture`; a slice, or an array of positions or
    of booleans, gives a batch.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        """Groups whose positions together are 0 .. n-1; use `parse` or the class methods."""
        groups = [group for group in groups if len(group)]
        self._groups = tuple(sorted(groups, key=lambda group: int(group.positions[0])))

    @classmethod
    def from_ids(cls, skeleton: Skeleton, ids: npt.NDArray[np.integer]) -> Batch:
        """Rows of valid operator ids (n, k) in one skeleton of a known space."""
        space = SPACES[skeleton.space]
        positions = np.arange(len(ids))
        return cls([Group(skeleton, space.edges, space.operators, positions, ids.astype(np.int8))])

    @classmethod
    def from_architectures(cls, architectures: Iterable[Architecture]) -> Batch:
        """Architectures of any spaces, grouped."""
        members: dict[tuple[Skeleton, Edges | None], list[tuple[int, Architecture]]] = {}
        for position, arch in enumerate(architectures):
            members.setdefault((arch.skeleton, arch.edges), []).append((position, arch))
        groups = []
        for (skeleton, edges), archs in members.items():
            if skeleton.space in SPACES:
                vocabulary = SPACES[skeleton.space].operators
            else:
                vocabulary = tuple(sorted({name for _, arch in archs for name in arch.operators}))
            if len(vocabulary) > np.iinfo(np.int8).max:
                raise ArchitectureError(
                    f"{len(vocabulary)} different operators in one group of cells: 127 at most"
                )
            ids = {name: i for i, name in enumerate(vocabulary)}
            rows = np.array([[ids[name] for name in arch.operators] for _, arch in archs])
            positions = np.array([position for position, _ in archs])
            groups.append(Group(skeleton, edges, vocabulary, positions, rows.astype(np.int8)))
        return cls(groups)

    @property
    def groups(self) -> tuple[Group, ...]:
        """One per skeleton (and wiring, outside the known spaces), by first position."""
        return self._groups

    @cached_property
    def _places(self) -> tuple[Positions, Positions]:
        """Of each position: its group, and its row there."""
        owner = np.empty(len(self), dtype=np.int64)
        row = np.empty(len(self), dtype=np.int64)
        for number, group in enumerate(self._groups):
            owner[group.positions] = number
            row[group.positions] = np.arange(len(group))
        return owner, row

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups)

    def __eq__(self, other: object) -> bool:
        return self._groups == other._groups if isinstance(other, Batch) else NotImplemented

    def __repr__(self) -> str:
        kinds = ", ".join(f"{g.skeleton.space}/{g.skeleton.dataset}: {len(g)}" for g in self.groups)
        return f"Batch({len(self)} architectures{'; ' if kinds else ''}{kinds})"

    def __iter__(self) -> Iterator[Architecture]:
        return (self[position] for position in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> Architecture: ...

    @overload
    def __getitem__(self, key: slice | npt.NDArray[np.generic] | list[int]) -> Batch: ...

    def __getitem__(
        self, key: int | slice | npt.NDArray[np.generic] | list[int]
    ) -> Architecture | Batch:
        if isinstance(key, int | np.integer):
            owner, row = self._places
            position = range(len(self))[int(key)]
            return self._groups[owner[position]].architecture(int(row[position]))
        return self.take(np.arange(len(self))[key])

    def take(self, positions: Positions) -> Batch:
        """The architectures at these positions (m,), in this order."""
        owner, row = (places[positions] for places in self._places)
        groups = []
        for number, group in enumerate(self._groups):
            chosen = np.flatnonzero(owner == number)
            ids, vocabulary = group.ids[row[chosen]], group.vocabulary
            if not group.known:
                used, inverse = np.unique(ids, return_inverse=True)
                ids = inverse.reshape(ids.shape).astype(np.int8)
                vocabulary = tuple(vocabulary[i] for i in used)
            groups.append(Group(group.skeleton, group.edges, vocabulary, chosen, ids))
        return Batch(groups)

    def strings(self) -> list[str]:
        """The canonical string of each architecture, in order."""
        texts = [""] * len(self)
        for group in self._groups:
            for position, text in zip(group.positions.tolist(), group.strings(), strict=True):
                texts[position] = text
        return texts
