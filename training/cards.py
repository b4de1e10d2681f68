"""From a model to its checkpoint: the card, the golden predictions, the writing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from archcost.checkpoints import Card, Golden, checkpoint_folder, write_checkpoint
from archcost.checkpoints.card import ENCODING_VERSION, FORMAT_VERSION
from archcost.data import DEVICES, source
from archcost.encodings import Batch, Networks
from archcost.predictors import CostModel, Evaluation


@dataclass(frozen=True, eq=False)
class Trained:
    """A model and its card, before or after writing."""

    model: CostModel
    card: Card


def make_card(
    model: CostModel,
    golden: Batch | Networks,
    *,
    source_id: str | None,
    counts: tuple[int, int, int],
    chosen_by: str,
    default: bool = True,
    seed: int | None = None,
    scores: Evaluation | None = None,
    auc: float | None = None,
    ceiling: float | None = None,
    note: str | None = None,
    bases: dict[str, str] | None = None,
) -> Card:
    """The card of a model; `counts` are architectures to train, to calibrate and to test."""
    target = model.target
    device = DEVICES.get(target.device)
    known = device is not None and source_id is not None
    return Card(
        format_version=FORMAT_VERSION,
        space=target.space,
        dataset=target.dataset,
        device=target.device,
        metric=target.metric,
        unit=target.unit,
        kind=model.kind,
        predictor=type(model.predictor).__name__,
        default=default,
        chosen_by=chosen_by,
        batch_size=device.batch_size if known and device else None,
        source=source_id,
        licence=None if source_id is None else source(source_id).licence,
        n_train=counts[0],
        n_calibration=counts[1],
        n_test=counts[2],
        split_seed=seed,
        scores=scores,
        auc=auc,
        ceiling=ceiling,
        encoding_version=ENCODING_VERSION,
        package_version=version("archcost"),
        files={},
        golden=Golden(golden.strings(), model.predictor.predict(golden).tolist()),
        note=note if note is not None else (device.note if known and device else ""),
        bases=bases or {},
    )


def write_trained(result: Trained, out: str | Path | None) -> Trained:
    """Write a checkpoint to its place under `out`, if there is one; the card gets its hashes."""
    if out is None:
        return result
    folder = Path(out) / checkpoint_folder(result.card)
    return Trained(result.model, write_checkpoint(folder, result.model, result.card))
