"""The value itself, its skeletons, and the names around them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from archcost.encodings import (
    FBNET_OPERATORS,
    NASBENCH201_EDGES,
    NASBENCH201_OPERATORS,
    Architecture,
    all_strings,
    find_dataset,
    find_space,
    operator,
    parse,
    skeleton,
)
from archcost.encodings.nasbench201 import _order
from archcost.errors import ArchitectureError, UnknownNameError

CIFAR10 = skeleton("nasbench201", "cifar10")


def test_order_of_edges_does_not_matter() -> None:
    forward = Architecture.custom_cell(
        ["nor_conv_5x5", "none", "skip_connect"], [(0, 1), (0, 2), (1, 2)], CIFAR10
    )
    backward = Architecture.custom_cell(
        ["skip_connect", "none", "nor_conv_5x5"], [(1, 2), (0, 2), (0, 1)], CIFAR10
    )
    assert forward == backward
    assert hash(forward) == hash(backward)
    assert str(forward) == "|nor_conv_5x5~0|+|none~0|skip_connect~1|"
    assert Architecture.from_string(str(forward), forward.skeleton) == forward


def test_parallel_edges_are_kept() -> None:
    arch = Architecture.custom_cell(["max_pool_3x3", "dil_conv_5x5"], [(0, 1), (0, 1)], CIFAR10)
    assert str(arch) == "|dil_conv_5x5~0|max_pool_3x3~0|"
    assert arch.nodes == 2


def test_custom_cell_stays_in_the_space_it_belongs_to() -> None:
    inside = Architecture.custom_cell(["skip_connect"] * 6, NASBENCH201_EDGES, CIFAR10)
    outside = Architecture.custom_cell(["nor_conv_5x5"] * 6, NASBENCH201_EDGES, CIFAR10)
    assert inside == parse([["skip_connect"] * 6])[0]
    assert (inside.skeleton.space, outside.skeleton.space) == ("nasbench201", "custom")


def test_architectures_are_immutable() -> None:
    arch = parse(5)[0]
    with pytest.raises(FrozenInstanceError):
        arch.operators = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("operators", "edges", "says"),
    [
        (["none"], [(1, 0)], r"edge \(1, 0\).*source < target"),
        (["none"], [(0, 2)], "node 1 of the cell receives nothing"),
        (["none"], [(0, 1), (0, 2)], "1 operators for 2 edges"),
        ([], [], "at least one"),
        (["k3_e1"], [(0, 1)], "'k3_e1' cannot be on the edge of a cell"),
        (["none"], [0], "pairs"),
        (["none"], [(0.5, 1)], "pairs"),
    ],
)
def test_malformed_cells(operators: list[str], edges: list[tuple[int, int]], says: str) -> None:
    with pytest.raises(ArchitectureError, match=says):
        Architecture.custom_cell(operators, edges, CIFAR10)


def test_a_known_space_admits_only_its_own() -> None:
    with pytest.raises(UnknownNameError, match=r"nor_conv_5x5.*nor_conv_3x3"):
        Architecture(CIFAR10, ("nor_conv_5x5",) * 6, NASBENCH201_EDGES)
    with pytest.raises(ArchitectureError, match="custom_cell"):
        Architecture(CIFAR10, ("none",), ((0, 1),))
    with pytest.raises(ArchitectureError, match="21 operators for the 22 blocks"):
        Architecture(skeleton("fbnet"), ("skip",) * 21)


def test_skeletons_are_checked() -> None:
    with pytest.raises(ArchitectureError, match="as many channels"):
        replace(CIFAR10, channels=(16, 32))
    with pytest.raises(ArchitectureError, match="from 1 on"):
        replace(CIFAR10, image_size=0)
    with pytest.raises(ArchitectureError, match="1 or 2"):
        replace(CIFAR10, strides=(1, 2, 3))


def test_sizes_of_numpy_are_whole_numbers_too() -> None:
    sizes = np.array(CIFAR10.channels)
    assert replace(CIFAR10, image_size=np.int64(32), channels=sizes) == CIFAR10
    with pytest.raises(ArchitectureError, match="whole numbers"):
        replace(CIFAR10, image_size=np.float64(32))


@pytest.mark.parametrize("name", [*NASBENCH201_OPERATORS, *FBNET_OPERATORS])
def test_every_operator_of_the_spaces_is_in_the_vocabulary(name: str) -> None:
    assert operator(name).in_cell is (name in NASBENCH201_OPERATORS)


def test_grammar_of_operators() -> None:
    assert operator("dw_conv_7x7").kernel == 7
    assert operator("dil_conv_5x5").dilation == 2
    assert operator("avg_pool_11x11").family == "avg_pool"
    block = operator("k5_e1_g2")
    assert (block.kernel, block.expansion, block.groups) == (5, 1, 2)
    for name in ("nor_conv_4x4", "nor_conv_3x5", "k7_e1", "nor_conv_3x3\n", ""):
        with pytest.raises(UnknownNameError):
            operator(name)
    with pytest.raises(UnknownNameError, match=r"did you mean.*'nor_conv_3x3'"):
        operator("conv_3x3")


@pytest.mark.parametrize(
    ("space", "given", "meant"),
    [
        ("nasbench201", "CIFAR-10", "cifar10"),
        ("NAS-Bench-201", "imagenet16-120", "ImageNet16-120"),
        ("nasbench201", "ImageNet16", "ImageNet16-120"),
        ("nasbench201", "imagenet", "ImageNet16-120"),
        ("FBNet", "imagenet", "ImageNet"),
        ("fbnet", None, "cifar100"),
        ("nasbench201", None, "cifar10"),
    ],
)
def test_spellings_of_data_sets(space: str, given: str | None, meant: str) -> None:
    assert find_dataset(find_space(space), given) == skeleton(space, given).dataset == meant


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown space 'nasbench101'.*'nasbench201'"):
        skeleton("nasbench101", "cifar10")
    with pytest.raises(UnknownNameError, match=r"unknown data set of fbnet 'cifar10'.*'cifar100'"):
        skeleton("fbnet", "cifar10")
    with pytest.raises(UnknownNameError, match="cifra10"):
        parse(1, dataset="cifra10")


def test_published_order_leaves_the_global_generator_alone() -> None:
    _order.cache_clear()
    state = random.getstate()
    assert len(set(all_strings())) == 15625
    parse(0)
    assert random.getstate() == state


def test_import_is_light() -> None:
    code = (
        "import sys, archcost.encodings; "
        "heavy = {'torch', 'pandas', 'scipy', 'sklearn', 'xgboost', 'pyarrow'} & set(sys.modules); "
        "sys.exit(' '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
