"""Write and read checkpoints: a folder with a card and a file of arrays (safetensors).

Nothing is unpickled. A folder is read only if every file that its card names has the hash that the
card gives, and no other content is looked at. What many checkpoints share, a network for many
devices, is one file in the folder above them, under a name that holds its hash. Trees used to be
files of their own (.ubj).
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from archcost.checkpoints.card import ENCODING_VERSION, RESTORE, Card, card_bytes, read_card
from archcost.data import sha256_of, write_whole
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
    """Write a checkpoint whole: its card, which names the files that count, is replaced last.

    No file is written over another: those of the old checkpoint stay as long as its card does.

    Args:
        folder: to be created, or whose checkpoint is replaced.
        model: what to store.
        card: its description; hashes are filled in.

    Returns:
        The card as written.

    Raises:
        OSError: the folder cannot be written; the old checkpoint is as it was.
    """
    import msgspec

    state = model_state(model)
    if _said_by(card, state.get(GROUND)):
        state.pop(GROUND)
    if card.bases:
        state.pop(_FEASIBILITY, None)  # the bases have it
    common = {name: state.pop(name) for name in list(state) if name.startswith(SHARED)}
    own = arrays_content(state)
    digest = _digest(own)
    shared = _shared_file(folder.parent, arrays_content(common)) if common else {}
    folder.parent.mkdir(parents=True, exist_ok=True)
    _write_missing(shared)
    card = msgspec.structs.replace(
        card, shared={path.name: _digest(content) for path, content in shared.items()}
    )
    gone = _card_of(folder)
    for name in _own_files(folder):
        same = msgspec.structs.replace(card, files={name: digest})
        if card_bytes(same) == gone and _is(folder / name, own):
            return same  # others may be built on it
    new = not folder.exists()
    arrays = _new_file(folder)
    card = msgspec.structs.replace(card, files={arrays.name: digest})
    try:
        _write_missing({arrays: own})
        gone = _card_of(folder)
        with write_whole(folder / CARD) as part:
            part.write_bytes(card_bytes(card))
    except BaseException:
        arrays.unlink(missing_ok=True)
        if new:
            with suppress(OSError):
                folder.rmdir()
        raise
    # Somebody who removed another device meanwhile may have taken it for unused.
    _write_missing(shared)
    _collect(folder, gone)
    return card


def remove_checkpoint(folder: Path) -> None:
    """Delete a checkpoint, and what it shared with others as soon as none of them needs it.

    Raises:
        OSError: it cannot be deleted.
    """
    gone = _card_of(folder)
    shutil.rmtree(folder)
    _collect(folder, gone)


def _said_by(card: Card, ground: npt.NDArray[Any] | None) -> bool:
    """Whether a card says by its space and data set what a predictor was fitted on."""
    if card.space not in SPACES or ground is None:
        return False
    return np.array_equal(ground, Ground.of_space(card.space, card.dataset).array())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _own_files(folder: Path) -> list[str]:
    """The files that a folder's card names; of no valid card, none."""
    try:
        return [*read_card(folder / CARD).files]
    except CheckpointError:
        return []


def _new_file(folder: Path) -> Path:
    """A name for arrays that nobody else writes under, in the folder, which is made."""
    try:
        folder.mkdir()
    except FileExistsError:
        return folder / f"model.{secrets.token_hex(6)}.safetensors"
    return folder / "model.safetensors"


def _shared_file(parent: Path, content: bytes) -> dict[Path, bytes]:
    """Where arrays that other checkpoints have too are, under a name that tells them."""
    return {parent / f"{SHARED}{_digest(content)[:12]}.safetensors": content}


def _is(path: Path, content: bytes) -> bool:
    """Whether there is a file with this content."""
    return path.is_file() and sha256_of(path) == _digest(content)


def _write_missing(files: dict[Path, bytes]) -> None:
    """Write those of the files that are not there with this content."""
    for path, content in files.items():
        if not _is(path, content):
            with write_whole(path) as part:
                part.write_bytes(content)


def _card_of(folder: Path) -> bytes:
    """The content of a folder's card, valid or not; of none, nothing."""
    try:
        return (folder / CARD).read_bytes()
    except FileNotFoundError:
        return b""


def _collect(folder: Path, gone: bytes) -> None:
    """Delete the files that a card named which is gone, and that no card names any more.

    No others: somebody else may be about to write a card for them. Nor what is shared, if there is
    a card that cannot be read.
    """
    own = [_card_of(folder)]
    _delete_unnamed(folder.glob("*.*"), gone, own)
    with suppress(OSError):
        beside = [_card_of(path.parent) for path in folder.parent.glob(f"*/{CARD}")]
        _delete_unnamed(folder.parent.glob(f"{SHARED}*"), gone, beside)


def _delete_unnamed(paths: Iterable[Path], gone: bytes, left: list[bytes]) -> None:
    for path in paths:
        name = path.name.encode()
        if name in gone and not any(name in card for card in left):
            with suppress(OSError):  # Windows deletes no file that somebody is reading
                path.unlink()


def arrays_content(arrays: State) -> bytes:
    """The content of a safetensors file; one that the library writes is for its owner alone."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(value) for name, value in arrays.items()})


def read_checkpoint(folder: Path) -> tuple[CostModel, Card]:
    """Read a checkpoint.

    Raises:
        CheckpointError: a file is missing, changed, truncated or foreign, or the checkpoint was
            made with another version of the encodings.
    """
    card = read_card(folder / CARD)
    try:
        return _read(folder, card), card
    except CheckpointError:
        # Written anew meanwhile, with files of other names?
        if read_card(folder / CARD) == card:
            raise
        return read_checkpoint(folder)


def _read(folder: Path, card: Card) -> CostModel:
    if card.encoding_version != ENCODING_VERSION:
        raise CheckpointError(
            f"{folder}: made with encodings of version {card.encoding_version}, this archcost has "
            f"version {ENCODING_VERSION}; train it again"
        )
    state = _read_state(folder, card)
    if card.space in SPACES and GROUND not in state:
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
    return CostModel(card.target, card.kind, predictor, intervals, feasibility)


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
