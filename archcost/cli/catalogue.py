"""`archcost devices`."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from archcost.checkpoints import every_card, find_place, remove_device
from archcost.checkpoints.user import user_folder
from archcost.cli.options import aligned, any_space
from archcost.data import DEVICES
from archcost.encodings import SPACES, find_dataset
from archcost.errors import UnknownNameError, UnsupportedError, unknown_name


def devices(
    space: Annotated[
        str | None,
        typer.Option(
            callback=any_space,
            help="Those of nasbench201, fbnet, or custom (cells of one's own); by default of all.",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Those of cifar10, cifar100, ImageNet16-120 or ImageNet; by default of all."
        ),
    ] = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="Also the scores on held-out architectures.")
    ] = False,
    remove: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Delete this device of your own instead of listing."),
    ] = None,
) -> None:
    """List what can be predicted: devices, metrics, spaces.

    Example: archcost devices --space fbnet --scores
    """
    if remove is not None:
        if space is not None or dataset is not None:
            raise UnsupportedError(
                "--remove deletes all of a device; to keep some, delete the folders of the others: "
                f"{user_folder()}/SPACE/DATASET/{remove}-…"
            )
        for folder in remove_device(remove):
            typer.echo(f"deleted {folder}")
        return
    found = [card for card in every_card() if card.default]
    if space is not None:
        found = [card for card in found if card.space == find_place(space)[0]]
    if dataset is not None:
        names = _dataset_names(space, dataset)
        found = [card for card in found if card.dataset == names.get(card.space)]
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
    if any(card.source is None for card in found):
        typer.echo(f"yours are in {user_folder()}; --remove NAME deletes one")


def _dataset_names(space: str | None, dataset: str) -> dict[str, str]:
    """Space to its data set of this name, for one space or for all that have it."""
    if space is not None:
        return dict([find_place(space, dataset)])
    names = {}
    for place in SPACES.values():
        with suppress(UnknownNameError):
            names[place.name] = find_dataset(place, dataset)
    if not names:
        known = {name for place in SPACES.values() for name in place.skeletons}
        raise unknown_name("data set", dataset, known)
    return names
