"""An architecture that was searched for one device, used on another.

For a limit on device A its choice is the most accurate candidate within it. On device B that
choice is compared with what a search on B gives: the cheapest candidate at least as accurate (how
much dearer is A's choice?), and the most accurate one at most as dear (how much accuracy does it
lack?). On A itself both are 0. Limits are deciles of A's costs; figures are means over them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archcost.aliases import Floats

LIMITS = tuple(np.arange(1, 10) / 10)
"""Shares of the candidates that are within a limit."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """Matrices (devices, devices): row A was searched for, column B is used on.

    Attributes:
        extra_cost: share by which A's choice is dearer on B than B's own.
        lost_accuracy: in the unit of the accuracies.
    """

    extra_cost: Floats
    lost_accuracy: Floats


def exchange(accuracy: Floats, known: Floats, paid: Floats) -> Exchange:
    """What it costs to use a device's choice on another.

    Args:
        accuracy: (n,) of candidates that run on all devices.
        known: (d, n) costs that choices are made by.
        paid: (d, n) costs that are compared: the same, or measured ones, against which a choice by
            predictions can also turn out cheaper than B's own.
    """
    devices = len(known)
    extra = np.zeros((len(LIMITS), devices, devices))
    lost = np.zeros_like(extra)
    for step, share in enumerate(LIMITS):
        for a in range(devices):
            (within,) = np.nonzero(known[a] <= np.quantile(known[a], share))
            # The cheapest of the most accurate.
            choice = within[np.lexsort((known[a, within], -accuracy[within]))[0]]
            (as_accurate,) = np.nonzero(accuracy >= accuracy[choice])
            for b in range(devices):
                own = as_accurate[known[b, as_accurate].argmin()]
                extra[step, a, b] = paid[b, choice] / paid[b, own] - 1
                as_cheap = known[b] <= known[b, choice]
                lost[step, a, b] = accuracy[as_cheap].max() - accuracy[choice]
    return Exchange(extra.mean(axis=0), lost.mean(axis=0))
