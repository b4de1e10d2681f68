"""All changes of one operator of an architecture, and what each would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.encodings import Architecture, Group
from archcost.encodings.layer_features import QUANTITIES, operator_sums
from archcost.encodings.places import Place, block_places, cell_places
from archcost.encodings.structure import analyse
from archcost.predictors.estimate import Estimate
from archcost.predictors.explanation import Change


@dataclass(frozen=True, eq=False)
class Changes:
    """The architectures that differ from one in one operator.

    Attributes:
        group: these c architectures.
        places: (c,) where each differs.
    """

    group: Group
    places: npt.NDArray[np.int64]

    @classmethod
    def of(cls, one: Group) -> Changes:
        """All changes of the one architecture of a group, to each operator of its vocabulary."""
        rows, places = [], []
        (ids,) = one.ids
        for place, own in enumerate(ids.tolist()):
            for other in range(len(one.vocabulary)):
                if other != own:
                    row = ids.copy()
                    row[place] = other
                    rows.append(row)
                    places.append(place)
        at = np.arange(len(rows))
        group = Group(one.skeleton, one.edges, one.vocabulary, at, np.array(rows))
        return cls(group, np.array(places))

    def priced(
        self, arch: Architecture, names: Sequence[str], cost: float, found: Estimate
    ) -> tuple[Change, ...]:
        """The changes with their costs, the largest saving first.

        Args:
            arch: what is changed.
            names: of its parts, one an operator.
            cost: of it.
            found: costs of the changed architectures.
        """
        group = self.group
        connected, unused = self._effects(arch)
        changes = []
        for row, place in enumerate(self.places.tolist()):
            before = arch.operators[place]
            after = group.vocabulary[group.ids[row, place]]
            macs, params = _difference(arch, place, before, after)
            value = float(found.value[row])
            changes.append(
                Change(
                    name=names[place],
                    place=place,
                    before=before,
                    after=after,
                    value=value,
                    lower=float(found.lower[row]),
                    upper=float(found.upper[row]),
                    saved=cost - value,
                    macs=macs,
                    params=params,
                    connected=connected[row],
                    cuts_off=tuple(names[other] for other in unused[row]),
                    feasible=None if found.feasible is None else float(found.feasible[row]),
                )
            )
        return tuple(sorted(changes, key=lambda change: -change.saved))

    def _effects(self, arch: Architecture) -> tuple[list[bool], list[list[int]]]:
        """Whether the input still reaches the output, and which other edges are used no more."""
        group = self.group
        if group.edges is None:
            return [True] * len(group), [[] for _ in self.places]
        found = analyse(group.ids, group.edges, group.none_id)
        own = [[group.vocabulary.index(name) for name in arch.operators]]
        before = analyse(np.array(own, dtype=np.int8), group.edges, group.none_id).live
        lost = before & ~found.live
        lost[np.arange(len(lost)), self.places] = False
        return found.to_output[:, 0].tolist(), [np.flatnonzero(row).tolist() for row in lost]


def _difference(arch: Architecture, place: int, before: str, after: str) -> tuple[int, int]:
    """More multiply-accumulates and parameters of the whole network."""
    chain = arch.edges is None
    where: tuple[Place, ...]
    where = (block_places(arch.skeleton)[place],) if chain else cell_places(arch.skeleton)
    more = sum(
        at.repeats * (operator_sums(after, at, chain) - operator_sums(before, at, chain))
        for at in where
    )
    sums = dict(zip(QUANTITIES, np.asarray(more).tolist(), strict=True))
    return round(sums["macs"]), round(sums["params"])
