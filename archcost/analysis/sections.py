"""The sections of a report, each from a `Study`: what it shows, in words, and the charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from archcost.aliases import Floats, Ints
from archcost.analysis import pictures
from archcost.analysis.agreement import calibration, errors_by_decile
from archcost.analysis.correlation import rank_correlations, similarity_tree
from archcost.analysis.effects import operator_effects, with_means
from archcost.analysis.study import COVERAGE, Study
from archcost.charts import Figure, Section
from archcost.charts.page import ARCHITECTURE
from archcost.checkpoints import Card
from archcost.encodings import Batch
from archcost.predictors import Estimate, metrics
from archcost.predictors.additive import round_significant
from archcost.training.evaluate import scores
from archcost.training.pareto import pareto

if TYPE_CHECKING:
    import pandas as pd


MEASURED = ("agreement", "calibration", "deciles")
"""The pictures that need measurements."""
_COSTS = ("latency", "energy")
"""Metrics of which less is better."""
_DIGITS = 5
_PERCENT = f"{100 * COVERAGE:.0f} %"
_SIZES = {
    "macs": "Multiply-accumulates (millions)",
    "params": "Parameters (millions)",
}
_ALL = {"nasbench201": "all 15,625 cells", "fbnet": "5,000 random networks"}


def _correlation(study: Study) -> Section:
    costs = np.column_stack([np.where(e.runs, e.value, np.nan) for e in study.estimates])
    found = rank_correlations(costs)
    labels, metrics_here = study.labels, {card.metric for card in study.cards}
    caption = f"{len(labels)} targets, neighbours alike"
    if len(metrics_here) == 1:
        labels = tuple(card.device for card in study.cards)
        caption = f"{_metric(study.cards[0])} of {len(labels)} devices, neighbours alike"
    chart = pictures.correlations(labels, found, similarity_tree(found))
    return Section(
        "Rank correlation between devices",
        (
            f"Spearman's rank correlation of the predicted costs of {_ALL[study.place[0]]}. Where "
            "it is low, a network chosen for one device is a poor choice for the other. The tree "
            f"joins what ranks alike: average linkage of 1 less the correlation. {_refused(study)}",
        ),
        (Figure(chart, caption, min_width=_widest_label(labels) + 30 * len(labels)),),
        wide=True,
    )


def _cost_against(study: Study, size: str, words: str) -> Section:
    rows = study.drawn(len(study.networks))
    points = _points(study.networks, rows, study.sizes, study.estimates)
    figures = []
    for number, label in enumerate(study.labels):
        estimate, unit = study.estimates[number], study.estimates[number].unit
        rho = metrics.spearman(study.sizes[size][estimate.runs], estimate.value[estimate.runs])
        chart = pictures.costs_against(
            points, (size, _SIZES[size]), (f"c{number}", f"{_name(label)} ({unit})"), _ends(number)
        )
        figures.append(Figure(chart, f"{label}: rank correlation {rho:.2f}", _tags(study, number)))
    text = (
        f"Rank correlations are Spearman's, of {_ALL[study.place[0]]}; the points are "
        f"{len(points):,} of them, drawn at random (seed 0). {words} Point at a network, or "
        f"tap it, to see it. {_refused(study)}"
    )
    return Section(_titles()[size], (text,), figures)


def _macs(study: Study) -> Section:
    return _cost_against(
        study,
        "macs",
        "Multiply-accumulates are those of all convolutions and the linear layer, for one image.",
    )


def _params(study: Study) -> Section:
    return _cost_against(study, "params", "Parameters are those of the whole network.")


def _titles() -> dict[str, str]:
    return {
        "macs": "Cost against multiply-accumulates",
        "params": "Cost against parameters",
    }


def _operators(study: Study) -> Section:
    figures = []
    for number, label in enumerate(study.labels):
        unit = study.estimates[number].unit
        found = operator_effects(study.networks, study.estimates[number].value)
        chart = pictures.effects(with_means(found.frame), unit)
        caption = f"{label}: sums explain {found.r2:.1%} of the variance"
        figures.append(Figure(chart, caption, _tags(study, number)))
    reference = {"nasbench201": "`none`", "fbnet": "`skip`"}[study.place[0]]
    where = {"nasbench201": "an edge", "fbnet": "a position in the chain"}[study.place[0]]
    removed = {"nasbench201": ", since runtimes remove what cannot reach the output", "fbnet": ""}
    return Section(
        "What each operator costs at each place",
        (
            f"What a network costs more with an operator at {where} than with {reference} "
            f"there: a constant and a cost for each operator and place, fitted by least squares to "
            f"the predicted costs of {_ALL[study.place[0]]}. The last row is the mean over the "
            "places. The share of variance says how far a device's cost is such a sum; where it is "
            f"low, what an operator costs depends on its neighbours{removed[study.place[0]]}.",
        ),
        figures,
    )


def _agreement(study: Study) -> Section:
    import pandas as pd

    figures = []
    for number, label in _measured(study):
        found = study.agreements[label]
        estimate = found.estimate
        inside = (estimate.lower <= found.measured) & (found.measured <= estimate.upper)
        rows = study.drawn(len(found.measured))
        frame = pd.DataFrame(
            {
                ARCHITECTURE: found.batch.take(rows).strings(),
                "measured": _short(found.measured[rows]),
                "predicted": _short(estimate.value[rows]),
                "lower": _short(estimate.lower[rows]),
                "upper": _short(estimate.upper[rows]),
                "inside": np.where(inside[rows], "inside", "outside"),
            }
        )
        chart = pictures.predicted_against_measured(frame, estimate.unit)
        tau = metrics.kendall_tau(estimate.value, found.measured)
        caption = f"{label}: τ {tau:.3f}, {inside.mean():.1%} inside"
        figures.append(Figure(chart, caption, _tags(study, number)))
    return Section(
        "Predicted against measured",
        (
            "Networks that the predictor has not learned from, with intervals made to hold "
            f"{_PERCENT} of the measurements. Up to {study.points} networks are drawn, at random "
            "(seed 0); scores are of all.",
            *_what_is_left_out(study),
        ),
        figures,
        rows=_scores(study),
    )


def _scores(study: Study) -> list[list[str]]:
    rows = [["target", "networks", "τ", "Spearman", "mean error", "within ±10 %", "inside"]]
    for _, label in _measured(study):
        found = study.agreements[label]
        s = scores(found.estimate, found.measured)
        rows.append(
            [
                label,
                f"{s.n:,}",
                f"{s.kendall_tau:.4f}",
                f"{s.spearman:.4f}",
                f"{s.mape:.1%}",
                f"{s.within_10pct:.1%}",
                f"{s.coverage:.1%}",
            ]
        )
    return rows if len(rows) > 1 else []


def _calibration(study: Study) -> Section:
    figures = []
    for number, label in _measured(study):
        found = study.agreements[label]
        frame = calibration(found.model, found.batch, found.estimate.value, found.measured)
        (held,) = frame.loc[frame["nominal"] == COVERAGE, "held"]
        caption = f"{label}: {_PERCENT} intervals hold {held:.1%}"
        figures.append(Figure(pictures.calibration_curve(frame), caption, _tags(study, number)))
    return Section(
        "Calibration of the intervals",
        (
            "The share of measurements that intervals hold against the share they are made to "
            "hold. On the dashed line they are right; above it they are too wide, below too "
            "narrow. In the grey band right intervals would fall 95 times in 100 with so many "
            "networks (binomial).",
            *_what_is_left_out(study),
        ),
        figures,
    )


def _deciles(study: Study) -> Section:
    figures = []
    for number, label in _measured(study):
        found = study.agreements[label]
        frame = errors_by_decile(found.estimate.value, found.measured)
        caption = f"{label}: {len(found.measured):,} networks"
        chart = pictures.decile_errors(frame, found.estimate.unit)
        figures.append(Figure(chart, caption, _tags(study, number)))
    return Section(
        "Error by cost",
        (
            "How far predictions are off, from the tenth of networks that are predicted cheapest "
            "to the dearest tenth.",
            *_what_is_left_out(study),
        ),
        figures,
    )


def _pareto(study: Study) -> Section:
    networks, good, estimates = study.candidates
    wanted = study.wanted
    among = _ALL[study.place[0]] if wanted.candidates is None else f"{len(networks):,} networks"
    points = _points(networks, study.drawn(len(networks)), {"good": good}, estimates)
    figures = []
    for number, label in enumerate(study.labels):
        if study.cards[number].metric not in _COSTS:
            continue
        estimate = estimates[number]
        (kept,) = np.nonzero(estimate.runs & np.isfinite(good))
        best = kept[pareto(estimate.value[kept], -good[kept])]
        chart = pictures.pareto_set(
            points,
            _points(networks, best, {"good": good}, estimates, only=number),
            (f"c{number}", f"{_name(label)} ({estimate.unit})"),
            ("good", wanted.title[:1].upper() + wanted.title[1:]),
        )
        caption = f"{label}: {len(best)} of {len(kept):,} networks"
        figures.append(Figure(chart, caption, _tags(study, number)))
    return Section(
        "Pareto sets",
        (
            f"Out of {among}, those that no other beats in predicted cost and in accuracy (blue), "
            f"before others drawn at random (grey). {wanted.words} {_refused(study)}",
        ),
        figures,
    )


PICTURES: Mapping[str, tuple[str, Callable[[Study], Section]]] = {
    "correlation": ("rank correlation between all devices, with a tree", _correlation),
    "macs": ("cost against multiply-accumulates", _macs),
    "params": ("cost against parameters", _params),
    "operators": ("what each operator costs at each place", _operators),
    "agreement": ("predicted against measured, with intervals", _agreement),
    "calibration": ("share that intervals hold against the share they should", _calibration),
    "deciles": ("error from the cheapest to the dearest tenth of networks", _deciles),
    "pareto": ("Pareto sets of cost and accuracy", _pareto),
}
"""Name to what it shows in words, and the section that holds it; in the order of a report."""


def _measured(study: Study) -> list[tuple[int, str]]:
    """Number and label of the targets that have measurements."""
    return [(n, label) for n, label in enumerate(study.labels) if label in study.agreements]


def _what_is_left_out(study: Study) -> list[str]:
    if not study.left_out:
        return []
    found = "; ".join(f"{', '.join(labels)} ({why})" for why, labels in study.reasons.items())
    return [
        f"Left out: {found}. Give the measurements that predictors were trained on with `--table "
        "FILE`; for HW-NAS-Bench's devices `archcost fetch` downloads them."
    ]


def _points(
    networks: Batch,
    rows: Ints,
    sizes: Mapping[str, Floats],
    estimates: Sequence[Estimate],
    only: int | None = None,
) -> pd.DataFrame:
    """Networks with the costs of all targets, or of one: a frame that charts of a page share."""
    import pandas as pd

    columns: dict[str, object] = {ARCHITECTURE: networks.take(rows).strings()}
    columns |= {name: _short(values[rows]) for name, values in sizes.items()}
    for number, estimate in enumerate(estimates):
        if only not in (None, number):
            continue
        low, high = _ends(number)
        columns[f"c{number}"] = _short(estimate.value[rows])
        columns[low] = _short(estimate.lower[rows])
        columns[high] = _short(estimate.upper[rows])
        if estimate.feasible is not None:
            words = np.where(estimate.runs[rows], "runs", "likely refused")
            columns[f"runs_c{number}"] = words
    return pd.DataFrame(columns)


def _ends(number: int) -> tuple[str, str]:
    return f"l{number}", f"u{number}"


def _refused(study: Study) -> str:
    if all(estimate.runs.all() for estimate in study.estimates):
        return ""
    return "Networks that a device more likely refuses than runs do not count for it."


def _metric(card: Card) -> str:
    return card.metric.replace("_", " ").capitalize()


def _widest_label(labels: Sequence[str]) -> int:
    """Pixels, about."""
    return 20 + 7 * max(map(len, labels))


def _tags(study: Study, number: int) -> dict[str, str]:
    card = study.cards[number]
    return {"device": card.device, "metric": card.metric.replace("_", " ")}


def _name(label: str) -> str:
    return f"Predicted {label.partition(' ')[2]}"


def _short(values: Floats) -> Floats:
    """To five significant digits: a page need not hold more."""
    with np.errstate(over="ignore", invalid="ignore"):  # zeros have no digits
        return round_significant(np.asarray(values, dtype=np.float64), _DIGITS)
