"""What ONNX Runtime executes of a cell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from platform import machine

import onnx
import onnxruntime
import pytest

from archcost.encodings import Architecture, encode, parse
from archcost.errors import UnsupportedError
from archcost.training.collect import onnx_model, sample

CELLS_A_NETWORK = 15
# Between stages, at the stem and at the head: the stem's and the two residual blocks' nodes.
AROUND = 5
WRITTEN = [
    # A convolution that is only multiplied by zero; one that is read otherwise too.
    "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
    "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|skip_connect~2|",
    # Node 1 is the input by another name; the input is added to itself.
    "|skip_connect~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|",
    # The first sum of the output is node 2.
    "|avg_pool_3x3~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|none~2|",
    "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
]


def graph_of(arch: Architecture, path: Path) -> dict[str, int]:
    """What the runtime writes down as its optimised graph, under the encoding's columns."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path)
    model = onnx_model(arch).SerializeToString()
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    nodes = Counter()
    for node in onnx.load(path).graph.node:
        nodes[node.op_type] += 1
        if node.op_type == "Conv" and len(node.input) > 3 and node.input[3]:
            nodes["sum"] += 1
    return {
        "relus": nodes["Relu"],
        "multiplications": nodes["Mul"],
        "additions": nodes["Add"],
        "fused_additions": nodes["sum"],
        "poolings": nodes["AveragePool"],
        "reorders_in": nodes["ReorderInput"],
        "reorders_out": nodes["ReorderOutput"],
    }


@pytest.mark.skipif(
    machine().lower() not in ("x86_64", "amd64"), reason="blocks of channels are for x86 processors"
)
@pytest.mark.parametrize("arch", [*parse(WRITTEN), *sample(30, "nasbench201", seed=4)], ids=str)
def test_counts_are_those_of_the_optimised_graph(arch: Architecture, tmp_path: Path) -> None:
    found = graph_of(arch, tmp_path / "optimised.onnx")
    row = encode(arch, "onnxruntime").to_frame().iloc[0]
    assert list(row.index) == list(found)
    for name, value in row.items():
        # What is wrong in the four cells of a stage that read another's output is off by 12.
        assert -AROUND <= found[name] - CELLS_A_NETWORK * value <= AROUND, name


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        # Everything is fused into the convolutions.
        ([3, 3, 3, 3, 3, 3], [0, 0, 0, 3, 0, 0, 0]),
        # Node 2 and the first sum of the output are the same: made once, and added to itself.
        ([4, 1, 4, 1, 4, 1], [0, 0, 2, 0, 2, 0, 0]),
        # Again so. The pooling reads plain zeros, and is read by a plain sum; the first of five
        # cells has its input in blocks, which are multiplied by zero.
        ([0, 0, 4, 0, 4, 0], [0, 2, 2, 0, 1, 1, 1.2]),
    ],
)
def test_counts_by_hand(operators: list[int], expected: list[float]) -> None:
    assert encode([operators], "onnxruntime").values[0].tolist() == pytest.approx(expected)


def test_other_spaces_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="nasbench201"):
        encode([[0] * 22], "onnxruntime")
