"""Costs in one search space from those of the same device in another, with no measurement there.

Devices that were measured in both spaces say how the spaces compare: the device's costs in the
space where it is known are written as a mixture of theirs, with no negative part (non-negative
least squares, lightly shrunk, on costs relative to each device's mean). The same mixture of their
costs in the other space is the prediction. It is a linear function of features, as theirs are, so
that it can take part in `archcost.predictors.transfer` as one more source device once there are a
few measurements.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import parse
from archcost.errors import UnsupportedError
from archcost.predictors.base import Predictor, one_skeleton, positive_costs
from archcost.predictors.ground import Ground
from archcost.predictors.hyperprior import Newcomers
from archcost.predictors.kernel_features import BASE, pool
from archcost.predictors.kernels import SourceDevices

# Shrinkage per architecture, in units of the mean cost: the weights of devices that cost alike are
# shared out instead of all going to one.
_SHRINKAGE = 0.05
_FLOOR = 0.1


def in_both(known: SourceDevices, wanted: SourceDevices) -> tuple[SourceDevices, SourceDevices]:
    """The devices that were measured in both spaces, in the same order.

    Raises:
        UnsupportedError: there are none.
    """
    names = [name for name in wanted.names if name in known.names]
    if not names:
        raise UnsupportedError(
            f"no device was measured both in {known.space} and in {wanted.space}; give sources "
            "that were"
        )
    return known.only(names), wanted.only(names)


class CarriedPredictor(Predictor):
    """Fitted in one space, predicts in another.

    Args:
        known: devices in the space that `fit` is given architectures of.
        wanted: the same devices, in the same order, in the space to predict.
    """

    kind = "carried"

    def __init__(self, known: SourceDevices, wanted: SourceDevices) -> None:
        self.known = known
        self.wanted = wanted

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`, with architectures of the space that is known."""
        batch = parse(archs, space=self.known.space)
        one_skeleton(batch, "a carried model")
        costs = positive_costs(measured, len(batch))
        return self.fit_features(self.known.standardised(batch), costs)

    def fit_features(self, standardised: Floats, costs: Floats) -> Self:
        """Fit features (n, f), see `SourceDevices.standardised`, and costs (n,)."""
        from scipy.optimize import nnls

        theirs = self.known.costs(standardised)
        level = theirs.mean(axis=0)
        count = theirs.shape[1]
        shrinkage = _SHRINKAGE * np.sqrt(len(costs)) * np.eye(count)
        mixture, _ = nnls(
            np.vstack([theirs / level, shrinkage]),
            np.concatenate([costs / costs.mean(), np.zeros(count)]),
        )
        mixture /= mixture.sum()
        # Functions of standardised features have their constant as mean over the space.
        mean = self.wanted.weights[0]
        shape = self.wanted.weights @ (mixture / mean)
        return self._with(shape * costs.mean() * float(mixture @ (mean / level)))

    def _with(self, weights: Floats) -> Self:
        self.weights_ = weights
        self.ground_ = Ground.of_space(self.wanted.space, BASE[self.wanted.space])
        return self

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`, of architectures of the space that is wanted."""
        batch = self._asked(parse(archs, space=self.wanted.space))
        if not len(batch):
            return np.zeros(0)
        found = self.weights_[0] + self.wanted.standardised(batch) @ self.weights_[1:]
        return np.maximum(found, _FLOOR * self.weights_[0])

    def as_source(self, name: str, devices: SourceDevices, standardised: Floats) -> SourceDevices:
        """Devices of the wanted space, one or more, and this prediction as the carried one.

        Args:
            name: of the carried one.
            devices: the others.
            standardised: features (n, f) of the `pool` of the space.
        """
        self._check_fitted("weights_")
        weights = np.column_stack([devices.weights, self.weights_])
        functions = weights[0] + standardised @ weights[1:]
        # How far it errs is not known: as far as the others do, relative to their spread.
        residuals = np.median(devices.residuals / devices.spread[:, None], axis=0)
        spread = functions.std(axis=0)
        return SourceDevices(
            devices.space,
            (*devices.names, name),
            devices.mean,
            devices.deviation,
            weights,
            np.corrcoef(functions.T),
            np.append(devices.spread, spread[-1]),
            np.vstack([devices.residuals, residuals * spread[-1]]),
            carried=True,
        )

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`; the devices drawn upon are needed no more."""
        return self.wanted.at([]).state() | {"carried": self.weights_}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        none = SourceDevices.from_state(state)
        return cls(none, none)._with(state["carried"])


class CarriedNewcomers(Newcomers):
    """Devices of two spaces, each of which can be taken for one that is new in the wanted one.

    It is carried over then from the other, by means of all the rest.

    Args:
        known: devices in the space to carry over from.
        wanted: the same devices, in the same order, in the space to predict.
    """

    def __init__(self, known: SourceDevices, wanted: SourceDevices) -> None:
        super().__init__(wanted)
        self.known = known

    def only(self, names: list[str]) -> Self:
        """The same with these devices alone, in this order."""
        return type(self)(self.known.only(names), self.devices.only(names))

    @property
    def block_names(self) -> tuple[str, ...]:
        """As `Newcomers.block_names`."""
        return replace(self.devices, carried=True).block_names

    @cached_property
    def _known_networks(self) -> Floats:
        """Features (n, f) of the pool of the space to carry over from."""
        return self.known.standardised(pool(self.known.space))

    @cached_property
    def _wanted_networks(self) -> Floats:
        """Features (n, f) of the pool of the space to predict."""
        return self.devices.standardised(pool(self.devices.space))

    def carried(self, position: int) -> CarriedPredictor:
        """The device at this position, carried over by means of the others."""
        others = self.devices.without(position)
        costs = self.known.costs(self._known_networks)[:, position]
        usable = costs > 0
        model = CarriedPredictor(*in_both(self.known, others))
        return model.fit_features(self._known_networks[usable], costs[usable])

    def known_of(self, position: int) -> SourceDevices:
        """As `Newcomers.known_of`, with the device itself, carried over."""
        model = self.carried(position)
        name = self.devices.names[position]
        return model.as_source(name, model.wanted, self._wanted_networks)
