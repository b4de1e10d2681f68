"""Which kernels matter, and how noisy measuring is: a prior over both, learned on source devices.

Weights of kernel blocks and the noise are not optimised but averaged over a fixed cloud of values,
weighted by how likely they make the measurements (Bayesian model averaging). Where the cloud lies,
and how often one kind of block is all there is to a device, is learned by expectation maximisation
on the source devices, each in turn taken for a new one (empirical Bayes, leave one device out). The
amplitude is profiled out. Noise is Student's t: each measurement has a precision of its own, found
by iterated reweighting (Lange, Little, Taylor 1989).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.predictors.kernel_features import pool
from archcost.predictors.kernels import SQUARED, SourceDevices

LEVEL = 30.0
"""Prior variance of the mean cost, against that of the differences: as good as flat."""
_FREEDOM = 2.0
"""Degrees of freedom of the noise."""
_ROUNDS = 5
_USUAL_COUNTS = 0.5
_POINTS = 384
_BROAD_SHARE = 0.3
_EXACT_SHARE = 0.1
_EXACT_NOISE = (1e-7, 1e-4, 1e-2, 1e-1)
# Log weight of structural blocks and log noise before anything is learned, and their spreads.
_START = (-6.0, 7.0)
_START_NOISE = (-3.5, 1.5)
_NARROWEST = 0.7
_SHOTS = 30
_ITERATIONS = 4
_SHARE_ITERATIONS = 50
_PARENTS, _CHILDREN = 8, 12
# Of logarithms; with larger ones, points that are likely by chance leave the sources behind.
_STEP = 0.5
_LEAST_WEIGHT = 1e-10
_MOST_TASKS = 16
_PSEUDO_DEVICES = 2.0


@dataclass(frozen=True, eq=False)
class Cloud:
    """Hyperparameters to average over.

    Attributes:
        weights: (m, b) of the kernel blocks, rows add up to 1.
        noise: (m,) variance of the noise relative to that of the signal.
        log_prior: (m,) up to a constant.
    """

    weights: Floats
    noise: Floats
    log_prior: Floats

    def at(self, chosen: npt.NDArray[np.int64]) -> Cloud:
        """These points alone."""
        return Cloud(self.weights[chosen], self.noise[chosen], self.log_prior[chosen])


@dataclass(frozen=True, eq=False)
class Posterior:
    """Fits (m) of n measurements, one a point of a cloud.

    Attributes:
        share: (m,) posterior probabilities.
        alpha: (m, n) dual coefficients.
        inverse: (m, n, n) inverse covariances of the measurements, at unit amplitude.
        amplitude: (m,) variance of the signal, in squared units of the measurements.
        precision: (m, n) of each measurement, at most 1; small: taken for an outlier.
    """

    share: Floats
    alpha: Floats
    inverse: Floats
    amplitude: Floats
    precision: Floats

    def at(self, chosen: npt.NDArray[np.int64]) -> Posterior:
        """These points alone, their probabilities made to add up to 1."""
        share = self.share[chosen] / self.share[chosen].sum()
        parts = (self.alpha, self.inverse, self.amplitude, self.precision)
        return Posterior(share, *(part[chosen] for part in parts))


def posterior(kernels: Floats, centred: Floats, cloud: Cloud, usual: float = 0.0) -> Posterior:
    """Fit every point of a cloud.

    Args:
        kernels: (b, n, n) blocks between the measured architectures.
        centred: (n,) measured costs less a typical one.
        cloud: m points.
        usual: standard deviation of costs over a space that devices usually show; it counts as
            half a measurement, so that one or two measurements do not look exact.
    """
    n = len(centred)
    seen = n + (_USUAL_COUNTS if usual else 0.0)
    diagonal = np.arange(n)
    signal: Floats = np.tensordot(cloud.weights, kernels, 1) + LEVEL
    precision = np.ones((len(cloud.noise), n))
    floor = 1e-12 * max(float(centred @ centred), 1e-12)
    for step in range(_ROUNDS + 1):
        covariance = signal.copy()
        covariance[:, diagonal, diagonal] += cloud.noise[:, None] / precision
        inverse = np.linalg.inv(covariance).astype(np.float64, copy=False)
        alpha = inverse @ centred
        amplitude = np.maximum(alpha @ centred + _USUAL_COUNTS * usual**2, floor) / seen
        if step == _ROUNDS:
            break
        own = np.diagonal(inverse, axis1=1, axis2=2)
        # Squared leave-one-out residuals over their variances, at the nominal precision.
        strange = alpha**2 / own / amplitude[:, None] / precision
        precision = np.minimum((_FREEDOM + 1) / (_FREEDOM + strange), 1.0)
    _, log_determinant = np.linalg.slogdet(covariance)
    penalty = _FREEDOM / 2 * (np.log(precision) - precision + 1).sum(axis=1)
    evidence = -log_determinant / 2 - seen / 2 * np.log(amplitude) + penalty + cloud.log_prior
    share = np.exp(evidence - evidence.max())
    return Posterior(share / share.sum(), alpha, inverse, amplitude, precision)


@lru_cache(maxsize=32)
def _normal_points(dimensions: int) -> Floats:
    """(m, dimensions) well spread points of the standard normal distribution."""
    from scipy.stats import norm, qmc

    sobol = qmc.Sobol(dimensions, seed=0).random(2 ** int(np.ceil(np.log2(_POINTS))))
    return norm.ppf(np.clip(sobol[:_POINTS], 1e-4, 1 - 1e-4))


def _points(names: tuple[str, ...], mean: Floats, deviation: Floats) -> tuple[Floats, Floats]:
    """Weights (m, b) of the blocks and noise (m,), of normal logarithms."""
    logs = mean + deviation * _normal_points(len(mean))
    return _weights(names, logs[:, :-1]), np.exp(logs[:, -1])


def _weights(names: tuple[str, ...], logs: Floats) -> Floats:
    """Weights (m, b) of logarithms (m, b), with rows that add up to 1.

    A squared block never outweighs the linear one (heredity of interactions: Chipman 1996):
    alone it would make slow networks out of those that are unlike slow ones.
    """
    weights = np.exp(logs)
    for i, name in enumerate(names):
        if name.endswith(SQUARED):
            linear = names.index(name.removesuffix(SQUARED))
            weights[:, i] = np.minimum(weights[:, i], weights[:, linear])
    return weights / weights.sum(axis=1, keepdims=True)


def narrowed(
    kernels: Floats, centred: Floats, cloud: Cloud, names: tuple[str, ...], usual: float = 0.0
) -> Cloud:
    """The likeliest points of a cloud, and more about each.

    What many measurements tell is narrower than what lies between points that were drawn before
    them. A step of population Monte Carlo (Cappé et al. 2004), but for the prior: a point has that
    of the one it is drawn about.

    Args:
        kernels: as of `posterior`, and so are `centred`, `cloud` and `usual`.
        names: of the kernel blocks.
    """
    found = posterior(kernels, centred, cloud, usual)
    cloud = cloud.at(np.argsort(-found.share)[:_PARENTS])
    logs = np.log(np.column_stack([np.maximum(cloud.weights, _LEAST_WEIGHT), cloud.noise]))
    drawn = np.repeat(logs, _CHILDREN, axis=0)
    drawn += _STEP * np.random.default_rng(0).normal(size=drawn.shape)
    return Cloud(
        np.vstack([cloud.weights, _weights(names, drawn[:, :-1])]),
        np.concatenate([cloud.noise, np.exp(drawn[:, -1])]),
        np.concatenate([cloud.log_prior, np.repeat(cloud.log_prior, _CHILDREN)]),
    )


@dataclass(frozen=True, eq=False)
class Hyperprior:
    """What source devices teach about a device to come.

    Points come in families: learned ones, broader ones in case the device is unlike the sources,
    and, for each linear block, those with that block alone. Many devices cost sums over operators
    and nothing else, and simulated ones without noise, so that equal sums must be predicted equal.

    Attributes:
        names: b kernel blocks.
        mean: (b + 1,) of the logarithms of weights and noise.
        deviation: (b + 1,) of the same.
        shares: (2 + l,) prior probabilities of the families, in the order above.
    """

    names: tuple[str, ...]
    mean: Floats
    deviation: Floats
    shares: Floats

    @classmethod
    def start(cls, names: tuple[str, ...]) -> Self:
        """Before anything is learned."""
        low, spread = _START
        mean = [0.0 if name.startswith("src") else low for name in names]
        single = [names[i] for i in _linear(names)]
        plain = np.array(
            [4.0 if name.startswith(("all", "count", "onehot")) else 1.0 for name in single]
        )
        rest = 1 - _EXACT_SHARE
        families = [rest * (1 - _BROAD_SHARE), rest * _BROAD_SHARE]
        return cls(
            names,
            np.array([*mean, _START_NOISE[0]]),
            np.array([spread] * len(names) + [_START_NOISE[1]]),
            np.array([*families, *(_EXACT_SHARE * plain / plain.sum())]),
        )

    def cloud(self) -> Cloud:
        """Points of all families."""
        first = self.start(self.names)
        learned = _points(self.names, self.mean, self.deviation)
        broad = _points(self.names, first.mean, first.deviation)
        linear, sizes = _linear(self.names), _sizes(self.names)
        single = np.repeat(np.eye(len(self.names))[linear], len(_EXACT_NOISE), axis=0)
        return Cloud(
            np.vstack([learned[0], broad[0], single]),
            np.concatenate([learned[1], broad[1], np.tile(_EXACT_NOISE, len(linear))]),
            np.log(np.repeat(self.shares / sizes, sizes)),
        )


def _linear(names: tuple[str, ...]) -> list[int]:
    """Positions of the linear blocks."""
    return [i for i, name in enumerate(names) if not name.endswith(SQUARED)]


def _sizes(names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """How many points each family has."""
    return np.array([_POINTS, _POINTS, *[len(_EXACT_NOISE)] * len(_linear(names))])


def imitate(sources: SourceDevices, device: int, costs: Floats, rng: np.random.Generator) -> Floats:
    """Costs (n,) as if measured on a source device: its function and drawn residuals."""
    residuals = sources.residuals[device]
    places = rng.uniform(0, len(residuals) - 1, len(costs))
    noise = np.interp(places, np.arange(len(residuals)), residuals)
    return costs[:, device] + noise


class Newcomers:
    """Source devices, each of which can be taken for a new one.

    Args:
        devices: that were measured.
    """

    def __init__(self, devices: SourceDevices) -> None:
        self.devices = devices

    @property
    def block_names(self) -> tuple[str, ...]:
        """The kernel blocks of `known_of`."""
        return self.devices.block_names

    def known_of(self, position: int) -> SourceDevices:
        """What there is to draw upon if this device is new."""
        return self.devices.without(position)


def learn(newcomers: Newcomers) -> Hyperprior:
    """What devices teach about those to come, from how well each follows from the others.

    Each (16 at most) is measured in imitation, on 30 random architectures, twice if there are at
    most 8, and fitted with what is known without it.
    """
    sources = newcomers.devices
    start = Hyperprior.start(newcomers.block_names)
    if len(sources.names) < 2:
        return start
    rng = np.random.default_rng(0)
    standardised = sources.standardised(pool(sources.space))
    costs = sources.costs(standardised)
    devices = rng.permutation(len(sources.names))[:_MOST_TASKS]
    repeats = 2 if len(devices) <= _MOST_TASKS // 2 else 1
    known_of = cache(newcomers.known_of)
    tasks = []
    for device in np.repeat(devices, repeats):
        chosen = rng.choice(len(costs), _SHOTS, replace=False)
        measured = imitate(sources, int(device), costs[chosen], rng)
        others = known_of(int(device)).compared(standardised[chosen], measured)
        rows = others.rows(standardised[chosen])
        tasks.append((others.kernels(rows, rows), measured - np.median(measured)))
    known = _PSEUDO_DEVICES + len(devices)
    found = start
    for _ in range(_ITERATIONS):
        weights, noise = _points(found.names, found.mean, found.deviation)
        logs = np.log(np.column_stack([np.maximum(weights, _LEAST_WEIGHT), noise]))
        cloud = Cloud(weights, noise, np.zeros(len(noise)))
        shares = [posterior(kernels, centred, cloud).share for kernels, centred in tasks]
        first = sum(share @ logs for share in shares) / repeats
        second = sum(share @ logs**2 for share in shares) / repeats
        mean = (_PSEUDO_DEVICES * start.mean + first) / known
        square = (_PSEUDO_DEVICES * (start.deviation**2 + start.mean**2) + second) / known
        deviation = np.sqrt(np.maximum(square - mean**2, _NARROWEST**2))
        found = replace(found, mean=mean, deviation=deviation)
    return replace(found, shares=_family_shares(found, tasks, _PSEUDO_DEVICES * repeats))


def _family_shares(found: Hyperprior, tasks: list[tuple[Floats, Floats]], pseudo: float) -> Floats:
    """Shares of the families that explain tasks, kernels and centred costs, best.

    Those of `found` count as many tasks as `pseudo` says.
    """
    equal = replace(found, shares=np.ones(len(found.shares))).cloud()
    sizes = _sizes(found.names)
    starts = np.cumsum(sizes) - sizes
    evidence = np.array(
        [
            np.add.reduceat(posterior(kernels, centred, equal).share, starts)
            for kernels, centred in tasks
        ]
    )
    shares = found.shares
    for _ in range(_SHARE_ITERATIONS):
        each = evidence * shares
        each /= each.sum(axis=1, keepdims=True)
        shares = (pseudo * found.shares + each.sum(axis=0)) / (pseudo + len(tasks))
    return shares
