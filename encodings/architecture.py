"""The value that stands for an architecture everywhere: operators, wiring and skeleton."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from operator import index
from typing import SupportsIndex

from archcost.encodings.cells import cell_of
from archcost.encodings.operators import NASBENCH201_OPERATORS, operator
from archcost.encodings.text import shown, split_cell
from archcost.errors import ArchitectureError, unknown_name

Edges = tuple[tuple[int, int], ...]

NASBENCH201_EDGES: Edges = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""(source, target) of NAS-Bench-201's six operators, in the order of its strings."""


@dataclass(frozen=True)
class Skeleton:
    """Everything around the operators: what a search space keeps fixed on a data set.

    Attributes:
        space: "nasbench201", "fbnet" or any name for a space of one's own.
        dataset: the data set's name.
        image_size: height and width of the input image.
        in_channels: channels of the input image.
        classes: outputs of the classifier.
        stem_channels: output channels of the first convolution (3x3).
        channels: output channels of each stage.
        repeats: cells or blocks in each stage.
        strides: stride at the start of each stage: of the residual block before its cells (there
            is one where the stride is 2 or the channels change), or of its first block.
        head_channels: output channels of the 1x1 convolution before pooling; None: no such layer
            (networks of cells have none).
        stem_stride: stride of the first convolution.
    """

    space: str
    dataset: str
    image_size: int
    in_channels: int
    classes: int
    stem_channels: int
    channels: tuple[int, ...]
    repeats: tuple[int, ...]
    strides: tuple[int, ...]
    head_channels: int | None
    stem_stride: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))
        if not len(self.channels) == len(self.repeats) == len(self.strides) >= 1:
            raise ArchitectureError(
                "a skeleton needs as many channels as repeats and strides, at least one of each: "
                f"got {self.channels}, {self.repeats}, {self.strides}"
            )
        numbers = (
            *(self.image_size, self.in_channels, self.classes, self.stem_channels),
            *(*self.channels, *self.repeats, *self.strides, self.stem_stride),
            1 if self.head_channels is None else self.head_channels,
        )
        if not all(isinstance(number, int) and number >= 1 for number in numbers):
            raise ArchitectureError(f"sizes in a skeleton are whole numbers from 1 on: {self}")
        if any(stride > 2 for stride in (*self.strides, self.stem_stride)):
            raise ArchitectureError(f"strides in a skeleton are 1 or 2, got {self.strides}")


