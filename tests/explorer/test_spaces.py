"""Tables of whole spaces, made in the background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import archcost
from archcost.explorer.spaces import Tables
from archcost.predictors import AdditivePredictor


class Broken(AdditivePredictor):
    """What a device of one's own may be that other versions made."""

    def predict(self, archs: object) -> np.ndarray:
        """Never."""
        raise ValueError("no such array")


def test_a_model_that_fails_leaves_the_others_theirs() -> None:
    tables, model = Tables(), archcost.load("fpga")
    broken = replace(model, predictor=Broken())
    tables.want([broken, model])
    tables.wait()
    assert tables.get(broken) is None
    assert not tables.pending(broken)
    table = tables.get(model)
    assert table is not None
    assert len(table.ordered) == 15625
    tables.close()
