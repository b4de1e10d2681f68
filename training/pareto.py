"""What is best in two respects at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def pareto(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Positions of what nothing else beats or equals in one respect and beats in the other.

    Args:
        first, second: (n,) costs, less is better; of equal pairs the first one is taken.

    Returns:
        (p,) by rising `first` and so by falling `second`.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    order = np.lexsort((other, one))
    best = np.minimum.accumulate(other[order])
    better = np.ones(len(order), dtype=bool)
    better[1:] = best[1:] < best[:-1]
    return order[better]