def _plain(value: object) -> object:
    """NumPy's whole numbers as Python's, alone or several; anything else as it is."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(_plain(one) for one in value)
    return index(value) if isinstance(value, SupportsIndex) else value


@dataclass(frozen=True)
class Architecture:
    """One network: a skeleton with operators in it. Immutable, hashable, compared by value.

    Attributes:
        skeleton: what is around the operators.
        operators: their names: one an edge of the cell, or one a block of the chain.
        edges: (source node, target node) of each operator of a cell; node 0 is its input, the last
            node its output, several edges may join the same nodes. Kept sorted by target, source
            and operator, so that equal cells compare equal. None: a chain of blocks.

    Raises:
        ArchitectureError: operators and wiring do not fit each other or the space.
        UnknownNameError: an operator outside the vocabulary (see `archcost.encodings.operators`).
    """

    skeleton: Skeleton
    operators: tuple[str, ...]
    edges: Edges | None = None

    def __post_init__(self) -> None:
        operators = tuple(self.operators)
        for name in operators:
            if not isinstance(name, str):
                raise ArchitectureError(f"operators are given by name, got {shown(name)}")
            if operator(name).in_cell is (self.edges is None):
                where = "in a chain of blocks" if self.edges is None else "on the edge of a cell"
                raise ArchitectureError(f"operator {name!r} cannot be {where}")
        if self.edges is None:
            _check_chain(self.skeleton, operators)
            edges = None
        else:
            operators, edges = _sorted_cell(operators, self.edges)
            _check_cell(self.skeleton, operators, edges)
        object.__setattr__(self, "operators", operators)
        object.__setattr__(self, "edges", edges)

    @classmethod
    def custom_cell(
        cls, operators: Iterable[str], edges: Iterable[tuple[int, int]], skeleton: Skeleton
    ) -> Architecture:
        """A cell of one's own in a skeleton, which may be that of a known space.

        The skeleton's space becomes "custom" if it was "nasbench201" and the cell is not one of
        that space. Raises as the class.
        """
        names, pairs = _sorted_cell(tuple(operators), edges)
        if skeleton.space == "nasbench201" and not _is_nasbench201(names, pairs):
            skeleton = replace(skeleton, space="custom")
        return cls(skeleton, names, pairs)

    @classmethod
    def from_graph(cls, graph: object, skeleton: Skeleton) -> Architecture:
        """A cell that is given as a graph, in any form of `archcost.encodings.cells`.

        E.g. triples ``[(0, 1, "nor_conv_5x5"), (0, 2, "skip_connect"), (1, 2, "dw_conv_3x3")]``, a
        networkx `DiGraph` with an operator on each edge, a matrix of operators. As `custom_cell`.

        Raises:
            ArchitectureError: as `archcost.encodings.cells.cell_of`, and as the class.
            UnknownNameError: an operator outside the vocabulary.
        """
        return cls.custom_cell(*cell_of(graph), skeleton)

    @classmethod
    def from_string(cls, text: str, skeleton: Skeleton) -> Architecture:
        """Back from `str(architecture)`, for any space, in this skeleton.

        Raises:
            ArchitectureError: malformed; the message names the token and what was expected.
            UnknownNameError: an operator outside the vocabulary.
        """
        if "~" not in text:
            return cls(skeleton, tuple(text.strip().split("|")))
        nodes = split_cell(text)
        return cls(
            skeleton,
            tuple(name for tokens in nodes for name, _ in tokens),
            tuple(
                (source, target)
                for target, tokens in enumerate(nodes, start=1)
                for _, source in tokens
            ),
        )

    @property
    def nodes(self) -> int:
        """Number of nodes of the cell, input and output included; a chain counts as its ends."""
        return 2 if self.edges is None else self.edges[-1][1] + 1

    def __str__(self) -> str:
        """The canonical string: ``|op~0|+|op~0|op~1|+...`` of a cell, ``op|op|...`` of a chain."""
        if self.edges is None:
            return "|".join(self.operators)
        incoming: list[list[str]] = [[] for _ in range(self.nodes)]
        for name, (source, target) in zip(self.operators, self.edges, strict=True):
            incoming[target].append(f"{name}~{source}")
        return "+".join(f"|{'|'.join(tokens)}|" for tokens in incoming[1:])


def _sorted_cell(
    operators: tuple[str, ...], edges: Iterable[tuple[int, int]]
) -> tuple[tuple[str, ...], Edges]:
    try:
        pairs = [(index(source), index(target)) for source, target in edges]
    except (TypeError, ValueError):
        raise ArchitectureError(
            f"edges are pairs (source node, target node), got {shown(edges)}"
        ) from None
    if len(pairs) != len(operators) or not pairs:
        raise ArchitectureError(
            f"a cell needs one operator for each edge, at least one: got {len(operators)} "
            f"operators for {len(pairs)} edges"
        )
    order = sorted(range(len(pairs)), key=lambda e: (pairs[e][1], pairs[e][0], str(operators[e])))
    return tuple(operators[e] for e in order), tuple(pairs[e] for e in order)


def _is_nasbench201(operators: tuple[str, ...], edges: Edges) -> bool:
    return edges == NASBENCH201_EDGES and all(n in NASBENCH201_OPERATORS for n in operators)


def _check_chain(skeleton: Skeleton, operators: tuple[str, ...]) -> None:
    if skeleton.space == "nasbench201":
        raise ArchitectureError("a NAS-Bench-201 architecture is a cell and needs its six edges")
    if len(operators) != sum(skeleton.repeats):
        raise ArchitectureError(
            f"{len(operators)} operators for the {sum(skeleton.repeats)} blocks of the skeleton"
        )


def _check_cell(skeleton: Skeleton, operators: tuple[str, ...], edges: Edges) -> None:
    for source, target in edges:
        if not 0 <= source < target:
            raise ArchitectureError(
                f"edge ({source}, {target}) of the cell: expected 0 <= source < target"
            )
    fed = {target for _, target in edges}
    for node in range(1, edges[-1][1]):
        if node not in fed:
            raise ArchitectureError(
                f"node {node} of the cell receives nothing; give it an edge (with the operator "
                "'none' if nothing shall flow)"
            )
    if skeleton.head_channels is not None:
        raise ArchitectureError("head_channels belongs to chains of blocks: None for cells")
    if skeleton.space == "fbnet":
        raise ArchitectureError("an FBNet architecture is a chain of blocks: edges must be None")
    if skeleton.space == "nasbench201" and not _is_nasbench201(operators, edges):
        for name in operators:
            if name not in NASBENCH201_OPERATORS:
                raise unknown_name("operator of NAS-Bench-201", name, NASBENCH201_OPERATORS)
        raise ArchitectureError(
            f"a NAS-Bench-201 cell has the edges {NASBENCH201_EDGES}, got {edges}; a cell of your "
            "own: Architecture.custom_cell(operators, edges, skeleton)"
        )
