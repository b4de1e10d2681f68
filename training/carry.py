"""A device that is known in one search space, in another one."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from archcost.aliases import Floats
from archcost.checkpoints.transfer import source_devices
from archcost.encodings import find_space
from archcost.errors import UnsupportedError
from archcost.predictors import ConformalIntervals, CostModel, Target
from archcost.predictors.carried import CarriedNewcomers, CarriedPredictor, in_both
from archcost.predictors.kernel_features import BASE, pool

_QUANTILES = 2000


def carry_over(
    model: CostModel, space: str, sources: str | Collection[str] | None = None
) -> CostModel:
    """Predict a device in a search space where it was never measured.

    Devices that were measured in both spaces say how the two compare
    (`archcost.predictors.carried`). Intervals hold what leaving each of those devices out misses
    by; they are wide, and a few measurements in the space narrow them (`archcost.adapt`).

    Args:
        model: of the device in the space where it is known, shipped or from `archcost.adapt`.
        space: to predict, "nasbench201" or "fbnet"; on the data set where devices were measured.
        sources: ids of the devices to draw upon; None: all that were measured in both spaces.

    Raises:
        UnknownNameError: no such space or source device.
        UnsupportedError: the model is of that space already, or of a data set on which sources
            were not measured, or no source was measured in both spaces.
    """
    carried = carried_predictor(model, space, sources)
    known, wanted = model.target, carried.wanted.space
    target = Target(wanted, BASE[wanted], known.device, known.metric)
    newcomers = CarriedNewcomers(carried.known, carried.wanted)
    count = len(carried.wanted.names)
    residuals = np.concatenate([_left_out(newcomers, device) for device in range(count)])
    quantiles = np.quantile(residuals, np.linspace(0, 1, _QUANTILES + 1))
    intervals = ConformalIntervals(quantiles, np.zeros(0), closest=True)
    return CostModel(target, carried.kind, carried, intervals)


def carried_predictor(
    model: CostModel, space: str, sources: str | Collection[str] | None = None
) -> CarriedPredictor:
    """The predictor of `carry_over`, without intervals; arguments and errors are the same."""
    if not isinstance(model, CostModel):
        raise UnsupportedError(
            f"a {type(model).__name__} is no model; give what archcost.load or archcost.adapt gives"
        )
    known, wanted = model.target, find_space(space).name
    if known.space == wanted:
        raise UnsupportedError(f"{known} is in {wanted} already; predict with it")
    if known.dataset != BASE.get(known.space):
        raise UnsupportedError(
            f"{known}: other devices were measured on {BASE[known.space]}; give a model of that"
        )
    there, here = source_devices(known.space), source_devices(wanted, sources)
    names = [name for name in here.names if name in there.names and name != known.device]
    cells = pool(known.space)
    carried = CarriedPredictor(*in_both(there.only(names), here))
    return carried.fit(cells, model.predictor.predict(cells))


def _left_out(newcomers: CarriedNewcomers, device: int) -> Floats:
    """Log of true over carried cost (n,) of a source device, from all the other ones."""
    here = newcomers.devices
    networks = pool(here.space)
    true = here.costs(here.standardised(networks))[:, device]
    positive = true > 0
    return np.log(true[positive] / newcomers.carried(device).predict(networks)[positive])
