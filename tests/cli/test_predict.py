"""`archcost predict` of files, as a person types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("output", [(), ("-o", "out.csv"), ("-o", "out.json")])
def test_blank_rows_are_malformed_but_at_the_end(call: Call, output: tuple[str, ...]) -> None:
    Path("in.csv").write_text("arch,note\n1,\n,\n,x\n  ,\n7,\n,\n,\n")
    command = ("predict", "--input", "in.csv", "--device", "fpga", *output)
    status, said, errors = call(*command)
    assert (status, said) == (2, "")
    assert "in.csv: " in errors and "row 2: a missing value" in errors
    assert [path.name for path in Path().glob("*.*")] == ["in.csv"]
    status, said, errors = call(*command, "--on-error", "skip")
    assert status == 0
    listed = Path("out.left-out.csv").read_text() if output else errors
    assert all(f"{'' if output else 'row '}{row}" in listed for row in (2, 3, 4))
    assert "3 malformed rows" in errors or "3 rows left out" in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("1,2,3",), "write several indices apart, such as 1 2 3"),
        (("-",), "--input -"),
        (("1", "--space", "custm"), "did you mean 'custom'"),
        (("cells.csv",), "--input cells.csv"),
        (("1", "--format", "json", "-o", "x.csv"), "--format json"),
        (("1", "--format", "table", "-o", "x.csv"), "--format table"),
    ],
)
def test_what_to_write_instead(call: Call, arguments: tuple[str, ...], says: str) -> None:
    status, said, errors = call("predict", *arguments)
    assert (status, said) == (2, "")
    assert says in errors
    assert not Path("x.csv").exists()


def test_a_format_that_the_suffix_agrees_with(call: Call) -> None:
    command = ("predict", "1", "--device", "fpga", "--format", "json", "-o", "x.JSON")
    assert call(*command)[0] == 0
    assert Path("x.JSON").read_text().startswith("[")
