"""Costs on a new device from a handful of measurements and what is known of other devices.

A Gaussian process on the scale of the costs (sums over operators stay sums there), with the kernels
of `archcost.predictors.kernels` and the hyperparameters of `archcost.predictors.hyperprior`
averaged over. Intervals come from the posterior, rescaled so that they hold on source devices under
the same procedure: ten residuals cannot calibrate, other devices can.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import Batch, parse, skeleton
from archcost.predictors.base import (
    Predictor,
    level_off,
    one_skeleton,
    positive_costs,
)
from archcost.predictors.ground import GROUND, Ground
from archcost.predictors.hyperprior import (
    LEVEL,
    Cloud,
    Newcomers,
    Posterior,
    imitate,
    learn,
    narrowed,
    posterior,
)
from archcost.predictors.intervals import check_coverage
from archcost.predictors.kernel_features import BASE, pool, raw_features, standardise
from archcost.predictors.kernels import KernelSum, SourceDevices

_KEPT = 24
_MANY = 40
# Architectures whose kernels are in memory at a time.
_AT_ONCE = 2000
# Up to so many measurements, costs are expected to follow the sources' mean in shape, or the device
# itself where it is carried over: with a few noisy ones, what was known is lost without it.
_FEW = 4
_FEW_CARRIED = 9
_LEAST = 0.1
_USUAL = 0.3
# Of the least measured cost; below it, predictions level off.
_FLOOR = 0.25
# Devices differ in how wide their intervals would have to be by half and more: with eight of them,
# quantiles depended on which ones were drawn.
_CALIBRATION_DEVICES = 16
_CALIBRATION_CELLS = 125
_QUANTILES = 400


class TransferPredictor(Predictor):
    """A Gaussian process whose prior was learned on source devices.

    Args:
        sources: devices to learn the prior from; `SourceDevices.at([])` of them: none.
        cloud: hyperparameters with their prior; None: learned from the sources in `fit`.
    """

    kind = "transfer"

    def __init__(self, sources: SourceDevices, cloud: Cloud | None = None) -> None:
        self.sources = sources
        self.cloud = cloud

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`; meant for up to some 200 measurements (time grows with the cube)."""
        batch = parse(archs)
        one_skeleton(batch, "a transfer")
        costs = positive_costs(measured, len(batch))
        self.ids_ = batch.groups[0].ids
        cloud = self.cloud or learn(Newcomers(self.sources)).cloud()
        self.fit_features(self.sources.standardised(batch), costs, cloud)
        self.ground_ = Ground.of(batch)
        return self

    def fit_features(self, standardised: Floats, costs: Floats, cloud: Cloud) -> Self:
        """Fit features (n, f), see `SourceDevices.standardised`, and costs (n,).

        The cloud's likeliest points are kept, others weigh nothing. To be saved it must know the
        architectures: see `fit`.
        """
        self.sources_ = self.sources.compared(standardised, costs)
        self._rows = self.sources_.rows(standardised)
        usual = self._usual()
        self.smallest_ = float(costs.min())
        few = _FEW_CARRIED if self.sources_.carried else _FEW
        self.slope_ = usual if self.sources_.names and len(costs) <= few else 0.0
        self.centre_ = 1.0
        self.centre_ = float(np.median(costs / self._expected(self._rows)))
        centred = costs - self._expected(self._rows)
        kernels = self.sources_.kernels(self._rows, self._rows)
        scale, kept = usual * self.centre_, _KEPT
        if len(costs) > _MANY:
            # The time grows with the cube of the measurements: a part of them picks the points.
            part = np.linspace(0, len(costs) - 1, _MANY).astype(np.int64)
            found = posterior(kernels[:, part[:, None], part], centred[part], cloud, scale)
            cloud, kept = cloud.at(np.argsort(-found.share)[: 4 * _KEPT]), _KEPT // 3
            cloud = narrowed(kernels, centred, cloud, self.sources_.block_names, scale)
        found = posterior(kernels, centred, cloud, scale)
        best = np.argsort(-found.share)[:kept]
        best = best[found.share[best] > 1e-4 * found.share[best[0]]]
        self.posterior_ = found.at(best)
        self.weights_, self.noise_ = cloud.weights[best], cloud.noise[best]
        self._mean = self._posterior_mean()
        return self

    def _posterior_mean(self) -> KernelSum:
        """The differences from what was expected before fitting, as a function of features."""
        found = self.posterior_
        weights = np.einsum("m,mb,mn->bn", found.share, self.weights_, found.alpha)
        level = LEVEL * float(found.share @ found.alpha.sum(axis=1))
        return self.sources_.kernel_sum(weights, self._rows, level)

    def _usual(self) -> float:
        """How far costs usually spread over the space, relative to their mean."""
        found = self.sources_.spread / self.sources_.weights[0]
        if not len(found):
            return _USUAL
        return float(found[-1] if self.sources_.carried else np.median(found))

    def _expected(self, rows: dict[str, Floats]) -> Floats:
        """Costs (n,) before fitting: a constant; if very few are measured, the sources' mean.

        Or what the device itself costs, carried over from another space.
        """
        if not self.slope_:
            return np.full(len(next(iter(rows.values()))), self.centre_)
        shape = rows["src.carried" if self.sources_.carried else "src.mean"][:, 0]
        return self.centre_ * np.maximum(1 + self.slope_ * shape, _LEAST)

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        batch = self._asked(archs)
        if not len(batch):
            return np.zeros(0)
        raw = raw_features(batch)
        expected: Floats | float = self.centre_
        if self.slope_:
            standardised = standardise(raw, self.sources_.mean, self.sources_.deviation)
            expected = self._expected(self.sources_.rows(standardised))
        return self._positive(expected + self._mean(raw))

    def moments(self, archs: object) -> tuple[Floats, Floats]:
        """Costs (n,) and the standard deviations (n,) of measurements around them.

        Raises:
            As `Predictor.predict`.
        """
        batch = self._asked(archs)
        if not len(batch):
            return np.zeros(0), np.zeros(0)
        return self.moments_of(self.sources_.standardised(batch))

    def moments_of(self, standardised: Floats) -> tuple[Floats, Floats]:
        """`moments` of architectures given as features (n, f)."""
        parts = [
            self._moments(self.sources_.rows(standardised[start : start + _AT_ONCE]))
            for start in range(0, len(standardised), _AT_ONCE)
        ]
        mean, deviation = np.concatenate(parts, axis=1)
        return mean, deviation

    def _moments(self, rows: dict[str, Floats]) -> tuple[Floats, Floats]:
        found = self.posterior_
        cross = self.sources_.kernels(rows, self._rows)
        prior = self.sources_.variances(rows)
        mean = np.zeros(cross.shape[1])
        square = np.zeros(cross.shape[1])
        for i, share in enumerate(found.share):
            covariance = np.tensordot(self.weights_[i], cross, 1) + LEVEL
            value = covariance @ found.alpha[i]
            explained = np.einsum("ij,ij->i", covariance @ found.inverse[i], covariance)
            left = np.maximum(self.weights_[i] @ prior + LEVEL - explained, 0.0) + self.noise_[i]
            mean += share * value
            square += share * (value**2 + found.amplitude[i] * left)
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
        return self._positive(self._expected(rows) + mean), deviation

    def _positive(self, values: Floats) -> Floats:
        return level_off(values, _FLOOR * self.smallest_)

    def left_out(self) -> tuple[Floats, Floats]:
        """Each measured cost less what the others predict (n,), and its standard deviation (n,).

        Hyperparameters stay as they are: a little too good where measurements are few.
        """
        found = self.posterior_
        own = np.diagonal(found.inverse, axis1=1, axis2=2)
        residuals = found.share @ (found.alpha / own)
        deviation = np.sqrt(found.share @ (found.amplitude[:, None] / own))
        return residuals, deviation

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`."""
        found = self.posterior_
        return self.sources_.state() | {
            GROUND: self.ground_.array(),
            "transfer.ids": self.ids_,
            "transfer.level": np.array([self.centre_, self.slope_, self.smallest_]),
            "transfer.weights": self.weights_,
            "transfer.noise": self.noise_,
            "transfer.share": found.share,
            "transfer.alpha": found.alpha,
            "transfer.inverse": found.inverse,
            "transfer.amplitude": found.amplitude,
            "transfer.precision": found.precision,
        }

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`."""
        sources = SourceDevices.from_state(state)
        model = cls(sources)
        model.sources_, model.ground_ = sources, Ground.from_array(state[GROUND])
        model.ids_ = state["transfer.ids"]
        batch = Batch.from_ids(skeleton(sources.space, BASE[sources.space]), model.ids_)
        model._rows = sources.rows(sources.standardised(batch))
        level = state["transfer.level"].tolist()
        model.centre_, model.slope_, model.smallest_ = level
        model.weights_, model.noise_ = state["transfer.weights"], state["transfer.noise"]
        keys = ("share", "alpha", "inverse", "amplitude", "precision")
        model.posterior_ = Posterior(*(state[f"transfer.{key}"] for key in keys))
        model._mean = model._posterior_mean()
        return model


class TransferIntervals:
    """Intervals around a transfer's predictions: quantiles of normalised residuals of sources.

    A residual is measured less predicted cost over the posterior's standard deviation.

    Attributes:
        quantiles_: (q,) evenly spaced in probability.
        predictor: whose standard deviations scale them.
    """

    def __init__(self, quantiles: Floats, predictor: TransferPredictor) -> None:
        self.quantiles_ = quantiles
        self.predictor = predictor

    @classmethod
    def fit(
        cls, predictor: TransferPredictor, cloud: Cloud, shots: int, newcomers: Newcomers
    ) -> Self:
        """Learn from source devices, each taken for a new one and measured `shots` times.

        Without at least two sources: the quantiles of Student's t with the posterior's scale.
        """
        from scipy.stats import t as student

        chances = np.linspace(0, 1, _QUANTILES + 1)
        sources = newcomers.devices
        if len(sources.names) < 2:
            clipped = np.clip(chances, 0.5 / _QUANTILES, 1 - 0.5 / _QUANTILES)
            return cls(student.ppf(clipped, max(shots, 3)), predictor)
        rng = np.random.default_rng(1)
        standardised = sources.standardised(pool(sources.space))
        costs = sources.costs(standardised)
        devices = rng.permutation(len(sources.names))
        # Of fewer devices than that some are drawn twice.
        known_of = cache(newcomers.known_of)
        found = []
        for device in np.resize(devices, _CALIBRATION_DEVICES).tolist():
            others = known_of(device)
            chosen = rng.choice(len(costs), shots + _CALIBRATION_CELLS, replace=False)
            least = 1e-6
            if shots <= _FEW:
                # Nobody begins with a cell that is cut off, or a run that failed: it does not say
                # how fast a device is.
                least = _LEAST * float(np.median(costs[:, device]))
                chosen = chosen[np.argsort(costs[chosen, device] < least, kind="stable")]
            measured = imitate(sources, device, costs[chosen], rng)
            known, unknown = np.split(standardised[chosen], [shots])
            shown = np.maximum(measured[:shots], least)
            trial = TransferPredictor(others).fit_features(known, shown, cloud)
            values, deviation = trial.moments_of(unknown)
            found.append((measured[shots:] - values) / np.maximum(deviation, 1e-12))
        return cls(np.quantile(np.concatenate(found), chances), predictor)

    def around(self, batch: Batch, predicted: Floats, coverage: float) -> tuple[Floats, Floats]:
        """Lower and upper ends (n,) around predictions (n,).

        Raises:
            UnsupportedError: a coverage outside 0.5 to 0.99.
        """
        check_coverage(coverage)
        return self.ends(predicted, self.predictor.moments(batch)[1], coverage)

    def ends(self, predicted: Floats, deviation: Floats, coverage: float) -> tuple[Floats, Floats]:
        """`around` predictions (n,) with these standard deviations (n,)."""
        steps = len(self.quantiles_) - 1
        below = self.quantiles_[int(np.floor((1 - coverage) / 2 * steps))]
        above = self.quantiles_[int(np.ceil((1 + coverage) / 2 * steps))]
        # The lower end stays positive.
        lower = np.maximum(predicted + min(below, 0.0) * deviation, 0.02 * predicted)
        return lower, predicted + max(above, 0.0) * deviation

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What was learned, as named arrays."""
        return {"interval.normalised": self.quantiles_}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]], predictor: TransferPredictor) -> Self:
        """The intervals of which `state` gave this, around this predictor."""
        return cls(state["interval.normalised"], predictor)
