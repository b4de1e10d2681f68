"""The one interface of all predictors, by scikit-learn's conventions.

`__init__` stores its parameters and nothing else, `fit` learns names that end in ``_``,
`get_params`, `set_params` and `sklearn.base.clone` work. scikit-learn itself is not imported: that
takes over a second, and who only predicts has no need of it.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from archcost.data import as_measured
from archcost.encodings import Batch, parse
from archcost.errors import MeasurementError, NotFittedError, UnsupportedError, unknown_name

Floats = npt.NDArray[np.float64]


class Predictor:
    """Costs of architectures from architectures."""

    kind: ClassVar[str]

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return tuple(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters given to `__init__`; `deep` is there for scikit-learn."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; takes effect at the next `fit`.

        Raises:
            UnknownNameError: no such parameter.
        """
        for name, value in params.items():
            if name not in self._names():
                raise unknown_name("parameter", name, self._names())
            setattr(self, name, value)
        return self

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
        params = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({params})"

    def fit(self, archs: object, measured: npt.ArrayLike) -> Self:
        """Learn from n measured architectures.

        Args:
            archs: whatever `archcost.encodings.parse` accepts, all of one skeleton.
            measured: (n,) costs, positive and finite, in the unit of the metric.

        Raises:
            MeasurementError: a cost is not a positive finite number, or the lengths differ.
            ArchitectureError: an architecture is malformed.
        """
        raise NotImplementedError

    def predict(self, archs: object) -> Floats:
        """Costs (n,) of n architectures, float64, in the unit of the measurements.

        Raises:
            NotFittedError: before `fit`.
            ArchitectureError: an architecture is malformed.
        """
        raise NotImplementedError

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
            raise NotFittedError(f"{type(self).__name__} is not fitted yet; call fit first")


def positive_costs(measured: npt.ArrayLike, n: int) -> Floats:
    """Measured costs (n,) as float64, checked.

    Raises:
        MeasurementError: another number of costs than n; costs that are missing, zero, negative or
            not numbers, with their rows.
    """
    costs, _ = as_measured(np.asarray(measured), "measured")
    if costs.shape != (n,):
        raise MeasurementError(f"{len(costs)} measured costs for {n} architectures; give one each")
    (bad,) = np.nonzero(~(costs > 0))
    if len(bad):
        rows = ", ".join(str(row + 1) for row in bad[:5])
        raise MeasurementError(
            f"{len(bad)} of {n} measured costs are missing or not positive (rows {rows}"
            f"{', …' if len(bad) > 5 else ''}); leave those architectures out"
        )
    return costs


def one_skeleton(batch: Batch, what: str) -> None:
    """Refuse a batch of several skeletons.

    Raises:
        UnsupportedError: the batch mixes skeletons.
    """
    if len(batch.groups) > 1:
        kinds = ", ".join(f"{g.skeleton.space}/{g.skeleton.dataset}" for g in batch.groups)
        raise UnsupportedError(f"{what} takes one space and data set at a time, not {kinds}")
