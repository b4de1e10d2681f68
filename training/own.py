"""Checkpoints of the machines that this project measured itself, made as people make theirs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from archcost.checkpoints.transfer import source_devices
from archcost.data import DEVICES, OWN, MeasuredTable
from archcost.encodings import parse
from archcost.training.adapt import adapt
from archcost.training.cards import Trained, make_card, write_trained
from archcost.training.evaluate import scores
from archcost.training.trials import Settings, split_rows

_GOLDEN = 5


def train_own(
    tables: Iterable[MeasuredTable], *, out: str | Path | None = None, seed: int = 0
) -> list[Trained]:
    """Adapt each device of these tables from four fifths of its networks, scored on the others.

    Own devices are no sources for each other: they are the same machine.

    Args:
        tables: of nasbench201 or fbnet, as from `archcost.data.own_tables`.
        out: folder to write checkpoints to; None: none are written.
        seed: of the split.

    Raises:
        MeasurementError, ArchitectureError: as `archcost.adapt`.
    """
    trained = []
    for table in tables:
        batch = parse(table.architectures, space=table.space, dataset=table.dataset)
        every = source_devices(table.space).names
        sources = [name for name in every if name not in DEVICES or DEVICES[name].source != OWN]
        for (device, metric), costs in table.targets.items():
            train, held_out = split_rows(len(batch), Settings(seed=seed))
            train, test = train[costs[train] > 0], held_out[costs[held_out] > 0]
            model = adapt(
                batch.take(train),
                costs[train],
                table.space,
                table.dataset,
                metric,
                device,
                sources,
            )
            assert model.learned is not None
            card = make_card(
                model,
                batch.take(train[:_GOLDEN]),
                source_id=table.source,
                counts=(len(train), model.learned.n_calibration, len(held_out)),
                chosen_by=model.learned.chosen_by,
                seed=seed,
                scores=scores(model.predict(batch.take(test)), costs[test]),
            )
            trained.append(write_trained(Trained(model, card), out))
    return trained
