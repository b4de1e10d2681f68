"""A device of one's own: from 1 to thousands of measured networks to a model like a shipped one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.checkpoints import cards, checkpoint_folder, every_card, write_checkpoint
from archcost.checkpoints.card import read_card
from archcost.checkpoints.store import CARD, remove_checkpoint
from archcost.checkpoints.transfer import shipped_cloud, source_devices
from archcost.checkpoints.user import check_device_name, user_folder
from archcost.data import check_order
from archcost.encodings import Batch, find_dataset, find_space, parse
from archcost.errors import CheckpointError, MeasurementError, UnsupportedError
from archcost.predictors import (
    ConformalIntervals,
    CostModel,
    Feasibility,
    GBDTPredictor,
    Predictor,
    StackedPredictor,
    Target,
    TransferIntervals,
    TransferPredictor,
)
from archcost.predictors.carried import CarriedNewcomers
from archcost.predictors.ground import Ground
from archcost.predictors.hyperprior import Newcomers
from archcost.predictors.kernel_features import BASE, pool
from archcost.predictors.kernels import SourceDevices
from archcost.predictors.metrics import spearman
from archcost.predictors.stacked import N_BASE
from archcost.training.campaign import (
    FEWEST_RANKED,
    LEAST_ALIKE,
    Campaign,
    clean,
    rank_correlations,
    suspicions,
)
from archcost.training.cards import make_card
from archcost.training.carry import carried_predictor
from archcost.units import unit_of

_KINDS = tuple(cls.kind for cls in (TransferPredictor, StackedPredictor, GBDTPredictor))
"""What `adapt` chooses from."""
_MOST_CALIBRATION = 20
_VALIDATION = 2000
_FEWEST_REFUSED = 10
# How little the fit may trust a measurement, and how far that must be from what the others predict
# against the larger of it and the median, to name it. On source devices left out, with 10 / 20 / 50
# random networks as published: one that is 30 % too slow is named in 58 / 77 / 82 % of campaigns,
# some network that nobody touched in 10 / 17 / 33 % (publications hold outliers of their own).
_LEAST_TRUST = 0.15
_OUTLIER = 0.15
_LEAST_EXPECTED = 0.01
_NEAREST = 3
_GOLDEN = 5
# Trees by how many measurements there are at least; chosen on source devices with 240 to 6,000.
_TREES: dict[int, dict[str, Any]] = {
    0: {"n_estimators": 200, "learning_rate": 0.1, "max_depth": 5},
    3000: {"n_estimators": 500, "learning_rate": 0.07, "max_depth": 6},
}


@dataclass(frozen=True)
class Learned:
    """What `adapt` found out about the measurements.

    Attributes:
        n: distinct networks learned from.
        n_calibration: of these, networks whose errors calibrate the intervals; 0: source devices
            do.
        error: median relative error on networks left out; NaN with fewer than 3.
        rank: Spearman correlation on networks left out; NaN with fewer than 4.
        nearest: shipped devices whose costs over the space correlate best with the predicted ones,
            with the correlation; none with fewer than 6, or where the measurements say otherwise.
        outliers: networks whose measurements fit nothing else, by canonical string, with how much
            more (negative: less) the other measurements suggest, as a share of what was measured.
        notes: what was left out or changed, in words.
        warnings: what makes the measurements look wrong, in words.
        chosen_by: how the kind of predictor was chosen, in words.
    """

    n: int
    n_calibration: int
    error: float
    rank: float
    nearest: tuple[tuple[str, float], ...]
    outliers: tuple[tuple[str, float], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    chosen_by: str


@dataclass(frozen=True, eq=False, repr=False)
class Adapted(CostModel):
    """A model of one's own device; `learned` says from what, and how well it seems to do."""

    learned: Learned | None = None
    golden: tuple[str, ...] = ()

    def save(self, name: str | None = None) -> Path:
        """Write the model to the user's devices; `archcost.load` then finds it.

        Args:
            name: of the device; by default the one given to `adapt`.

        Returns:
            The folder.

        Raises:
            UnsupportedError: a name that cannot be used, or of a device that ships or that
                `train` made a model of.
            OSError: the folder cannot be written.
        """
        assert self.learned is not None
        target = replace(self.target, device=name or self.target.device)
        # Another kind may have been chosen before: one device has one model of a target.
        others = replaceable(target)
        model = CostModel(target, self.kind, self.predictor, self.intervals, self.feasibility)
        card = make_card(
            model,
            self.batch(list(self.golden)),
            source_id=None,
            counts=(self.learned.n, self.learned.n_calibration, 0),
            chosen_by=self.learned.chosen_by,
            note="; ".join((*self.learned.notes, *self.learned.warnings)),
        )
        folder = user_folder() / checkpoint_folder(card)
        write_checkpoint(folder, model, card)
        for other in others:
            if other != folder:
                with suppress(FileNotFoundError):  # removed by another process
                    remove_checkpoint(other)
        return folder


