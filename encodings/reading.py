"""Reading a single architecture in any accepted form."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from archcost.aliases import Ids
from archcost.encodings.architecture import Architecture, Skeleton
from archcost.encodings.matrices import (
    AnyArray,
    ids_from_operator_matrix,
    ids_from_pair,
    ids_from_rows,
    whole_numbers,
)
from archcost.encodings.nasbench201 import CELLS, all_ids
from archcost.encodings.spaces import FBNET, NASBENCH201, SPACES, Space, find_dataset, find_space
from archcost.encodings.text import CELL_EXAMPLE, read_chain, read_fixed_cell, read_names, shown
from archcost.errors import ArchitectureError, UnknownNameError, unknown_name

ONE_HOT_SHAPES = {(6, 5): NASBENCH201, (22, 9): FBNET}

_FORMS = (
    f"a NAS-Bench-201 string such as {CELL_EXAMPLE!r}, its index 0 to {CELLS - 1}, six of its "
    "operators, or FBNet's 22 operators such as 'k3_e1|k5_e6|...'"
)
_SEVERAL = r"\s*[0-9]+(\s*,\s*[0-9]+)+\s*"


def _has_dataset(space: Space, dataset: str) -> bool:
    try:
        find_dataset(space, dataset)
    except UnknownNameError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads architectures under what the caller demands of space and data set.

    Attributes:
        space: that all architectures must have; None: any.
        dataset: as the caller wrote it; None: the default of the space.
    """

    space: Space | None
    dataset: str | None

    @classmethod
    def of(cls, space: str | None, dataset: str | None) -> Reader:
        """Check the names.

        Raises:
            UnknownNameError: no such space, or no data set of this name in the space or in any.
        """
        found = None if space is None else find_space(space)
        if dataset is not None and found is not None:
            find_dataset(found, dataset)
        elif dataset is not None and not any(_has_dataset(s, dataset) for s in SPACES.values()):
            known = {name for candidate in SPACES.values() for name in candidate.skeletons}
            raise unknown_name("data set", dataset, known)
        return cls(found, dataset)

    def skeleton(self, space: Space) -> Skeleton:
        """The skeleton that architectures of this space get.

        Raises:
            ArchitectureError: another space is demanded.
            UnknownNameError: this space has no such data set.
        """
        if self.space is not None and space is not self.space:
            raise ArchitectureError(f"an architecture of {space.name}, expected {self.space.name}")
        return space.skeletons[find_dataset(space, self.dataset)]

    def check(self, skeleton: Skeleton) -> None:
        """Refuse an architecture whose own skeleton is not what is demanded.

        Raises:
            ArchitectureError: another space or data set than demanded.
        """
        if self.space is not None and skeleton.space != self.space.name:
            raise ArchitectureError(
                f"an architecture of space {skeleton.space!r}, expected {self.space.name!r}"
            )
        if self.dataset is None:
            return
        space = SPACES.get(skeleton.space)
        wanted = find_dataset(space, self.dataset) if space else self.dataset
        if skeleton.dataset != wanted:
            raise ArchitectureError(
                f"an architecture with the skeleton of {skeleton.dataset!r}, expected {wanted!r}"
            )

    def read(
        self, element: object, encoding: str | None = None
    ) -> tuple[Skeleton, Ids] | Architecture:
        """One architecture: skeleton and ids (k,) in a known space, itself in others.

        Raises:
            ArchitectureError: no form of an architecture, malformed, or out of range.
            UnknownNameError: an operator outside the vocabulary.
        """
        if isinstance(element, Architecture):
            self.check(element.skeleton)
            space = SPACES.get(element.skeleton.space)
            if space is None:
                return element
            return element.skeleton, _ids(read_names(element.operators, space.operators))
        if isinstance(element, str):
            space, ids = self._read_text(element)
        elif isinstance(element, list | tuple) or np.ndim(_quiet_array(element)) > 0:
            space, ids = self._read_array(element, encoding)
        elif isinstance(element, int | float | np.integer | np.floating) and not isinstance(
            element, bool
        ):
            space, ids = self._read_index(element)
        else:
            what = "a missing value" if element is None else f"{shown(element)} is no architecture"
            raise ArchitectureError(f"{what}; expected {_FORMS}")
        return self.skeleton(space), ids

    def is_bit_row(self, numbers: list[float]) -> bool:
        """Whether numbers are one row of "onehot" or "adjacency": indices hardly ever are."""
        if len(numbers) < 30 or not set(numbers) <= {0, 1}:
            return False
        try:
            ids_from_rows(np.array([numbers]), self.space, None)
        except ArchitectureError:
            return False
        return True

    def _read_index(self, index: float | np.integer | np.floating) -> tuple[Space, Ids]:
        if self.space is FBNET:
            raise ArchitectureError("FBNet networks have no index; expected 22 operators")
        if index != index:
            raise ArchitectureError(f"a missing value; expected {_FORMS}")
        if not 0 <= index < CELLS or index != int(index):
            raise ArchitectureError(
                f"index {str(index)[:40]} is out of range: whole numbers from 0 to {CELLS - 1}"
            )
        return NASBENCH201, all_ids()[int(index)]

    def _read_text(self, text: str) -> tuple[Space, Ids]:
        if number := re.fullmatch(r"\s*([+-]?[0-9]{1,9})(\.0+)?\s*", text):
            return self._read_index(int(number[1]))
        if re.fullmatch(_SEVERAL, text) and len(text.split(",")) != FBNET.length:
            raise ArchitectureError(
                f"{shown(text)} is one text; write several indices apart, such as 1 2 3 on the "
                "command line, [1, 2, 3] in Python"
            )
        if re.search("[~+]", text) or (self.space is NASBENCH201 and not _is_chain(text)):
            return NASBENCH201, _ids(read_fixed_cell(text, NASBENCH201.operators, nodes=4))
        if self.space is None and len(text.replace(",", " ").replace("|", " ").split()) < 2:
            words = text.strip().split("-")
            if len(words) < 2:
                raise ArchitectureError(f"{shown(text)} is no architecture; expected {_FORMS}")
        return FBNET, _ids(read_chain(text, FBNET.operators, FBNET.length))

    def _read_array(self, element: object, encoding: str | None) -> tuple[Space, Ids]:
        if isinstance(element, list | tuple) and len(element) == 2:
            matrix = _quiet_array(element[0])
            if matrix.shape == (8, 8):
                return NASBENCH201, ids_from_pair(matrix, element[1])
        array = _quiet_array(element)
        if array.dtype.kind not in "biuf":
            names = list(element) if isinstance(element, list | tuple) else array.tolist()
            return self._read_operators(names)
        if array.ndim == 1:
            space, rows = ids_from_rows(array[None, :], self.space, encoding)
            return space, rows[0]
        if array.shape == (4, 4):
            return NASBENCH201, ids_from_operator_matrix(whole_numbers(array))
        if array.shape in ONE_HOT_SHAPES:
            space = ONE_HOT_SHAPES[array.shape]
            return space, ids_from_rows(array.reshape(1, -1), space, "onehot")[1][0]
        raise ArchitectureError(
            f"an array of shape {array.shape} is no architecture; expected a one-hot matrix (6, 5) "
            "or (22, 9), operator ids (4, 4), or the pair (adjacency (8, 8), operators)"
        )

    def _read_operators(self, names: list[object]) -> tuple[Space, Ids]:
        """Six or 22 operators by name (ids may stand among them)."""
        for space in SPACES.values() if self.space is None else (self.space,):
            if len(names) == space.length:
                return space, _ids(read_names(names, space.operators))
        expected = "6 or 22" if self.space is None else str(self.space.length)
        raise ArchitectureError(
            f"{len(names)} operators in {shown(names)}, expected {expected}: an architecture has "
            "six operators in nasbench201, 22 in fbnet"
        )


def _is_chain(text: str) -> bool:
    try:
        read_chain(text, FBNET.operators, FBNET.length)
    except (ArchitectureError, UnknownNameError):
        return False
    return True


def _ids(ids: list[int]) -> Ids:
    return np.array(ids, dtype=np.int8)


def _quiet_array(value: object) -> AnyArray:
    """The value as an array; of objects where it is ragged or NumPy cannot read it."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return np.array([None], dtype=object)
