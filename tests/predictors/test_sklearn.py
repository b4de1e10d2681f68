"""scikit-learn's conventions, its estimator checks, its model selection, and pandas.

The checks feed random numbers, which are no architectures. `Rows` reads each row of numbers as the
architecture that its digits pick, so that what the checks are about is checked on the predictors
themselves: what fit leaves alone, that it repeats, pickling, the order of samples, errors.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_regressor
from sklearn.exceptions import DataConversionWarning
from sklearn.exceptions import NotFittedError as LibraryNotFittedError
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import validate_data

import archcost
from archcost.encodings import all_strings, encode, parse, skeleton
from archcost.errors import MeasurementError, NotFittedError, UnknownNameError, UnsupportedError
from archcost.predictors import (
    AdditivePredictor,
    EnsemblePredictor,
    GBDTPredictor,
    GNNPredictor,
    LayersPredictor,
    Predictor,
    ScaledPredictor,
    StackedPredictor,
    TransferPredictor,
    metrics,
)
from archcost.predictors.kernels import SourceDevices

CELLS = np.arange(0, 15625, 130)
COSTS = encode(CELLS, "counts").values @ np.array([0.1, 0.2, 1.0, 3.0, 0.7]) + 1.0


class Rows:
    """Rows of numbers for architectures; their targets are logarithms of costs."""

    def fit(self, X: Any, y: Any) -> Any:
        X, y = validate_data(self, X, y, y_numeric=True)
        scale = max(np.abs(y).max(), 1e-9)
        self.scale_ = scale
        return super().fit(_cells(X), np.exp(y / scale))  # type: ignore[misc]

    def predict(self, X: Any) -> Any:
        self._check_fitted("scale_")  # type: ignore[attr-defined]
        X = validate_data(self, X, reset=False)
        found = super().predict(_cells(X))  # type: ignore[misc]
        return self.scale_ * np.log(np.maximum(found, 1e-3))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return super().score(X, y, sample_weight)  # type: ignore[misc]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        # Which cell a row picks has nothing to do with its target.
        tags.regressor_tags.poor_score = True
        tags.input_tags.string = False
        return tags


def _cells(rows: np.ndarray) -> np.ndarray:
    weights = np.sin(1 + np.arange(rows.shape[1]))
    return (np.abs(rows @ weights) * 1e4).astype(np.int64) % 15625


class AdditiveRows(Rows, AdditivePredictor):
    pass


class GBDTRows(Rows, GBDTPredictor):
    def __init__(
        self,
        n_estimators: int = 5,
        learning_rate: float = 0.3,
        max_depth: int = 3,
        seed: int = 0,
    ) -> None:
        super().__init__(n_estimators, learning_rate, max_depth, seed)


class EnsembleRows(Rows, EnsemblePredictor):
    pass


@pytest.mark.parametrize(
    "estimator",
    [
        AdditiveRows(),
        GBDTRows(),
        EnsembleRows([AdditivePredictor(), GBDTPredictor(n_estimators=3, max_depth=2)]),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.filterwarnings("ignore")
def test_checks_on_rows_that_pick_architectures(estimator: Any) -> None:
    found = check_estimator(estimator, on_skip=None)
    assert sum(one["status"] == "passed" for one in found) > 45


NO_ARCHITECTURES = "its random numbers are no architectures, and are refused as such"
FEATURES = "architectures are not rows of a fixed number of features"
WORDS = "the error says what an architecture may be, not scikit-learn's phrase"
NAMES = "the arguments are archs and measured; scikit-learn passes them by position"
EXPECTED = {
    "check_fit_score_takes_y": NAMES,
    "check_n_features_in": FEATURES,
    "check_n_features_in_after_fitting": FEATURES,
    "check_fit2d_1feature": FEATURES,
    "check_fit2d_predict1d": FEATURES,
    "check_complex_data": WORDS,
    "check_estimators_empty_data_messages": WORDS,
    "check_estimators_nan_inf": WORDS,
    "check_fit2d_1sample": WORDS,
    "check_positive_only_tag_during_fit": WORDS,
    "check_requires_y_none": "architectures are read before costs; see the test of its own",
    "check_dict_unchanged": NO_ARCHITECTURES,
    "check_dont_overwrite_parameters": NO_ARCHITECTURES,
    "check_dtype_object": NO_ARCHITECTURES,
    "check_estimators_dtypes": NO_ARCHITECTURES,
    "check_estimators_fit_returns_self": NO_ARCHITECTURES,
    "check_estimators_overwrite_params": NO_ARCHITECTURES,
    "check_estimators_pickle": NO_ARCHITECTURES,
    "check_f_contiguous_array_estimator": NO_ARCHITECTURES,
    "check_fit_check_is_fitted": NO_ARCHITECTURES,
    "check_fit_idempotent": NO_ARCHITECTURES,
    "check_methods_sample_order_invariance": NO_ARCHITECTURES,
    "check_methods_subset_invariance": NO_ARCHITECTURES,
    "check_pipeline_consistency": NO_ARCHITECTURES,
    "check_readonly_memmap_input": NO_ARCHITECTURES,
    "check_regressor_data_not_an_array": NO_ARCHITECTURES,
    "check_regressors_int": NO_ARCHITECTURES,
    "check_regressors_no_decision_function": NO_ARCHITECTURES,
    "check_regressors_train": NO_ARCHITECTURES,
    "check_supervised_y_2d": NO_ARCHITECTURES,
}


@pytest.mark.parametrize(
    "estimator",
    [
        AdditivePredictor(),
        GBDTPredictor(n_estimators=5),
        GNNPredictor(steps=2),
        LayersPredictor(),
        EnsemblePredictor([AdditivePredictor()]),
        ScaledPredictor(AdditivePredictor().fit(CELLS, COSTS)),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.filterwarnings("ignore")
def test_checks_as_they_are(estimator: Predictor) -> None:
    """`EXPECTED` lists the checks that cannot hold, with the reason; all others do."""
    found = check_estimator(estimator, expected_failed_checks=EXPECTED, on_skip=None)
    failed = {one["check_name"] for one in found if one["status"] == "xfail"}
    assert failed == EXPECTED.keys()


def test_costs_are_required() -> None:
    with pytest.raises(MeasurementError, match="requires y to be passed, but the target y is None"):
        AdditivePredictor().fit(CELLS, None)
    with pytest.raises(MeasurementError, match="are missing"):
        AdditivePredictor().fit(CELLS, np.ma.masked_greater(COSTS, COSTS[0]))
    with pytest.raises(MeasurementError, match="at least one"):
        AdditivePredictor().fit([], [])


@pytest.mark.parametrize(
    ("predictor", "says"),
    [
        (GBDTPredictor(n_estimators=0), "n_estimators is 0; .* from 1 on"),
        (GBDTPredictor(max_depth=2.5), r"max_depth is 2\.5"),  # type: ignore[arg-type]
        (GBDTPredictor(learning_rate=-0.1), r"learning_rate is -0\.1; .* above 0"),
        (GBDTPredictor(seed="a"), "seed is 'a'; .* from 0 on"),  # type: ignore[arg-type]
        (GNNPredictor(members=0), "members is 0"),
        (GNNPredictor(steps=-1), "steps is -1"),
        (EnsemblePredictor([]), "for 0 members"),
    ],
    ids=repr,
)
def test_parameters_out_of_range_are_refused_by_fit(predictor: Predictor, says: str) -> None:
    with pytest.raises(UnsupportedError, match=says):
        predictor.fit(CELLS, COSTS)


LEARNERS = [
    AdditivePredictor(),
    AdditivePredictor(ratio=True),
    GBDTPredictor(2),
    GNNPredictor(steps=2),
    EnsemblePredictor([AdditivePredictor(), GBDTPredictor(2)]),
]


@pytest.mark.parametrize("predictor", LEARNERS, ids=repr)
def test_another_place_than_that_of_fit_is_named(predictor: Predictor) -> None:
    chains = parse(np.random.default_rng(0).integers(0, 9, (60, 22)), space="fbnet")
    cells = clone(predictor).fit(CELLS, COSTS)
    with pytest.raises(UnsupportedError, match=r"of fbnet on cifar100 for a .* nasbench201 on cif"):
        cells.predict(chains)
    with pytest.raises(UnsupportedError, match=r"of nasbench201 on cifar10 for a .* fbnet on cif"):
        clone(predictor).fit(chains, np.arange(60) + 1.0).predict(CELLS)
    with pytest.raises(UnsupportedError, match=r"of nasbench201 on cifar100 for a .* on cifar10;"):
        cells.predict(parse(CELLS, dataset="cifar100"))
    wider = replace(skeleton("nasbench201"), channels=(32, 64, 128))
    with pytest.raises(UnsupportedError, match=r"channels \(32, 64, 128\) for a .* \(16, 32, 64\)"):
        cells.predict([replace(parse([3])[0], skeleton=wider)])


def test_a_transfer_takes_the_data_set_it_was_fitted_on_alone() -> None:
    sources = SourceDevices.from_state(archcost.load("epyc_onnxruntime").predictor.state()).at([])
    elsewhere = parse(CELLS, dataset="cifar100")
    stacked = StackedPredictor(TransferPredictor(sources), GBDTPredictor(2))
    for predictor in (TransferPredictor(sources), stacked):
        predictor.fit(elsewhere, COSTS)
        assert predictor.predict(elsewhere).shape == COSTS.shape
        with pytest.raises(UnsupportedError, match=r"on cifar10 for a .* fitted on .* on cifar100"):
            predictor.predict(CELLS)


def test_predictors_that_ship_take_their_own_data_set_alone() -> None:
    for name, kind in (("raspi4", None), ("raspi4", "gbdt"), ("eyeriss", None)):
        predictor = archcost.load(name, kind=kind).predictor
        with pytest.raises(UnsupportedError, match=r"on cifar100 for a .* on cifar10"):
            predictor.predict(parse(CELLS, dataset="cifar100"))


def test_not_fitted_is_the_librarys_error_too() -> None:
    with pytest.raises(NotFittedError) as ours:
        AdditivePredictor().predict(CELLS)
    assert isinstance(ours.value, LibraryNotFittedError)
    again = pickle.loads(pickle.dumps(ours.value))
    assert str(again) == str(ours.value)
    assert isinstance(again, NotFittedError)


def test_a_column_of_costs_is_taken_with_a_warning() -> None:
    with pytest.warns(DataConversionWarning):
        model = AdditivePredictor().fit(CELLS, COSTS[:, None])
    assert np.allclose(model.predict(CELLS), COSTS)


def test_score_is_the_coefficient_of_determination() -> None:
    model = GBDTPredictor(n_estimators=5).fit(CELLS, COSTS)
    assert is_regressor(model)
    expected = r2_score(COSTS, model.predict(CELLS))
    assert model.score(CELLS, COSTS) == pytest.approx(expected)


FORMS = {
    "indices": CELLS,
    "strings": [all_strings()[i] for i in CELLS],
    "series": pd.Series([all_strings()[i] for i in CELLS], index=CELLS + 7),
    "frame": pd.DataFrame({"arch": [all_strings()[i] for i in CELLS]}, index=CELLS + 7),
    "onehot": encode(CELLS, "onehot").to_frame(),
    "batch": archcost.parse(CELLS),
}


@pytest.mark.parametrize("form", FORMS)
def test_cross_validation_takes_every_form(form: str) -> None:
    folds = KFold(3, shuffle=True, random_state=0)
    model = AdditivePredictor()
    assert cross_val_score(model, FORMS[form], COSTS, cv=folds) == pytest.approx(1)
    costs = pd.Series(COSTS, index=CELLS + 7) if form in ("series", "frame") else COSTS
    assert cross_val_predict(model, FORMS[form], costs, cv=folds) == pytest.approx(COSTS)


def test_grid_search() -> None:
    search = GridSearchCV(
        GBDTPredictor(n_estimators=20),
        {"max_depth": [1, 3], "learning_rate": [0.01, 0.3]},
        scoring=make_scorer(metrics.kendall_tau),
        cv=3,
    )
    search.fit(pd.Series(FORMS["strings"]), COSTS)
    assert search.best_params_["learning_rate"] == 0.3
    assert metrics.kendall_tau(search.predict(CELLS), COSTS) > 0.8


def test_parameters_of_predictors_inside_others() -> None:
    sources = SourceDevices.from_state(archcost.load("epyc_onnxruntime").predictor.state()).at([])
    stacked = StackedPredictor(TransferPredictor(sources), GBDTPredictor())
    stacked.set_params(trees__max_depth=2, trees__n_estimators=3)
    assert stacked.get_params()["trees__max_depth"] == stacked.trees.max_depth == 2
    assert "trees__max_depth" not in stacked.get_params(deep=False)
    for name in ("trees__depth", "tree__max_depth", "based__x", "trees__"):
        with pytest.raises(UnknownNameError):
            stacked.set_params(**{name: 1})
    again = clone(stacked)
    assert again.trees is not stacked.trees
    found = GridSearchCV(again, {"trees__n_estimators": [1, 4]}, cv=2).fit(CELLS, COSTS)
    assert found.predict(CELLS).shape == COSTS.shape


def test_clones_keep_what_they_were_given_fitted() -> None:
    base = AdditivePredictor().fit(CELLS, COSTS)
    again = clone(ScaledPredictor(base)).fit(CELLS[:9], 2 * COSTS[:9])
    assert again.predict(CELLS) == pytest.approx(2 * COSTS)


@pytest.mark.parametrize("predictor", [LayersPredictor(), AdditivePredictor(), GNNPredictor()])
def test_repr_names_the_parameters(predictor: Predictor) -> None:
    assert eval(repr(predictor)).get_params() == predictor.get_params()


def test_frames_keep_the_index() -> None:
    frame = pd.DataFrame({"arch": FORMS["strings"]}, index=[f"cell {i}" for i in CELLS])
    estimate = archcost.load("eyeriss").predict(frame["arch"])
    found = estimate.to_frame(index=frame.index)
    assert list(found.index) == list(frame.index)
    assert list(found["architecture"]) == FORMS["strings"]
    together = frame.join(found)
    assert together["value"].notna().all()
    assert list(estimate.to_frame().index) == list(range(len(CELLS)))
