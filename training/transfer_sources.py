"""Source devices of transfer: measured tables in, one small file a space out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from archcost.aliases import Floats
from archcost.checkpoints.card import ENCODING_VERSION
from archcost.checkpoints.transfer import FORMAT, ShippedSources, SourceCard, write_sources
from archcost.data import SOURCES, MeasuredTable, source
from archcost.encodings import Batch, all_ids, parse, skeleton
from archcost.errors import MeasurementError
from archcost.predictors.carried import CarriedNewcomers, in_both
from archcost.predictors.hyperprior import Newcomers, learn
from archcost.predictors.kernel_features import BASE, pool, raw_features, standardise
from archcost.predictors.kernels import SourceDevices

_RIDGE = {"nasbench201": 10.0, "fbnet": 100.0}
_FEWEST = 1000
_RESIDUALS = 81


def fit_sources(tables: Iterable[MeasuredTable]) -> SourceDevices:
    """Every latency of tables of one space as a ridge-regression function of features.

    Args:
        tables: of one space, on the data set of `archcost.predictors.kernels.BASE`.

    Raises:
        MeasurementError: fewer than 1,000 measurements of a device.
    """
    tables = list(tables)
    space = tables[0].space
    mean, deviation, reference = _standard(space)
    names: list[str] = []
    weights, residuals = [], []
    for table in tables:
        batch = parse(table.architectures, space=space, dataset=BASE[space])
        design = _design(batch, mean, deviation)
        for (device, metric), costs in table.targets.items():
            if metric != "latency" or device in names:
                continue
            rows = np.flatnonzero(costs > 0)
            if len(rows) < _FEWEST:
                raise MeasurementError(f"{device}: {len(rows)} measurements; give {_FEWEST}")
            part = design[rows]
            gram = part.T @ part + _RIDGE[space] * np.eye(part.shape[1])
            found = np.linalg.solve(gram, part.T @ costs[rows])
            names.append(device)
            weights.append(found)
            left = costs[rows] - part @ found
            residuals.append(np.quantile(left, np.linspace(0, 1, _RESIDUALS)))
    stacked: Floats = np.array(weights).T
    functions: Floats = reference @ stacked
    return SourceDevices(
        space,
        tuple(names),
        mean,
        deviation,
        stacked,
        np.atleast_2d(np.corrcoef(functions, rowvar=False)),
        functions.std(axis=0),
        np.array(residuals),
    )


def _standard(space: str) -> tuple[Floats, Floats, Floats]:
    """Mean and deviation (f,) of features over the space, and the design (n, f + 1) there."""
    batch = pool(space)
    if space == "nasbench201":
        batch = Batch.from_ids(skeleton(space, BASE[space]), all_ids())
    values = raw_features(batch).astype(np.float64)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    deviation[deviation < 1e-9] = 0.0
    return mean, deviation, _design(batch, mean, deviation)


def _design(batch: Batch, mean: Floats, deviation: Floats) -> Floats:
    values = raw_features(batch)
    return np.column_stack([np.ones(len(values)), standardise(values, mean, deviation)])


def ship_sources(spaces: Iterable[Iterable[MeasuredTable]], folder: Path) -> list[SourceCard]:
    """Fit source devices and write them with their cards, e.g. to replace those that ship.

    Args:
        spaces: tables of each space; devices that occur in two say how one is carried over.
        folder: gets a folder a space.

    Raises:
        MeasurementError: as `fit_sources`.
        OSError: the folder cannot be written.
    """
    tables = [list(group) for group in spaces]
    every = [fit_sources(group) for group in tables]
    cards = []
    for group, devices in zip(tables, every, strict=True):
        carried = {
            other.space: learn(CarriedNewcomers(*in_both(other, devices)))
            for other in every
            if other.space != devices.space and {*other.names} & {*devices.names}
        }
        prior = learn(Newcomers(devices))
        found = ShippedSources(devices, prior, carried, _card(group, devices))
        cards.append(write_sources(folder / devices.space, found))
    return cards


def _card(tables: list[MeasuredTable], devices: SourceDevices) -> SourceCard:
    owner: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for table in tables:
        for (device, metric), costs in table.targets.items():
            if metric == "latency" and device not in owner:
                owner[device] = table.source or "yours"
                sizes[device] = int((costs > 0).sum())
    return SourceCard(
        format_version=FORMAT,
        space=devices.space,
        dataset=BASE[devices.space],
        metric="latency",
        unit="ms",
        devices=owner,
        licences={
            name: source(name).licence for name in sorted({*owner.values()}) if name in SOURCES
        },
        n_train=sizes,
        split="none held out: a new device is scored on measurements of its own",
        encoding_version=ENCODING_VERSION,
        sha256="",
    )
