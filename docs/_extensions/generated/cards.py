"""Model cards: a page a device, an overview, and the calibration of all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archcost.checkpoints import Card, cards, checkpoint_folder
from archcost.data import DEVICES, SOURCES
from generated.markdown import facts, number, percent, table
from generated.settings import structure, trained_with

_PLACES = {
    ("nasbench201", "cifar10"): "NAS-Bench-201 on CIFAR-10",
    ("nasbench201", "cifar100"): "NAS-Bench-201 on CIFAR-100",
    ("nasbench201", "ImageNet16-120"): "NAS-Bench-201 on ImageNet16-120",
    ("fbnet", "cifar100"): "FBNet on CIFAR-100",
    ("fbnet", "ImageNet"): "FBNet on ImageNet",
    ("custom", "cifar10"): "Cells and networks of your own",
}
"""(space, data set) of cards to their title, in the order in which they are shown."""


def _metric(card: Card) -> str:
    return card.metric.replace("_", " ")


def _order(card: Card) -> tuple[int, str, str, bool]:
    place = list(_PLACES).index((card.space, card.dataset))
    return place, card.device, card.metric, not card.default


def card_pages() -> dict[str, str]:
    """Name of each page to its Markdown: "index" and one a device."""
    every = sorted(cards(), key=_order)
    pages = {"index": _overview(every)}
    for device in DEVICES:
        own = [card for card in every if card.device == device]
        if own:
            pages[device] = _device_page(device, own)
    return pages


def _overview(every: Sequence[Card]) -> str:
    parts = [_OVERVIEW.format(count=len(every))]
    for place, title in _PLACES.items():
        rows = [
            (
                f"[`{card.device}`]({card.device}.md#{_anchor(card)})",
                _metric(card),
                f"**{card.kind}**" if card.default else card.kind,
                f"{card.n_train:,}",
                "" if card.scores is None else f"{card.scores.kendall_tau:.4f}",
                "" if card.scores is None else percent(card.scores.mape),
                _exactness(card) if card.scores is None else percent(card.scores.coverage),
            )
            for card in every
            if (card.space, card.dataset) == place
        ]
        heading = ("device", "metric", "kind", "learned from", "τ", "MAPE", "90 % hold")
        parts.append(f"## {title}\n\n{table(heading, rows)}\n")
    names = "\n".join(dict.fromkeys(card.device for card in sorted(every, key=lambda c: c.device)))
    return "\n".join([*parts, f"```{{toctree}}\n:hidden:\n:maxdepth: 1\n\n{names}\n```\n"])


_OVERVIEW = """\
# Model cards

All {count} checkpoints that ship, from their own `card.json`. Bold: the kind that is used when none
is named, the best on validation data. A link leads to the whole card: scores, training set,
settings, hashes.

