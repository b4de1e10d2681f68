"""NAS-Bench-201's 15,625 cells in the published order.

The order is that of the published benchmark: all cells by `itertools.product` over the five
operators (first edge slowest), shuffled by Python's generator with seed 88.
"""

from __future__ import annotations

import random
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from archcost.aliases import Ids
from archcost.encodings.spaces import NASBENCH201

CELLS = 5**6
_PLACES = 5 ** np.arange(5, -1, -1)


@lru_cache(maxsize=1)
def _order() -> tuple[Ids, npt.NDArray[np.int64]]:
    """Ids by published index (15625, 6), and published index by base-5 number (15625,)."""
    numbers = list(range(CELLS))
    random.Random(88).shuffle(numbers)
    order = np.array(numbers)
    ids = (order[:, None] // _PLACES % 5).astype(np.int8)
    index = np.empty(CELLS, dtype=np.int64)
    index[order] = np.arange(CELLS)
    ids.flags.writeable = index.flags.writeable = False
    return ids, index


def all_ids() -> Ids:
    """Operator ids of every cell, (15625, 6), row i being the cell of published index i."""
    return _order()[0]


def index_of(ids: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Published indices (n,) of rows of valid operator ids (n, 6)."""
    return _order()[1][ids.astype(np.int64) @ _PLACES]


@lru_cache(maxsize=1)
def all_strings() -> tuple[str, ...]:
    """The string of every cell, by published index."""
    names = NASBENCH201.operators
    return tuple(
        f"|{names[a]}~0|+|{names[b]}~0|{names[c]}~1|+|{names[d]}~0|{names[e]}~1|{names[f]}~2|"
        for a, b, c, d, e, f in all_ids().tolist()
    )


@lru_cache(maxsize=1)
def index_by_string() -> MappingProxyType[str, int]:
    """String to published index, for all cells."""
    return MappingProxyType({text: index for index, text in enumerate(all_strings())})
