"""Architectures as small pictures: SVG, put together from pieces.

A drawing is a frame, which depends on the number of nodes or blocks only, and one piece for each
operator. A page holds the pieces that its networks need, some tens for a whole search space, and
puts a drawing together when somebody points at a network (`page.js` does what `drawing` does here).

Cells: nodes on a line from the input to the output. Colour, dash and width of an edge say its
operator, and so does the word beside it; dotted: `none`. Chains: a bar per block, its height the
expansion, its colour the kernel, dashed with two groups, a line where the block is skipped.
"""

from __future__ import annotations

from collections import Counter
from html import escape

from archcost.charts.look import COLOURS
from archcost.encodings import Architecture, Operator, operator, skeleton
from archcost.encodings.text import split_cell

_STEP, _MARGIN = 104, 16
_RADIUS = 11
_BLOCK, _GAP = 12, 6
_UNIT = 9
_LABEL = 'font-size="11" text-anchor="middle" fill="currentColor"'
# Family to colour, dash and word.
_EDGES = {
    "none": ("currentColor", "1 5", ""),
    "skip_connect": (COLOURS[6], "", "skip"),
    "nor_conv": (COLOURS[0], "", "conv"),
    "dw_conv": (COLOURS[2], "", "depthwise"),
    "dil_conv": (COLOURS[2], "9 3", "dilated"),
    "avg_pool": (COLOURS[1], "5 3", "avg pool"),
    "max_pool": (COLOURS[5], "5 3", "max pool"),
}
_KERNELS = {3: COLOURS[0], 5: COLOURS[1]}


def drawing(architecture: Architecture | str) -> str:
    """A small SVG of a cell or a chain of blocks, legible at its own size (some 320 by 170).

    Args:
        architecture: the value or its canonical string, of any space.

    Raises:
        ArchitectureError: a malformed string.
        UnknownNameError: an operator that is not known.
    """
    return "".join(pieces(str(architecture)).values()) + "</svg>"


def pieces(text: str) -> dict[str, str]:
    """What a drawing is put together from, in order: the frame, opened by an <svg> tag, then the
    operators.

    Names are ``cell/<nodes>`` and ``cell/<nodes>/<target>/<operator>~<source>/<n-th such edge>``,
    or ``chain/<blocks>`` and ``chain/<blocks>/<position>/<operator>``: equal names, equal pieces.

    Raises:
        ArchitectureError, UnknownNameError: as `drawing`.
    """
    if "~" not in text:
        return _chain(text.strip().split("|"))
    targets = split_cell(text)
    nodes = len(targets) + 1
    found = {f"cell/{nodes}": _cell_frame(nodes)}
    seen: Counter[tuple[int, int]] = Counter()
    for target, tokens in enumerate(targets, start=1):
        for name, source in tokens:
            again = seen[source, target]
            seen[source, target] += 1
            key = f"cell/{nodes}/{target}/{name}~{source}/{again}"
            found[key] = _edge(operator(name), source, target, again, nodes)
    return found


def _open(width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif">'
    )


def _rise(span: int) -> int:
    """How far an arc over so many steps stands off the line of the nodes."""
    return 0 if span == 1 else 18 + 26 * (span - 1)


def _line(nodes: int) -> int:
    """Height of the line of nodes in the picture: the longest arc and a label fit above."""
    return max(_rise(nodes - 1), 22) + 18


def _cell_frame(nodes: int) -> str:
    below = max(_rise(nodes - 2) if nodes > 2 else 0, _RADIUS) + 22
    width, line = 2 * _MARGIN + _STEP * (nodes - 1), _line(nodes)
    circles = "".join(
        f'<circle cx="{_MARGIN + _STEP * node}" cy="{line}" r="{_RADIUS}" fill="none" '
        f'stroke="currentColor" stroke-width="1.5"/><text x="{_MARGIN + _STEP * node}" '
        f'y="{line + 4}" {_LABEL}>{_node_name(node, nodes)}</text>'
        for node in range(nodes)
    )
    return _open(width, line + below) + circles


