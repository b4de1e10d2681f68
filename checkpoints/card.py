"""The card of a checkpoint: what it predicts, learned from what, how well, and which files."""

from __future__ import annotations

from pathlib import Path

import msgspec

from archcost.errors import CheckpointError
from archcost.predictors import Target

FORMAT_VERSION = 1
"""Raised whenever the files or the card change so that older code cannot read them."""
ENCODING_VERSION = 1
"""Raised whenever an encoding gives other columns or other values for the same architecture."""


class Scores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On architectures that nothing was learned from. Fractions, not percent.

    `width` is the mean width of the 90 % intervals in the unit of the target, `mae` the mean
    absolute error; `auc` the area under the feasibility classifier's ROC curve.
    """

    n: int
    kendall_tau: float
    spearman: float
    mape: float
    within_10pct: float
    mae: float
    coverage: float
    width: float
    auc: float | None = None


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
        n_calibration: architectures whose out-of-fold residuals calibrate the intervals.
        n_test: architectures held out for `scores`.
        split_seed: seed of the random split.
        scores: on the held-out part; None: there is nothing held out (an exact table).
        ceiling: Kendall tau that a perfect predictor would reach against measurements with this
            target's repeatability; None: not known.
        encoding_version: `ENCODING_VERSION` at writing.
        package_version: of archcost.
        files: name to SHA-256.
        golden: predictions to check the installation with.
        note: what else must be known.
        base: folder of the checkpoint that this one scales, relative to the folder of all.
        base_sha256: of the card there, which holds the hashes of its files.
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
    scores: Scores | None
    ceiling: float | None
    encoding_version: int
    package_version: str
    files: dict[str, str]
    golden: Golden
    note: str
    base: str | None = None
    base_sha256: str | None = None

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
        version = msgspec.json.decode(content, type=dict[str, object]).get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: format {version}; this archcost reads up to {FORMAT_VERSION}; upgrade it"
            )
        return msgspec.json.decode(content, type=Card)
    except msgspec.MsgspecError as error:
        raise CheckpointError(f"{path}: not a checkpoint card ({error})") from None


def card_bytes(card: Card) -> bytes:
    """The card as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"