def replaceable(target: Target) -> list[Path]:
    """Folders of the user's models of a target, which saving one adapted anew replaces.

    Raises:
        UnsupportedError: a model of it that was not adapted, or the name of a device that ships.
    """
    device = check_device_name(target.device, {card.device for card in cards()})
    found = [
        folder
        for folder in (user_folder() / target.space / target.dataset).glob(
            f"{device}-{target.metric}-*"
        )
        # Not "a-latency-b" of another device when "a" is saved.
        if folder.name.rpartition("-")[0] == f"{device}-{target.metric}"
    ]
    for folder in found:
        if not _adapted(folder):
            raise UnsupportedError(
                f"{device} has a model of its {target.metric} that was not adapted, {folder}: "
                "give another name, or delete that folder first"
            )
    return found


def learned_before(target: Target) -> tuple[int, ...]:
    """How many networks each of the user's models of a target was learned from."""
    return tuple(card.n_train for card in every_card() if card.target == target)


def _adapted(folder: Path) -> bool:
    """Whether `adapt` made this checkpoint, so that adapting anew may replace it."""
    if folder.name.rpartition("-")[2] not in _KINDS:
        return False
    try:
        return read_card(folder / CARD).split_seed is None  # `train` holds a part out
    except CheckpointError:
        return True  # damaged: adapting anew is the remedy


