"""Architectures: one value inside, many ways in, and their encodings by name.

`parse` reads any accepted form into a `Batch`; `encode` turns a batch into arrays with named
columns (or graphs); `lower` unrolls an `Architecture` into the layers of the whole network.
"""

from __future__ import annotations

from archcost.encodings.architecture import NASBENCH201_EDGES, Architecture, Skeleton
from archcost.encodings.batch import Batch, Group
from archcost.encodings.encoded import Encoded
from archcost.encodings.features import ENCODINGS, ArrayEncoding, encode, useful_macs
from archcost.encodings.layers import Layer, LayerGraph
from archcost.encodings.lookup_keys import KeyTable, key_table, operator_keys
from archcost.encodings.lowering import lower
from archcost.encodings.nasbench201 import all_ids, all_strings, index_of
from archcost.encodings.networks import CUSTOM, Networks, custom_skeleton, read_networks
from archcost.encodings.onnx_file import read_onnx
from archcost.encodings.operators import (
    FBNET_OPERATORS,
    NASBENCH201_OPERATORS,
    Operator,
    operator,
)
from archcost.encodings.parsing import parse, parse_each
from archcost.encodings.spaces import SPACES, Space, find_dataset, find_space, skeleton
from archcost.encodings.structure import Structure, analyse, canonical, longest_path, twins

__all__ = [
    "CUSTOM",
    "ENCODINGS",
    "FBNET_OPERATORS",
    "NASBENCH201_EDGES",
    "NASBENCH201_OPERATORS",
    "SPACES",
    "Architecture",
    "ArrayEncoding",
    "Batch",
    "Encoded",
    "Group",
    "KeyTable",
    "Layer",
    "LayerGraph",
    "Networks",
    "Operator",
    "Skeleton",
    "Space",
    "Structure",
    "all_ids",
    "all_strings",
    "analyse",
    "canonical",
    "custom_skeleton",
    "encode",
    "find_dataset",
    "find_space",
    "index_of",
    "key_table",
    "longest_path",
    "lower",
    "operator",
    "operator_keys",
    "parse",
    "parse_each",
    "read_networks",
    "read_onnx",
    "skeleton",
    "twins",
    "useful_macs",
]
