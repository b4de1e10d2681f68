"""Which checkpoints there are, and which one a name means."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archcost.checkpoints.card import Card, read_card
from archcost.checkpoints.store import CARD, read_checkpoint, remove_checkpoint
from archcost.checkpoints.user import user_folder
from archcost.encodings import CUSTOM, find_dataset, find_space
from archcost.errors import CheckpointError, UnknownNameError, UnsupportedError, unknown_name
from archcost.predictors import CostModel
from archcost.units import unit_of

if TYPE_CHECKING:
    import pandas as pd

SHIPPED = Path(__file__).with_name("shipped")
"""The checkpoints of the package, ``<space>/<dataset>/<device>-<metric>-<kind>``."""


def checkpoint_folder(card: Card) -> Path:
    """Where a checkpoint stands, relative to the folder of all."""
    return Path(card.space, card.dataset, f"{card.device}-{card.metric}-{card.kind}")


@lru_cache(maxsize=8)
def cards(root: Path = SHIPPED) -> tuple[Card, ...]:
    """The cards of all checkpoints under a folder, sorted by space, data set, device, metric.

    Raises:
        CheckpointError: a card cannot be read, or stands in a folder of another name.
    """
    return _sorted(_read(path) for path in _card_paths(root))


def _card_paths(root: Path) -> list[Path]:
    # Names that begin with a dot are of what earlier versions were interrupted in making.
    return [p for p in root.glob(f"*/*/*/{CARD}") if not p.parent.name.startswith(".")]


def _read(path: Path) -> Card:
    """The card, if its folder is the one in which it is looked for."""
    card = read_card(path)
    folder = path.parents[3] / checkpoint_folder(card)
    if path.parent != folder:
        raise CheckpointError(
            f"{path.parent}: holds what was learned for {card.device}; rename it back to {folder}, "
            "or adapt the device again under its new name"
        )
    return card


def _device_of(path: Path) -> str:
    """The device of a card that need not be readable."""
    return path.parent.name.rsplit("-", 2)[0]


def _sorted(found: Iterable[Card]) -> tuple[Card, ...]:
    return tuple(sorted(found, key=lambda c: (c.space, c.dataset, c.device, c.metric, c.kind)))


def every_card(root: Path = SHIPPED) -> tuple[Card, ...]:
    """The cards under a folder and, if it is that of the package, those of the user's devices.

    Of a target that ships the user's come first, as of one that was trained on all of the official
    file: there the shipped ones are no defaults. A card of the user's that cannot be read is left
    out with a warning.

    Raises:
        CheckpointError: a card under the folder cannot be read.
    """
    # Not cached: devices are added while a program runs.
    if root != SHIPPED:
        return cards(root)
    own = _user_cards()
    taken = {_target(card) for card in own if card.default}
    return (*(_with_default(c, c.default and _target(c) not in taken) for c in cards()), *own)


def _target(card: Card) -> tuple[str, str, str, str]:
    return card.space, card.dataset, card.device, card.metric


def _with_default(card: Card, default: bool) -> Card:
    return card if card.default == default else msgspec.structs.replace(card, default=default)


def _user_cards() -> tuple[Card, ...]:
    found = []
    for path in _card_paths(user_folder()):
        try:
            found.append(_read(path))
        except CheckpointError as error:
            warnings.warn(f"a device of your own is left out: {error}", stacklevel=2)
    return _sorted(found)


def remove_device(name: str) -> list[Path]:
    """Delete a device of the user's: all that was learned of it, but no measurements.

    Args:
        name: of the device; its cards need not be readable.

    Returns:
        The folders deleted, of all spaces, data sets, metrics and kinds.

    Raises:
        UnsupportedError: a device that ships.
        UnknownNameError: no such device.
    """
    folders: dict[str, list[Path]] = {}
    for path in sorted(_card_paths(user_folder())):
        folders.setdefault(_device_of(path), []).append(path.parent)
    if name not in folders:
        if name in {card.device for card in cards()}:
            raise UnsupportedError(f"{name} ships with archcost; remove devices of your own only")
        raise unknown_name("device of your own", name, folders)
    for folder in folders[name]:
        remove_checkpoint(folder)
    return folders[name]


def find_card(
    device: str,
    metric: str = "latency",
    space: str = "nasbench201",
    dataset: str | None = None,
    kind: str | None = None,
    root: Path = SHIPPED,
) -> Card:
    """The card that these names mean.

    Raises:
        UnknownNameError: a device, metric, space, data set or kind that is not known at all.
        UnsupportedError: known names in a combination that there is no checkpoint for; says which
            there are.
        CheckpointError: what is asked for is a device of the user's whose card cannot be read.
    """
    for what, name in (("device", device), ("metric", metric), ("kind", kind)):
        if not isinstance(name, str | None):
            raise UnsupportedError(f"{what} {name!r}: one at a time, as text")
    unit_of(metric)
    place = find_place(space, dataset)
    try:
        return _find_card(device, metric, place, kind, root)
    except (UnknownNameError, UnsupportedError):
        for path in _card_paths(user_folder()) if root == SHIPPED else ():
            if _device_of(path) == device:
                _read(path)  # says what is wrong with a card that was left out
        raise


def _find_card(
    device: str, metric: str, place: tuple[str, str], kind: str | None, root: Path
) -> Card:
    every = every_card(root)
    if device not in {card.device for card in every}:
        raise unknown_name("device", device, {card.device for card in every})
    here = [card for card in every if (card.space, card.dataset) == place]
    of_device = [card for card in here if card.device == device]
    words = " on ".join(place)
    if not of_device:
        where = {f"{c.space} on {c.dataset}" for c in every if c.device == device}
        shipped = device in {card.device for card in cards(root)}
        why = "no measurements to learn it from are published" if shipped else "it is not adapted"
        raise UnsupportedError(
            f"no predictor of {device} for {words}: {why}; there is {', '.join(sorted(where))}"
        )
    of_metric = [card for card in of_device if card.metric == metric]
    if not of_metric:
        has = ", ".join(sorted({card.metric for card in of_device}))
        raise UnsupportedError(f"{device} has no {metric} for {words}; it has {has}")
    kinds = {card.kind: card for card in of_metric}
    if kind is None:
        default = next((card for card in of_metric if card.default), None)
        if default is None:
            raise UnsupportedError(
                f"{device} {metric} for {words}: none of its kinds is the default; name one of "
                f"{', '.join(kinds)}"
            )
        return default
    if kind not in kinds:
        raise unknown_name(f"kind for {device} {metric}", kind, kinds)
    return kinds[kind]


def chosen_cards(
    place: tuple[str, str],
    devices: list[str],
    every: bool = False,
    metric: str | None = None,
    kind: str | None = None,
) -> list[Card]:
    """The cards asked for, one a device and metric.

    Args:
        place: space and data set, as `find_place` gives them.
        devices: ids; none: the six of HW-NAS-Bench, or all, the user's too.
        every: all devices if none is named; of named devices all metrics, not latency only.
        metric: of each; None: latency of named devices, all metrics of others.
        kind: of each; None: the default.

    Raises:
        UnknownNameError, UnsupportedError: as `find_card`.
    """
    if metric is not None:
        unit_of(metric)
    space, dataset = place
    if devices:
        if metric is None and every:
            here = [c for c in every_card() if (c.space, c.dataset) == place]
            found = {name: [c.metric for c in here if c.device == name] for name in devices}
            pairs = [(name, what) for name in devices for what in found[name] or ["latency"]]
        else:
            pairs = [(name, metric or "latency") for name in devices]
        return [find_card(name, what, space, dataset, kind) for name, what in dict.fromkeys(pairs)]
    known = every_card() if every else cards()
    here = [c for c in known if c.default and (c.space, c.dataset) == place]
    here = [c for c in here if metric in (None, c.metric) and (every or c.source == "hw-nas-bench")]
    if not here:
        offered = sorted({f"{c.space} on {c.dataset}" for c in cards()})
        raise UnsupportedError(
            f"no predictor{f' of {metric}' if metric else ''} for {space} on {dataset}; there are "
            f"predictors for {', '.join(offered)}"
        )
    pairs = [(c.device, c.metric) for c in here]
    return [find_card(name, what, space, dataset, kind) for name, what in dict.fromkeys(pairs)]


def find_place(space: str, dataset: str | None = None) -> tuple[str, str]:
    """Space and data set as cards have them.

    Models of networks outside the known spaces have that data set whose skeleton cells get that
    come without one; they take any other as well.

    Raises:
        UnknownNameError: no such space, or it has no such data set.
    """
    if space == CUSTOM:
        find_dataset(find_space("nasbench201"), dataset)
        return CUSTOM, find_dataset(find_space("nasbench201"))
    place = find_space(space, also=(CUSTOM,))
    return place.name, find_dataset(place, dataset)


def load(
    device: str,
    metric: str = "latency",
    space: str = "nasbench201",
    dataset: str | None = None,
    kind: str | None = None,
) -> CostModel:
    """The predictor of a device's cost, shipped or saved by the user.

    Args:
        device: id, e.g. "raspi4"; `catalogue` lists them.
        metric: "latency" (ms), "energy" (mJ) or "arithmetic_intensity" (operations/byte).
        space: "nasbench201", "fbnet", or "custom": cells of one's own in any skeleton, and layer
            graphs. Models of the first two hand such networks on to the model of the third.
        dataset: by default cifar10 for nasbench201, cifar100 for fbnet. For custom: of the skeleton
            of NAS-Bench-201 in which cells that come without one are put.
        kind: "additive", "gbdt", "gnn", …; by default the one that was best on validation data.

    Raises:
        UnknownNameError, UnsupportedError: as `find_card`.
        CheckpointError: the installed files are damaged.
    """
    card = find_card(device, metric, space, dataset, kind)
    model = load_card(card)
    if card.space == CUSTOM:
        return _putting_cells_on(model, find_dataset(find_space("nasbench201"), dataset))
    return replace(model, beyond=_beyond(card))


def _beyond(card: Card) -> CostModel | None:
    """The model of the same device and metric for networks outside the known spaces."""
    here = (card.device, card.metric)
    every = [c for c in every_card() if c.space == CUSTOM and (c.device, c.metric) == here]
    if not every:
        return None
    model = load_card(every[0])
    return _putting_cells_on(model, card.dataset) if card.space == "nasbench201" else model


def _putting_cells_on(model: CostModel, dataset: str) -> CostModel:
    """A model of layers that puts cells without a skeleton into that of this data set."""
    return replace(model, target=replace(model.target, dataset=dataset))


@lru_cache(maxsize=256)
def _load(folder: Path, version: int) -> CostModel:
    return read_checkpoint(folder)[0]


@lru_cache(maxsize=1)
def _shipped() -> dict[Path, Card]:
    return {checkpoint_folder(card): card for card in cards()}


def load_card(card: Card, root: Path = SHIPPED) -> CostModel:
    """The model that a card describes, shipped or the user's; loaded once a process."""
    place = checkpoint_folder(card)
    shipped = _shipped().get(place)
    yours = root == SHIPPED and (shipped is None or _with_default(shipped, card.default) != card)
    folder = (user_folder() if yours else root) / place
    path = folder / CARD
    # A user's device can be adapted anew under the same name.
    return _load(folder, path.stat().st_mtime_ns if path.is_file() else 0)


def catalogue() -> pd.DataFrame:
    """What can be predicted, how well, and trained on what: one row per checkpoint."""
    import pandas as pd

    rows = []
    for card in every_card():
        scores = card.scores
        rows.append(
            {
                "space": card.space,
                "dataset": card.dataset,
                "device": card.device,
                "metric": card.metric,
                "unit": card.unit,
                "kind": card.kind,
                "default": card.default,
                "batch_size": card.batch_size,
                "source": card.source,
                "n_train": card.n_train,
                "n_test": card.n_test,
                "kendall_tau": None if scores is None else scores.kendall_tau,
                "spearman": None if scores is None else scores.spearman,
                "mape": None if scores is None else scores.mape,
                "within_10pct": None if scores is None else scores.within_10pct,
                "coverage": None if scores is None else scores.coverage,
                "width": None if scores is None else scores.width,
                "ceiling": card.ceiling,
            }
        )
    return pd.DataFrame(rows)
