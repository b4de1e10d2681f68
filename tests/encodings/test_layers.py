"""The layer graph against published and hand-computed counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archcost.encodings import (
    Architecture,
    Skeleton,
    encode,
    key_table,
    lower,
    operator_keys,
    parse,
    skeleton,
)
from archcost.encodings.runtime import tflite_executed


def test_published_range_of_macs() -> None:
    slow, fast = parse(np.array([[3] * 6, [0] * 6]))
    assert lower(slow).macs == 220_119_690
    assert lower(fast).macs == 7_783_050


def test_layers_encoding_agrees_with_lowering() -> None:
    batch = parse(np.arange(0, 15625, 1563))
    encoded = encode(batch, "layers")
    for name in ("macs", "params"):
        column = encoded.columns.index(f"all:total:{name}")
        expected = [getattr(lower(arch), name) for arch in batch]
        assert np.allclose(encoded.values[:, column], expected, rtol=1e-6)


def test_fbnet_layers_agree_with_lowering() -> None:
    ids = np.random.default_rng(0).integers(0, 9, (6, 22))
    batch = parse(ids, space="fbnet", dataset="ImageNet")
    encoded = encode(batch, "layers")
    column = encoded.columns.index("all:total:macs")
    assert np.allclose(encoded.values[:, column], [lower(a).macs for a in batch], rtol=1e-6)


def test_custom_cell_of_five_nodes() -> None:
    place = Skeleton(
        space="mine",
        dataset="toy",
        image_size=8,
        in_channels=3,
        classes=10,
        stem_channels=4,
        channels=(4,),
        repeats=(1,),
        strides=(1,),
        head_channels=None,
    )
    edges = ((0, 1), (1, 2), (2, 3), (3, 4))
    operators = ("nor_conv_5x5", "dw_conv_3x3", "skip_connect", "max_pool_3x3")
    arch = Architecture(place, operators, edges)
    pixels = 8 * 8
    stem = pixels * 3 * 4 * 9
    cell = pixels * (4 * 4 * 25 + 4 * 9 + 4 * 4)
    # The published counts include the bias of the classifier.
    assert lower(arch).macs == stem + cell + 4 * 10 + 10


@pytest.mark.parametrize("dataset", ["cifar100", "ImageNet"])
def test_look_up_keys_of_a_network(dataset: str) -> None:
    place = skeleton("fbnet", dataset)
    arch = parse([[3] * 22], space="fbnet", dataset=dataset)[0]
    keys = operator_keys(arch)
    table = key_table(place)
    assert len(keys) == 26
    assert keys[0] == table.stem
    assert keys[1:23] == tuple(row[3] for row in table.blocks)


@pytest.mark.shared
def test_look_up_keys_are_those_of_the_table(shared_data) -> None:  # type: ignore[no-untyped-def]
    known = set(pd.read_parquet(shared_data / "fbnet_hwnasbench_luts.parquet")["op_key"])
    made: set[str] = set()
    for dataset in ("cifar100", "ImageNet"):
        table = key_table(skeleton("fbnet", dataset))
        made |= {table.stem, *table.tail, *(key for row in table.blocks for key in row)}
    # The table also prices a classifier of ten classes, which no network of its two sets has.
    assert known - made == {"FC_Cin1504_Cout10"}
    assert made <= known


@pytest.mark.parametrize(
    ("cell", "runs"),
    [
        # A convolution whose output is only multiplied by zero survives,
        ((0, 3, 0, 0, 1, 0), True),
        # one that is added to something before that is folded away,
        ((0, 3, 3, 0, 1, 0), False),
        # and so is a pooling.
        ((0, 4, 0, 0, 1, 0), False),
    ],
)
def test_what_tflite_retains(cell: tuple[int, ...], runs: bool) -> None:
    executed, _ = tflite_executed(np.array([cell], dtype=np.int8))
    assert executed[0, 1] == runs