def _node_name(node: int, nodes: int) -> str:
    return {0: "in", nodes - 1: "out"}.get(node, str(node))


def _edge(op: Operator, source: int, target: int, again: int, nodes: int) -> str:
    """Neighbours are joined by a line, others by arcs: above from even nodes, below from odd."""
    colour, dash, word = _EDGES[op.family]
    line, span = _line(nodes), target - source
    side = -1 if source % 2 == 0 else 1
    height = side * (_rise(span) + 26 * again)
    x0, x1 = _MARGIN + _STEP * source, _MARGIN + _STEP * target
    if height == 0:
        x0, x1, y = x0 + _RADIUS, x1 - _RADIUS, line
        middle = line - 6
    else:
        x0, x1, y = x0 + 7, x1 - 7, line + side * 9
        middle = line + height + (-4 if side < 0 else 13)
    # A cubic whose control points lie at 4/3 of the height passes through the height.
    bend = line + height * 4 / 3 - (y - line) / 3
    path = f"M{x0} {y}C{x0 + 14} {bend:.0f} {x1 - 14} {bend:.0f} {x1} {y}"
    faint = ' opacity="0.45"' if op.family == "none" else ""
    width = 1.5 if op.kernel == 1 and op.family != "nor_conv" else 1 + op.kernel / 1.5
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    size = f"{op.kernel}×{op.kernel} " if op.kernel > 1 or op.family == "nor_conv" else ""
    label = f'<text x="{(x0 + x1) / 2:.0f}" y="{middle}" {_LABEL}>{size}{word}</text>'
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.1f}"{dashes}{faint}>'
        f"<title>{escape(op.name)}</title></path>{label if word else ''}"
    )


def _chain(names: list[str]) -> dict[str, str]:
    found = {f"chain/{len(names)}": _chain_frame(len(names))}
    stages = _stage_of(len(names))
    for position, name in enumerate(names):
        found[f"chain/{len(names)}/{position}/{name}"] = _block(
            operator(name), position, stages[position]
        )
    return found


def _stage_of(blocks: int) -> list[int]:
    """FBNet's stages where the length is FBNet's, else one stage."""
    repeats = skeleton("fbnet").repeats
    if blocks != sum(repeats):
        return [0] * blocks
    return [stage for stage, times in enumerate(repeats) for _ in range(times)]


_CHAIN_LINE = 6 * _UNIT + 8


def _chain_frame(blocks: int) -> str:
    width = 2 * _GAP + (_BLOCK + 1) * blocks + _GAP * _stage_of(blocks)[-1]
    y = _CHAIN_LINE + 16
    key = "".join(
        f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{colour}"/>'
        f'<text x="{x + 13}" y="{y}" font-size="11" fill="currentColor">{kernel}×{kernel}</text>'
        for x, (kernel, colour) in zip((_GAP, _GAP + 44), _KERNELS.items(), strict=True)
    )
    words = ("height: expansion 1, 3 or 6", "dashed: 2 groups; line: skipped")
    notes = "".join(
        f'<text x="{x}" y="{y + 16 * line}" font-size="11" fill="currentColor">{text}</text>'
        for line, (x, text) in enumerate(zip((_GAP + 88, _GAP), words, strict=True))
    )
    return f"{_open(max(width, 260), y + 22)}{key}{notes}"


def _block(op: Operator, position: int, stage: int) -> str:
    x = _GAP + (_BLOCK + 1) * position + _GAP * stage
    title = f"<title>{escape(op.name)}</title>"
    if op.family == "skip":
        return (
            f'<path d="M{x} {_CHAIN_LINE - 1}h{_BLOCK}" stroke="currentColor" '
            f'stroke-width="2">{title}</path>'
        )
    height, colour = op.expansion * _UNIT, _KERNELS[op.kernel]
    fill = f'fill="{colour}"'
    if op.groups > 1:
        fill = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="3 2"'
    return (
        f'<rect x="{x}" y="{_CHAIN_LINE - height}" width="{_BLOCK - 1}" height="{height}" '
        f"{fill}>{title}</rect>"
    )
