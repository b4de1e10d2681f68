"""Explanations by name of the device."""

from __future__ import annotations

from archcost.checkpoints.registry import load
from archcost.encodings import CUSTOM, Architecture, parse
from archcost.encodings.networks import is_custom
from archcost.errors import ArchitectureError
from archcost.predictors import CostModel, Explanation, explain_model


def explain(
    arch: object,
    device: str | CostModel,
    metric: str = "latency",
    space: str | None = None,
    dataset: str | None = None,
    kind: str | None = None,
    coverage: float = 0.9,
) -> Explanation:
    """Where the predicted cost of one architecture on a device comes from.

    Contributions of the skeleton, the wiring of the cell and each operator that add up to the
    prediction; shares of the layers; what the runtime removes; and what each change of one operator
    would save. `archcost.predictors.explain` says how.

    Args:
        arch: one architecture in any form that `archcost.load(...).predict` takes.
        device: id, or a model such as `archcost.load` and `archcost.adapt` give; a model says all
            else but the coverage itself.
        metric, kind: as `archcost.load`.
        space: nasbench201, fbnet or custom; by default what the form of `arch` shows.
        dataset: as `archcost.load`; an `Architecture` has its own.
        coverage: share of measurements that intervals shall hold, 0.5 to 0.99.

    Raises:
        ArchitectureError: malformed, or not one architecture but several.
        UnknownNameError, UnsupportedError: as `archcost.load`.
    """
    if isinstance(device, CostModel):
        return explain_model(device, arch, coverage)
    if space is None and is_custom(arch):
        space = CUSTOM
    if space is None:
        batch = parse(arch, dataset=dataset)
        if len(batch) != 1:
            raise ArchitectureError(f"{len(batch)} architectures; one at a time can be explained")
        arch, place = batch, batch.groups[0].skeleton
        space, dataset = place.space, place.dataset
    elif dataset is None and isinstance(arch, Architecture) and space != CUSTOM:
        dataset = arch.skeleton.dataset
    return explain_model(load(device, metric, space, dataset, kind), arch, coverage)
