"""`archcost devices`."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.checkpoints import every_card
from archcost.cli.options import Dataset, Space, aligned
from archcost.data import DEVICES
from archcost.encodings import find_dataset, find_space


def devices(
    space: Space = None,
    dataset: Dataset = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="Also the scores on held-out architectures.")
    ] = False,
) -> None:
    """List what can be predicted: devices, metrics, and what was measured on them."""
    found = [card for card in every_card() if card.default]
    if space is not None:
        found = [card for card in found if card.space == find_space(space).name]
    if dataset is not None:
        names = {find_dataset(find_space(c.space), dataset) for c in found if space is None}
        names |= {find_dataset(find_space(space), dataset)} if space is not None else set()
        found = [card for card in found if card.dataset in names]
    heading = ["device", "metric", "unit", "space", "data set", "kind", "batch", "source"]
    lines = [heading + ["tau", "MAPE", "coverage"] * scores]
    for card in found:
        batch = "?" if card.batch_size is None else str(card.batch_size)
        line = [card.device, card.metric, card.unit, card.space, card.dataset, card.kind, batch]
        line.append(card.source or "yours")
        if scores:
            s = card.scores
            line += (
                ["exact" if card.kind == "additive" else "", "", ""]
                if s is None
                else [f"{s.kendall_tau:.4f}", f"{s.mape:.1%}", f"{s.coverage:.1%}"]
            )
        lines.append(line)
    typer.echo("\n".join(aligned(lines)))
    if not scores:
        for name in sorted({card.device for card in found if card.source == "hw-nas-bench"}):
            typer.echo(f"{name}: {DEVICES[name].title}, {DEVICES[name].runtime}")
