"""Predictors of what HW-NAS-Bench defines as a sum over a table of blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archcost.data import LookupTable
from archcost.encodings import Batch, key_table, skeleton
from archcost.predictors import ConformalIntervals, CostModel, LookupPredictor, Target
from archcost.training.cards import Trained, make_card, write_trained

_GOLDEN = 5


def train_lookup(
    lookup: LookupTable, *, out: str | Path | None = None, seed: int = 0
) -> list[Trained]:
    """Predictors of FBNet's costs from HW-NAS-Bench's look-up table: exact sums of its rows."""
    trained = []
    for dataset in ("cifar100", "ImageNet"):
        place = skeleton("fbnet", dataset)
        keys = key_table(place)
        wanted = {keys.stem, *keys.tail, *(key for row in keys.blocks for key in row)}
        ids = np.random.default_rng(seed).integers(0, 9, size=(_GOLDEN, len(keys.blocks)))
        golden = Batch.from_ids(place, ids)
        for (device, metric), costs in lookup.targets.items():
            priced = dict(zip(lookup.keys, costs.tolist(), strict=True))
            predictor = LookupPredictor({key: priced[key] for key in lookup.keys if key in wanted})
            target = Target("fbnet", dataset, device, metric)
            exact = ConformalIntervals.fit(
                Batch.from_ids(place, np.repeat(ids, 4, axis=0)), np.ones(20), np.ones(20)
            )
            model = CostModel(target, "additive", predictor, exact)
            card = make_card(
                model,
                golden,
                source_id="hw-nas-bench",
                counts=(len(wanted), 0, 0),
                chosen_by="the published cost is defined as this sum",
                note="The sum over a look-up table of blocks, as HW-NAS-Bench defines it: no run "
                "of the whole network. n_train counts the blocks of the table.",
            )
            trained.append(write_trained(Trained(model, card), out))
    return trained
