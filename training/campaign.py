"""What people measure, made fit to learn from: repeats, gaps, refusals, and what looks wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.data import as_measured
from archcost.data.measurements import without_mask
from archcost.encodings import Batch
from archcost.errors import MeasurementError
from archcost.predictors.base import one_skeleton
from archcost.predictors.kernel_features import pool
from archcost.predictors.kernels import SourceDevices

REFUSED = -1.0
"""The value that says: the device failed to run this network."""
FEWEST_RANKED = 6
"""Measurements from which on their ranks are compared with those of known devices."""
LEAST_ALIKE = 0.3
"""Rank correlation that a device has with some known one, unless something is wrong."""
_DISAGREEMENT = 1.5


@dataclass(frozen=True, eq=False)
class Campaign:
    """Measurements of distinct networks.

    Attributes:
        batch: n networks that ran; may be empty.
        costs: (n,) positive; of a network measured several times, the median.
        disagreement: (n,) the largest over the least measurement of each network; 1: one only.
        refused: networks that the device failed to run.
        messages: what was left out or changed, in words.
    """

    batch: Batch
    costs: Floats
    disagreement: Floats
    refused: Batch
    messages: tuple[str, ...]


def clean(batch: Batch, measured: npt.ArrayLike) -> Campaign:
    """Sort measurements (n,) of a batch of one skeleton.

    NaN or None is "not measured", -1 "the device failed to run it"; a cost of 0 is below the
    clock's resolution and counts as half of the least positive cost.

    Raises:
        MeasurementError: another number of costs than networks; costs that are not numbers, are
            infinite or otherwise negative; or all are 0.
        UnsupportedError: several spaces or data sets.
    """
    one_skeleton(batch, "a measurement campaign")
    costs, refused = as_measured(np.asarray(without_mask(measured)), "measured", REFUSED)
    if costs.shape != (len(batch),):
        raise MeasurementError(f"{len(costs)} measured costs for {len(batch)} networks; one each")
    missing = np.isnan(costs) & ~refused
    messages = []
    if missing.any():
        every, known = set(batch.strings()), set(batch.take(np.flatnonzero(~missing)).strings())
        if every - known:
            messages.append(f"no measurement yet of {len(every - known)} of {len(every)} networks")
    ran = np.flatnonzero(~missing & ~refused)
    zeros = int((costs[ran] == 0).sum())
    if zeros:
        if zeros == len(ran):
            raise MeasurementError(
                f"all {zeros} measured costs are 0, below the clock's resolution: time many runs "
                "of a network and divide"
            )
        least = costs[ran][costs[ran] > 0].min()
        costs = np.where(costs == 0, least / 2, costs)
        messages.append(
            f"costs of 0, below the clock's resolution, are taken as {least / 2:g}: {zeros}"
        )
    firsts, repeats = _distinct(batch.take(ran), costs[ran])
    medians = np.array([np.median(part) for part in repeats])
    disagreement = np.array([part.max() / part.min() for part in repeats])
    if len(firsts) < len(ran):
        messages.append(
            f"{len(ran)} measurements of {len(firsts)} networks: the median of each is used"
        )
    networks = batch.take(ran[firsts])
    failed, both = _never_ran(batch.take(np.flatnonzero(refused)), networks)
    if both:
        messages.append(f"networks that ran once and failed once are taken to run: {both}")
    return Campaign(networks, medians, disagreement, failed, tuple(messages))


def _never_ran(failed: Batch, ran: Batch) -> tuple[Batch, int]:
    """Distinct networks that failed and are not among those that ran, and how many are."""
    names = {name: position for position, name in enumerate(failed.strings())}
    ever = set(ran.strings())
    never = [position for name, position in names.items() if name not in ever]
    return failed.take(np.array(never, dtype=np.int64)), len(names) - len(never)


def _distinct(batch: Batch, costs: Floats) -> tuple[npt.NDArray[np.int64], list[Floats]]:
    """First positions of distinct networks (m,), in order, and the costs of each."""
    if not len(batch):
        return np.zeros(0, dtype=np.int64), []
    _, firsts, inverse = np.unique(
        batch.groups[0].ids, axis=0, return_index=True, return_inverse=True
    )
    order = np.argsort(inverse.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(inverse.ravel()))[:-1]
    repeats = np.split(costs[order], ends)
    by_position = np.argsort(firsts)
    return firsts[by_position], [repeats[i] for i in by_position.tolist()]


def suspicions(
    campaign: Campaign, sources: SourceDevices, metric: str, own_data: bool
) -> list[str]:
    """What makes measurements look unlike any device, in words.

    Args:
        campaign: cleaned measurements.
        sources: devices to compare with; may be none.
        metric: of the measurements; units are checked for latency only.
        own_data: whether they are of the data set that the sources were measured on.
    """
    costs, found = campaign.costs, []
    if len(costs) >= 3 and (costs == costs[0]).all():
        return ["all measured costs are equal: nothing can be learned but a constant"]
    if len(costs) >= 5 and (costs == np.round(costs)).all() and len(np.unique(costs)) < 50:
        found.append("all costs are whole numbers: this clock cannot tell near networks apart")
    doubtful = campaign.disagreement > _DISAGREEMENT
    if doubtful.any():
        worst = int(np.argmax(campaign.disagreement))
        found.append(
            f"repeated measurements of {doubtful.sum()} of {len(costs)} networks differ by more "
            f"than half, most those of {campaign.batch[worst]}: the largest is "
            f"{campaign.disagreement[worst]:.2g} times the least; measure them again"
        )
    if not sources.names:
        return found
    if len(costs) >= FEWEST_RANKED:
        ranks = rank_correlations(campaign, sources)
        if np.median(ranks) < -LEAST_ALIKE:
            found.append(
                f"ranks look reversed: median rank correlation with known devices is "
                f"{np.median(ranks):.2f}; is this a speed instead of a cost?"
            )
        elif ranks.max() < LEAST_ALIKE:
            found.append(
                f"unlike any known device: the highest rank correlation is {ranks.max():.2f}; are "
                "networks and costs in the same order?"
            )
    if metric == "latency" and own_data:
        everywhere = sources.costs(sources.standardised(pool(sources.space)))
        typical = np.median(everywhere, axis=0)
        here, middle = float(np.median(costs)), float(np.median(typical))
        if here < typical.min() / 20:
            found.append(
                f"a median of {here:.3g} ms is far below all known devices (about {middle:.3g}): "
                "are the costs in seconds? Give milliseconds"
            )
        if here > typical.max() * 50:
            found.append(
                f"a median of {here:.3g} ms is far above all known devices (about {middle:.3g}): "
                "are the costs in microseconds? Give milliseconds"
            )
    return found


def rank_correlations(campaign: Campaign, sources: SourceDevices) -> Floats:
    """Spearman correlation (d,) of the measurements with each source device on their networks."""
    from scipy.stats import spearmanr

    functions = sources.costs(sources.standardised(campaign.batch))
    return np.array([spearmanr(column, campaign.costs).statistic for column in functions.T])
