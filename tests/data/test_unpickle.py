from __future__ import annotations

import builtins
import contextlib
import math
import os
import pickle
import pickletools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.data import load_plain_pickle
from archcost.data import unpickle as module
from archcost.errors import TableError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary(),
    lambda inner: st.lists(inner)
    | st.dictionaries(st.text() | st.integers(), inner)
    | st.tuples(inner, inner)
    | st.sets(st.text() | st.integers()),
    max_leaves=12,
)  # fmt: skip
protocols = st.integers(0, pickle.HIGHEST_PROTOCOL)


def load(data: bytes, folder: Path) -> Any:
    file = folder / "x.pickle"
    file.write_bytes(data)
    return load_plain_pickle(file)


@given(value=plain, protocol=protocols)
def test_plain_data_comes_back_as_pickle_reads_it(value: object, protocol: int) -> None:
    # Sets need a call in the oldest protocols; there they are not plain data.
    data = pickle.dumps(value, protocol)
    if b"__builtin__\nset" in data or b"builtins\nset" in data:
        return
    assert module.loads_plain(data) == pickle.loads(data)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("core", ["core", "_core"])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        np.array([1.5, math.nan], dtype=">f4"),
        np.array([True, False]),
        np.zeros((0, 3)),
        np.array(7, dtype=np.uint8),
    ],
)
def test_arrays_of_numbers(array: np.ndarray[Any, Any], core: str, protocol: int) -> None:
    value = {
        "a": array,
        "again": array,
        "scalar": array.dtype.type(1),
        "list": [array.dtype.type(0)],
    }
    data = pickle.dumps(value, protocol)
    if protocol < 4:  # without the length prefixes of later protocols, names can be swapped
        data = data.replace(b"numpy._core.", b"numpy.%s." % core.encode())
    read = module.loads_plain(data)
    np.testing.assert_array_equal(read["a"], array)
    assert read["a"].dtype == array.dtype
    assert type(read["a"]) is np.ndarray
    assert read["again"] is read["a"]
    assert read["scalar"] == 1
    assert type(read["scalar"]) in (bool, int, float)
    assert not read["a"].flags.writeable


def test_python_2_bytes_and_old_names() -> None:
    # What Python 2 wrote for numpy.array([1., 2.]): raw bytes in a string, old module names.
    raw = struct.pack("<2d", 1, 2)
    state = (
        b"(K\x01K\x02\x85cnumpy\ndtype\n(U\x02f8K\x00K\x01tR"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbI00\nU\x10" + raw + b"t"
    )
    head = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    np.testing.assert_array_equal(module.loads_plain(head + state + b"b."), [1.0, 2.0])


class _Calls:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def _global(name: str) -> bytes:
    return b"c" + name.replace(" ", "\n").encode() + b"\n"


_NDARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
_HOSTILE = {
    "system": pickle.dumps(_Calls(os.system, "touch pwned")),
    "nested": pickle.dumps({"nasbench201": [_Calls(builtins.eval, "1+1")]}),
    "getattr": pickle.dumps(_Calls(getattr, "text", "format")),
    "getattr chain": b"\x80\x04\x8c\x05numpy\x8c\x0fndarray.tofile\x93.",
    "inst": b"(S'touch pwned'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'touch pwned'\no.",
    "newobj": b"\x80\x02cbuiltins\nint\n)\x81.",
    "extension": b"\x80\x02\x82\x01.",
    "persistent": b"Psecret\n.",
    "buffer": b"\x80\x05\x97.",
    "object array": pickle.dumps(np.array([{}, None], dtype=object)),
    "object scalar": _global("numpy.core.multiarray scalar")
    + _global("numpy dtype")
    + b"X\x02\x00\x00\x00O8\x89\x88\x87RC\x08abcdefgh\x86R.",
    "text array": pickle.dumps(np.array(["a"])),
    "records": pickle.dumps(np.zeros(2, dtype=[("a", "f8")])),
    "dates": pickle.dumps(np.array(["2020-01-01"], dtype="datetime64[D]")),
    "complex": pickle.dumps(np.array([1j])),
    "write into a function": _global("numpy.core.multiarray scalar")
    + b"}X\x01\x00\x00\x00aK\x01sb.",
    "write into a type": _global("numpy ndarray") + b"}X\x01\x00\x00\x00aK\x01sb.",
    "a name as a value": _global("numpy ndarray") + b".",
    "a name in a list": b"]" + _global("numpy dtype") + b"a.",
    "an array left empty": _NDARRAY + b".",
    "half an array in a list": b"]" + _NDARRAY + b"a.",
    "foreign buffer": _NDARRAY
    + b"(K\x01K\x09\x85cnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R\x89C\x08abcdefghtb.",
    "other codec": _global("_codecs encode") + b"X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
    "memo index of gigabytes": b"K\x01r\xff\xff\xff\xff.K",
    "huge length": b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "nothing": b"",
    "text": b"architecture,raspi4_ms\n",
    "two values": b"K\x01K\x02.",
    "more after the end": b"K\x01.K\x02.",
    "no operands": b"R.",
    "no mark": b"t.",
    "unknown reference": b"h\x05.",
    "odd dictionary": b"}(K\x01u.",
}


