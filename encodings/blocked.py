"""The encoding "onnxruntime": what ONNX Runtime executes of a NAS-Bench-201 cell on a processor.

On x86 processors it runs convolutions and poolings on tensors in blocks of channels (NCHWc), and
additions and ReLUs on blocks if all their inputs are in blocks already. An edge `none` is a
multiplication by zero, which it neither removes nor runs on blocks: tensors are reordered before
and after. Additions, ReLUs and that multiplication are fused into a convolution that nothing else
reads. The rules are those of its `core/optimizer/nchwc_transformer.cc` and of its elimination of
common subexpressions; the tests compare with the graphs that it writes (checked with 1.32).

It runs a cell as it is written: cells that differ in the numbering of their nodes only may differ.

Columns count what runs in a cell, besides convolutions; the mean over the five cells of a stage,
the first of which reads blocks, the others what the cell before them wrote.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Ids
from archcost.encodings.architecture import NASBENCH201_EDGES
from archcost.encodings.batch import Group
from archcost.encodings.runtime import NONE, POOL, SKIP, check_cells, is_convolution

Mask = npt.NDArray[np.bool_]
Tensors = npt.NDArray[np.int64]

_COLUMNS = (
    "relus",
    "multiplications",
    "additions",
    "fused_additions",
    "poolings",
    "reorders_in",
    "reorders_out",
)
# The tensors of a cell, by number: what is made of its input, of node 1 and of node 2, and sums.
_INPUT, _NODE2, _PART, _OUTPUT = 0, 1, 2, 3
_ZERO, _POOLED = 4, 7  # and the two after each: of node 0, 1 and 2
_CONVOLVED = 10  # and the five after it: by edges
_COUNT = 16


def onnxruntime_features(group: Group) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Rows (m, 7) float32 and their columns.

    Raises:
        UnsupportedError: not NAS-Bench-201's cell.
    """
    check_cells(group, "onnxruntime")
    cells = _Cells.of(group.ids)
    yes = np.ones(len(group.ids), dtype=bool)
    first, blocks, fused = cells.executed(yes, yes)
    others, _, _ = cells.executed(blocks, fused)
    return ((first + 4 * others) / 5).astype(np.float32), _COLUMNS


@dataclass(frozen=True, eq=False, slots=True)
class _Cells:
    """Which tensors n cells have, equal ones made once, and who reads them.

    Attributes:
        nodes: (3, n) the tensor that is the value of nodes 0 to 2.
        made: (3, 3, n) whether something is multiplied by zero, pooled, or put through a ReLU of
            nodes 0 to 2; not of a node that is the input under another name.
        added: (3, 2, n) what is added to make node 2, the first part of the output, and the output.
        twice: (n,) the first part of the output is node 2.
        readers: (n, tensors) how many nodes read each.
    """

    nodes: Tensors
    made: Mask
    added: Tensors
    twice: Mask
    readers: Tensors

    @classmethod
    def of(cls, ids: Ids) -> _Cells:
        """Of operators (n, 6)."""
        rows = np.arange(len(ids))
        alias = ids[:, 0] == SKIP
        folded = is_convolution(ids[:, 0]) & (ids[:, [2, 4]] == NONE).all(axis=1)
        values = []
        nodes = np.zeros((3, len(ids)), dtype=np.int64)
        made = np.zeros((3, 3, len(ids)), dtype=bool)
        for edge, (source, _) in enumerate(NASBENCH201_EDGES):
            op = ids[:, edge]
            node = np.where(alias & (source == 1), 0, source)
            weighted = folded & (source == 1)
            value = np.select(
                [weighted, op == NONE, op == SKIP, op == POOL],
                [_CONVOLVED, _ZERO + node, nodes[node, rows], _POOLED + node],
                _CONVOLVED + edge,
            )
            for kind, hit in enumerate(((op == NONE) & ~weighted, op == POOL, is_convolution(op))):
                made[kind, node, rows] |= hit
            values.append(value)
            if edge == 0:
                nodes[1] = value
            elif edge == 2:
                nodes[2] = _NODE2
        twice = (values[1] == values[3]) & (values[2] == values[4])
        part = np.where(twice, _NODE2, _PART)
        added = np.array([values[1:3], values[3:5], [part, values[5]]])
        readers = np.zeros((len(ids), _COUNT), dtype=np.int64)
        for value, uses in zip(nodes, made.sum(axis=0), strict=True):
            readers[rows, value] += uses
        for operands in added[[0, 2]]:
            for operand in operands:
                readers[rows, operand] += 1
        for operand in added[1]:
            readers[rows, operand] += ~twice
        readers[:, _OUTPUT] = readers[:, _INPUT]  # the next cell reads it as this one its input
        return cls(nodes, made, added, twice, readers)

    def executed(self, blocks: Mask, fused: Mask) -> tuple[npt.NDArray[np.int64], Mask, Mask]:
        """Counts (n, 7); whether the output is in blocks (n,) and fused into a convolution (n,).

        Args:
            blocks: (n,) the input is in blocks.
            fused: (n,) the input was made by a convolution.
        """
        rows = np.arange(len(blocks))
        blocked = np.zeros((len(rows), _COUNT), dtype=bool)
        blocked[:, _POOLED:] = True
        blocked[:, _INPUT] = blocks
        convolved = np.zeros_like(blocked)
        convolved[:, _CONVOLVED:] = True
        convolved[:, _INPUT] = fused
        leaves = np.zeros_like(blocked)
        additions = np.zeros(len(rows), dtype=np.int64)
        fusions = additions.copy()
        for target, (left, right) in zip((_NODE2, _PART, _OUTPUT), self.added, strict=True):
            runs = ~self.twice if target == _PART else np.ones_like(self.twice)
            both = blocked[rows, left] & blocked[rows, right]
            free = np.zeros_like(both)
            for operand in (left, right):
                free |= (operand >= _CONVOLVED) & (self.readers[rows, operand] == 1)
                leaves[rows, operand] |= ~both & runs
            blocked[:, target] = both
            convolved[:, target] = both & free
            fusions += both & free & runs
            additions += ~(both & free) & runs
        relus, reorders_in = np.zeros_like(additions), np.zeros_like(additions)
        for node, (zeroed, pooled, activated) in enumerate(self.made.swapaxes(0, 1)):
            value = self.nodes[node]
            inside = blocked[rows, value]
            leaves[rows, value] |= zeroed
            alone = convolved[rows, value] & (self.readers[rows, value] == 1)
            relus += activated & ~(inside & alone)
            reorders_in += (activated & ~inside).astype(np.int64) + (pooled & ~inside)
        counts = (
            relus,
            self.made[0].sum(axis=0),
            additions,
            fusions,
            self.made[1].sum(axis=0),
            reorders_in,
            (leaves & blocked).sum(axis=1),
        )
        return np.stack(counts, axis=1), blocked[:, _OUTPUT], convolved[:, _OUTPUT]
