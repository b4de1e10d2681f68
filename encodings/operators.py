"""The operator vocabulary: what may sit on an edge of a cell or in a block of a chain.

NAS-Bench-201's five (Dong & Yang, ICLR 2020) and FBNet's nine (Wu et al., CVPR 2019, as published
by HW-NAS-Bench, Li et al., ICLR 2021) have ids: their position in the tuples here. Cells outside
those spaces draw on a regular grammar, with K any odd number up to 99:

=================  ==================================================================
``none``           zeros
``skip_connect``   identity
``nor_conv_KxK``   ReLU - convolution - BN
``dw_conv_KxK``    ReLU - depthwise convolution - pointwise 1x1 convolution - BN
``dil_conv_KxK``   as ``dw_conv_KxK`` with dilation 2 (the dilated convolution of DARTS)
``avg_pool_KxK``   average pooling that keeps the size
``max_pool_KxK``   maximum pooling that keeps the size
=================  ==================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from archcost.errors import unknown_name

NASBENCH201_OPERATORS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
FBNET_OPERATORS = (
    "k3_e1",
    "k3_e1_g2",
    "k3_e3",
    "k3_e6",
    "k5_e1",
    "k5_e1_g2",
    "k5_e3",
    "k5_e6",
    "skip",
)
FAMILIES = (
    "none",
    "skip_connect",
    "nor_conv",
    "dw_conv",
    "dil_conv",
    "avg_pool",
    "max_pool",
    "block",
    "skip",
)
"""What an operator is, apart from its sizes: the first seven on a cell's edge, the others in a
chain."""

_SIZED = re.compile(r"(nor_conv|dw_conv|dil_conv|avg_pool|max_pool)_([1-9]?[13579])x\2")
_BLOCK = re.compile(r"k([35])_e([136])(?:_g(2))?")
_EXAMPLES = (
    *NASBENCH201_OPERATORS,
    *FBNET_OPERATORS,
    *(f"{family}_{k}x{k}" for family in FAMILIES[2:7] for k in (3, 5, 7)),
)


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator's name stands for.

    Attributes:
        name: as in the vocabulary.
        family: one of `FAMILIES`.
        kernel: height and width of the (depthwise) kernel or pooling window; 1 without any.
        dilation: of that kernel.
        expansion: hidden channels of a block as a multiple of its input channels; 1 otherwise.
        groups: groups of a block's two pointwise convolutions; 1 otherwise.
    """

    name: str
    family: str
    kernel: int = 1
    dilation: int = 1
    expansion: int = 1
    groups: int = 1

    @property
    def in_cell(self) -> bool:
        """Whether it belongs on the edge of a cell; otherwise it is a block of a chain."""
        return self.family not in ("block", "skip")

    @property
    def is_convolution(self) -> bool:
        """Whether it multiplies by weights whatever the shape it is put in."""
        return self.family in ("nor_conv", "dw_conv", "dil_conv", "block")


@lru_cache(maxsize=1024)
def operator(name: str) -> Operator:
    """The operator of this name.

    Raises:
        UnknownNameError: outside the vocabulary; the message names the nearest.
    """
    if name in ("none", "skip_connect", "skip"):
        return Operator(name, family=name)
    if sized := _SIZED.fullmatch(name):
        dilation = 2 if sized[1] == "dil_conv" else 1
        return Operator(name, family=sized[1], kernel=int(sized[2]), dilation=dilation)
    if name in FBNET_OPERATORS and (block := _BLOCK.fullmatch(name)):
        kernel, expansion, groups = (int(number or 1) for number in block.groups())
        return Operator(name, "block", kernel=kernel, expansion=expansion, groups=groups)
    raise unknown_name("operator", name, _EXAMPLES)
