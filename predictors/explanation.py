"""An explanation: where a predicted cost comes from, and what would lower it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archcost.predictors.estimate import LIKELY

SKELETON = "skeleton"
WIRING = "wiring"


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a network contributes to its cost.

    Attributes:
        name: "skeleton", "wiring", "edge 0-1" (source and target node), "block 3"; of a layer graph
            the name of the layer.
        place: position of the operator in the architecture; None: no operator.
        operator: its name; None as before.
        value: the contribution, in the unit of the explanation; may be negative.
        runs: whether the runtime executes it; None: not known, or no operator.
        why: in words, where that is not plain.
    """

    name: str
    place: int | None
    operator: str | None
    value: float
    runs: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class LayerShare:
    """The share of a layer, as often as it runs, in the contribution of its part.

    Attributes:
        name: as in the layer graph, the cells of a stage taken together: ``stage1.edge3.conv``.
        part: name of the part.
        stage: number of the stage; None: stem and head.
        times: how often there is such a layer.
        value: all of them together; the layers of a part add up to its contribution.
    """

    name: str
    part: str
    stage: int | None
    times: int
    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """Another operator in one place.

    Attributes:
        name: of the part, e.g. "edge 0-1".
        place: position of the operator.
        before, after: names of the operators.
        value: predicted cost with the change.
        lower, upper: the interval around that cost (not around what is saved).
        saved: cost less that cost; negative where the change costs more.
        macs, params: difference in multiply-accumulates and in parameters, of the network as
            written, whatever the runtime removes.
        connected: whether the input still reaches the output.
        cuts_off: names of other edges that carry data to the output now and would not any more.
        feasible: probability that the device runs the network; None: it runs them all.
    """

    name: str
    place: int
    before: str
    after: str
    value: float
    lower: float
    upper: float
    saved: float
    macs: int
    params: int
    connected: bool
    cuts_off: tuple[str, ...]
    feasible: float | None


@dataclass(frozen=True, repr=False)
class Explanation:
    """Where the predicted cost of one architecture on one device comes from.

    Attributes:
        architecture: its canonical string; the name of a layer graph.
        device, metric, space, dataset, kind: of the model that predicts.
        unit: of all costs.
        value: the prediction, which the contributions of `parts` add up to.
        lower, upper: its interval.
        coverage: share of measurements that intervals are made to hold.
        feasible: probability that the device runs the network; None: it runs them all.
        connected: whether the input reaches the output at all.
        method: what a contribution is, in words.
        runtime: what runs the network and what it removes, in words.
        parts: the skeleton, the wiring of a cell, and each operator in its place.
        layers: shares of layers in their parts; empty where a cost is no sum (arithmetic
            intensity).
        layers_by: what a part is divided by, in words.
        changes: all changes of one operator, the largest saving first.
    """

    architecture: str
    device: str
    metric: str
    space: str
    dataset: str
    kind: str
    unit: str
    value: float
    lower: float
    upper: float
    coverage: float
    feasible: float | None
    connected: bool
    method: str
    runtime: str
    parts: tuple[Part, ...]
    layers: tuple[LayerShare, ...]
    layers_by: str
    changes: tuple[Change, ...]

    def __repr__(self) -> str:
        """Of what, and the cost."""
        return (
            f"<Explanation of {self.architecture}: {self.device} {self.metric} {self.value:.4g} "
            f"{self.unit}, {len(self.parts)} parts>"
        )

    @property
    def by_operator(self) -> dict[str, float]:
        """Contributions added up by operator, skeleton and wiring; the largest first."""
        sums: dict[str, float] = {}
        for part in self.parts:
            name = part.operator or part.name
            sums[name] = sums.get(name, 0.0) + part.value
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    @property
    def by_stage(self) -> dict[str, float]:
        """Shares of layers added up by stage, and of what is in none ("stem and head")."""
        sums: dict[str, float] = {}
        for layer in sorted(self.layers, key=lambda one: -1 if one.stage is None else one.stage):
            name = "stem and head" if layer.stage is None else f"stage {layer.stage}"
            sums[name] = sums.get(name, 0.0) + layer.value
        return sums

    @property
    def best(self) -> Change | None:
        """The change that saves the most and leaves all other operators in use.

        It keeps the input connected to the output, is no change to `none`, and is more likely to
        run on the device than not. None where no such change saves anything, and for arithmetic
        intensity, of which less is no saving.
        """
        if self.metric == "arithmetic_intensity":
            return None
        for change in self.changes:
            runs = change.feasible is None or change.feasible >= LIKELY
            harmless = change.connected and not change.cuts_off and change.after != "none"
            if runs and harmless and change.saved > 0:
                return change
        return None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        from dataclasses import asdict

        return asdict(self) | {"by_operator": self.by_operator, "by_stage": self.by_stage}
