"""Whole columns of architectures as text, read by Arrow; the slow way is for what fails here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archcost.aliases import Ids
from archcost.encodings.matrices import AnyArray
from archcost.encodings.nasbench201 import all_ids, index_by_string
from archcost.encodings.spaces import FBNET, NASBENCH201, Space

if TYPE_CHECKING:
    import pyarrow as pa


def is_arrow(value: object) -> bool:
    """Whether this is a column of Arrow; does not import it."""
    return type(value).__module__ == "pyarrow.lib" and hasattr(value, "dictionary_encode")


def is_text(column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether a column of Arrow holds text, encoded as a dictionary or not."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def from_arrow(column: pa.Array | pa.ChunkedArray) -> list[Any] | AnyArray:
    """A column as an array of numbers or a list; an array of numbers has no missing values."""
    import pyarrow as pa

    if column.null_count == 0 and pa.types.is_primitive(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return list(column.to_pylist())


def read_texts(texts: list[str] | pa.Array | pa.ChunkedArray) -> tuple[Space, Ids] | None:
    """Ids (n, k) of canonical strings of one space, at least one; None if any is none."""
    import pyarrow as pa

    column = pa.array(texts, pa.string()) if isinstance(texts, list) else texts
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if column.null_count or not len(column):
        return None
    if pa.types.is_dictionary(column.type):
        return _read_distinct(column)
    if "~" in column[0].as_py():
        return _read_distinct(column.dictionary_encode())
    return _read_chains(column)


def _read_distinct(column: pa.DictionaryArray) -> tuple[Space, Ids] | None:
    """Each different text once."""
    words = column.dictionary.to_pylist()
    numbers = column.indices.to_numpy()
    if "~" not in str(words[0]):
        found = _read_chains(column.dictionary)
        return None if found is None else (found[0], found[1][numbers])
    table = index_by_string()
    cells = np.array([table.get(word, -1) for word in words], dtype=np.int64)
    if (cells < 0).any():
        return None
    return NASBENCH201, all_ids()[cells[numbers]]


def _read_chains(column: pa.Array) -> tuple[Space, Ids] | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = pc.split_pattern(column, "|")
    if not pc.all(pc.equal(pc.list_value_length(parts), FBNET.length)).as_py():
        return None
    names = pa.array(FBNET.operators, parts.type.value_type)
    ids = pc.index_in(parts.flatten(), value_set=names)
    if ids.null_count:
        return None
    return FBNET, ids.to_numpy().astype(np.int8).reshape(-1, FBNET.length)
