"""Features of architectures for transfer, and the blocks of them that kernels are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import (
    FBNET_OPERATORS,
    NASBENCH201_OPERATORS,
    SPACES,
    ArrayEncoding,
    Batch,
    all_ids,
    encode,
    skeleton,
)
from archcost.encodings.layer_features import QUANTITIES, operator_sums
from archcost.encodings.places import block_places
from archcost.errors import UnsupportedError
from archcost.predictors.rows import feature_rows, kept

Features = npt.NDArray[np.float32]

BASE = {"nasbench201": "cifar10", "fbnet": "cifar100"}
"""The data set on which a space's source devices were measured, and features are computed."""
_ENCODINGS: dict[str, tuple[ArrayEncoding, ...]] = {
    "nasbench201": ("runtime", "structural", "onnxruntime"),
    "fbnet": ("onehot", "counts", "structural", "layers"),
}
FEATURES = 3
"""Version of these features and of their blocks, raised with every change of theirs."""
# Weight of the rate that all operators share against that of their own; chosen, as the rest, by how
# well source devices that were left out are ranked.
_COMMON_RATE = 3.0
_VIEWS = ("all", "reach", "tflite", "live")
_POOL = 3000
_SINGULAR = 1e-6


@lru_cache(maxsize=4)
def pool(space: str) -> Batch:
    """Architectures that stand for a space: 3,000 drawn at random, always the same."""
    rng = np.random.default_rng(0)
    if space == "nasbench201":
        ids = all_ids()[rng.choice(len(all_ids()), _POOL, replace=False)]
    else:
        ids = rng.integers(0, 9, size=(_POOL, 22)).astype(np.int8)
    return Batch.from_ids(skeleton(space, BASE[space]), ids)


@kept
def raw_features(batch: Batch) -> Features:
    """Rows (n, f) of a batch of one space, on the space's base data set.

    Raises:
        UnsupportedError: a space without source devices.
    """
    group = batch.groups[0]
    space = group.skeleton.space
    if space not in BASE:
        raise UnsupportedError(
            f"transfer works in {' and '.join(BASE)}, where devices were measured; not in {space}"
        )
    base = skeleton(space, BASE[space])
    if group.skeleton != base:
        batch = Batch.from_ids(base, group.ids)
    # What trees learn from, made once for both: all of FBNet's encodings, the first of the others.
    rows = feature_rows(batch)
    if space == "fbnet":
        return rows
    return np.hstack([rows, *(encode(batch, name).values for name in _ENCODINGS[space][1:])])


@lru_cache(maxsize=len(BASE))
def _columns(space: str) -> tuple[str, ...]:
    """Names (f) of the columns of `raw_features`."""
    one = np.zeros((1, SPACES[space].length), dtype=np.int8)
    batch = Batch.from_ids(skeleton(space, BASE[space]), one)
    parts = [encode(batch, name) for name in _ENCODINGS[space]]
    return tuple(f"{part.name}|{column}" for part in parts for column in part.columns)


def standardise(values: npt.NDArray[np.floating], mean: Floats, deviation: Floats) -> Floats:
    """Features (n, f) with zero mean and unit variance; those whose deviation is 0 are 0."""
    safe = np.where(deviation > 0, deviation, 1.0)
    return np.where(deviation > 0, (values - mean) / safe, 0.0)


class Block(NamedTuple):
    """Features that make one linear kernel.

    Attributes:
        columns: (f_b,) their positions.
        unit: whether each gets unit variance; else they keep their own.
        operators: in how many columns, one an operator, each place of the network is written down;
            0: columns are no operators.
    """

    columns: tuple[int, ...]
    unit: bool = False
    operators: int = 0


