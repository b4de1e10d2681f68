"""What the parts in an output folder were predicted from: kept beside them, compared on restart."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Self

from archcost.checkpoints import Card
from archcost.checkpoints.card import card_bytes
from archcost.data import sha256_of, write_whole
from archcost.errors import TableError
from archcost.streaming.partitions import Job, Place

MANIFEST = "_manifest.json"
_REMEDY = "write into another folder, or delete this one"
_ASKED = {
    "input": "another input",
    "space": "another search space",
    "dataset": "another data set",
    "coverage": "another coverage",
    "rows": "partitions of another size",
}


class Manifest:
    """The record of one folder; written at once whenever it changes."""

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        self._folder = folder
        self._content = content

    @classmethod
    def open(cls, folder: Path, job: Job) -> Self:
        """Make a folder ready, or go on with it.

        Raises:
            TableError: it holds predictions of something else, or its manifest cannot be read.
            OSError: it cannot be written.
        """
        # Not whether malformed rows are left out: where they are not, such parts do not come to be.
        asked = {
            "input": sha256_of(job.source),
            "space": job.space,
            "dataset": job.dataset,
            "coverage": job.coverage,
            "rows": job.rows,
        }
        path = folder / MANIFEST
        if not path.exists():
            if any(folder.glob("part-*.parquet")):
                raise TableError(f"{folder}: has parts but no {MANIFEST}; {_REMEDY}")
            folder.mkdir(parents=True, exist_ok=True)
            made = cls(folder, {**asked, "source": str(job.source), "models": {}, "complete": None})
            made._write()
            return made
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            differs = [words for name, words in _ASKED.items() if found[name] != asked[name]]
        except (ValueError, KeyError, TypeError) as error:
            raise TableError(
                f"{path}: not a manifest of predictions ({error}); {_REMEDY}"
            ) from None
        if differs:
            raise TableError(f"{folder}: holds predictions of {' and '.join(differs)}; {_REMEDY}")
        return cls(folder, found)

    def check_models(self, models: dict[Place, list[Card]]) -> None:
        """Note the models of places that are new, compare those of places that are known.

        Raises:
            TableError: parts were predicted by other models.
        """
        changed = False
        for (space, dataset), cards in models.items():
            asked = {f"{c.device} {c.metric} {c.kind}": _hash(c) for c in cards}
            known = self._content["models"].setdefault(f"{space} on {dataset}", asked)
            changed = changed or known is asked
            if list(known.items()) != list(asked.items()):
                other = sorted({*known.items()} ^ {*asked.items()})
                which = ", ".join(sorted({name for name, _ in other})[:5]) or "in another order"
                raise TableError(
                    f"{self._folder}: holds predictions by other models ({which}); {_REMEDY}"
                )
        if changed:
            self._write()

    def finish(self, partitions: int, rows: int) -> None:
        """Note that all parts are there."""
        self._content["complete"] = {"partitions": partitions, "rows": rows}
        self._write()

    def _write(self) -> None:
        with write_whole(self._folder / MANIFEST) as part:
            part.write_text(json.dumps(self._content, indent=1) + "\n", encoding="utf-8")


def _hash(card: Card) -> str:
    """Of the card, which holds the hashes of the model's files."""
    return hashlib.sha256(card_bytes(card)).hexdigest()
