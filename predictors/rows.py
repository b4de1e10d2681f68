"""What predictors learn from, made once for each batch: feature rows, tables of layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt

from archcost.encodings import ArrayEncoding, Batch, Networks, encode
from archcost.encodings.chain_rows import chain_rows
from archcost.encodings.layer_table import LayerTable, layer_table

_GENERAL: tuple[ArrayEncoding, ...] = ("structural", "layers")
"""The encodings that make up the rows of cells outside the known spaces."""

_Made = TypeVar("_Made")


def kept(make: Callable[[Batch], _Made]) -> Callable[[Batch], _Made]:
    """A function that keeps what it made of the last batch as long as there is that batch.

    The members of an ensemble, and all devices asked in turn, need the same of one batch.
    """
    last: tuple[ref[Batch], _Made] | None = None

    def forget(gone: ref[Batch]) -> None:
        nonlocal last
        if last is not None and last[0] is gone:
            last = None

    @wraps(make)
    def made(batch: Batch) -> _Made:
        nonlocal last
        known = last
        if known is None or known[0]() is not batch:
            known = last = ref(batch, forget), make(batch)
        return known[1]

    return made


@kept
def feature_rows(batch: Batch) -> npt.NDArray[np.float32]:
    """Rows (n, f) float32 of a batch of one skeleton; read-only."""
    space = batch.groups[0].skeleton.space if batch.groups else "nasbench201"
    rows: npt.NDArray[np.float32]
    if space == "fbnet":
        rows = chain_rows(batch.groups[0])
    elif space == "nasbench201":
        rows = encode(batch, "runtime").values.astype(np.float32, copy=False)
    else:
        parts = [encode(batch, name).values for name in _GENERAL]
        rows = np.concatenate(parts, axis=1, dtype=np.float32)
    rows.flags.writeable = False
    return rows


_tables: WeakKeyDictionary[Networks, LayerTable] = WeakKeyDictionary()


def layers_of(networks: Networks) -> LayerTable:
    """The layers of these networks, made once for all devices that are asked in turn."""
    found = _tables.get(networks)
    if found is None:
        found = _tables[networks] = layer_table(list(networks))
    return found
