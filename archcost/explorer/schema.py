"""What the service takes and gives, as JSON; the source of its OpenAPI schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from archcost.predictors.intervals import COVERAGES

MOST_ARCHITECTURES = 1000
"""Architectures in one request."""
_LONGEST = 4000
_CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|none~2|"
_Name = Annotated[str, Field(min_length=1, max_length=64)]
_Text = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
_Index = Annotated[int, Field(ge=0, le=15_624)]
_FORMS = {int: "index", str: "text", list: "operators"}


def _form(value: object) -> str | None:
    """Which form a value has; what has none gets one error, and not one for each form."""
    return _FORMS.get(type(value))


_Operator = Annotated[
    Annotated[str, Field(min_length=1, max_length=40), Tag("text")]
    | Annotated[int, Field(ge=0, le=8), Tag("index")],
    Discriminator(
        _form,
        custom_error_type="operator",
        custom_error_message="expected an operator's name or id",
    ),
]
_Size = Annotated[int, Field(ge=1, le=2048)]
_Repeat = Annotated[int, Field(ge=1, le=50)]

Written = Annotated[
    Annotated[_Index, Tag("index")]
    | Annotated[_Text, Tag("text")]
    | Annotated[list[_Operator], Field(min_length=6, max_length=22), Tag("operators")],
    Discriminator(
        _form,
        custom_error_type="architecture",
        custom_error_message="expected an index of NAS-Bench-201, a string, or a list of operators",
    ),
]
"""An architecture: index or string of NAS-Bench-201, string of FBNet, or a list of operators."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Sizes(_Strict):
    """A skeleton that differs from the published one; what is left out is as published.

    Attributes:
        image_size: height and width of the input image.
        classes: outputs of the classifier.
        channels: of each stage (3 for cells, 7 for FBNet); the first is also that of the stem.
        repeats: cells in each of the three stages; FBNet's 22 blocks are fixed.
    """

    image_size: Annotated[int, Field(ge=8, le=1024)] | None = None
    classes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    channels: Annotated[list[_Size], Field(min_length=3, max_length=7)] | None = None
    repeats: Annotated[list[_Repeat], Field(min_length=3, max_length=3)] | None = None


class _Place(_Strict):
    """In which networks the operators stand, and how wide intervals are.

    Attributes:
        space: nasbench201, fbnet, or custom (cells of one's own); by default what the form shows.
        dataset: by default cifar10 for nasbench201 and cifar100 for fbnet.
        skeleton: sizes other than those published.
        coverage: share of measurements that intervals shall hold.
    """

    space: _Name | None = None
    dataset: _Name | None = None
    skeleton: Sizes | None = None
    coverage: float = Field(default=0.9, ge=COVERAGES[0], le=COVERAGES[1])


class PredictRequest(_Place):
    """Architectures whose cost is asked for.

    Attributes:
        architectures: up to 1,000.
        devices: ids, see ``GET /devices``; by default all.
        metric: latency, energy or arithmetic_intensity; by default all that a device has.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"architectures": [_CELL, 1], "devices": ["raspi4", "edgetpu"]},
                {
                    "architectures": ["|".join(["k3_e6"] * 22)],
                    "space": "fbnet",
                    "metric": "energy",
                    "coverage": 0.95,
                },
                {
                    "architectures": [_CELL],
                    "skeleton": {"channels": [32, 64, 128], "image_size": 64, "classes": 200},
                },
            ]
        }
    )

    architectures: list[Written] = Field(min_length=1, max_length=MOST_ARCHITECTURES)
    devices: Annotated[list[_Name], Field(min_length=1, max_length=200)] | None = None
    metric: _Name | None = None


class ExplainRequest(_Place):
    """An architecture whose predicted cost on a device is to be explained."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"architecture": _CELL, "device": "raspi4"}]}
    )

    architecture: Written
    device: _Name
    metric: _Name = "latency"


class Network(BaseModel):
    """An architecture as it was understood.

    Attributes:
        architecture: its canonical string.
        space, dataset: of the models that were asked; space "custom": the layer models.
        index: in the published order of NAS-Bench-201; null elsewhere.
        macs, params: multiply-accumulates and parameters of the whole network as written.
    """

    architecture: str
    space: str
    dataset: str
    index: int | None
    macs: float
    params: float


class Rank(BaseModel):
    """The place of a predicted cost in the search space.

    Attributes:
        cheaper: networks that are predicted to cost less.
        of: networks compared with; of a device that refuses some, those that it likely runs.
        sampled: whether these are random networks of the space, and not all of it.
    """

    cheaper: int
    of: int
    sampled: bool


class Cost(BaseModel):
    """A predicted cost.

    Attributes:
        architecture: position in `networks`.
        value: in `unit`; where a device can refuse a network, the cost if it runs.
        lower, upper: ends of the interval.
        feasible: probability that the device runs the network; null: it runs them all.
        extrapolation: 0 in what was measured, else how far outside; intervals widen with it.
        rank: null while ranks are made (see `pending`), outside the search spaces, and for a
            network that the device likely refuses.
    """

    architecture: int
    device: str
    metric: str
    unit: str
    value: float
    lower: float
    upper: float
    feasible: float | None
    extrapolation: float
    rank: Rank | None


class PredictResponse(BaseModel):
    """Costs of all architectures on all devices asked for.

    Attributes:
        networks: the architectures, in the order given.
        coverage: of the intervals.
        costs: one an architecture, device and metric.
        pending: models whose ranks are still being made; ask again for those.
        models: models that were asked.
    """

    networks: list[Network]
    coverage: float
    costs: list[Cost]
    pending: int
    models: int


class TargetOut(BaseModel):
    """What can be predicted of a device, and Kendall tau on held-out architectures if known."""

    space: str
    dataset: str
    metric: str
    unit: str
    kind: str
    kendall_tau: float | None


class DeviceOut(BaseModel):
    """A device and what its numbers mean; see `archcost.data.Device`.

    Attributes:
        yours: adapted or calibrated by the user.
        measured: false: costs come from a simulation or an estimate.
    """

    id: str
    title: str
    runtime: str
    batch_size: int | None
    precision: str | None
    note: str
    source: str | None
    measured: bool
    yours: bool
    targets: list[TargetOut]


class SkeletonOut(BaseModel):
    """What a search space keeps fixed on a data set; see `archcost.Skeleton`."""

    dataset: str
    image_size: int
    classes: int
    channels: list[int]
    repeats: list[int]
    strides: list[int]
    stem_stride: int


class SpaceOut(BaseModel):
    """A search space: operators by id, and the edges of a cell (null: a chain of blocks)."""

    name: str
    operators: list[str]
    length: int
    edges: list[tuple[int, int]] | None
    skeletons: list[SkeletonOut]


class DevicesResponse(BaseModel):
    """All devices and the search spaces that they are predicted for."""

    devices: list[DeviceOut]
    spaces: list[SpaceOut]


class Problem(BaseModel):
    """What is wrong with one field of a request."""

    loc: list[str | int]
    msg: str
    type: str


class Invalid(BaseModel):
    """Answer 422: every field that is wrong."""

    detail: list[Problem]


class Refused(BaseModel):
    """Answers 400, 413 and 429: why nothing was done."""

    detail: str


Explained = dict[str, Any]
"""`archcost.Explanation.to_dict()`, and its best change as ``best`` (null: none saves anything)."""
