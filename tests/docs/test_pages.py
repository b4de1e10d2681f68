"""Every code block of the README and of the documentation runs, page by page, from the top.

Python blocks share a namespace, blocks that begin with ``>>>`` are doctests. In a console block
each line ``$ archcost ...`` is run in this process, in the page's own folder, and must end with
status 0; lines below it are the output that it must give (``...`` stands for anything).

A block that cannot run everywhere says so in the line before it: ``<!-- needs: tables -->`` runs
where the measured tables are, the other `NEEDS` never run here. Of commands that do not run the
arguments are still checked.
"""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer
from sybil import Example, Region, Sybil
from sybil.document import Document
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from archcost.cli import main
from archcost.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "data"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NEEDS = {
    "tables": "the measured tables",
    "minutes": "minutes of measuring or training",
    "network": "a download",
    "board": "another machine",
    "shell": "a command other than archcost",
    "file": "a file of your own",
    "browser": "a browser, and Ctrl-C to end it",
}
"""What a block may need, and what that is in words."""
RUNNABLE = {"tables"} if TABLES.is_dir() else set()
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def needs(example: Example | Region, document: Document) -> str | None:
    """What the comment before a block says that it needs."""
    before = document.text[: example.start].rstrip()
    found = re.search(r"<!-- needs: (\S+) -->\Z", before)
    if found is not None and found[1] not in NEEDS:
        raise AssertionError(f"needs: {found[1]}; known are {', '.join(NEEDS)}")
    return found[1] if found else None


def transcript(text: str) -> list[tuple[list[str], str]]:
    """Commands of a console block as words, each with the output below it."""
    found: list[tuple[list[str], str]] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if line.startswith("$ "):
            found.append((shlex.split(line[2:], comments=True), ""))
        else:
            command, output = found[-1]
            found[-1] = (command, f"{output}{line}\n")
    return found


def check_arguments(words: list[str]) -> None:
    """Let the command read its arguments without doing anything."""
    command: Any = typer.main.get_command(app)
    context = None
    while (inner := getattr(command, "commands", None)) is not None:
        context = command.make_context(command.name, words[:1], parent=context)
        command, words = inner[words[0]], words[1:]
    command.make_context(command.name, words, parent=context)


def output_of(words: list[str]) -> str:
    """What the command prints; fails where its status is not 0."""
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told), pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0, told.getvalue()
    return told.getvalue()


def run_console(example: Example) -> str | None:
    """Run the commands of a block, or check their arguments."""
    missing = needs(example, example.document) not in {None, *RUNNABLE}
    for words, expected in transcript(example.parsed):
        if words[0] != "archcost":
            assert missing, f"{words[0]}: mark the block <!-- needs: shell -->"
        elif missing or "…" in words:
            check_arguments([word for word in words[1:] if word != "…"])
        else:
            printed = output_of(words[1:])
            if expected.strip() and not matches(expected, printed):
                return f"$ {shlex.join(words)}\nexpected\n{expected}\nprinted\n{printed}"
    return None


def matches(expected: str, printed: str) -> bool:
    """As doctest compares, with lines of "..." for whatever is between."""
    return doctest.OutputChecker().check_output(expected, printed, OPTIONS)


class PythonBlocks:
    """Python blocks, but those that need what is not here."""

    def __call__(self, document: Document) -> list[Region]:
        """The blocks to run."""
        parser = PythonCodeBlockParser(doctest_optionflags=OPTIONS)
        blocks = PythonCodeBlockParser.codeblock_parser_class("python", lambda example: None)
        absent = [
            (block.start, block.end)
            for block in blocks(document)
            if needs(block, document) not in {None, *RUNNABLE}
        ]
        return [
            region
            for region in parser(document)
            if not any(start <= region.start < end for start, end in absent)
        ]


SYBIL = Sybil([PythonBlocks(), CodeBlockParser("console", run_console)], path=str(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHCOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    if TABLES.is_dir():
        for table in TABLES.iterdir():
            (tmp_path / table.name).symlink_to(table)
    (tmp_path / "data").symlink_to(ROOT / "data")
    document = SYBIL.parse(page)
    examples = list(document)
    for example in examples:
        example.evaluate()


def test_links_between_pages_exist() -> None:
    missing = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists() and not target.startswith("generated/")
    ]
    assert not missing


def test_a_wrong_output_or_option_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ archcost --version\nsomething else\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="something else"):
        next(iter(SYBIL.parse(page))).evaluate()
    page.write_text(
        "<!-- needs: minutes -->\n```console\n$ archcost calibrate --rownds 2\n```\n",
        encoding="utf-8",
    )
    with pytest.raises(Exception, match="rownds"):
        next(iter(SYBIL.parse(page))).evaluate()
    assert os.environ["ARCHCOST_HOME"]
