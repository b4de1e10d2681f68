"""Architectures of a request: read, put in their skeletons, grouped by the models they go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archcost.checkpoints import find_place
from archcost.encodings import (
    CUSTOM,
    Architecture,
    Batch,
    Networks,
    Skeleton,
    custom_skeleton,
    encode,
    index_of,
    parse_each,
)
from archcost.errors import ArchitectureError, UnsupportedError
from archcost.explorer.fields import FieldError, Place, field
from archcost.explorer.schema import Network, Sizes, Written

_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Part:
    """Architectures of a request that the same models predict.

    Attributes:
        place: space and data set of these models, as on their cards.
        networks: for the models.
        positions: in the request.
        batch: the same as architectures of one skeleton and wiring, or of several.
    """

    place: tuple[str, str]
    networks: Batch | Networks
    positions: list[int]
    batch: Batch

    def indices(self) -> list[int] | None:
        """In the published order of NAS-Bench-201; None of other spaces."""
        if self.place[0] != "nasbench201":
            return None
        return [int(i) for i in index_of(self.batch.groups[0].ids)]

    def described(self) -> list[Network]:
        """The architectures in words and numbers."""
        space, dataset = self.place
        columns = ["all:total:macs", "all:total:params"]
        with field("skeleton"):
            encoded = encode(self.batch, "layers")
        sums = encoded.values[:, [encoded.columns.index(name) for name in columns]].tolist()
        indices: Sequence[int | None] = self.indices() or [None] * len(self.positions)
        return [
            Network(
                architecture=text, space=space, dataset=dataset, index=i, macs=macs, params=params
            )
            for text, i, (macs, params) in zip(self.batch.strings(), indices, sums, strict=True)
        ]


def read(
    written: list[Written], space: str | None, dataset: str | None, sizes: Sizes | None
) -> list[Part]:
    """The architectures of a request, by the models that predict them.

    Raises:
        FieldError: an unknown space or data set, malformed architectures, impossible sizes.
    """
    if space is not None:
        with field("space"):
            find_place(space)
        with field("dataset"):
            find_place(space, dataset)
        if space == CUSTOM:
            return [_custom(_cells(written, dataset, sizes))]
    files: list[tuple[Place, str]] = [
        (("architectures", i), "the service reads no files; use archcost predict FILE.onnx")
        for i, one in enumerate(written)
        if isinstance(one, str) and one.strip().endswith(".onnx")
    ]
    if files:
        raise FieldError(files[:_SHOWN])
    with field("dataset"):
        batch, _, problems = parse_each(_plain(written), space=space, dataset=dataset)
    if problems:
        raise FieldError([(("architectures", i), text) for i, text in problems[:_SHOWN]])
    if sizes is not None:
        resized = _resized(batch, sizes)
        if resized is not None:
            return [_custom(resized)]
    return [
        Part((g.skeleton.space, g.skeleton.dataset), part, g.positions.tolist(), part)
        for g in batch.groups
        for part in (batch.take(g.positions),)
    ]


def _plain(written: list[Written]) -> list[Any]:
    """As `parse` takes them: a list of lists alone would be read as one architecture."""
    return [list(one) if isinstance(one, list) else one for one in written]


def _resized(batch: Batch, sizes: Sizes) -> list[Architecture] | None:
    """The same operators in a skeleton of other sizes; None if it is the published one."""
    if len(batch.groups) > 1:
        raise FieldError([(("skeleton",), "architectures of one space only can have it")])
    published = batch.groups[0].skeleton
    with field("skeleton"):
        wanted = _skeleton(published, sizes)
    if wanted == published:
        return None
    wanted = replace(wanted, space=CUSTOM)
    return [Architecture(wanted, one.operators, one.edges) for one in batch]


def _skeleton(published: Skeleton, sizes: Sizes) -> Skeleton:
    """The published skeleton with some sizes changed."""
    given = sizes.model_dump(exclude_none=True)
    stages = len(published.channels)
    for name in ("channels", "repeats"):
        if name in given and len(given[name]) != stages:
            raise ArchitectureError(
                f"{len(given[name])} {name} for the {stages} stages of {published.space}"
            )
    if "repeats" in given and published.space == "fbnet":
        raise UnsupportedError("FBNet's networks have 22 blocks: no other repeats")
    if "channels" in given:
        given["stem_channels"] = given["channels"][0]
    return replace(published, **given)


def _cells(written: list[Written], dataset: str | None, sizes: Sizes | None) -> list[Architecture]:
    """Cells of one's own, in NAS-Bench-201's skeleton or one of other sizes."""
    with field("skeleton"):
        place = custom_skeleton(dataset)
        place = place if sizes is None else _skeleton(place, sizes)
    found = []
    for position, text in enumerate(written):
        with field("architectures", position):
            if not isinstance(text, str) or "~" not in text:
                raise ArchitectureError(
                    "a cell of one's own is a string such as "
                    "'|dw_conv_5x5~0|+|nor_conv_3x3~0|dil_conv_3x3~1|'"
                )
            found.append(Architecture.from_string(text, place))
    return found


def _custom(architectures: list[Architecture]) -> Part:
    return Part(
        find_place(CUSTOM),
        Networks(architectures),
        list(range(len(architectures))),
        Batch.from_architectures(architectures),
    )
