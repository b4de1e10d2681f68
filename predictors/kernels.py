"""Kernels between architectures: how alike two networks' costs are before anything is measured.

A prior covariance is a weighted sum of blocks. Most blocks are linear in features: operator
counts, single edges and the rest of the encoding "runtime" in each of its four views, what ONNX
Runtime executes beside convolutions (or, for FBNet, counts, single blocks, layer sums and work by
depth), and the costs of source devices, which enter as linear functions of those features: their
mean, all of them, the one that the new device is most like, and the new device itself where it is
carried over from another space. A few are squares of such blocks: interactions of pairs. Blocks are
centred and have unit mean variance over the space, so that weights compare.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.encodings import FBNET_OPERATORS, SPACES, ArrayEncoding, Batch, encode, skeleton
from archcost.encodings.layer_features import QUANTITIES, operator_sums
from archcost.encodings.places import block_places
from archcost.errors import CheckpointError, UnsupportedError, unknown_name
from archcost.predictors.rows import feature_rows, kept

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

BASE = {"nasbench201": "cifar10", "fbnet": "cifar100"}
"""The data set on which a space's source devices were measured, and features are computed."""
_ENCODINGS: dict[str, tuple[ArrayEncoding, ...]] = {
    "nasbench201": ("runtime", "structural", "onnxruntime"),
    "fbnet": ("onehot", "counts", "structural", "layers"),
}
FEATURES = 2
"""Version of these features, raised with every change of theirs."""
_SQUARED = {
    "nasbench201": ("src", "all.count", "tflite.count"),
    "fbnet": ("src", "struct_total"),
}
SQUARED = "^2"
"""How the names of squared blocks end."""
# Weight of the rate that all operators share against that of their own; chosen, as the rest, by how
# well source devices that were left out are ranked.
_COMMON_RATE = 3.0
_VIEWS = ("all", "reach", "tflite", "live")
_UNLIKE = 0.01


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


def _block_columns(space: str) -> dict[str, tuple[list[int], bool]]:
    """Block name to positions of its columns, and whether each column gets unit variance."""
    columns = _columns(space)
    split = [(*column.split("|", 1),) for column in columns]
    found: dict[str, tuple[list[int], bool]] = {}
    if space == "nasbench201":
        for view in _VIEWS:
            here = [
                (i, name.split(":", 1)[1])
                for i, (encoding, name) in enumerate(split)
                if encoding == "runtime" and name.startswith(f"{view}:")
            ]
            edges = [i for i, key in here if key.startswith("edge")]
            counts = [i for i, key in here if key.startswith("count:")]
            used = {*edges, *counts} | {i for i, key in here if key == "additions"}
            found[f"{view}.count"] = counts, False
            found[f"{view}.edges"] = edges, False
            if view == "live":
                # Runtimes that run branches side by side cost as long as the longest path, those
                # that join convolutions of one input as many as are left.
                for part, words in (("path", ("path:",)), ("joint", ("siblings", "relus"))):
                    chosen = [i for i, key in here if key.startswith(words)]
                    found[f"{view}.{part}"] = chosen, True
                    used |= {*chosen}
            found[f"{view}.rest"] = [i for i, _ in here if i not in used], True
        executed = [i for i, (encoding, _) in enumerate(split) if encoding == "onnxruntime"]
        found["onnxruntime"] = executed, False
        return found

    def where(encoding: str, total: bool | None = None) -> list[int]:
        return [
            i
            for i, (name, column) in enumerate(split)
            if name == encoding and total in (None, ":total:" in column)
        ]

    counts = where("counts")
    overall = [i for i in counts if columns[i].startswith("counts|count:")]
    found["count"] = overall, False
    found["stage_count"] = [i for i in counts if i not in overall], False
    found["onehot"] = where("onehot"), False
    found["struct"] = where("structural"), True
    found["layer_total"] = where("layers", True), True
    found["layer"] = where("layers", False), True
    return found


@lru_cache(maxsize=1)
def _work_by_depth() -> dict[str, Floats]:
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


@dataclass(frozen=True, eq=False)
class KernelSum:
    """A weighted sum of kernels with fixed architectures, as a function of raw features.

    Linear kernels add up to one linear function, a squared one is a quadratic form in its block:
    the time does not grow with the number of architectures, as that of the kernels does.

    Attributes:
        matrix: (f, 1 + p) the linear function, then the blocks that are squared.
        offset: (1 + p,) what is added.
        forms: of each squared block, (p_b, p_b).
    """

    matrix: Floats
    offset: Floats
    forms: tuple[Floats, ...]

    def __call__(self, raw: Features) -> Floats:
        """Values (n,) at raw features (n, f)."""
        projected = raw @ self.matrix + self.offset
        values: Floats = projected[:, 0]
        start = 1
        for form in self.forms:
            part = projected[:, start : start + len(form)]
            values = values + ((part @ form) * part).sum(axis=1)
            start += len(form)
        return values


