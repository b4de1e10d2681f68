"""The arrays that `encode` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Encoded:
    """Rows of features, one an architecture, in input order.

    Attributes:
        name: of the encoding.
        values: (n, f), int8 for 0/1 and small counts, float32 for sizes.
        columns: f names.
    """

    name: str
    values: npt.NDArray[np.int8] | npt.NDArray[np.float32]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        self.values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    def to_frame(self) -> pd.DataFrame:
        """The same as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=list(self.columns))
