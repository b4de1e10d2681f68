"""What predictors learn from, made once for each batch: feature rows, tables of layers."""

from __future__ import annotations

from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt

from archcost.encodings import ArrayEncoding, Batch, Networks, encode
from archcost.encodings.chain_rows import chain_rows
from archcost.encodings.layer_table import LayerTable, layer_table

_GENERAL: tuple[ArrayEncoding, ...] = ("structural", "layers")
"""The encodings that make up the rows of cells outside the known spaces."""

# The members of an ensemble, and all devices asked in turn, share the rows of one batch.
_last: tuple[ref[Batch], npt.NDArray[np.float32]] | None = None


def feature_rows(batch: Batch) -> npt.NDArray[np.float32]:
    """Rows (n, f) float32 of a batch of one skeleton; read-only."""
    global _last
    last = _last
    if last is not None and last[0]() is batch:
        return last[1]
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
    _last = (ref(batch), rows)
    return rows


_tables: WeakKeyDictionary[Networks, LayerTable] = WeakKeyDictionary()


def layers_of(networks: Networks) -> LayerTable:
    """The layers of these networks, made once for all devices that are asked in turn."""
    found = _tables.get(networks)
    if found is None:
        found = _tables[networks] = layer_table(list(networks))
    return found