def adapt(
    archs: object,
    measured: npt.ArrayLike,
    space: str = "nasbench201",
    dataset: str | None = None,
    metric: str = "latency",
    device: str = "my-device",
    sources: str | Collection[str] | None = None,
    known: CostModel | None = None,
) -> Adapted:
    """Learn a device's costs from a few measurements and what is known of other devices.

    Up to 120 networks: a Gaussian process (`archcost.predictors.transfer`). More: that, boosted
    trees on its residuals, or boosted trees alone, whichever is best on a part left out.

    Args:
        archs: measured networks in any form that `archcost.parse` accepts; the same network may
            occur several times.
        measured: (n,) costs in the unit of the metric; NaN or None: not measured; -1: the device
            failed to run the network.
        space: "nasbench201" or "fbnet".
        dataset: by default cifar10 for nasbench201 and cifar100 for fbnet. Sources were measured
            on those; for other data sets they still say how networks compare.
        metric: "latency" (ms), "energy" (mJ) or "arithmetic_intensity" (operations/byte).
        device: name of the device.
        sources: ids of the devices to draw upon; None: all that ship, []: none.
        known: a model of the same device in the other search space: carried over
            (`archcost.carry_over`), it is one more source.

    Raises:
        MeasurementError: no usable measurement, costs that cannot be, or Series whose rows are in
            another order.
        ArchitectureError: a malformed network.
        UnknownNameError: an unknown space, data set, metric or source device.
        UnsupportedError: networks of several spaces or data sets, or a name that cannot be used.
    """
    unit_of(metric)
    place = find_space(space)
    name = find_dataset(place, dataset)
    check_device_name(device)
    target = Target(place.name, name, device, metric)
    devices = source_devices(place.name, sources)
    newcomers = Newcomers(devices)
    if known is None:
        cloud = shipped_cloud(place.name, sources)
    else:
        carried = carried_predictor(known, place.name, sources)
        cloud = shipped_cloud(place.name, sources, known=known.target.space)
        newcomers = CarriedNewcomers(carried.known, carried.wanted)
        networks = devices.standardised(pool(place.name))
        name_there = f"{known.target.device} in {known.target.space}"
        devices = carried.as_source(name_there, devices, networks)
    check_order(archs, measured)
    batch = parse(archs, space=place.name, dataset=name)
    Ground.of_space(place.name, name).check(batch, "a device is learned from networks of")
    campaign = clean(batch, measured)
    if not len(campaign.batch):
        raise MeasurementError(
            f"none of {len(batch)} networks has a measured cost ({len(campaign.refused)} were "
            "refused by the device); measure at least 1"
        )
    notes = list(campaign.messages)
    warnings = suspicions(campaign, devices, metric, name == BASE[place.name])
    feasibility = _feasibility(campaign, notes)
    base = TransferPredictor(devices, cloud)
    few = len(campaign.costs) <= N_BASE
    predictor, intervals, (calibrating, error, rank, chosen_by) = (_few if few else _many)(
        campaign, base, newcomers
    )
    found = Learned(
        len(campaign.costs),
        calibrating,
        error,
        rank,
        _nearest(predictor, campaign, devices),
        _outliers(campaign, predictor) if few and isinstance(predictor, TransferPredictor) else (),
        tuple(notes),
        tuple(warnings),
        chosen_by,
    )
    golden = tuple(campaign.batch[:_GOLDEN].strings())
    kind = predictor.kind
    return Adapted(target, kind, predictor, intervals, feasibility, found, golden)


_Fitted = tuple[Predictor, ConformalIntervals | TransferIntervals, tuple[int, float, float, str]]


def _few(campaign: Campaign, base: TransferPredictor, newcomers: Newcomers) -> _Fitted:
    model = base.fit(campaign.batch, campaign.costs)
    assert base.cloud is not None
    shots = min(len(campaign.costs), _MOST_CALIBRATION)
    intervals = TransferIntervals.fit(model, base.cloud, shots, newcomers)
    residuals, _ = model.left_out()
    error = rank = float("nan")
    if len(residuals) >= 3:
        error = float(np.median(np.abs(residuals) / campaign.costs))
    if len(residuals) >= 4 and len(np.unique(campaign.costs)) > 1:
        rank = spearman(campaign.costs - residuals, campaign.costs)
    return model, intervals, (0, error, rank, "few measurements: transfer from other devices")


