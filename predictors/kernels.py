"""Kernels between architectures: how alike two networks' costs are before anything is measured.

A prior covariance is a weighted sum of blocks. Most blocks are linear in features: operator
counts, single edges and the rest of the encoding "runtime" in each of its four views, what ONNX
Runtime executes beside convolutions (or, for FBNet, counts, single blocks, layer sums and work by
depth), and the costs of source devices, which enter as linear functions of those features: their
mean, all of them, the one that the new device is most like, and the new device itself where it is
carried over from another space. A few are squares of such blocks: interactions of pairs. Blocks are
centred and have unit mean variance over the space, so that weights compare.

Where columns are operators, their costs are as alike beforehand as they are on the source devices:
what an operator costs of which no cell was measured follows from what others cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch
from archcost.errors import CheckpointError, unknown_name
from archcost.predictors.kernel_features import (
    FEATURES,
    Features,
    blocks,
    projections,
    raw_features,
    standardise,
    work_by_depth,
)

_SQUARED = {
    "nasbench201": ("src", "all.count", "tflite.count"),
    "fbnet": ("src", "struct_total"),
}
SQUARED = "^2"
"""How the names of squared blocks end."""
_UNLIKE = 0.01
_PSEUDO_DEVICES = 2.0


def _inverse(deviation: Floats) -> Floats:
    """Inverse deviations (f,), 0 for features that are constant."""
    return np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)


class _Scaled(NamedTuple):
    """A block whose columns (f_b,) each get a factor (f_b,)."""

    columns: list[int]
    factors: Floats

    def rows(self, standardised: Floats) -> Floats:
        """Rows (n, f_b) of features (n, f)."""
        return standardised[:, self.columns] * self.factors


class _Mixed(NamedTuple):
    """A block whose columns (f_b,) are mixed by a matrix (f_b, f_b)."""

    columns: list[int]
    matrix: Floats

    def rows(self, standardised: Floats) -> Floats:
        """Rows (n, f_b) of features (n, f)."""
        return standardised[:, self.columns] @ self.matrix


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
        cautious: whether operators that cost as on none of the devices are as likely as all
            others, and not rare.
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
    cautious: bool = False

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
    def _blocks(self) -> dict[str, _Scaled | _Mixed]:
        """Block name to how its rows are made."""
        found: dict[str, _Scaled | _Mixed] = {}
        for name, (columns, unit, operators) in blocks(self.space).items():
            used = [i for i in columns if self.deviation[i] > 0]
            factors = np.ones(len(used)) if unit else self.deviation[used]
            if operators and self.names:
                found[name] = _Mixed(used, factors[:, None] * self._alike(name, operators))
            else:
                found[name] = _Scaled(used, factors / np.sqrt((factors**2).sum()))
        return found

    def _alike(self, name: str, operators: int) -> Floats:
        """Root (f_b, f_b) of the prior covariance of a block's coefficients.

        Each place of the network has the second moments of coefficients that operators show on
        source devices and in all places; some more devices have independent ones.
        """
        coefficients, covariance = projections(self.space)[name]
        slopes = self.weights[1:] * _inverse(self.deviation)[:, None] / self.spread
        shown = (coefficients @ slopes).reshape(-1, operators, len(self.names))
        moments = np.einsum("pid,pjd->ij", shown, shown)
        moments *= len(self.names) * operators / np.trace(moments)
        moments += (len(self.names) if self.cautious else _PSEUDO_DEVICES) * np.eye(operators)
        root = np.kron(np.eye(len(shown)), np.linalg.cholesky(moments))
        return root / np.sqrt((covariance @ root * root).sum())

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
        for name, block in self._blocks.items():
            rows[name] = block.rows(standardised)
        if self.space == "fbnet":
            # Sums of expansion, kernel, groups and skips over the network.
            parts = rows["struct"].reshape(len(standardised), 4, -1).sum(axis=2)
            rows["struct_total"] = parts
            columns = [*blocks(self.space)["onehot"].columns]
            operators = standardised[:, columns] * self.deviation[columns]
            for name, effects in work_by_depth().items():
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
        return self.rows(np.diag(_inverse(self.deviation)))

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
        return cls(
            space, tuple(names), **arrays, likeness=likeness, carried=carried, cautious=False
        )
