"""Names of data sets, and of the targets that the columns of a table hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archcost.errors import TableError, unknown_name
from archcost.units import UNITS

DATASETS: dict[str, tuple[str, ...]] = {
    "nasbench201": ("cifar10", "cifar100", "ImageNet16-120"),
    "fbnet": ("cifar100", "ImageNet"),
}
"""Space to the data sets it was measured on, in their canonical spelling."""

_ALIASES = {
    "nasbench201": {"imagenet16": "ImageNet16-120", "imagenet": "ImageNet16-120"},
    "fbnet": {},
}
_PREFIXES = ("imagenet16-120_", "imagenet16_", "imagenet_", "cifar100_", "cifar10_")
_SUFFIXES = {
    "_arithmetic_intensity": "arithmetic_intensity",
    "_latency_ms": "latency",
    "_energy_mj": "energy",
    "_ms": "latency",
    "_mj": "energy",
}
# A cost without a unit, or in one that nobody may take for the usual one.
_NO_UNIT = re.compile(r"_(latency|energy)(_[a-z]+)?$|_(s|us|ns|j|uj|kj)$")
_WRONG_UNIT = re.compile(r"_(latency|energy|arithmetic_intensity)$")
# What is said about a cost beside it.
_ABOUT = re.compile(
    r"_(latency|energy)_(std|stdev|stddev|sd|sem|var|err|error|cv|iqr|mad|min|max|p[0-9]+|n|runs)$"
)
GRAMMAR = "<device>_latency_ms, <device>_energy_mj, <device>_arithmetic_intensity or <device>_ms"


def fold(name: str) -> str:
    """Spelling without case, hyphens, underscores and blanks: CIFAR-10 is cifar10."""
    return re.sub(r"[-_\s]", "", name).casefold()


def space_name(name: str) -> str:
    """The canonical spelling of a space's name; case and hyphens do not matter.

    The name of a space that archcost does not know stands for itself.
    """
    return fold(name) if fold(name) in DATASETS else name


def dataset_name(space: str, name: str) -> str:
    """The canonical spelling of a data set's name; case and hyphens do not matter.

    In a space that archcost does not know, any name stands for itself.

    Args:
        space: in its canonical spelling.
        name: of the data set.

    Raises:
        UnknownNameError: the space was not measured on such a data set.
    """
    if space not in DATASETS:
        return name
    known = {fold(dataset): dataset for dataset in DATASETS[space]} | _ALIASES[space]
    try:
        return known[fold(name)]
    except KeyError:
        raise unknown_name(f"data set of {space}", name, DATASETS[space]) from None


@dataclass(frozen=True)
class TargetColumn:
    """What the name of a column says: data set (None: not said), device ('': not said), metric."""

    dataset: str | None
    device: str
    metric: str


def parse_target(column: str) -> TargetColumn | None:
    """Read a column's name as a target; None if it is not one.

    Read from the right, because devices have underscores in their names:
    ``[<data set>_][<device>_](latency_ms | energy_mj | arithmetic_intensity | ms | mj)``.

    Raises:
        TableError: the name speaks of a cost, but its unit is missing or is not the metric's.
    """
    name = "_" + folded(column)
    suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
    rest = name.removesuffix(suffix)
    if _ABOUT.search(rest):
        return None
    if (_WRONG_UNIT if suffix else _NO_UNIT).search(rest):
        raise _no_unit(column, name)
    if not suffix:
        return None
    rest = rest.removeprefix("_")
    prefix = next((p for p in _PREFIXES if f"{rest}_".startswith(p)), "")
    return TargetColumn(prefix.removesuffix("_") or None, rest[len(prefix) :], _SUFFIXES[suffix])


def speaks_of_cost(column: str) -> bool:
    """Whether a column by its name holds a cost, or something about one, with a unit or without."""
    name = "_" + folded(column)
    return any(f"_{metric}_" in f"{name}_" for metric in UNITS) or name.endswith(("_ms", "_mj"))


def folded(column: str) -> str:
    """A column's name as it is compared: lower case, underscores for blanks and brackets."""
    return re.sub(r"[\s()\[\]]+", "_", column.strip().lower()).strip("_")


def _no_unit(column: str, name: str) -> TableError:
    usual = "energy" if name.endswith("j") else "latency"
    metric = next((metric for metric in UNITS if f"_{metric}" in name), usual)
    said, *_ = re.split(rf"_{metric}(?:_|$)|_[a-z]+$", name, maxsplit=1)
    return TableError(
        f"column {column!r}: not a metric with its unit; give {metric} in {UNITS[metric]} and name "
        f"the column {column_of(said.removeprefix('_'), metric)}"
    )


def column_of(device: str, metric: str) -> str:
    """The name of the column with a device's metric; that of any device for ''."""
    suffix = next(suffix for suffix, known in _SUFFIXES.items() if known == metric)
    return f"{device}{suffix}".removeprefix("_")