@lru_cache(maxsize=len(BASE))
def blocks(space: str) -> dict[str, Block]:
    """The blocks of a space by name."""
    columns = _columns(space)
    split = [(*column.split("|", 1),) for column in columns]
    found: dict[str, Block] = {}
    if space == "nasbench201":
        # An edge without an operator has no column.
        operators = len(NASBENCH201_OPERATORS) - 1
        for view in _VIEWS:
            here = [
                (i, name.split(":", 1)[1])
                for i, (encoding, name) in enumerate(split)
                if encoding == "runtime" and name.startswith(f"{view}:")
            ]
            edges = [i for i, key in here if key.startswith("edge")]
            counts = [i for i, key in here if key.startswith("count:")]
            used = {*edges, *counts} | {i for i, key in here if key == "additions"}
            found[f"{view}.count"] = Block((*counts,), operators=operators)
            found[f"{view}.edges"] = Block((*edges,), operators=operators)
            if view == "live":
                # Runtimes that run branches side by side cost as long as the longest path, those
                # that join convolutions of one input as many as are left.
                for part, words in (("path", ("path:",)), ("joint", ("siblings", "relus"))):
                    chosen = [i for i, key in here if key.startswith(words)]
                    found[f"{view}.{part}"] = Block((*chosen,), unit=True)
                    used |= {*chosen}
            rest = [i for i, _ in here if i not in used]
            found[f"{view}.rest"] = Block((*rest,), unit=True)
        executed = [i for i, (encoding, _) in enumerate(split) if encoding == "onnxruntime"]
        found["onnxruntime"] = Block((*executed,))
        return found

    def where(encoding: str, total: bool | None = None) -> list[int]:
        return [
            i
            for i, (name, column) in enumerate(split)
            if name == encoding and total in (None, ":total:" in column)
        ]

    operators = len(FBNET_OPERATORS)
    counts = where("counts")
    overall = [i for i in counts if columns[i].startswith("counts|count:")]
    by_stage = [i for i in counts if i not in overall]
    found["count"] = Block((*overall,), operators=operators)
    found["stage_count"] = Block((*by_stage,), operators=operators)
    found["onehot"] = Block((*where("onehot"),), operators=operators)
    found["struct"] = Block((*where("structural"),), unit=True)
    found["layer_total"] = Block((*where("layers", True),), unit=True)
    found["layer"] = Block((*where("layers", False),), unit=True)
    return found


class Projection(NamedTuple):
    """What the features of a block tell of all features.

    Attributes:
        coefficients: (f_b, f) of the sum over the block that is nearest to each feature (least
            squares over the space); they map the weights of a function of features to those of the
            nearest function of the block.
        covariance: (f_b, f_b) over the space.
    """

    coefficients: Floats
    covariance: Floats


@lru_cache(maxsize=len(BASE))
def projections(space: str) -> dict[str, Projection]:
    """Projections on the blocks whose columns are operators."""
    raw = raw_features(pool(space)).astype(np.float64)
    raw -= raw.mean(axis=0)
    found = {}
    for name, block in blocks(space).items():
        if block.operators:
            part = raw[:, block.columns]
            # Columns that add up to a constant: of equal sums, the one with the least coefficients.
            nearest = np.linalg.lstsq(part, raw, rcond=_SINGULAR)[0].astype(np.float64)
            found[name] = Projection(nearest, part.T @ part / len(part))
    return found


@lru_cache(maxsize=1)
def work_by_depth() -> dict[str, Floats]:
    """Kernel block to features (22 x 9, f) of each FBNet operator in each place.

    A block costs its multiply-accumulates or bytes times a rate that changes smoothly with depth
    (Legendre polynomials up to the square): one rate for all operators, and for each a smaller
    difference from it.
    """
    places = block_places(skeleton("fbnet", BASE["fbnet"]))
    sums = np.array([[operator_sums(o, place, True) for o in FBNET_OPERATORS] for place in places])
    depth = np.linspace(-1, 1, len(sums))
    shapes = np.column_stack([np.ones(len(sums)), depth, 1.5 * depth**2 - 0.5])
    found = {}
    for name, quantity in (("depth.macs", "macs"), ("depth.bytes", "activation_bytes")):
        size = sums[:, :, QUANTITIES.index(quantity)]
        common = size[:, :, None] * shapes[:, None]
        own = common[:, :, None] * np.eye(len(FBNET_OPERATORS))[:, :, None]
        effects = np.concatenate([own.reshape(*size.shape, -1), _COMMON_RATE * common], axis=2)
        varied = effects - effects.mean(axis=1, keepdims=True)
        scale = np.sqrt((varied**2).sum() / size.shape[1])
        found[name] = effects.reshape(size.size, -1) / scale
    return found
