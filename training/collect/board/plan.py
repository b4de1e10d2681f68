"""Which network is visited when: the same from the same numbers, on any machine."""

from __future__ import annotations

import random


def visits(
    networks: int, rounds: int, references: list[int], every: int, seed: int
) -> list[tuple[int, int]]:
    """The visits of a measurement in order, as (network, round).

    Each round visits every network once, in an order of its own; reference networks come again at
    the start of a round, after every so many visits, and at its end.

    Args:
        networks: how many; they are numbered from 0.
        rounds: how often each is visited.
        references: numbers of the reference networks.
        every: visits between two visits of references.
        seed: of the orders.
    """
    plan: list[tuple[int, int]] = []
    chance = random.Random(seed)
    for number in range(rounds):
        order = list(range(networks))
        chance.shuffle(order)
        turn = 0
        for place in range(0, len(order), every):
            plan += [(_turn(references, turn), number)] if references else []
            plan += [(network, number) for network in order[place : place + every]]
            turn += 1
        plan += [(_turn(references, turn), number)] if references else []
    return plan


def _turn(references: list[int], turn: int) -> int:
    return references[turn % len(references)]
