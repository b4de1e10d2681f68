"""Costs that are sums: over operators, over blocks of a look-up table, or a ratio of two sums.

HW-NAS-Bench's Eyeriss and FPGA costs of NAS-Bench-201 are exact sums over the six operators,
its arithmetic intensity is the ratio of two such sums (operations over bytes), and all its FBNet
costs are sums over a look-up table. Sums in floating point come out unequal for equal costs; they
are rounded to 12 significant digits so that equal costs are predicted exactly equal.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch, Group, encode, key_table, parse
from archcost.errors import UnsupportedError
from archcost.predictors.base import Predictor, level_off, one_skeleton, positive_costs
from archcost.predictors.ground import GROUND, Ground

_DIGITS = 12
# Where sums level off that noise has made negative for some networks; a share of what they reach.
# Of the exact ones that ship, none goes below three times as much.
_LEAST = 0.01


def round_significant(values: Floats, digits: int = _DIGITS) -> Floats:
    """Round to so many significant decimal digits."""
    magnitude = np.floor(np.log10(np.maximum(np.abs(values), np.finfo(np.float64).tiny)))
    # The scale overflows for values next to nothing, which stay as they are: the FPGA's table says
    # that networks which skip every block cost 0.
    with np.errstate(over="ignore", invalid="ignore"):
        scale = 10.0 ** (digits - 1 - magnitude)
        rounded: Floats = np.where(np.isfinite(scale), np.round(values * scale) / scale, values)
    return rounded


class AdditivePredictor(Predictor):
    """A constant plus a cost for each operator, wherever it stands; or a ratio of two such sums.

    Args:
        ratio: fit ``(a · counts) / (1 + b · counts)`` instead of ``a · counts``: for arithmetic
            intensity, operations over bytes.
    """

    kind = "additive"

    def __init__(self, ratio: bool = False) -> None:
        self.ratio = ratio

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`."""
        batch = parse(archs)
        one_skeleton(batch, "an additive model")
        costs = positive_costs(measured, len(batch))
        design = _design(batch)
        if self.ratio:
            # a·x - y (b·x) = y with b's constant 1: linear in (a, b).
            equations = np.concatenate([design, -costs[:, None] * design[:, 1:]], axis=1)
            found = _least_squares(equations, costs)
            width = design.shape[1]
            self.numerator_ = _snap(found[:width])
            self.denominator_ = _snap(np.concatenate([[1.0], found[width:]]))
        else:
            self.numerator_ = _snap(_least_squares(design, costs))
            self.denominator_ = np.zeros(0)
        self.ground_ = Ground.of(batch)
        return self

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        batch = self._asked(archs)
        if not len(batch):
            return np.zeros(0)
        design, length = _design(batch), batch.groups[0].ids.shape[1]
        values = _positive_sums(design, self.numerator_, length)
        if len(self.denominator_):
            values /= _positive_sums(design, self.denominator_, length)
        return round_significant(values)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`."""
        sums = {"numerator": self.numerator_, "denominator": self.denominator_}
        return {GROUND: self.ground_.array(), **sums}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        model = cls(ratio=bool(len(state["denominator"])))
        model.numerator_, model.denominator_ = state["numerator"], state["denominator"]
        model.ground_ = Ground.from_array(state[GROUND])
        return model


def _design(batch: Batch) -> Floats:
    """A constant and the counts of the operators but the first: the counts add up to a constant."""
    counts = encode(batch, "counts").values.astype(np.float64)
    counts[:, 0] = 1.0
    return counts


def _positive_sums(design: Floats, coefficients: Floats, length: int) -> Floats:
    """The sums (n,) of networks of so many operators; costs are positive, so these are too."""
    reached = abs(coefficients[0]) + length * np.abs(coefficients[1:]).max(initial=0.0)
    return level_off(design @ coefficients, _LEAST * float(reached))


def _least_squares(design: Floats, costs: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(design, costs, rcond=None)[0], dtype=np.float64)


def _snap(coefficients: Floats) -> Floats:
    """Make coefficients equal that differ by the precision of the table only.

    Tables hold at least seven digits. Two operators whose costs differ by less than 1e-6 of the
    largest cost the same, and a cost below that is zero: so equal costs are predicted equal.
    """
    limit = 1e-6 * np.abs(coefficients[1:]).max(initial=0.0)
    snapped = coefficients.copy()
    snapped[1:][np.abs(coefficients[1:]) < limit] = 0.0
    order = 1 + np.argsort(snapped[1:])
    for before, after in pairwise(order):
        if snapped[after] - snapped[before] < limit:
            snapped[after] = snapped[before]
    return snapped


class LookupPredictor(Predictor):
    """FBNet costs as HW-NAS-Bench defines them: the sum over a look-up table of blocks.

    `fit` is not for it: the table is the model. Exact for each of the 9^22 networks.

    Args:
        table: look-up key to cost, for all keys of the skeleton.
    """

    kind = "additive"

    def __init__(self, table: dict[str, float]) -> None:
        self.table = table

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`.

        Raises:
            UnsupportedError: a block that the table does not price.
        """
        batch = parse(archs, space="fbnet")
        values = np.zeros(len(batch))
        for group in batch.groups:
            values[group.positions] = self._sums(group)
        return round_significant(values)

    def _sums(self, group: Group) -> Floats:
        keys = key_table(group.skeleton)
        missing = {
            key
            for key in (keys.stem, *keys.tail, *(key for row in keys.blocks for key in row))
            if key not in self.table
        }
        if missing:
            raise UnsupportedError(
                f"the look-up table has no cost for {len(missing)} blocks of "
                f"{group.skeleton.space}/{group.skeleton.dataset}, such as {min(missing)}"
            )
        costs = np.array([[self.table[key] for key in row] for row in keys.blocks])
        fixed = sum(self.table[key] for key in (keys.stem, *keys.tail))
        total: Floats = fixed + costs[np.arange(len(costs)), group.ids].sum(axis=1)
        return total

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`; the keys travel as bytes."""
        keys = "\n".join(self.table).encode()
        return {
            "keys": np.frombuffer(keys, dtype=np.uint8),
            "costs": np.array(list(self.table.values()), dtype=np.float64),
        }

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        keys = state["keys"].tobytes().decode().split("\n")
        return cls(dict(zip(keys, state["costs"].tolist(), strict=True)))
