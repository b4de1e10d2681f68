"""What each operator of an architecture contributes to its predicted cost: which networks to ask.

An operator counts for what it costs more than a skip in its place: `skip_connect` on an edge,
`skip` in a block. Contributions are linear in the costs of other networks of the space, in the unit
of the cost whatever scale the predictor works on.

Cells: exact Shapley values (Shapley, 1953) over the edges, what an operator adds to the cell where
others are skips already, averaged over all orders of replacing them. Edges that are `none` stay so:
the wiring does not change, nor what a runtime removes because of it.

Chains: predictors of measured networks have seen random ones, with few skips; asked for a network
of skips they answer anything. An operator is compared with a skip in networks between the one in
question and random ones: a share of the other blocks, from none to all, is its own, the others are
drawn. Where the cost is a sum over blocks this gives its terms exactly.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import factorial

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats, Ids
from archcost.encodings import Group

BACKGROUNDS = 64
"""Networks in which a block is compared with a skip; always the same ones."""


def skip_id(group: Group) -> int:
    """The id of the skip of a space."""
    return group.vocabulary.index("skip" if group.edges is None else "skip_connect")


def wanted(one: Group) -> tuple[Ids, Floats]:
    """What to ask for the contributions of the one architecture of a group.

    Returns:
        Operator ids (m, k), the first those of the architecture with skips for all its operators
        but `none`, and weights (k, m): contributions are weights @ costs.
    """
    return _of_chain(one) if one.edges is None else _of_cell(one)


def _of_cell(one: Group) -> tuple[Ids, Floats]:
    nothing = (skip_id(one), one.none_id)
    players = tuple(place for place, i in enumerate(one.ids[0].tolist()) if i not in nothing)
    members, weights = shapley_weights(players, one.ids.shape[1])
    passing = np.where(one.ids == one.none_id, one.ids, skip_id(one))
    return np.where(members, one.ids, passing).astype(np.int8), weights


@lru_cache(maxsize=64)
def shapley_weights(players: tuple[int, ...], places: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """All coalitions of the players, and what the Shapley value makes of their worth.

    Args:
        players: the places that take part.
        places: number of all.

    Returns:
        Members (2^players, places), the coalition of none first, and weights (places, 2^players),
        zero for places that take no part. Read-only.
    """
    count = len(players)
    members = np.zeros((2**count, places), dtype=bool)
    members[:, list(players)] = list(product((False, True), repeat=count))
    sizes = members.sum(axis=1)
    # Of all orders, the share in which just these came before one, or with it.
    before = np.array([factorial(s) * factorial(max(count - s - 1, 0)) for s in range(count + 1)])
    shares = before / factorial(count)
    weights = np.zeros((places, len(members)))
    for player in players:
        with_it = members[:, player]
        weights[player] = np.where(with_it, shares[sizes - with_it], -shares[sizes])
    members.flags.writeable = weights.flags.writeable = False
    return members, weights


def _of_chain(one: Group) -> tuple[Ids, Floats]:
    length, skip = one.ids.shape[1], skip_id(one)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(one.vocabulary), (BACKGROUNDS, length))
    own = rng.random((BACKGROUNDS, length)) < rng.random((BACKGROUNDS, 1))
    backgrounds = np.where(own, one.ids, drawn).astype(np.int8)
    rows = [np.full((1, length), skip, dtype=np.int8)]
    players = np.flatnonzero(one.ids[0] != skip)
    weights = np.zeros((length, 1 + 2 * BACKGROUNDS * len(players)))
    for number, place in enumerate(players.tolist()):
        for half, operator in enumerate((one.ids[0, place], skip)):
            row = backgrounds.copy()
            row[:, place] = operator
            rows.append(row)
            start = 1 + (2 * number + half) * BACKGROUNDS
            weights[place, start : start + BACKGROUNDS] = (1 - 2 * half) / BACKGROUNDS
    return np.concatenate(rows), weights
