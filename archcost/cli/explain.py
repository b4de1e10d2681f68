"""`archcost explain`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

import typer

from archcost.checkpoints import explain as explained
from archcost.cli.options import METRICS, AnySpace, Coverage, Dataset, Kind, aligned
from archcost.predictors import Change, Explanation

_SHOWN = 5
Lines = list[tuple[str, ...]]


class Form(StrEnum):
    """Forms of output."""

    table = "table"
    json = "json"


def explain(
    arch: Annotated[
        str,
        typer.Argument(
            help="Architecture: NAS-Bench-201 string or index, FBNet string, path of an .onnx "
            "file; with --space custom a cell with other nodes and operators."
        ),
    ],
    device: Annotated[str, typer.Option(help="Device id, as archcost devices lists them.")],
    metric: Annotated[str, typer.Option(help=f"{METRICS}.")] = "latency",
    space: AnySpace = None,
    dataset: Dataset = None,
    kind: Kind = None,
    coverage: Coverage = 0.9,
    form: Annotated[Form, typer.Option("--format", help="Form of the output.")] = Form.table,
) -> None:
    """Show where a predicted cost comes from, and how to save.

    That is, which change of a single operator would save the most. Contributions of the skeleton,
    the wiring and each operator add up to the prediction.

    Example: archcost explain 1 --device raspi4
    """
    found = explained(arch, device, metric, space, dataset, kind, coverage)
    if form is Form.json:
        typer.echo(json.dumps(found.to_dict(), indent=1))
        return
    typer.echo("\n\n".join(_sections(found)))


def _sections(found: Explanation) -> Iterable[str]:
    digits = _Digits(found.value)
    runs = "" if found.feasible is None else f", runs with probability {found.feasible:.0%}"
    cut = "" if found.connected else "\nNothing gets from the input of this cell to its output."
    yield (
        f"{found.architecture}\n"
        f"{found.device} {found.metric}, {found.space} on {found.dataset}, {found.kind}: "
        f"{digits(found.value)} {found.unit} ({found.coverage:.0%} interval "
        f"{digits(found.lower)} to {digits(found.upper)}){runs}{cut}"
    )
    yield (f"{_parts(found, digits)}\nContributions: {found.method}.\nRuntime: {found.runtime}.")
    yield f"By operator\n{_sums(found.by_operator, found, digits)}"
    if found.layers:
        yield (
            f"By stage (layers, {found.layers_by})\n{_sums(found.by_stage, found, digits)}\n"
            f"The largest layers\n{_layers(found, digits)}"
        )
    if found.changes:
        yield _changes(found, digits)


class _Digits:
    """Costs with as many decimals as four digits of the whole need; a whole of 0 needs none."""

    def __init__(self, whole: float) -> None:
        self.decimals = max(0, 3 - math.floor(math.log10(whole))) if whole else 0

    def __call__(self, value: float) -> str:
        return f"{value:z.{self.decimals}f}"


def _table(lines: Lines) -> str:
    return "\n".join(f"  {line}" for line in aligned(lines))


def _share(value: float, found: Explanation) -> str:
    return f"{value / found.value:z.0%}" if found.value else ""


def _parts(found: Explanation, digits: _Digits) -> str:
    lines: Lines = [("part", "operator", found.unit, "share", "runs", "")]
    for part in found.parts:
        runs = "" if part.runs is None else "yes" if part.runs else "no"
        own = (part.name, part.operator or "", digits(part.value))
        lines.append((*own, _share(part.value, found), runs, part.why))
    whole = digits(sum(part.value for part in found.parts))
    lines.append(("sum", "", whole, _share(found.value, found), "", ""))
    return _table(lines)


def _sums(sums: Mapping[str, float], found: Explanation, digits: _Digits) -> str:
    return _table([(name, digits(v), _share(v, found)) for name, v in sums.items()])


def _layers(found: Explanation, digits: _Digits) -> str:
    largest = sorted(found.layers, key=lambda layer: -layer.value)[:_SHOWN]
    return _table(
        [
            (layer.name, f"x{layer.times}", digits(layer.value), _share(layer.value, found))
            for layer in largest
        ]
    )


def _changes(found: Explanation, digits: _Digits) -> str:
    saving = [change for change in found.changes if change.saved > 0]
    if not saving:
        return "No change of one operator saves anything."
    lines: Lines = [
        (
            *("change", "from", "to", "saves", found.unit),
            *(f"{found.coverage:.0%} interval", "MACs", "parameters", "runs", ""),
        )
    ]
    lines += [_change(change, digits) for change in saving[:_SHOWN]]
    best = found.best
    advice = "No change saves anything and leaves all other operators in use."
    if best is not None:
        advice = (
            f"The largest saving that leaves all other operators in use: {best.name} from "
            f"{best.before} to {best.after}, {digits(best.saved)} {found.unit}."
        )
    return f"Changes of one operator\n{_table(lines)}\n{advice}"


def _change(change: Change, digits: _Digits) -> tuple[str, ...]:
    effect = "removes the edge" if change.after == "none" else ""
    if not change.connected:
        effect = "the output is cut off from the input"
    elif change.cuts_off:
        effect = f"cuts off {', '.join(change.cuts_off)}"
    return (
        *(change.name, change.before, change.after),
        *(digits(change.saved), digits(change.value)),
        f"{digits(change.lower)} to {digits(change.upper)}",
        *(f"{change.macs / 1e6:+z.2f} M", f"{change.params:+d}"),
        "" if change.feasible is None else f"{change.feasible:.0%}",
        effect,
    )
