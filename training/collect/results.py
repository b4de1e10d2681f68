"""From the visits in a journal to one cost a network.

Disturbances that last longer than a visit (clocks, temperature, other jobs) hit neighbouring visits
alike. Each visit of a network that was visited more than once says how far it is from that
network's median; the running median of that over neighbouring visits is the drift, and is taken
out, for each plan and each board by itself where there are several. Reference networks, visited
again and again, tie the parts of a round together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archcost.aliases import Floats, Ints

Record = Mapping[str, Any]

_WINDOW = 21
_FEWEST = 5
_PASSES = 3
# A visit is an outlier beyond so many times the usual scatter, and so much at least.
_OUTLIER_SIGMAS, _OUTLIER_LEAST = 4.0, 0.05
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, eq=False)
class Results:
    """Costs of n networks from all their visits.

    Attributes:
        latency_ms: (n,) median over the visits after correction; NaN: failed or not visited.
        spread: (n,) standard deviation of a visit relative to the cost, robustly from the visits'
            median deviation; NaN with fewer than two.
        visits: (n,) that gave a time.
        outliers: (n,) visits flagged as outliers; they are counted, not deleted.
        energy_mj: (n,) of a run, NaN where not measured.
        energy_absent: why there is no energy; empty where there is.
        reasons: number of a network that failed at every visit, to the last reason.
        drift: (v,) of each visit that gave a time, as a factor.
        repeatability: Spearman between the networks' costs from even and from odd rounds; None
            with fewer than two rounds or ten networks.
    """

    latency_ms: Floats
    spread: Floats
    visits: Ints
    outliers: Ints
    energy_mj: Floats
    reasons: dict[int, str]
    drift: Floats = field(repr=False)
    repeatability: float | None = None
    energy_absent: str = ""


def summarise(plans: Sequence[int], records: Sequence[Record]) -> Results:
    """Costs of networks from the records of a journal.

    Args:
        plans: how many networks each of its plans has; they are numbered through.
        records: of all visits.
    """
    networks = sum(plans)
    timed = [record for record in records if "ms" in record]
    network = np.array([record["network"] for record in timed], dtype=np.int64)
    logs = np.log(np.array([record["ms"] for record in timed], dtype=np.float64))
    # A later plan may have run days after the one before.
    plan = np.searchsorted(np.cumsum(plans), network, side="right")
    where = [
        f"{number} {record.get('worker', '')}" for number, record in zip(plan, timed, strict=True)
    ]
    stretch = np.unique(where, return_inverse=True)[1]
    drift = estimate_drift(network, logs, networks, stretch)
    corrected = logs - drift
    latency, spread = np.full(networks, np.nan), np.full(networks, np.nan)
    deviation = np.zeros(len(logs))
    visits = np.bincount(network, minlength=networks)
    for number in np.flatnonzero(visits):
        own = corrected[network == number]
        level = np.median(own)
        latency[number] = np.exp(level)
        deviation[network == number] = own - level
        if len(own) > 1:
            spread[number] = _MAD_TO_SIGMA * np.median(np.abs(own - level))
    usual = _MAD_TO_SIGMA * np.median(np.abs(deviation)) if len(deviation) else 0.0
    far = np.abs(deviation) > max(_OUTLIER_SIGMAS * usual, _OUTLIER_LEAST)
    return Results(
        latency_ms=latency,
        spread=spread,
        visits=visits,
        outliers=np.bincount(network[far], minlength=networks),
        energy_mj=_energies(networks, timed),
        reasons=_reasons(records, visits),
        drift=np.exp(drift),
        repeatability=_repeatability(timed, network, corrected),
        energy_absent=_energy_absent(records),
    )


def estimate_drift(
    network: Ints, logs: Floats, networks: int, stretch: Ints | None = None
) -> Floats:
    """Drift of each visit (v,), in logarithms, with median 0; zeros where there is nothing to tell.

    Args:
        network: (v,) which network, in the order of the visits.
        logs: (v,) logarithm of its time.
        networks: how many there are.
        stretch: (v,) in which plan and on which of several boards of the same device; each drifts
            by itself, and how far boards are from the others counts as drift. None: all in one.
    """
    drift = np.zeros(len(logs))
    stretch = np.zeros(len(logs), dtype=np.int64) if stretch is None else stretch
    again = np.bincount(network, minlength=networks)[network] > 1
    if again.sum() < _FEWEST:
        return drift
    places = np.flatnonzero(again)
    for _ in range(_PASSES):
        corrected = logs - drift
        levels = np.zeros(networks)
        for number in np.unique(network[places]):
            levels[number] = np.median(corrected[network == number])
        residual = logs - levels[network]
        for number in np.unique(stretch):
            own, told = np.flatnonzero(stretch == number), places[stretch[places] == number]
            if len(told):
                drift[own] = np.interp(own, told, _running_median(residual[told]))
        drift -= np.median(drift)
    return drift


def _running_median(values: Floats) -> Floats:
    half = min(_WINDOW, len(values) | 1) // 2
    return np.array(
        [np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
    )


def _energies(networks: int, timed: Sequence[Record]) -> Floats:
    found: dict[int, list[float]] = {}
    for record in timed:
        if "joules" in record:
            found.setdefault(record["network"], []).append(record["joules"] * 1e3)
    energy = np.full(networks, np.nan)
    for number, values in found.items():
        energy[number] = np.median(values)
    return energy


def _energy_absent(records: Sequence[Record]) -> str:
    """Why a visit, or the machine as a whole, gave no energy."""
    for record in records:
        if "energy_reason" in record:
            return str(record["energy_reason"])
    # The first says it: what goes on with a campaign looks for no meter.
    found: Record = next((r["environment"] for r in records if "environment" in r), {})
    absent = found.get("energy_absent", {})
    return "; ".join(f"{name}: {reason}" for name, reason in absent.items())


def _reasons(records: Sequence[Record], visits: Ints) -> dict[int, str]:
    """A network that ran at some visit has not failed."""
    return {
        record["network"]: record["failed"]
        for record in records
        if "failed" in record and not visits[record["network"]]
    }


def _repeatability(timed: Sequence[Record], network: Ints, corrected: Floats) -> float | None:
    from scipy.stats import spearmanr

    odd = np.array([record["round"] % 2 == 1 for record in timed], dtype=bool)
    halves = []
    for part in (odd, ~odd):
        found = {n: np.median(corrected[part & (network == n)]) for n in np.unique(network[part])}
        halves.append(found)
    common = sorted(set(halves[0]) & set(halves[1]))
    if len(common) < 2 * _FEWEST:
        return None
    return float(
        spearmanr([halves[0][n] for n in common], [halves[1][n] for n in common]).statistic
    )