**Learned from** counts architectures, of exact look-up tables the blocks. τ is
[Kendall's rank correlation](../../fields.md#scores) on held-out architectures, MAPE the mean
absolute error in percent, "90 % hold" the share of held-out costs that lie in their 90 % intervals.
An empty score says why on the card: nothing is held out of an exact table.

`archcost.catalogue()` gives the same as a DataFrame, `archcost devices --scores` as text.
"""


def _exactness(card: Card) -> str:
    return "exact" if card.kind == "additive" else "none held out"


def _title(card: Card) -> str:
    return f"{_PLACES[card.space, card.dataset]}: {_metric(card)}, {card.kind}"


def _anchor(card: Card) -> str:
    """As MyST makes it of the heading."""
    return re.sub(r"[^\w -]", "", _title(card).lower()).replace(" ", "-")


def _device_page(device: str, own: Sequence[Card]) -> str:
    entry = DEVICES[device]
    source = SOURCES[entry.source]
    batch = "not stated" if entry.batch_size is None else str(entry.batch_size)
    known = [
        ("hardware", entry.title),
        ("runtime", entry.runtime),
        ("images a run", batch),
        ("number format", entry.precision or "not stated"),
        ("what to know", entry.note),
        ("source", f"{source.citation} Licence {source.licence}."),
    ]
    parts = [f"# {device}\n", facts(known), ""]
    return "\n".join([*parts, *(_card(card) for card in own)])


def _card(card: Card) -> str:
    used = "used when no kind is named" if card.default else "used only when named"
    rows = [
        ("load", f"`{_call(card)}`"),
        ("kind", f"{card.kind}, {used}"),
        ("chosen by", card.chosen_by),
        ("unit", card.unit),
        *_scores(card),
        ("learned from", _learned_from(card)),
        ("settings", trained_with(card)),
        ("what it is made of", structure(card)),
        ("note", card.note),
        ("made with", f"archcost {card.package_version}, format {card.format_version}"),
        ("folder", f"`checkpoints/shipped/{checkpoint_folder(card).as_posix()}`"),
        *((f"SHA-256 of {name}", f"`{digest}`") for name, digest in _files(card)),
    ]
    shown = facts(row for row in rows if row[1])
    return f"## {_title(card)}\n\n{shown}\n"


def _files(card: Card) -> list[tuple[str, str]]:
    return [*card.files.items(), *card.shared.items()]


def _call(card: Card) -> str:
    given = [f'"{card.device}"']
    if card.metric != "latency":
        given.append(f'metric="{card.metric}"')
    if card.space != "nasbench201":
        given.append(f'space="{card.space}"')
    if (card.space, card.dataset) not in (
        ("nasbench201", "cifar10"),
        ("fbnet", "cifar100"),
        ("custom", "cifar10"),
    ):
        given.append(f'dataset="{card.dataset}"')
    if not card.default:
        given.append(f'kind="{card.kind}"')
    return f"archcost.load({', '.join(given)})"


def _learned_from(card: Card) -> str:
    what = "blocks of the look-up table" if card.predictor == "LookupPredictor" else "architectures"
    text = f"{card.n_train:,} {what}"
    if card.n_calibration:
        text += f"; intervals calibrated on errors on {card.n_calibration:,}, left out in turn"
    if card.n_test:
        text += f"; {card.n_test:,} held out"
    if card.split_seed is not None:
        text += f", split with seed {card.split_seed}"
    return text


def _scores(card: Card) -> list[tuple[str, str]]:
    scores = card.scores
    if scores is None:
        why = "exact, nothing is held out" if card.kind == "additive" else "nothing was held out"
        return [("scores", why)]
    return [
        (
            "rank",
            f"Kendall τ {scores.kendall_tau:.4f}, Spearman {scores.spearman:.4f}, "
            f"on {scores.n:,} held-out architectures",
        ),
        ("ceiling of τ", number(card.ceiling)),
        (
            "error",
            f"MAPE {scores.mape:.2%}, mean absolute {number(scores.mae)} {card.unit}, "
            f"{percent(scores.within_10pct)} within ±10 %",
        ),
        (
            "90 % intervals",
            f"hold {percent(scores.coverage)}, mean width {number(scores.width)} {card.unit}",
        ),
        ("runs or refused", "" if card.auc is None else f"AUC {card.auc:.4f}"),
    ]


def calibration_table() -> str:
    """How the intervals of every default checkpoint do on held-out architectures."""
    parts = []
    for place, title in _PLACES.items():
        here = [c for c in cards() if (c.space, c.dataset) == place and c.default and c.scores]
        rows = [
            (
                f"[`{card.device}`](generated/cards/{card.device}.md#{_anchor(card)})",
                _metric(card),
                f"{card.scores.n:,}",
                percent(card.scores.coverage),
                f"{number(card.scores.width, 3)} {card.unit}",
                f"{card.scores.width / card.scores.mae:.2f}" if _noisy(card) else "exact",
            )
            for card in sorted(here, key=_order)
            if card.scores is not None
        ]
        if rows:
            heading = ("device", "metric", "held out", "90 % hold", "mean width", "width / error")
            parts.append(f"### {title}\n\n{table(heading, rows)}\n")
    return "\n".join(parts)


def _noisy(card: Card) -> bool:
    # Below this the errors are the rounding of the table.
    return card.scores is not None and card.scores.mape > 1e-5
