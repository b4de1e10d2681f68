"""The one interface of all predictors, by scikit-learn's conventions.

`__init__` stores its parameters and nothing else, `fit` learns names that end in ``_``,
`get_params`, `set_params` and `sklearn.base.clone` work. scikit-learn itself is not imported: that
takes over a second, and who only predicts has no need of it.
"""

from __future__ import annotations

import inspect
import sys
from functools import cache
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from archcost.aliases import Floats
from archcost.data import as_measured
from archcost.data.measurements import without_mask
from archcost.encodings import Batch, parse
from archcost.errors import (
    MeasurementError,
    NotFittedError,
    UnsupportedError,
    first_few,
    unknown_name,
)
from archcost.predictors.ground import Ground


class Predictor:
    """Costs of architectures from architectures.

    Attributes:
        ground_: what the architectures that it was fitted on have in common: it predicts no others.
            Predictors of any skeletons have none.
    """

    kind: ClassVar[str]
    ground_: Ground

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        given = inspect.signature(cls.__init__).parameters.values()
        # A class without an `__init__` of its own has that of `object`: *args, **kwargs.
        return tuple(
            p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"
        )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters given to `__init__`.

        Args:
            deep: also those of predictors among them, as ``trees__n_estimators``.
        """
        found = {name: getattr(self, name) for name in self._names()}
        if deep:
            for name, value in list(found.items()):
                if isinstance(value, Predictor):
                    inside = value.get_params().items()
                    found |= {f"{name}__{inner}": parameter for inner, parameter in inside}
        return found

    def set_params(self, **params: Any) -> Self:
        """Change parameters, named as `get_params` does; takes effect at the next `fit`.

        Raises:
            UnknownNameError: no such parameter.
        """
        for name, value in params.items():
            own, _, inner = name.partition("__")
            part = getattr(self, own) if own in self._names() else None
            if inner and isinstance(part, Predictor):
                part.set_params(**{inner: value})
            elif name in self._names():
                setattr(self, name, value)
            else:
                raise unknown_name("parameter", name, self.get_params())
        return self

    def unfitted(self) -> Self:
        """A predictor with the same parameters that has learned nothing."""
        return type(self)(**self.get_params(deep=False))

    def __sklearn_tags__(self) -> Any:
        """Capabilities, asked for by scikit-learn only."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(two_d_array=True, string=True),
        )

    def __repr__(self) -> str:
        """The class with its parameters."""
        given = self.get_params(deep=False).items()
        params = ", ".join(f"{name}={value!r}" for name, value in given)
        return f"{type(self).__name__}({params})"

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """Learn from n measured architectures.

        Args:
            archs: whatever `archcost.encodings.parse` accepts, all of one skeleton and wiring.
            measured: (n,) costs, positive and finite, in the unit of the metric.

        Raises:
            MeasurementError: a cost is not a positive finite number, or the lengths differ.
            ArchitectureError: an architecture is malformed.
            UnsupportedError: a parameter is out of its range, or skeletons are mixed.
        """
        raise NotImplementedError

    def predict(self, archs: object) -> Floats:
        """Costs (n,) of n architectures, float64, in the unit of the measurements.

        Raises:
            NotFittedError: before `fit`.
            ArchitectureError: an architecture is malformed.
            UnsupportedError: architectures of another skeleton or wiring than those that were
                fitted, or with operators that did not occur in them.
        """
        raise NotImplementedError

    def score(
        self, archs: object, measured: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> float:
        """Coefficient of determination of predictions, as scikit-learn's regressors score.

        For the field's measure: ``make_scorer(archcost.predictors.metrics.kendall_tau)``.

        Raises:
            As `predict`.
        """
        from sklearn.metrics import r2_score

        return float(r2_score(measured, self.predict(archs), sample_weight=sample_weight))

    def extrapolation(self, archs: object) -> Floats:
        """How far each of n architectures lies from what was measured (n,); 0: not outside it.

        Predictors of one search space are made from architectures of all of it: 0.
        """
        return np.zeros(len(parse(archs)))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """What `fit` learned, as named arrays."""
        raise NotImplementedError

    @classmethod
    def from_state(cls, state: dict[str, npt.NDArray[Any]]) -> Self:
        """The fitted predictor of which `state` gave this."""
        raise NotImplementedError

    def _check_fitted(self, name: str) -> None:
        if not hasattr(self, name):
            raise _not_fitted(f"{type(self).__name__} is not fitted yet; call fit first")

    def _asked(self, archs: object) -> Batch:
        """The architectures to predict, which must be of the ground that this was fitted on."""
        self._check_fitted("ground_")
        return self.ground_.admit(parse(archs))


def _not_fitted(message: str) -> NotFittedError:
    """The error, which is scikit-learn's as well where that is loaded: code for it catches both."""
    library = sys.modules.get("sklearn.exceptions")
    return NotFittedError(message) if library is None else _error_of_both(library)(message)


@cache
def _error_of_both(library: ModuleType) -> type[NotFittedError]:
    # Another process, which may lack scikit-learn, gets archcost's own.
    content = {"__reduce__": lambda error: (NotFittedError, error.args)}
    return type("NotFittedError", (NotFittedError, library.NotFittedError), content)


def positive_costs(measured: npt.ArrayLike | None, n: int) -> Floats:
    """Measured costs (n,) as float64, checked; a column (n, 1) is taken for them.

    Warns:
        DataConversionWarning: a column, as scikit-learn's regressors warn.

    Raises:
        MeasurementError: none at all; another number of costs than n; costs that are missing, zero,
            negative or not numbers, with their rows.
    """
    if measured is None:
        raise MeasurementError(
            "fit requires y to be passed, but the target y is None: give measured costs, one for "
            "each architecture"
        )
    column = np.asarray(without_mask(measured))
    if column.ndim == 2 and column.shape[1] == 1:
        from sklearn.utils.validation import column_or_1d

        column = column_or_1d(column, warn=True)
    costs, _ = as_measured(column, "measured")
    if not len(costs) and not n:
        raise MeasurementError("no measured costs; give at least one architecture with its cost")
    if costs.shape != (n,):
        raise MeasurementError(f"{len(costs)} measured costs for {n} architectures; give one each")
    (bad,) = np.nonzero(~(costs > 0))
    if len(bad):
        rows = first_few((str(row + 1) for row in bad), len(bad))
        raise MeasurementError(
            f"{len(bad)} of {n} measured costs are missing or zero (rows {rows}); leave those "
            "architectures out"
        )
    return costs


def level_off(values: Floats, floor: float) -> Floats:
    """Costs (n,) that are positive: those below the floor level off towards 0, in their order."""
    # Of slope 1 at the floor, and never 0, as an exponential would be far below.
    return np.where(values > floor, values, floor / (2 - np.minimum(values / floor, 1)))


def one_skeleton(batch: Batch, what: str) -> None:
    """Refuse a batch of several skeletons or wirings.

    Raises:
        UnsupportedError: the batch mixes them.
    """
    if len(batch.groups) > 1:
        kinds = ", ".join(f"{g.skeleton.space}/{g.skeleton.dataset}" for g in batch.groups)
        raise UnsupportedError(f"{what} takes one skeleton and wiring at a time, not {kinds}")
