"""What predictors learn from, made once for each batch: feature rows, tables of layers."""

from __future__ import annotations

from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt

from archcost.encodings import ArrayEncoding, Batch, Networks, encode
from archcost.encodings.layer_table import LayerTable, layer_table

ENCODINGS: dict[str, tuple[ArrayEncoding, ...]] = {
    "nasbench201": ("runtime",),
    "fbnet": ("onehot", "counts", "structural", "layers"),
}
"""The encodings that make up the rows, by search space; others use the general ones."""
_GENERAL: tuple[ArrayEncoding, ...] = ("structural", "layers")

# The members of an ensemble, and all devices asked in turn, share the rows of one batch.
_last: tuple[ref[Batch], npt.NDArray[np.float32]] | None = None


def feature_rows(batch: Batch) -> npt.NDArray[np.float32]:
    """Rows (n, f) float32 of a batch of one skeleton; read-only."""
    global _last
    last = _last
    if last is not None and last[0]() is batch:
        return last[1]
    space = batch.groups[0].skeleton.space if batch.groups else "nasbench201"
    parts = [encode(batch, name).values for name in ENCODINGS.get(space, _GENERAL)]
    rows: npt.NDArray[np.float32] = np.concatenate(parts, axis=1, dtype=np.float32)
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
