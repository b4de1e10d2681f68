"""What is promised about dependencies."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
# Its old builds bring CUDA along: the lower bound is not tried.
NOT_TRIED = "torch"


def test_the_oldest_versions_are_those_that_are_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for group, members in project["optional-dependencies"].items():
        if group not in ("dev", "docs"):
            wanted += members
    pins = {}
    for line in (ROOT / "constraints-lowest.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[name] = version
    oldest = {}
    for requirement in map(Requirement, wanted):
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        oldest[requirement.name] = bound.version
    assert pins.keys() == oldest.keys()
    assert pins | {NOT_TRIED: ""} == oldest | {NOT_TRIED: ""}