def _many(campaign: Campaign, base: TransferPredictor, newcomers: Newcomers) -> _Fitted:
    """The best of three kinds on a fifth left out.

    That fifth calibrates it and it is refitted on all, unless it is the transfer alone: that learns
    from 120 of the others, and source devices calibrate it.
    """
    batch, costs = campaign.batch, campaign.costs
    shuffled = np.random.default_rng(0).permutation(len(costs))
    held, rest = np.split(shuffled, [min(_VALIDATION, len(costs) // 5)])
    trees = GBDTPredictor(**_TREES[max(least for least in _TREES if least <= len(costs))])
    makers: dict[str, Callable[[], Predictor]] = {
        "stacked": lambda: StackedPredictor(base, trees),
        "gbdt": trees.unfitted,
    }
    predicted, errors = {}, {}
    for kind, make in makers.items():
        predicted[kind] = make().fit(batch.take(rest), costs[rest]).predict(batch.take(held))
        errors[kind] = _error(predicted[kind], costs[held])
    alone = base.fit(batch.take(rest[:N_BASE]), costs[rest[:N_BASE]])
    predicted["transfer"] = alone.predict(batch.take(held))
    errors["transfer"] = _error(predicted["transfer"], costs[held])
    best = min(errors, key=lambda kind: errors[kind])
    words = ", ".join(f"{kind} {error:.4f}" for kind, error in errors.items())
    found = predicted[best]
    learned = (
        0 if best == "transfer" else len(held),
        float(np.median(np.abs(found / costs[held] - 1))),
        spearman(found, costs[held]),
        f"mean error on {len(held)} networks left out: {words}",
    )
    if best == "transfer":
        assert base.cloud is not None
        intervals = TransferIntervals.fit(alone, base.cloud, _MOST_CALIBRATION, newcomers)
        return alone, intervals, learned
    conformal = ConformalIntervals.fit(batch.take(held), found, costs[held])
    return makers[best]().fit(batch, costs), conformal, learned


def _error(predicted: Floats, measured: Floats) -> float:
    """Mean difference relative to the larger of the two: cells that cost nothing do not decide."""
    return float((np.abs(predicted - measured) / np.maximum(predicted, measured)).mean())


def _feasibility(campaign: Campaign, notes: list[str]) -> Feasibility | None:
    """Which networks the device runs, if enough were refused to learn it; `notes` grow."""
    refused, ran = len(campaign.refused), len(campaign.batch)
    if not refused:
        return None
    if min(refused, ran) < _FEWEST_REFUSED:
        notes.append(
            f"the device failed to run {refused} of {refused + ran} networks: too few to learn "
            f"which others it fails on ({_FEWEST_REFUSED} that ran and as many refused are needed)"
        )
        return None
    ids = np.concatenate([part.groups[0].ids for part in (campaign.batch, campaign.refused)])
    both = type(campaign.batch).from_ids(campaign.batch.groups[0].skeleton, ids)
    notes.append(
        f"the device failed to run {refused} of {refused + ran} networks: predictions say how "
        "probably it runs a network"
    )
    return Feasibility.fit(both, np.arange(len(ids)) >= ran)


def _nearest(
    predictor: Predictor, campaign: Campaign, devices: SourceDevices
) -> tuple[tuple[str, float], ...]:
    """Source devices whose costs correlate best with the predictions over the space."""
    if not devices.names or len(campaign.costs) < FEWEST_RANKED:
        return ()
    reference = pool(devices.space)
    place = campaign.batch.groups[0].skeleton
    values = predictor.predict(Batch.from_ids(place, reference.groups[0].ids))
    if np.ptp(values) == 0:
        return ()
    # Predictions lean on the sources: what was measured has to agree too.
    alike = rank_correlations(campaign, devices) >= LEAST_ALIKE
    costs = devices.costs(devices.standardised(reference))
    found = {
        name: float(np.corrcoef(column, values)[0, 1])
        for name, column, agrees in zip(devices.names, costs.T, alike, strict=True)
        if agrees
    }
    best = sorted(found.items(), key=lambda item: -item[1])[:_NEAREST]
    return tuple(best)


def _outliers(campaign: Campaign, model: TransferPredictor) -> tuple[tuple[str, float], ...]:
    """Networks that a model of these measurements trusts little, and what it expects of them."""
    trust = model.posterior_.share @ model.posterior_.precision
    residuals, _ = model.left_out()
    # Of the cheapest networks nobody minds some percent.
    far = np.abs(residuals) > _OUTLIER * np.maximum(campaign.costs, np.median(campaign.costs))
    (doubtful,) = np.nonzero(far & (trust < _LEAST_TRUST))
    more = np.maximum(-residuals / campaign.costs, _LEAST_EXPECTED - 1)
    return tuple(zip(campaign.batch.take(doubtful).strings(), more[doubtful].tolist(), strict=True))
