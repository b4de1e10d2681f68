"""The card of a checkpoint: what it predicts, learned from what, how well, and which files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from archcost.errors import CheckpointError
from archcost.predictors import Evaluation, Target

FORMAT_VERSION = 2
"""Raised whenever the files or the card change so that older code cannot read them; then
`_UPGRADES` gets the step from the version before."""
ENCODING_VERSION = 1
"""Raised whenever an encoding that some predictor reads gives other columns or other values for the
same architecture."""
RESTORE = "install archcost again, or adapt the device again if it is your own"
"""What to do about a damaged checkpoint."""


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model must answer for some architectures, wherever it runs."""

    architectures: list[str]
    values: list[float]


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is known about a checkpoint.

    Attributes:
        format_version: `FORMAT_VERSION` at writing.
        space: search space.
        dataset: data set, which sets image size and classes.
        device: id of the device.
        metric: latency, energy or arithmetic_intensity.
        unit: of the metric.
        kind: of the predictor.
        predictor: class that reads `files`.
        default: whether this kind is used when none is named.
        chosen_by: how the default was chosen, in words.
        batch_size: images a run; None: the source does not say.
        source: id of the publication of the measurements; None: the user's own.
        licence: of the measurements.
        n_train: architectures that the predictor learned from.
        n_calibration: architectures whose errors, by predictors that had not seen them, calibrate
            the intervals; 0: other devices' do.
        n_test: architectures held out, measured or not.
        split_seed: seed of the random split.
        scores: on what of the held-out part was measured and ran, at 90 % coverage; None: nothing
            is held out (an exact table).
        auc: area under the ROC curve of the feasibility classifier on the held-out part.
        ceiling: Kendall tau that a perfect predictor would reach against measurements with this
            target's repeatability; None: not known.
        encoding_version: `ENCODING_VERSION` at writing.
        package_version: of archcost.
        files: name to SHA-256.
        golden: predictions to check the installation with; where a table was split, of the first
            networks learned from, by which the table is known again.
        note: what else must be known.
        shared: files in the folder above that several checkpoints share, name to SHA-256.
        bases: folders of the checkpoints that this one builds on, relative to the folder of all,
            each with the SHA-256 of its card, which holds the hashes of its files.
    """

    format_version: int
    space: str
    dataset: str
    device: str
    metric: str
    unit: str
    kind: str
    predictor: str
    default: bool
    chosen_by: str
    batch_size: int | None
    source: str | None
    licence: str | None
    n_train: int
    n_calibration: int
    n_test: int
    split_seed: int | None
    scores: Evaluation | None
    auc: float | None
    ceiling: float | None
    encoding_version: int
    package_version: str
    files: dict[str, str]
    golden: Golden
    note: str
    shared: dict[str, str] = {}
    bases: dict[str, str] = {}

    @property
    def target(self) -> Target:
        """What it predicts."""
        return Target(self.space, self.dataset, self.device, self.metric)


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        CheckpointError: missing, not JSON, not of the schema, or of a newer format.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        raw = msgspec.json.decode(content, type=dict[str, Any])
        version = raw.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: format {version}; this archcost reads up to {FORMAT_VERSION}; upgrade it"
            )
        while (step := _UPGRADES.get(raw.get("format_version"))) is not None:
            raw = step(raw)
        return msgspec.convert(raw, type=Card)
    except (msgspec.MsgspecError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: not a checkpoint card ({error}); {RESTORE}") from None


def _from_1(raw: dict[str, Any]) -> dict[str, Any]:
    """One base at most, and the AUC among the scores."""
    new = {key: value for key, value in raw.items() if key not in ("base", "base_sha256")}
    scores = dict(raw["scores"]) if raw.get("scores") else None
    new["auc"] = scores.pop("auc", None) if scores else None
    new["scores"] = scores
    new["bases"] = {raw["base"]: raw["base_sha256"]} if raw.get("base") else {}
    return new | {"format_version": 2}


_UPGRADES: dict[object, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}


def card_bytes(card: Card) -> bytes:
    """The card as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"
