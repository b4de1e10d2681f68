"""Which networks to measure: read from a file, or drawn at random."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from archcost.data.names import space_name
from archcost.data.tables import read_architectures
from archcost.encodings import (
    CUSTOM,
    Architecture,
    Batch,
    Skeleton,
    custom_skeleton,
    find_space,
    parse,
    parse_each,
    skeleton,
)
from archcost.encodings.nasbench201 import CELLS, all_ids
from archcost.encodings.rows import refuse_malformed
from archcost.errors import ArchcostError, UnsupportedError

CUSTOM_OPERATORS = (
    *("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "nor_conv_5x5"),
    *("dw_conv_3x3", "dw_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"),
    *("avg_pool_3x3", "max_pool_3x3"),
)
"""What random custom cells are made of."""

_EDGE_CHANCE = 0.5


def read_candidates(
    path: str | Path, space: str | None = None, dataset: str | None = None
) -> Batch:
    """The architectures of a table.

    Args:
        path: a .csv or .parquet with an architecture column.
        space: "nasbench201", "fbnet", or "custom": cells written as strings, in NAS-Bench-201's
            skeleton.
        dataset: of the skeleton.

    Raises:
        TableError: as `archcost.data.read_table`, or architectures that cannot be read, with
            their rows.
        UnknownNameError: no such space or data set.
    """
    given = read_architectures(path)
    if space != CUSTOM:
        batch, _, problems = parse_each(given, space=space, dataset=dataset)
    else:
        place, found, problems = custom_skeleton(dataset), [], []
        for position, text in enumerate(given):
            try:
                found.append(Architecture.from_string(str(text), place))
            except ArchcostError as error:
                problems.append((position, str(error)))
        batch = Batch.from_architectures(found)
    refuse_malformed(path, problems)
    return batch


def representatives(space: str, dataset: str | None, most: int) -> Batch:
    """What stands for a space: of NAS-Bench-201 all cells by index, of others `most` random ones.

    Raises:
        UnknownNameError: no such space or data set.
    """
    if space_name(space) == "nasbench201":
        return Batch.from_ids(skeleton(space, dataset), all_ids())
    return sample(most, space, dataset)


def sample(
    count: int, space: str = "nasbench201", dataset: str | None = None, seed: int = 0
) -> Batch:
    """Random architectures without repetition.

    Args:
        count: how many.
        space: "nasbench201", "fbnet" or "custom" (cells of 3 to 6 nodes, each pair of nodes joined
            with probability 1/2, operators of `CUSTOM_OPERATORS`).
        dataset: of the skeleton.
        seed: of the choice.

    Raises:
        UnknownNameError: no such space or data set.
        UnsupportedError: more than the space has.
    """
    if space == CUSTOM:
        return _custom(count, custom_skeleton(dataset), random.Random(seed))
    found = find_space(space, also=(CUSTOM,))
    rng = np.random.default_rng(seed)
    if found.name == "nasbench201":
        if not 1 <= count <= CELLS:
            raise UnsupportedError(f"{count} cells of nasbench201: give 1 to {CELLS}")
        return parse(np.sort(rng.permutation(CELLS)[:count]), space=space, dataset=dataset)
    if count < 1:
        raise UnsupportedError(f"{count} networks: give 1 or more")
    ids = rng.integers(0, len(found.operators), size=(count, found.length))
    return Batch.from_ids(skeleton(space, dataset), ids)


def _custom(count: int, place: Skeleton, chance: random.Random) -> Batch:
    found: dict[str, Architecture] = {}
    while len(found) < count:
        nodes = chance.randint(3, 6)
        edges = []
        for target in range(1, nodes):
            sources = [source for source in range(target) if chance.random() < _EDGE_CHANCE]
            edges += [(source, target) for source in sources or [chance.randrange(target)]]
        names = [chance.choice(CUSTOM_OPERATORS) for _ in edges]
        arch = Architecture.custom_cell(names, edges, place)
        found.setdefault(str(arch), arch)
    return Batch.from_architectures(found.values())


def single_skeleton(batch: Batch) -> Skeleton:
    """The skeleton that all architectures share.

    Raises:
        UnsupportedError: none at all, or of several spaces or data sets.
    """
    places = {group.skeleton for group in batch.groups}
    if len(places) != 1:
        what = ", ".join(sorted(f"{p.space} on {p.dataset}" for p in places)) or "no networks"
        raise UnsupportedError(f"{what}: measure networks of one space and data set at a time")
    return places.pop()
