"""Architectures written as text, read with errors that point at the token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from archcost.encodings.operators import operator
from archcost.errors import ArchitectureError, UnknownNameError, unknown_name

CELL_EXAMPLE = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|"
_OTHERS = "cells of other sizes or operators are of space 'custom'"
_TOKEN = re.compile(r"([^~|+\s]+)~([0-9]{1,4})")
_SEPARATORS = re.compile(r"[|,\s-]+")
_MOST_COMBINATIONS = 10_000


def shown(value: object, limit: int = 120) -> str:
    """The value as error messages show it: its repr, cut to a line."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def split_cell(text: str) -> list[list[tuple[str, int]]]:
    """The (operator, source node) pairs of each node after the input; any number of nodes.

    Raises:
        ArchitectureError: not of the form ``|op~0|+|op~0|op~1|+...``; says which part is wrong.
    """
    nodes = []
    for number, part in enumerate(text.strip().split("+"), start=1):
        part = part.strip()
        if len(part) < 2 or part[0] != "|" or part[-1] != "|":
            raise ArchitectureError(
                f"malformed cell string: node {number} is {shown(part)}, expected "
                f"'|operator~source|...|' between '|' and '|', e.g. {CELL_EXAMPLE!r}"
            )
        nodes.append([_split_token(token, number) for token in part[1:-1].split("|")])
    return nodes


def _split_token(token: str, node: int) -> tuple[str, int]:
    match = _TOKEN.fullmatch(token.strip())
    if match is None:
        raise ArchitectureError(
            f"malformed cell string: token {shown(token)} of node {node}, expected "
            "'operator~source', e.g. 'nor_conv_3x3~0'"
        )
    if int(match[2]) >= node:
        raise ArchitectureError(
            f"malformed cell string: token {shown(token)} of node {node} takes its input from "
            f"node {match[2]}, expected a node from 0 to {node - 1}"
        )
    return match[1], int(match[2])


def read_fixed_cell(text: str, operators: Sequence[str], nodes: int) -> list[int]:
    """Operator ids of a cell in which every node takes one input from every node before it.

    Args:
        text: e.g. ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`` for four nodes.
        operators: the vocabulary; an id is a position in it.
        nodes: number of nodes, input and output included.

    Raises:
        ArchitectureError: another shape; names the token and what was expected.
        UnknownNameError: an operator outside the vocabulary; names the nearest.
    """
    parts = split_cell(text)
    if len(parts) != nodes - 1:
        raise ArchitectureError(
            f"malformed cell string: {len(parts)} nodes between '+', expected {nodes - 1}, "
            f"e.g. {CELL_EXAMPLE!r}; {_OTHERS}"
        )
    ids = []
    for number, tokens in enumerate(parts, start=1):
        if len(tokens) != number:
            raise ArchitectureError(
                f"malformed cell string: node {number} has {len(tokens)} operators, expected "
                f"{number} (one from each of the nodes 0 to {number - 1})"
            )
        for source, (name, given) in enumerate(tokens):
            if given != source:
                raise ArchitectureError(
                    f"malformed cell string: token '{name}~{given}' is number {source + 1} of "
                    f"node {number}, expected its source to be {source}: '{name}~{source}'"
                )
            where = f"token '{name}~{given}' of node {number}"
            if name not in operators and _in_cells(name):
                raise ArchitectureError(
                    f"{where}: operator {name!r} is none of {', '.join(operators)}; {_OTHERS}"
                )
            ids.append(_id_of(name, operators, where))
    return ids


def _in_cells(name: str) -> bool:
    """Whether some cell may hold an operator of this name."""
    try:
        return operator(name).in_cell
    except UnknownNameError:
        return False


def read_chain(text: str, operators: Sequence[str], length: int) -> list[int]:
    """Operator ids of a chain of blocks written with separators: ``|`` (canonical), ``,``, ``-``
    or white space; blocks by name or by id.

    Raises:
        ArchitectureError: not `length` blocks, or an id out of range.
        UnknownNameError: an operator outside the vocabulary; names the nearest.
    """
    tokens = [token for token in _SEPARATORS.split(text.strip()) if token]
    ids = [_id_of(token, operators, f"block {position}") for position, token in enumerate(tokens)]
    if len(ids) != length:
        raise ArchitectureError(
            f"{len(ids)} blocks in {shown(text)}, expected {length} operators separated by '|'"
        )
    return ids


def write_chains(ids: npt.NDArray[np.integer], operators: Sequence[str]) -> list[str]:
    """The canonical string of each chain, from its operator ids (n, length).

    Several blocks at a time are looked up among all their combinations.
    """
    width = max(w for w in range(1, 8) if len(operators) ** w <= _MOST_COMBINATIONS or w == 1)
    columns = []
    for start in range(0, ids.shape[1], width):
        part = ids[:, start : start + width].astype(np.int64)
        numbers = part @ (len(operators) ** np.arange(part.shape[1])[::-1])
        names = _combinations(tuple(operators), part.shape[1])
        columns.append([names[number] for number in numbers.tolist()])
    return ["|".join(parts) for parts in zip(*columns, strict=True)]


@lru_cache(maxsize=8)
def _combinations(operators: tuple[str, ...], count: int) -> tuple[str, ...]:
    """All chains of so many blocks, the first block slowest."""
    return tuple("|".join(names) for names in product(operators, repeat=count))


def read_names(names: Sequence[object], operators: Sequence[str]) -> list[int]:
    """Operator ids of names (or ids mixed in among them), in order.

    Raises:
        ArchitectureError: an id out of range, or neither a name nor an id.
        UnknownNameError: an operator outside the vocabulary; names the nearest.
    """
    ids = []
    for position, name in enumerate(names):
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise ArchitectureError(
                f"operator {position} is {shown(name)}, expected an operator's name or id"
            )
        ids.append(_id_of(str(name).strip(), operators, f"operator {position}"))
    return ids


def _id_of(name: str, operators: Sequence[str], where: str) -> int:
    if name in operators:
        return operators.index(name)
    if re.fullmatch(r"-?[0-9]+", name):
        # No int() before the length is known to be small: int() refuses thousands of digits.
        if len(name) <= 3 and 0 <= int(name) < len(operators):
            return int(name)
        raise ArchitectureError(
            f"{where}: operator id {name[:20]} is out of range, expected 0 to {len(operators) - 1}"
        )
    error = unknown_name("operator", name[:60], operators)
    raise type(error)(f"{where}: {error}")
