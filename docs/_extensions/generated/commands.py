"""The command-line reference, from the command itself."""

from __future__ import annotations

from typing import Any

import typer

from archcost.cli.app import app
from generated.markdown import table


def command_reference() -> str:
    """A section a subcommand: what it does, how it is called, its arguments and options."""
    root = typer.main.get_command(app)
    parts = [_INTRODUCTION]
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        parts += _sections(command, f"archcost {name}")
    return "\n".join(parts)


_INTRODUCTION = """\
# Command-line reference

From the command's own help; `archcost COMMAND --help` prints the same. Expected errors are one line
on standard error and exit status 2 (1 where a full disk takes no more of standard output); Ctrl-C
ends with 130 and keeps what was found. Files are written whole or not at all.
"""


def _sections(command: Any, path: str) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner:
        return [part for name, sub in inner.items() for part in _sections(sub, f"{path} {name}")]
    text, _, example = (command.help or "").partition("Example:")
    parameters = [p for p in command.params if not getattr(p, "hidden", False)]
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    usage = " ".join([path, *(_argument(p) for p in arguments), "[OPTIONS]"])
    parts = [f"## {path}\n", f"{_paragraphs(text)}\n", f"```text\n{usage}\n```\n"]
    if example.strip():
        parts.append(f"Example:\n\n```text\n$ {' '.join(example.split())}\n```\n")
    rows = [(_names(p), _default(p), _sentence(p)) for p in parameters]
    if rows:
        parts.append(table(("", "default", ""), rows) + "\n")
    return parts


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _argument(parameter: Any) -> str:
    name = parameter.name.upper() + ("…" if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = getattr(parameter.default, "value", parameter.default)
    empty = default in (None, False, ()) or callable(default)
    return "" if empty else f"`{default}`"


def _sentence(parameter: Any) -> str:
    text = " ".join((parameter.help or "").split())
    # Text such as FILE.csv or <...> is text, not a link or HTML.
    return text.replace("<", "&lt;").replace("*", "\\*")
