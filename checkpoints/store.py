"""Write and read checkpoints: a folder with a card, arrays (safetensors) and tree files (.ubj).

Nothing is unpickled. A folder is read only if every file that its card names has the hash that the
card gives, and no other content is looked at.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.checkpoints.card import ENCODING_VERSION, Card, card_bytes, read_card
from archcost.data import sha256_of
from archcost.errors import CheckpointError
from archcost.predictors import (
    AdditivePredictor,
    ConformalIntervals,
    CostModel,
    Feasibility,
    GBDTPredictor,
    LookupPredictor,
    Predictor,
    ScaledPredictor,
)
from archcost.predictors.gbdt import Booster

State = dict[str, npt.NDArray[Any]]

CARD = "card.json"
_ARRAYS = "model.safetensors"
_FEASIBILITY = "feasibility.ubj"
_CLASSES: dict[str, type[Predictor]] = {
    cls.__name__: cls
    for cls in (AdditivePredictor, LookupPredictor, GBDTPredictor, ScaledPredictor)
}


def model_state(model: CostModel) -> State:
    """Everything that the parts of a model learned, as named arrays."""
    state = model.predictor.state() | model.intervals.state()
    if model.feasibility is not None:
        content = model.feasibility.booster.content
        state[_FEASIBILITY] = np.frombuffer(content, dtype=np.uint8)
    return state


def write_checkpoint(folder: Path, model: CostModel, card: Card) -> Card:
    """Write a checkpoint whole: a folder under construction takes the place of the old one.

    Args:
        folder: to be created or replaced.
        model: what to store.
        card: its description; hashes are filled in.

    Returns:
        The card as written.

    Raises:
        OSError: the folder cannot be written; the old one is as it was.
    """
    import msgspec
    from safetensors.numpy import save_file

    part = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    part.mkdir(parents=True)
    try:
        state = model_state(model)
        if card.base is not None:
            state.pop(_FEASIBILITY, None)  # the base has it
        trees = {name: state.pop(name) for name in list(state) if name.endswith(".ubj")}
        for name, content in trees.items():
            (part / name).write_bytes(content.tobytes())
        save_file({name: np.ascontiguousarray(v) for name, v in state.items()}, part / _ARRAYS)
        files = {path.name: sha256_of(path) for path in sorted(part.iterdir())}
        card = msgspec.structs.replace(card, files=files)
        (part / CARD).write_bytes(card_bytes(card))
        _replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return card


def _replace(part: Path, folder: Path) -> None:
    """Put `part` in the place of `folder`; a folder cannot be renamed over a full one."""
    old = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.old")
    if folder.exists():
        os.replace(folder, old)
    os.replace(part, folder)
    shutil.rmtree(old, ignore_errors=True)


def read_checkpoint(folder: Path) -> tuple[CostModel, Card]:
    """Read a checkpoint.

    Raises:
        CheckpointError: a file is missing, changed, truncated or foreign, or the checkpoint was
            made with another version of the encodings.
    """
    card = read_card(folder / CARD)
    if card.encoding_version != ENCODING_VERSION:
        raise CheckpointError(
            f"{folder}: made with encodings of version {card.encoding_version}, this archcost has "
            f"version {ENCODING_VERSION}; train it again"
        )
    state = _read_state(folder, card)
    trees = state.pop(_FEASIBILITY, None)
    feasibility = None if trees is None else Feasibility(Booster(trees.tobytes()))
    try:
        predictor: Predictor
        if card.base is None:
            predictor = _CLASSES[card.predictor].from_state(state)
        else:
            base = _read_base(folder, card)
            predictor, feasibility = (
                ScaledPredictor.with_base(base.predictor, state),
                base.feasibility,
            )
        intervals = ConformalIntervals.from_state(state)
    except KeyError as error:
        raise CheckpointError(f"{folder}: the checkpoint lacks {error}") from None
    return CostModel(card.target, card.kind, predictor, intervals, feasibility), card


def _read_base(folder: Path, card: Card) -> CostModel:
    """The model that a scaled one builds on: ``<root>/<space>/<dataset>/<name>``."""
    parts = Path(card.base or "").parts
    if len(parts) != 3 or ".." in parts or Path(card.base or "").is_absolute():
        raise CheckpointError(f"{folder}: the card names a base outside: {card.base!r}")
    base = folder.parents[2].joinpath(*parts)
    if not (base / CARD).is_file() or sha256_of(base / CARD) != card.base_sha256:
        raise CheckpointError(f"{folder}: made on another version of {card.base}; train it again")
    return read_checkpoint(base)[0]


def _read_state(folder: Path, card: Card) -> State:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    state: State = {}
    for name, digest in card.files.items():
        path = folder / name
        if Path(name).name != name:
            raise CheckpointError(f"{folder}: the card names a file outside the folder: {name!r}")
        if not path.is_file():
            raise CheckpointError(f"{path}: missing; install archcost again")
        if sha256_of(path) != digest:
            raise CheckpointError(
                f"{path}: not the file that its card describes (SHA-256 differs); it is damaged or "
                "was changed; install archcost again"
            )
        if name.endswith(".ubj"):
            state[name] = np.frombuffer(path.read_bytes(), dtype=np.uint8)
            continue
        try:
            state |= load(path.read_bytes())
        except SafetensorError as error:
            raise CheckpointError(f"{path}: not a safetensors file ({error})") from None
    return state