@pytest.mark.parametrize("name", list(_HOSTILE))
def test_everything_else_is_refused_and_nothing_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TableError):
        load(_HOSTILE[name], tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_sharing_cannot_make_it_work_for_ever(tmp_path: Path) -> None:
    tuples = b"K\x01" + b"".join(b"\x94h%c\x86" % i for i in range(60))
    assert len(tuples) < 300
    nested = module.loads_plain(b"\x80\x04" + tuples + b".")  # 2^60 leaves, 60 tuples
    assert isinstance(nested, tuple)
    for name in (
        b"\x80\x04}" + tuples + b"K\x01s.",  # as a key: its hash would take 2^60 steps
        b"\x80\x04\x8f(" + tuples + b"\x90.",  # in a set
        b"\x80\x04" + tuples + b"X\x01\x00\x00\x00a\x93.",  # as a name: so would its repr
        _NDARRAY + b"(K\x01" + tuples + b"NNNtb.",
    ):
        with pytest.raises(TableError):
            load(name, tmp_path)
    text = b"X\x10\x27\x00\x00" + b"a" * 10_000  # one text, encoded a thousand times
    encode = _global("_codecs encode") + b"h\x00X\x06\x00\x00\x00latin1\x86R0"
    with pytest.raises(TableError, match="again and again"):
        load(b"\x80\x02" + text + b"q\x00" + encode * 1000 + b".", tmp_path)


def test_missing_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        load_plain_pickle(tmp_path / "absent.pickle")
    monkeypatch.setattr(module, "MAX_BYTES", 3)
    with pytest.raises(TableError, match="at most"):
        load(pickle.dumps([1, 2, 3]), tmp_path)


def _sample(protocol: int) -> bytes:
    value = {
        "nasbench201": {"cifar10": {"m": [1.5, math.nan, -1], "a": np.arange(3.0)}},
        "config": [{"arch_str": "|none~0|", "C": 16, "s": np.float32(2)}],
        "t": (1, b"x"),
    }
    return pickle.dumps(value, protocol)


_SAMPLES = [_sample(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
_CODES = [ord(opcode.code) for opcode in pickletools.opcodes]
mutations = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255) | st.sampled_from(_CODES)),
    min_size=1,
    max_size=6,
)


def _raises_only_value_errors(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        module.loads_plain(data)


@settings(max_examples=1500)
@given(protocol=protocols, edits=mutations, cut=st.floats(0, 1))
def test_mutated_files_raise_nothing_else(
    protocol: int, edits: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(_SAMPLES[protocol])
    for where, byte in edits:
        data[int(where * len(data))] = byte
    _raises_only_value_errors(bytes(data))
    _raises_only_value_errors(bytes(data[: int(cut * len(data))]))


@settings(max_examples=1500)
@given(data=st.lists(st.sampled_from(_CODES) | st.integers(0, 8), max_size=40))
def test_random_programs_raise_nothing_else(data: list[int]) -> None:
    _raises_only_value_errors(bytes([*data, ord(".")]))


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    whole = _SAMPLES[-1]
    for length in range(0, len(whole), 7):
        with pytest.raises(TableError, match="nothing in it was run"):
            load(whole[:length], tmp_path)


def test_reading_runs_neither_imports_nor_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("called")

    data = _SAMPLES[2]
    monkeypatch.setattr(pickle, "Unpickler", forbidden)
    monkeypatch.setattr(pickle, "loads", forbidden)
    monkeypatch.setattr(os, "system", forbidden)
    monkeypatch.setattr(builtins, "eval", forbidden)
    monkeypatch.setattr(builtins, "exec", forbidden)
    assert module.loads_plain(data)["t"] == (1, b"x")
    for hostile in _HOSTILE.values():
        _raises_only_value_errors(hostile)
