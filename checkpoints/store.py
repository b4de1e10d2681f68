"""Write and read checkpoints: a folder with a card, arrays (safetensors) and tree files (.ubj).

Nothing is unpickled. A folder is read only if every file that its card names has the hash that the
card gives, and no other content is looked at. What many checkpoints share, a network for many
devices, is one file in the folder above them, under a name that holds its hash.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.checkpoints.card import ENCODING_VERSION, RESTORE, Card, card_bytes, read_card
from archcost.data import sha256_of, write_whole
from archcost.data.files import naming
from archcost.encodings import SPACES
from archcost.errors import CheckpointError
from archcost.predictors import (
    AdditivePredictor,
    CarriedPredictor,
    ConformalIntervals,
    CostModel,
    EnsemblePredictor,
    Feasibility,
    GBDTPredictor,
    GNNPredictor,
    LayerIntervals,
    LayersPredictor,
    LookupPredictor,
    Predictor,
    ScaledPredictor,
    StackedPredictor,
    TransferIntervals,
    TransferPredictor,
)
from archcost.predictors.gbdt import Booster
from archcost.predictors.gnn import SHARED
from archcost.predictors.ground import GROUND, Ground

State = dict[str, npt.NDArray[Any]]

CARD = "card.json"
_ARRAYS = "model.safetensors"
_FEASIBILITY = "feasibility.ubj"
_CLASSES: dict[str, type[Predictor]] = {
    cls.__name__: cls
    for cls in (
        AdditivePredictor,
        CarriedPredictor,
        LookupPredictor,
        GBDTPredictor,
        GNNPredictor,
        LayersPredictor,
        StackedPredictor,
        TransferPredictor,
    )
}
_COMPOSED = (EnsemblePredictor.__name__, ScaledPredictor.__name__)


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

    part = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    part.mkdir(parents=True)
    try:
        state = model_state(model)
        state.pop(GROUND, None)  # the card says it
        if card.bases:
            state.pop(_FEASIBILITY, None)  # the bases have it
        shared = _write_shared(folder.parent, state)
        trees = {name: state.pop(name) for name in list(state) if name.endswith(".ubj")}
        with naming(folder):
            for name, content in trees.items():
                (part / name).write_bytes(content.tobytes())
            (part / _ARRAYS).write_bytes(arrays_content(state))
            files = {path.name: sha256_of(path) for path in sorted(part.iterdir())}
            card = msgspec.structs.replace(card, files=files, shared=shared)
            (part / CARD).write_bytes(card_bytes(card))
            _replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return card


def _write_shared(parent: Path, state: State) -> dict[str, str]:
    """Move the arrays that other checkpoints have too into a file of their own."""
    arrays = {name: state.pop(name) for name in list(state) if name.startswith(SHARED)}
    if not arrays:
        return {}
    content = arrays_content(arrays)
    digest = hashlib.sha256(content).hexdigest()
    path = parent / f"{SHARED}{digest[:12]}.safetensors"
    if not path.exists() or sha256_of(path) != digest:
        with write_whole(path) as whole:
            whole.write_bytes(content)
    return {path.name: digest}


def arrays_content(arrays: State) -> bytes:
    """The content of a safetensors file; one that the library writes is for its owner alone."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(value) for name, value in arrays.items()})


def _replace(part: Path, folder: Path) -> None:
    """Put `part` in the place of `folder`; a folder cannot be renamed over a full one."""
    old = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.old")
    if folder.exists():
        os.replace(folder, old)
    try:
        os.replace(part, folder)
    except BaseException:
        if old.exists():
            os.replace(old, folder)
        raise
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
    if card.space in SPACES:
        state[GROUND] = Ground.of_space(card.space, card.dataset).array()
    trees = state.pop(_FEASIBILITY, None)
    feasibility = None if trees is None else Feasibility(Booster(trees.tobytes()))
    try:
        predictor: Predictor
        if card.predictor in _COMPOSED:
            bases = [_read_base(folder, name, digest) for name, digest in card.bases.items()]
            predictor = _compose(folder, card, [base.predictor for base in bases], state)
            feasibility = bases[0].feasibility
        else:
            predictor = _from_state(folder, _CLASSES[card.predictor], state)
        intervals: ConformalIntervals | TransferIntervals | LayerIntervals
        if isinstance(predictor, TransferPredictor):
            intervals = TransferIntervals.from_state(state, predictor)
        elif isinstance(predictor, LayersPredictor):
            intervals = LayerIntervals.from_state(state, predictor)
        else:
            intervals = ConformalIntervals.from_state(state)
    except KeyError as error:
        raise CheckpointError(f"{folder}: the checkpoint lacks {error}") from None
    return CostModel(card.target, card.kind, predictor, intervals, feasibility), card


def _from_state(folder: Path, made: type[Predictor], state: State) -> Predictor:
    try:
        return made.from_state(state)
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from None


def _compose(folder: Path, card: Card, bases: list[Predictor], state: State) -> Predictor:
    """A predictor that builds on others."""
    if card.predictor == ScaledPredictor.__name__ and len(bases) == 1:
        return ScaledPredictor.with_base(bases[0], state)
    if card.predictor == EnsemblePredictor.__name__ and len(bases) == len(state["weights"]) > 0:
        return EnsemblePredictor.of(bases, state["weights"])
    raise CheckpointError(f"{folder}: {card.predictor} cannot be built on {len(bases)} others")


def _read_base(folder: Path, name: str, digest: str) -> CostModel:
    """A model that another builds on: ``<root>/<space>/<dataset>/<name>``."""
    parts = Path(name).parts
    if len(parts) != 3 or ".." in parts or Path(name).is_absolute():
        raise CheckpointError(f"{folder}: the card names a base outside: {name!r}")
    base = folder.parents[2].joinpath(*parts)
    if base == folder or not (base / CARD).is_file() or sha256_of(base / CARD) != digest:
        raise CheckpointError(f"{folder}: made on another version of {name}; train it again")
    return read_checkpoint(base)[0]


def _read_state(folder: Path, card: Card) -> State:
    state: State = {}
    for name, digest in card.files.items():
        path = _inside(folder, name)
        if name.endswith(".ubj"):
            state[name] = np.frombuffer(_checked(path, digest), dtype=np.uint8)
        else:
            state |= _arrays(path, digest)
    for name, digest in card.shared.items():
        state |= _shared_arrays(_inside(folder, name, folder.parent), digest)
    return state


def _inside(folder: Path, name: str, where: Path | None = None) -> Path:
    if Path(name).name != name:
        raise CheckpointError(f"{folder}: the card names a file outside the folder: {name!r}")
    return (where or folder) / name


def _checked(path: Path, digest: str) -> bytes:
    """The content of a file that has this hash."""
    if not path.is_file():
        raise CheckpointError(f"{path}: missing; {RESTORE}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError(
            f"{path}: not the file that its card describes (SHA-256 differs); it is damaged or "
            f"was changed; {RESTORE}"
        )
    return content


def _arrays(path: Path, digest: str) -> State:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(_checked(path, digest))
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file ({error})") from None


@lru_cache(maxsize=16)
def _shared_arrays(path: Path, digest: str) -> State:
    """Read once for all the checkpoints that share it; nobody may write into it."""
    arrays = _arrays(path, digest)
    for array in arrays.values():
        array.flags.writeable = False
    return arrays
