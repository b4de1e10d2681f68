"""What HW-NAS-Bench's Eyeriss numbers hold that no rule explains, stored by name.

Nothing here is used unless a quirk of that name is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from archcost.encodings import Skeleton, skeleton
from archcost.training.collect.simulators.workloads import Workload

DEARER_MAPPINGS: dict[tuple[int, int, int], int] = {
    (112, 184, 7): 6,
    (672, 112, 8): 3,
    (192, 112, 14): 7,
    (192, 32, 28): 55,
    (144, 24, 56): 223,
    (552, 184, 4): 3,
    (1104, 184, 4): 3,
}
"""Input channels, output channels and output size of 1x1 convolutions for which the table's search
settled on a mapping as fast as the best that fetches all weights so many more times.

Each number is the whole one nearest to what all blocks with that layer cost too much in the look-up
table. Where no other block tells which of a block's two 1x1 layers it is, the projection is named.
"""


@dataclass(frozen=True)
class CellTable:
    """Eyeriss's coefficients of NAS-Bench-201, fitted to the table, exact on all its cells.

    The energies follow other constants than FBNet's and the two constants are larger than stem,
    residual blocks and classifier together, by the simulator (1.67954 ms against .38).

    Attributes:
        edge_mj: energy of an operator on an edge, in all cells together.
        constant_ms, constant_mj: whatever the cell is.
    """

    edge_mj: dict[str, float]
    constant_ms: float
    constant_mj: float


_EDGE_MJ = {
    "none": 0.0,
    "skip_connect": 0.0,
    "nor_conv_1x1": 0.031247728,
    "nor_conv_3x3": 0.31321224,
    "avg_pool_3x3": 0.2778228,
}
_CELL_TABLES = {
    "cifar10": CellTable(_EDGE_MJ, 1.67954, 0.3469645085),
    # The classifier of 100 classes, from the published cells 0 to 2.
    "cifar100": CellTable(_EDGE_MJ, 1.67954 + 0.00302, 0.3469645085 + 0.0001378575),
}


def cell_table(place: Skeleton) -> CellTable | None:
    """The coefficients for a skeleton; None where the table has no such network."""
    if place.space != "nasbench201" or place.dataset not in _CELL_TABLES:
        return None
    known = place == skeleton("nasbench201", place.dataset)
    return _CELL_TABLES[place.dataset] if known else None


def refetched_words(work: Workload) -> int:
    """Weight words that the table's mapping of a workload fetches more than the best one does."""
    if work.kernel != 1:
        return 0
    times = DEARER_MAPPINGS.get((work.c_in, work.c_out, work.size), 0)
    return times * work.c_in * work.c_out * work.copies
