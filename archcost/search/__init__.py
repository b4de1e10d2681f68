"""Hardware-aware architecture search: accuracy against predicted costs, within limits.

    >>> import archcost
    >>> found = archcost.search("raspi4", max_latency="20ms", accuracy="accuracy.csv")
    >>> found.to_frame()

`search` looks; `Found` is what it found; `write` makes a table, a picture and a page of it.
"""

from __future__ import annotations

import sys
from types import ModuleType

from archcost.search.found import Found
from archcost.search.fronts import hypervolume, nondominated
from archcost.search.run import search
from archcost.search.writing import write

__all__ = ["Found", "hypervolume", "nondominated", "search", "write"]


class _Search(ModuleType):
    """`archcost.search` names this package and the function: whichever of the two Python has bound
    to it last, it can be called."""

    __call__ = staticmethod(search)


sys.modules[__name__].__class__ = _Search
