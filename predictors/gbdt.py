"""Gradient-boosted trees on structural features: XGBoost, absolute error of the logarithm.

The measurements have heavy tails (throttled runs, runs at another clock): the median of the
logarithm is what most runs show, the mean lies between the two modes.
"""

from __future__ import annotations

import os
from functools import cached_property
from numbers import Real
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.encodings import parse
from archcost.errors import CheckpointError, UnsupportedError, check_whole
from archcost.predictors.base import Predictor, one_skeleton, positive_costs
from archcost.predictors.ground import GROUND, Ground
from archcost.predictors.rows import feature_rows
from archcost.predictors.trees import Forest, tree_count

if TYPE_CHECKING:
    import xgboost

# Measured here: below this, loading XGBoost costs more than walking the trees in NumPy.
_FEW = 200

_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _library() -> ModuleType:
    """XGBoost, which takes a second to import, made fit for a forked process.

    That has none of the threads of the one that it came from, and OpenMP would wait for them for
    ever.
    """
    import xgboost

    if _forked:
        xgboost.set_config(nthread=1)
    return xgboost


class Booster:
    """A trained forest in XGBoost's own format, loaded by the library only for many rows."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __reduce__(self) -> tuple[type[Booster], tuple[bytes]]:
        """Pickled without what the library has loaded: it would load it at once, in any process."""
        return Booster, (self.content,)

    @cached_property
    def forest(self) -> Forest:
        """The trees for NumPy."""
        return Forest.from_ubjson(self.content)

    @cached_property
    def _booster(self) -> xgboost.Booster:
        library = _library()
        try:
            return library.Booster(model_file=bytearray(self.content))
        except library.core.XGBoostError:
            raise CheckpointError("not a tree file of XGBoost") from None

    def margin(self, rows: npt.NDArray[np.float32]) -> Floats:
        """Raw scores (n,) for rows (n, f).

        Raises:
            CheckpointError: the trees were made for other features.
        """
        if rows.shape[1] != self.forest.features:
            raise CheckpointError(
                f"the trees take {self.forest.features} features, this version of archcost makes "
                f"{rows.shape[1]}; the checkpoint is of another version"
            )
        if len(rows) <= _FEW:
            return self.forest.margin(rows).astype(np.float64)
        # Given, not left to the library: before 3.1 it reads the intercepts that later ones write
        # as 0.5, without a word.
        base = np.full(len(rows), self.forest.base, dtype=np.float32)
        _library()
        found = self._booster.inplace_predict(rows, predict_type="margin", base_margin=base)
        return np.asarray(found, dtype=np.float64)


def train_booster(
    rows: npt.NDArray[np.float32],
    labels: npt.ArrayLike,
    objective: str,
    *,
    n_estimators: int,
    learning_rate: float,
    max_depth: int,
    seed: int,
) -> Booster:
    """Train XGBoost on rows (n, f) and labels (n,)."""
    library = _library()
    parameters = {
        "objective": objective,
        "eta": learning_rate,
        "max_depth": max_depth,
        "subsample": 0.8,
        "colsample_bytree": 0.3,
        "min_child_weight": min(5, max(1, len(rows) // 50)),
        "seed": seed,
        "tree_method": "hist",
    }
    data = library.DMatrix(rows, label=np.asarray(labels, dtype=np.float32))
    return Booster(bytes(library.train(parameters, data, n_estimators).save_raw("ubj")))


class GBDTPredictor(Predictor):
    """Boosted trees for one device and metric.

    Args:
        n_estimators: number of trees.
        learning_rate: weight of each.
        max_depth: of each.
        seed: of the sampling of rows and columns; the same seed gives the same trees.
    """

    kind = "gbdt"

    def __init__(
        self,
        n_estimators: int = 800,
        learning_rate: float = 0.05,
        max_depth: int = 6,
        seed: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.seed = seed

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """As `Predictor.fit`."""
        batch = parse(archs)
        one_skeleton(batch, "a gbdt")
        costs = positive_costs(measured, len(batch))
        self._check_parameters()
        self.booster_ = train_booster(
            feature_rows(batch), np.log(costs), "reg:absoluteerror", **self.get_params()
        )
        self.ground_ = Ground.of(batch)
        return self

    def _check_parameters(self) -> None:
        check_whole("n_estimators", self.n_estimators)
        check_whole("max_depth", self.max_depth)
        check_whole("seed", self.seed, least=0)
        if not (isinstance(self.learning_rate, Real) and 0 < self.learning_rate <= 1):
            raise UnsupportedError(
                f"learning_rate is {self.learning_rate!r}; give a number above 0, up to 1"
            )

    def predict(self, archs: object) -> Floats:
        """As `Predictor.predict`."""
        batch = self._asked(archs)
        if not len(batch):
            return np.zeros(0)
        return np.exp(self.booster_.margin(feature_rows(batch)))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """As `Predictor.state`."""
        trees = np.frombuffer(self.booster_.content, dtype=np.uint8)
        return {GROUND: self.ground_.array(), "booster.ubj": trees}

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """As `Predictor.from_state`; of the parameters only the number of trees is known then."""
        content = state["booster.ubj"].tobytes()
        model = cls(tree_count(content))
        model.booster_ = Booster(content)
        model.ground_ = Ground.from_array(state[GROUND])
        return model


class Feasibility:
    """The probability that a device's compiler accepts a network: boosted trees, logistic loss."""

    def __init__(self, booster: Booster) -> None:
        self.booster = booster

    @classmethod
    def fit(cls, archs: object, failed: npt.ArrayLike, seed: int = 0) -> Self:
        """Learn from architectures and whether each was refused, bool (n,)."""
        rows = feature_rows(parse(archs))
        accepted = ~np.asarray(failed, dtype=bool)
        return cls(
            train_booster(
                rows,
                accepted,
                "binary:logistic",
                n_estimators=300,
                learning_rate=0.08,
                max_depth=5,
                seed=seed,
            )
        )

    def predict(self, archs: object) -> Floats:
        """Probability (n,) that the network runs."""
        batch = parse(archs)
        if not len(batch):
            return np.zeros(0)
        found: Floats = 1 / (1 + np.exp(-self.booster.margin(feature_rows(batch))))
        return found
