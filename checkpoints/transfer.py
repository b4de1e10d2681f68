"""The source devices that ship for transfer: one small file a space, with its card."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy.typing as npt

from archcost.checkpoints.card import ENCODING_VERSION
from archcost.checkpoints.store import arrays_content
from archcost.data import sha256_of, write_whole
from archcost.errors import CheckpointError, UnsupportedError, names_given
from archcost.predictors.carried import CarriedNewcomers, in_both
from archcost.predictors.hyperprior import Cloud, Hyperprior, Newcomers, learn
from archcost.predictors.kernel_features import BASE
from archcost.predictors.kernels import SourceDevices

SHIPPED_SOURCES = Path(__file__).with_name("shipped") / "transfer"
"""``<space>/sources.safetensors`` and ``card.json``."""
_FILE = "sources.safetensors"
FORMAT = 2
"""Raised whenever the file or its card change so that older code cannot read them."""
_PRIOR = ("mean", "deviation", "shares")


class SourceCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of source devices was learned from.

    Attributes:
        format_version: of file and card.
        space: of the architectures.
        dataset: on which the devices were measured.
        metric: of their costs.
        unit: of the metric.
        devices: device id to the id of its publication.
        licences: publication to the licence of its measurements.
        n_train: device id to the number of networks learned from; none are held out, since what
            a new device is scored on is measured on that device.
        split: what was held out, in words.
        encoding_version: of the features.
        sha256: of the file.
    """

    format_version: int
    space: str
    dataset: str
    metric: str
    unit: str
    devices: dict[str, str]
    licences: dict[str, str]
    n_train: dict[str, int]
    split: str
    encoding_version: int
    sha256: str


@dataclass(frozen=True, eq=False)
class ShippedSources:
    """Source devices, what all of them together teach about devices to come, and their card.

    Attributes:
        devices: that were measured.
        prior: of a device to come.
        carried: of one that is known in another space, by the name of that.
        card: of the file.
    """

    devices: SourceDevices
    prior: Hyperprior
    carried: dict[str, Hyperprior]
    card: SourceCard


def write_sources(folder: Path, found: ShippedSources) -> SourceCard:
    """Write source devices, what they teach, and their card; the hash is filled in.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = found.devices.state() | _prior_state("prior", found.prior)
    for space, prior in found.carried.items():
        state |= _prior_state(f"carried.{space}", prior)
    with write_whole(folder / _FILE) as part:
        part.write_bytes(arrays_content(state))
    card = msgspec.structs.replace(found.card, sha256=sha256_of(folder / _FILE))
    with write_whole(folder / "card.json") as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    return card


def _prior_state(key: str, prior: Hyperprior) -> dict[str, npt.NDArray[Any]]:
    return {f"{key}.{name}": getattr(prior, name) for name in _PRIOR}


def _read_prior(key: str, names: tuple[str, ...], state: dict[str, npt.NDArray[Any]]) -> Hyperprior:
    return Hyperprior(names, *(state[f"{key}.{name}"] for name in _PRIOR))


def read_sources(folder: Path) -> ShippedSources:
    """Read source devices.

    Raises:
        CheckpointError: missing, damaged, or of other versions.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / _FILE
    try:
        card = msgspec.json.decode((folder / "card.json").read_bytes(), type=SourceCard)
        content = path.read_bytes()
        if sha256_of(path) != card.sha256:
            raise CheckpointError(f"{path}: not what its card describes; install archcost again")
        state = load(content)
        devices = SourceDevices.from_state(state)
        prior = _read_prior("prior", devices.block_names, state)
        names = CarriedNewcomers(devices, devices).block_names
        spaces = [key.split(".")[1] for key in state if key.startswith("carried.")]
        carried = {space: _read_prior(f"carried.{space}", names, state) for space in spaces}
    except (OSError, msgspec.MsgspecError, SafetensorError, KeyError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); install archcost again") from None
    if (card.format_version, card.encoding_version) != (FORMAT, ENCODING_VERSION):
        raise CheckpointError(f"{path}: made with another version of archcost; install it again")
    return ShippedSources(devices, prior, carried, card)


@lru_cache(maxsize=2)
def _shipped(space: str) -> ShippedSources:
    return read_sources(SHIPPED_SOURCES / space)


def source_devices(space: str, names: str | Collection[str] | None = None) -> SourceDevices:
    """The shipped source devices of a space: all, or only those named.

    Raises:
        UnsupportedError: a space without source devices; something else than names.
        UnknownNameError: no such source device.
        CheckpointError: the installed file is damaged.
    """
    if space not in BASE:
        raise UnsupportedError(f"no devices were measured in {space!r}; use {' or '.join(BASE)}")
    every = _shipped(space).devices
    if names is None:
        return every
    return every.only(list(dict.fromkeys(names_given("sources", names))))


def shipped_cloud(
    space: str, names: str | Collection[str] | None = None, *, known: str | None = None
) -> Cloud:
    """Hyperparameters learned from these devices; once a process and choice of devices.

    Args:
        space: of the architectures.
        names: of the devices; None: all.
        known: another space, of which the new device is carried over; None: of none.

    Raises:
        As `source_devices`.
        UnsupportedError: no device was measured in both spaces.
    """
    source_devices(space, names)
    return _cloud(space, None if names is None else tuple(names_given("sources", names)), known)


@lru_cache(maxsize=32)
def _cloud(space: str, names: tuple[str, ...] | None, known: str | None) -> Cloud:
    if names is None:
        shipped = _shipped(space)
        return (shipped.carried[known] if known else shipped.prior).cloud()
    devices = source_devices(space, list(names))
    if known:
        return learn(CarriedNewcomers(*in_both(source_devices(known), devices))).cloud()
    return learn(Newcomers(devices)).cloud()