@dataclass(frozen=True, eq=False)
class SourceDevices:
    """Devices of one space that were measured well, as functions of features.

    Attributes:
        space: of their architectures.
        names: d device ids.
        mean: (f,) of each feature over the space.
        deviation: (f,) standard deviation over the space; 0: the feature is constant.
        weights: (f + 1, d) cost in ms: a constant, then weights of standardised features.
        correlation: (d, d) of the devices' functions over the space.
        spread: (d,) standard deviation of each function over the space, in ms.
        residuals: (d, q) quantiles of measured minus function, in ms, evenly spaced.
        likeness: (d,) probabilities that a new device is most like each; None: equal.
        carried: whether the last one is the new device itself, carried over from another space.
    """

    space: str
    names: tuple[str, ...]
    mean: Floats
    deviation: Floats
    weights: Floats
    correlation: Floats
    spread: Floats
    residuals: Floats
    likeness: Floats | None = None
    carried: bool = False

    def only(self, names: list[str] | tuple[str, ...]) -> Self:
        """The same with these devices alone, in this order.

        Raises:
            UnknownNameError: no such source device.
        """
        for name in names:
            if name not in self.names:
                raise unknown_name("source device", name, self.names)
        return self.at([self.names.index(name) for name in names])

    def without(self, position: int) -> Self:
        """The same without one device."""
        return self.at([i for i in range(len(self.names)) if i != position])

    def at(self, chosen: list[int]) -> Self:
        """The same with the devices at these positions alone; none is a carried one then."""
        return type(self)(
            self.space,
            tuple(self.names[i] for i in chosen),
            self.mean,
            self.deviation,
            self.weights[:, chosen],
            self.correlation[np.ix_(chosen, chosen)],
            self.spread[chosen],
            self.residuals[chosen],
        )

    def compared(self, standardised: Floats, costs: Floats) -> Self:
        """The same, with how likely each device is the one that a new device is most like.

        Each explains the new costs up to level, scale and noise; all are as likely beforehand (the
        new device itself, carried over, as likely as all others together), and no device is
        expected to explain more than all but a hundredth of the variance.

        Args:
            standardised: features (n, f) of the architectures that were measured.
            costs: (n,) on the new device.
        """
        theirs = standardised @ self.weights[1:]
        theirs = theirs - theirs.mean(axis=0)
        new = costs - costs.mean()
        size = np.sqrt((theirs**2).sum(axis=0) * (new @ new))
        correlation = np.maximum(new @ theirs, 0) / np.maximum(size, 1e-300)
        evidence = -(len(costs) - 1) / 2 * np.log(1 - correlation**2 + _UNLIKE)
        if self.carried:
            evidence[-1] += np.log(max(len(evidence) - 1, 1))
        share = np.exp(evidence - evidence.max(initial=-np.inf))
        return replace(self, likeness=share / share.sum())

    def standardised(self, batch: Batch) -> Floats:
        """Features (n, f) with zero mean and unit variance over the space; constants are 0."""
        return standardise(raw_features(batch), self.mean, self.deviation)

    def costs(self, standardised: Floats) -> Floats:
        """Costs (n, d) in ms of architectures with these standardised features (n, f)."""
        return self.weights[0] + standardised @ self.weights[1:]

    @cached_property
    def _blocks(self) -> dict[str, tuple[list[int], Floats]]:
        """Block name to columns and the factors of the standardised columns."""
        found = {}
        for name, (columns, unit) in _block_columns(self.space).items():
            used = [i for i in columns if self.deviation[i] > 0]
            factors = np.ones(len(used)) if unit else self.deviation[used]
            found[name] = used, factors / np.sqrt((factors**2).sum())
        return found

    def rows(self, standardised: Floats) -> dict[str, Floats]:
        """Each linear block's rows (n, f_b): the block's kernel is their inner product."""
        rows = {}
        if self.names:
            functions = standardised @ (self.weights[1:] / self.spread)
            mean = functions.mean(axis=1)
            variance = self.correlation.mean()
            shared = self.correlation.mean(axis=1) / variance
            rest = functions - mean[:, None] * shared
            rest_variance = np.trace(self.correlation) - variance * (shared**2).sum()
            rows["src.mean"] = mean[:, None] / np.sqrt(max(variance, 1e-9))
            rows["src"] = functions / np.sqrt(len(self.names))
            rows["src.dev"] = rest / np.sqrt(max(rest_variance, 1e-9))
            share = 1 / len(self.names) if self.likeness is None else self.likeness
            rows["src.likest"] = functions * np.sqrt(share)
            if self.carried:
                rows["src.carried"] = functions[:, -1:]
        for name, (columns, factors) in self._blocks.items():
            rows[name] = standardised[:, columns] * factors
        if self.space == "fbnet":
            # Sums of expansion, kernel, groups and skips over the network.
            parts = rows["struct"].reshape(len(standardised), 4, -1).sum(axis=2)
            rows["struct_total"] = parts
            columns, _ = self._blocks["onehot"]
            operators = standardised[:, columns] * self.deviation[columns]
            for name, effects in _work_by_depth().items():
                rows[name] = operators @ effects
        return rows

    @property
    def squared(self) -> tuple[str, ...]:
        """Linear blocks whose squared kernels are blocks too."""
        return tuple(name for name in _SQUARED[self.space] if self.names or name != "src")

    @cached_property
    def block_names(self) -> tuple[str, ...]:
        """The blocks in the order of `kernels`."""
        rows = self.rows(np.zeros((1, len(self.mean))))
        return (*rows, *(name + SQUARED for name in self.squared))

    def kernels(self, left: dict[str, Floats], right: dict[str, Floats]) -> Floats:
        """Kernels (b, n, m) of all blocks between rows of n and of m architectures."""
        linear = {name: rows @ right[name].T for name, rows in left.items()}
        squares = [linear[name] ** 2 / 2 for name in self.squared]
        return np.array([*linear.values(), *squares])

    def variances(self, rows: dict[str, Floats]) -> Floats:
        """Prior variances (b, n): the kernels of architectures with themselves."""
        linear = {name: (values**2).sum(axis=1) for name, values in rows.items()}
        squares = [linear[name] ** 2 / 2 for name in self.squared]
        return np.array([*linear.values(), *squares])

    @cached_property
    def _basis(self) -> dict[str, Floats]:
        """Of each linear block, rows (f, f_b) of the unit vectors of raw features."""
        slopes = np.where(
            self.deviation > 0, 1 / np.where(self.deviation > 0, self.deviation, 1), 0
        )
        return self.rows(np.diag(slopes))

    def kernel_sum(self, weights: Floats, rows: dict[str, Floats], constant: float) -> KernelSum:
        """A weighted sum of kernels with m architectures, as a function of raw features.

        Args:
            weights: (b, m) of each block's kernel with each architecture.
            rows: of the architectures, see `rows`.
            constant: to add.
        """
        of_block = dict(zip(self.block_names, weights, strict=True))
        linear = sum(self._basis[name] @ (of_block[name] @ part) for name, part in rows.items())
        columns, forms = [linear[:, None]], []
        for name in self.squared:
            part = rows[name]
            columns.append(self._basis[name])
            forms.append((part.T * of_block[name + SQUARED]) @ part / 2)
        matrix = np.hstack(columns)
        offset = -self.mean @ matrix
        offset[0] += constant
        return KernelSum(matrix, offset, tuple(forms))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as named arrays, names joined by newlines as bytes."""
        text = "\n".join((self.space, *self.names)).encode()
        return {
            "source.features": np.array([FEATURES]),
            "source.names": np.frombuffer(text, dtype=np.uint8),
            "source.mean": self.mean,
            "source.deviation": self.deviation,
            "source.weights": self.weights.astype(np.float32),
            "source.correlation": self.correlation,
            "source.spread": self.spread,
            "source.residuals": self.residuals.astype(np.float32),
            "source.carried": np.array([self.carried]),
            **({} if self.likeness is None else {"source.likeness": self.likeness}),
        }

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """The devices of which `state` gave this.

        Raises:
            CheckpointError: it was made with other features.
        """
        if state.get("source.features", np.zeros(1)).tolist() != [FEATURES]:
            raise CheckpointError("made with another version of archcost; adapt the device again")
        space, *names = state["source.names"].tobytes().decode().split("\n")
        keys = ("mean", "deviation", "weights", "correlation", "spread", "residuals")
        arrays = {key: state[f"source.{key}"].astype(np.float64) for key in keys}
        likeness = state.get("source.likeness")
        carried = bool(state.get("source.carried", np.zeros(1)).any())
        return cls(space, tuple(names), **arrays, likeness=likeness, carried=carried)
