"""Which networks to measure: those that tell most about all the others under the prior.

Greedy choice of the architecture that lowers the summed posterior variance over the space most
(sequential A-optimal design; Cohn, Ghahramani, Jordan 1996), for the covariance that the source
devices teach. The cost of a step does not grow with the number chosen before. Networks whose output
does not depend on their input come last: nobody deploys one, and runtimes fold them to a constant.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.checkpoints.transfer import shipped_cloud, source_devices
from archcost.data import check_order
from archcost.encodings import Batch, find_dataset, find_space, parse, skeleton
from archcost.encodings.nasbench201 import all_ids
from archcost.encodings.structure import analyse
from archcost.errors import UnsupportedError, check_whole
from archcost.predictors.hyperprior import LEVEL, Cloud, posterior
from archcost.predictors.kernel_features import pool
from archcost.predictors.kernels import SourceDevices
from archcost.training.campaign import clean

Rows = dict[str, Floats]
"""Kernel block to rows of architectures."""

_CANDIDATES = 3000
_REFERENCE = 500
_FEWEST_TOLD_BY = 3
_MOST_KNOWN = 60
_MOST_CONDITIONED = 1000
_AT_ONCE = 1000


@dataclass(frozen=True)
class Suggested:
    """One network to measure.

    Attributes:
        architecture: canonical string.
        narrowing: by what fraction measuring it, after those before it, would narrow the mean
            interval over the space.
    """

    architecture: str
    narrowing: float


class Suggestion(list[str]):
    """Architectures to measure, most telling first; `details` say how much each would tell."""

    def __init__(self, details: list[Suggested]) -> None:
        super().__init__(one.architecture for one in details)
        self.details = details


def suggest(
    n: int = 10,
    space: str = "nasbench201",
    dataset: str | None = None,
    seed: int = 0,
    *,
    measured: tuple[object, npt.ArrayLike] | None = None,
    sources: str | Collection[str] | None = None,
) -> Suggestion:
    """Networks to measure on a new device.

    Args:
        n: how many, at least 1.
        space: "nasbench201" or "fbnet".
        dataset: by default cifar10 for nasbench201 and cifar100 for fbnet.
        seed: of the candidates; another seed gives another, about equally good choice.
        measured: architectures that are measured already and their costs, as for
            `archcost.adapt`; none of them is suggested again, those without a cost yet neither, and
            what the costs say of the device shapes the choice.
        sources: ids of the devices to draw upon; None: all, []: none.

    Raises:
        UnsupportedError: n below 1 or more than the space has left, a seed below 0, `measured` that
            is no pair, or sources that are no names.
        UnknownNameError: an unknown space, data set or source.
        MeasurementError, ArchitectureError: as `archcost.adapt`, for `measured`.
    """
    place = find_space(space)
    name = find_dataset(place, dataset)
    check_whole("n", n)
    check_whole("seed", seed, least=0)
    known, costs, taken = _known(measured, place.name, name)
    candidates = _candidates(place.name, taken, n, seed)
    details = choose(
        source_devices(place.name, sources),
        shipped_cloud(place.name, sources),
        candidates,
        n,
        (known, costs),
    )
    strings = Batch.from_ids(skeleton(place.name, name), candidates).strings()
    return Suggestion([Suggested(strings[i], narrowing) for i, narrowing in details])


def _known(
    measured: tuple[object, npt.ArrayLike] | None, space: str, dataset: str
) -> tuple[npt.NDArray[np.int8], Floats, npt.NDArray[np.int8]]:
    """Operator ids (m, k) of what ran, its costs (m,), and ids of all that are not chosen again."""
    none = pool(space).groups[0].ids[:0]
    if measured is None:
        return none, np.zeros(0), none
    if not (isinstance(measured, tuple | list) and len(measured) == 2):
        raise UnsupportedError("measured is no pair: give (architectures, costs)")
    check_order(*measured)
    batch = parse(measured[0], space=space, dataset=dataset)
    campaign = clean(batch, measured[1])
    ran, taken = (part.groups[0].ids if len(part) else none for part in (campaign.batch, batch))
    return ran, campaign.costs, taken


def _candidates(space: str, taken: npt.NDArray[np.int8], n: int, seed: int) -> npt.NDArray[np.int8]:
    """Operator ids (c, k) to choose from, none of those taken (m, k)."""
    rng = np.random.default_rng(seed)
    wanted = max(_CANDIDATES, 2 * n)
    if space == "nasbench201":
        ids = rng.permutation(all_ids())[: wanted + len(taken)]
    else:
        ids = rng.integers(0, 9, size=(wanted + len(taken), 22)).astype(np.int8)
    gone = {row.tobytes() for row in taken}
    fresh = ids[[row.tobytes() not in gone for row in np.ascontiguousarray(ids)]]
    if n > len(fresh):
        raise UnsupportedError(f"n is {n}; the space has {len(fresh)} networks left to measure")
    return fresh[:wanted]


def choose(
    devices: SourceDevices,
    cloud: Cloud,
    candidates: npt.NDArray[np.int8],
    n: int,
    measured: tuple[npt.NDArray[np.int8], Floats],
) -> list[tuple[int, float]]:
    """Positions of n candidates (c, k) in the order chosen, and how much each narrows intervals.

    `measured` are operator ids (m, k) and costs (m,) known already.
    """
    # Samples that trust the sources would not show where the new device is unlike them.
    devices = replace(devices, cautious=True)
    known, costs = measured
    share = np.exp(cloud.log_prior - cloud.log_prior.max())
    if len(costs) >= _FEWEST_TOLD_BY:
        recent = slice(-_MOST_KNOWN, None)
        place = pool(devices.space).groups[0].skeleton
        standardised = devices.standardised(Batch.from_ids(place, known[recent]))
        devices = devices.compared(standardised, costs[recent])
        rows, centred = devices.rows(standardised), costs[recent] - np.median(costs[recent])
        share = posterior(devices.kernels(rows, rows), centred, cloud).share
    share = share / share.sum()
    # Expected weights of the kernel blocks, and noise.
    kernel = share @ cloud.weights, float(np.exp(share @ np.log(cloud.noise)))
    return _greedy(devices, candidates, known, kernel, n)


def _greedy(
    devices: SourceDevices,
    candidates: npt.NDArray[np.int8],
    known: npt.NDArray[np.int8],
    kernel: tuple[Floats, float],
    n: int,
) -> list[tuple[int, float]]:
    """Positions of n candidates in the order chosen, and how much each narrows intervals."""
    weights, noise = kernel
    place = pool(devices.space).groups[0].skeleton

    def rows_of(batch: Batch) -> Rows:
        return devices.rows(devices.standardised(batch))

    def between(left: Rows, right: Rows) -> Floats:
        # In parts, because a kernel is held once for each block.
        count = len(next(iter(left.values())))
        starts = range(0, count, _AT_ONCE)
        parts = ({k: v[i : i + _AT_ONCE] for k, v in left.items()} for i in starts)
        return np.concatenate(
            [np.tensordot(weights, devices.kernels(part, right), 1) + LEVEL for part in parts]
        )

    batch = Batch.from_ids(place, candidates)
    constant = _constant(batch)
    rows, reference = rows_of(batch), rows_of(pool(devices.space)[:_REFERENCE])
    covariance = between(rows, reference)
    variance = weights @ devices.variances(rows) + LEVEL
    left = weights @ devices.variances(reference) + LEVEL
    factors = np.zeros((0, len(candidates)))
    if len(known):
        # Time and memory grow with what is known; more than this hardly narrows anything further.
        spread = np.linspace(0, len(known) - 1, min(len(known), _MOST_CONDITIONED)).astype(int)
        given = rows_of(Batch.from_ids(place, known[spread]))
        root = np.linalg.cholesky(between(given, given) + noise * np.eye(len(spread)))
        factors = np.linalg.solve(root, between(rows, given).T)
        effects = np.linalg.solve(root, between(reference, given).T)
        covariance -= factors.T @ effects
        variance = np.maximum(variance - (factors**2).sum(axis=0), 0.0)
        left = np.maximum(left - (effects**2).sum(axis=0), 0.0)
    start = len(factors)
    factors = np.concatenate([factors, np.zeros((n, len(candidates)))])
    chosen: list[tuple[int, float]] = []
    for step in range(start, start + n):
        gain = (covariance**2).sum(axis=1) / (variance + noise)
        gain[constant] = -1.0
        gain[[i for i, _ in chosen]] = -2.0
        best = int(gain.argmax())
        row = {name: values[best : best + 1] for name, values in rows.items()}
        column = between(rows, row)[:, 0] - factors[:step].T @ factors[:step, best]
        size = np.sqrt(variance[best] + noise)
        factors[step] = column / size
        effect = covariance[best] / size
        before = np.sqrt(left + noise).mean()
        left = np.maximum(left - effect**2, 0.0)
        covariance -= np.outer(factors[step], effect)
        variance = np.maximum(variance - factors[step] ** 2, 0.0)
        chosen.append((best, float(1 - np.sqrt(left + noise).mean() / before)))
    return chosen


def _constant(batch: Batch) -> npt.NDArray[np.bool_]:
    """Whether the outputs of networks (n,) of one space do not depend on their inputs."""
    group = batch.groups[0]
    if group.edges is None:
        return np.zeros(len(batch), dtype=bool)
    return ~analyse(group.ids, group.edges, group.none_id).to_output[:, 0]
