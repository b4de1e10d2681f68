"""Answers of the service: which models are asked, and what they say."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial

import numpy as np

from archcost.checkpoints import Card, cards, every_card, find_card, load_card
from archcost.data import DEVICES
from archcost.encodings import CUSTOM, SPACES, lower
from archcost.errors import UnsupportedError
from archcost.explorer.fields import FieldError, field
from archcost.explorer.reading import Part, read
from archcost.explorer.schema import (
    Cost,
    DeviceOut,
    DevicesResponse,
    Explained,
    ExplainRequest,
    Network,
    PredictRequest,
    PredictResponse,
    SkeletonOut,
    SpaceOut,
    TargetOut,
)
from archcost.explorer.spaces import COVERAGE, Table, Tables
from archcost.predictors import CostModel, Estimate, explain_model
from archcost.units import unit_of


def predict(asked: PredictRequest, tables: Tables) -> PredictResponse:
    """Costs of architectures on devices.

    Raises:
        FieldError: something in the request does not mean anything; names the field.
    """
    parts = read(asked.architectures, asked.space, asked.dataset, asked.skeleton)
    described: dict[int, Network] = {}
    costs: list[Cost] = []
    models = []
    for part in parts:
        described |= dict(zip(part.positions, part.described(), strict=True))
        found = [load_card(card) for card in chosen(part.place, asked.devices, asked.metric)]
        tables.want(found)
        for model in found:
            costs += _costs(model, part, asked.coverage, tables)
        models += found
    costs.sort(key=lambda cost: cost.architecture)
    return PredictResponse(
        networks=[described[position] for position in range(len(described))],
        coverage=asked.coverage,
        costs=costs,
        pending=sum(tables.pending(model) for model in models),
        models=len(models),
    )


def _costs(model: CostModel, part: Part, coverage: float, tables: Tables) -> list[Cost]:
    table, indices = tables.get(model), part.indices()
    if table is not None and table.whole and indices is not None:
        estimate = table.estimate.take(np.array(indices))
        if coverage != COVERAGE:
            lower, upper = model.around(part.networks, estimate.value, coverage)
            estimate = replace(estimate, lower=lower, upper=upper, coverage=coverage)
    else:
        with field("architectures"):
            estimate = model.predict(part.networks, coverage)
    cost = partial(_cost, model, table, estimate)
    return [cost(row, position) for row, position in enumerate(part.positions)]


def _cost(
    model: CostModel, table: Table | None, estimate: Estimate, row: int, position: int
) -> Cost:
    value = float(estimate.value[row])
    feasible = None if estimate.feasible is None else float(estimate.feasible[row])
    return Cost(
        architecture=position,
        device=model.target.device,
        metric=model.target.metric,
        unit=estimate.unit,
        value=value,
        lower=float(estimate.lower[row]),
        upper=float(estimate.upper[row]),
        feasible=feasible,
        extrapolation=float(estimate.extrapolation[row]),
        rank=None if table is None else table.rank(value, feasible),
    )


def chosen(place: tuple[str, str], devices: list[str] | None, metric: str | None) -> list[Card]:
    """The default models of a space and data set: of some devices or all, one metric or all.

    Raises:
        FieldError: an unknown device or metric, or none in this combination.
    """
    space, dataset = place
    if metric is not None:
        with field("metric"):
            unit_of(metric)
    here = [
        card
        for card in every_card()
        if (card.space, card.dataset) == place and card.default and metric in (None, card.metric)
    ]
    if devices is None:
        if not here:
            with field("metric" if metric else "dataset"):
                raise UnsupportedError(f"no predictor of {metric} for {space} on {dataset}")
        return here
    found = []
    for position, name in enumerate(devices):
        of_device = [card for card in here if card.device == name]
        with field("devices", position):
            found += of_device or [find_card(name, metric or "latency", space, dataset)]
    return list({(card.device, card.metric): card for card in found}.values())


def explain(asked: ExplainRequest) -> Explained:
    """Where a predicted cost comes from, and what would lower it.

    Raises:
        FieldError: as `predict`.
    """
    try:
        (part,) = read([asked.architecture], asked.space, asked.dataset, asked.skeleton)
    except FieldError as error:
        raise error.moved(("architectures", 0), ("architecture",)) from None
    if asked.skeleton is not None:
        with field("skeleton"):
            lower(part.batch[0])
    with field("metric"):
        unit_of(asked.metric)
    with field("device"):
        model = load_card(find_card(asked.device, asked.metric, *part.place))
    with field("architecture"):
        found = explain_model(model, part.networks, asked.coverage)
    return found.to_dict() | {"best": None if found.best is None else asdict(found.best)}


def devices() -> DevicesResponse:
    """All devices, and the search spaces that they are predicted for."""
    shipped = {card.device for card in cards()}
    targets: dict[str, list[Card]] = {}
    for card in every_card():
        if card.default:
            targets.setdefault(card.device, []).append(card)
    order = [*(name for name in DEVICES if name in targets), *sorted(set(targets) - set(DEVICES))]
    return DevicesResponse(
        devices=[_device(name, targets[name], name not in shipped) for name in order],
        spaces=[
            SpaceOut(
                name=space.name,
                operators=list(space.operators),
                length=space.length,
                edges=None if space.edges is None else list(space.edges),
                skeletons=[
                    SkeletonOut(
                        dataset=dataset,
                        image_size=one.image_size,
                        classes=one.classes,
                        channels=list(one.channels),
                        repeats=list(one.repeats),
                        strides=list(one.strides),
                        stem_stride=one.stem_stride,
                    )
                    for dataset, one in space.skeletons.items()
                ],
            )
            for space in SPACES.values()
        ],
    )


def _device(name: str, found: list[Card], yours: bool) -> DeviceOut:
    known = DEVICES.get(name)
    return DeviceOut(
        id=name,
        title=name if known is None else known.title,
        runtime="" if known is None else known.runtime,
        batch_size=found[0].batch_size,
        precision=None if known is None else known.precision,
        note=found[0].note if known is None else known.note,
        source=found[0].source,
        measured=known is None or known.measured,
        yours=yours,
        targets=[
            TargetOut(
                space=card.space,
                dataset=card.dataset,
                metric=card.metric,
                unit=card.unit,
                kind=card.kind,
                kendall_tau=None if card.scores is None else card.scores.kendall_tau,
            )
            for card in found
        ],
    )


def warm(tables: Tables) -> None:
    """Answer a first request, and have all spaces predicted, the usual data sets first."""
    # The libraries that models need are imported by it: nobody shall wait for that after a click.
    predict(PredictRequest(architectures=[0]), tables)
    default = [card for card in every_card() if card.default]
    first = {space: next(iter(known.skeletons)) for space, known in SPACES.items()}
    tables.ask(sorted(default, key=lambda c: (first.get(c.space) != c.dataset, c.space == CUSTOM)))
