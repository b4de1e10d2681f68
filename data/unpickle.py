"""Read a pickle as the plain data that it should be, without giving it anything to run.

Why not a subclass of `pickle.Unpickler` with `find_class`? It would keep foreign callables out, but
not foreign behaviour: the protocol's BUILD and slot-state operations write into whatever
`find_class` returned (into its defaults and attributes, that is, into this process), NumPy's
own `__setstate__` methods would be called with arguments of the file's choosing, a forged memo
index makes the C unpickler reserve tens of gigabytes, and nested shared tuples used as a key keep
it hashing for ever. So nothing here is called at all: `pickletools.genops`, which only decodes,
yields the operations, and a small stack machine admits those that build plain data. The few
global names that NumPy's pickles use stand for nothing but themselves; what they would have
done is written out below for arrays and scalars of numbers. Memory and time are linear in the
size of the file. About 2 microseconds an operation: HW-NAS-Bench takes two seconds or so.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np

from archcost.errors import TableError

MAX_BYTES = 128 * 2**20
"""Larger files are refused unread (the official HW-NAS-Bench file has a tenth of it)."""


class _Name(Enum):
    """The admitted globals: names, not the objects that they would import."""

    ARRAY = auto()
    NDARRAY = auto()
    DTYPE = auto()
    SCALAR = auto()
    FROM_BUFFER = auto()
    ENCODE = auto()
    BYTES = auto()


_NAMES = {
    "numpy ndarray": _Name.NDARRAY,
    "numpy dtype": _Name.DTYPE,
    # How Python 3 writes bytes, and no bytes, in protocols 0 to 2.
    "_codecs encode": _Name.ENCODE,
    "__builtin__ bytes": _Name.BYTES,
    **{
        f"numpy.{core}.{name}": meaning
        for core in ("core", "_core")
        for name, meaning in (
            ("multiarray _reconstruct", _Name.ARRAY),
            ("multiarray scalar", _Name.SCALAR),
            ("numeric _frombuffer", _Name.FROM_BUFFER),
        )
    },
}
_MAX_DIMENSIONS = 32  # of an array, in the oldest NumPy that is supported
_NUMERIC = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248])")
_ATOMS = frozenset({type(None), bool, int, float, str, bytes})


@dataclass
class _Dtype:
    """A NumPy dtype under construction: its byte order arrives after its name."""

    code: str
    order: str = "="

    def resolve(self) -> np.dtype[Any]:
        return np.dtype(self.code).newbyteorder("=" if self.order == "|" else self.order)  # type: ignore[arg-type]


@dataclass
class _Array:
    """A NumPy array under construction: empty until its state arrives."""

    value: np.ndarray[Any, Any] | None = None


class _Mark:
    """Where the operands of a variadic operation begin."""


_MARK = _Mark()


def _refuse(what: str) -> ValueError:
    return ValueError(f"{what} has no place in plain data")


def _numbers(raw: object, dtype: object, shape: object, order: str) -> np.ndarray[Any, Any]:
    """The array of these bytes; a view of them, so no file can make memory multiply."""
    if not isinstance(raw, bytes | bytearray) or not isinstance(dtype, _Dtype):
        raise _refuse("an array without raw numbers")
    resolved = dtype.resolve()
    if (
        not isinstance(shape, tuple)
        or len(shape) > _MAX_DIMENSIONS
        or not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape)
    ):
        raise _refuse("an array whose shape is not a tuple of sizes")
    if math.prod(shape) * resolved.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} is not filled by {len(raw)} bytes")
    array = np.frombuffer(raw, dtype=resolved)
    array.flags.writeable = False
    return array.reshape(shape, order="F" if order == "F" else "C")


@dataclass
class _Machine:
    """The stack machine of the pickle protocol, without the operations that call or import."""

    budget: int  # bytes that may still be copied out of strings
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def raw(self, value: object) -> object:
        """Bytes, also from the text in which protocols 0 to 2 and Python 2 keep them."""
        if not isinstance(value, str):
            return value
        self.budget -= len(value)
        if self.budget < 0:
            raise _refuse("the same text encoded again and again")
        return value.encode("latin-1")

    def pop_to_mark(self) -> list[Any]:
        for start in range(len(self.stack) - 1, -1, -1):
            if self.stack[start] is _MARK:
                items = self.stack[start + 1 :]
                del self.stack[start:]
                return items
        raise ValueError("operands without a mark")

    def pop(self, count: int) -> list[Any]:
        items = self.stack[-count:]
        if len(items) < count or any(item is _MARK for item in items):
            raise ValueError("operands are missing")
        del self.stack[-count:]
        return items

    def top(self, kind: type) -> Any:
        if not self.stack or type(self.stack[-1]) is not kind:
            raise ValueError(f"items for a {kind.__name__} that is not there")
        return self.stack[-1]

    def put(self, index: int) -> None:
        if not self.stack or self.stack[-1] is _MARK:
            raise ValueError("a value to remember that is not there")
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise ValueError(f"a reference to value {index}, which was not stored")
        value = self.memo[index]
        built = isinstance(value, _Array) and value.value is not None
        self.stack.append(value.value if built else value)

    def fill_dict(self, items: list[Any]) -> None:
        target = self.top(dict)
        keys, values = items[::2], items[1::2]
        for key, value in zip(keys, values, strict=True):
            target[_hashable(key)] = value

    def name(self, module: object, name: object) -> None:
        # Only text is formatted: the repr of a nested shared tuple can cost for ever.
        if not isinstance(module, str) or not isinstance(name, str):
            raise _refuse("a name that is not text")
        if (admitted := _NAMES.get(f"{module} {name}")) is None:
            raise _refuse(f"{module}.{name}"[:80])
        self.stack.append(admitted)

    def reduce(self) -> None:
        """What the admitted functions would have returned for these arguments."""
        function, arguments = self.pop(2)
        match function, arguments:
            case _Name.ARRAY, (_Name.NDARRAY, (0,), b"b" | "b"):
                result: object = _Array()
            case _Name.DTYPE, (str(code), _, _) if _NUMERIC.fullmatch(code):
                result = _Dtype(code)
            case _Name.SCALAR, (dtype, raw):
                result = _numbers(self.raw(raw), dtype, (), "C").item()
            case _Name.FROM_BUFFER, (raw, dtype, shape, ("C" | "F") as order):
                result = _numbers(raw, dtype, shape, order)
            case _Name.ENCODE, (str(text), "latin1"):
                result = self.raw(text)
            case _Name.BYTES, ():
                result = b""
            case _:
                called = function.name if isinstance(function, _Name) else type(function).__name__
                raise _refuse(f"a call of {called} that makes no array of numbers")
        self.stack.append(result)

    def build(self) -> None:
        """The second half of a dtype (its byte order) or of an array (its content)."""
        target, state = self.pop(2)
        match target, state:
            case _Dtype(), (3 | 4, ("<" | ">" | "=" | "|") as order, None, None, None, *_):
                target.order = order
                self.stack.append(target)
            case _Array(value=None), (1, shape, dtype, bool() | 0 | 1 as fortran, raw):
                target.value = _numbers(self.raw(raw), dtype, shape, "F" if fortran else "C")
                self.stack.append(target.value)
            case _:
                raise _refuse("a state for something else than an array of numbers")


def _hashable(key: Any) -> Any:
    """A key whose hash costs no more than its size: nested tuples can cost for ever."""
    parts = key if type(key) is tuple else (key,)
    if not all(type(part) in _ATOMS for part in parts):
        raise _refuse(f"a key of type {type(key).__name__}")
    return key


def _all(keys: list[Any]) -> list[Any]:
    return [_hashable(key) for key in keys]


_Operation = Callable[[_Machine, Any], object]


def _operations() -> dict[str, _Operation]:
    """Name of each admitted operation to what it does."""

    def push(machine: _Machine, value: object) -> None:
        machine.stack.append(value)

    operations: dict[str, _Operation] = {
        "PROTO": lambda m, _: None,
        "FRAME": lambda m, _: None,
        "STOP": lambda m, _: None,
        "MARK": lambda m, _: push(m, _MARK),
        "NONE": lambda m, _: push(m, None),
        "NEWTRUE": lambda m, _: push(m, True),
        "NEWFALSE": lambda m, _: push(m, False),
        "EMPTY_LIST": lambda m, _: push(m, []),
        "EMPTY_DICT": lambda m, _: push(m, {}),
        "EMPTY_SET": lambda m, _: push(m, set()),
        "EMPTY_TUPLE": lambda m, _: push(m, ()),
        "LIST": lambda m, _: push(m, m.pop_to_mark()),
        "TUPLE": lambda m, _: push(m, tuple(m.pop_to_mark())),
        "TUPLE1": lambda m, _: push(m, tuple(m.pop(1))),
        "TUPLE2": lambda m, _: push(m, tuple(m.pop(2))),
        "TUPLE3": lambda m, _: push(m, tuple(m.pop(3))),
        "FROZENSET": lambda m, _: push(m, frozenset(_all(m.pop_to_mark()))),
        "APPEND": lambda m, _: _append(m, m.pop(1)),
        "APPENDS": lambda m, _: _append(m, m.pop_to_mark()),
        "ADDITEMS": lambda m, _: _add(m, m.pop_to_mark()),
        "SETITEM": lambda m, _: m.fill_dict(m.pop(2)),
        "SETITEMS": lambda m, _: m.fill_dict(m.pop_to_mark()),
        "DICT": lambda m, _: _dict(m, m.pop_to_mark()),
        "POP": lambda m, _: m.pop(1),
        "POP_MARK": lambda m, _: m.pop_to_mark(),
        "MEMOIZE": lambda m, _: m.put(len(m.memo)),
        "GLOBAL": lambda m, both: m.name(*both.split(" ", 1)),
        "STACK_GLOBAL": lambda m, _: m.name(*m.pop(2)),
        "REDUCE": lambda m, _: m.reduce(),
        "BUILD": lambda m, _: m.build(),
    }
    constants = (
        "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING "
        "SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES "
        "BINBYTES8 BYTEARRAY8"
    )
    operations |= dict.fromkeys(constants.split(), push)
    operations |= dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put)
    operations |= dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get)
    return operations


def _append(machine: _Machine, items: list[Any]) -> None:
    machine.top(list).extend(items)


def _add(machine: _Machine, items: list[Any]) -> None:
    machine.top(set).update(_all(items))


def _dict(machine: _Machine, items: list[Any]) -> None:
    machine.stack.append({})
    machine.fill_dict(items)


def _check_plain(root: object) -> None:
    """Refuse what was left half-built, or a name that was stored as if it were a value."""
    pending, seen = [root], set()
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind in _ATOMS or kind is np.ndarray or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            pending.extend(value.values())  # its keys were checked when they were set
        elif isinstance(value, list | tuple):
            pending.extend(value)
        elif not isinstance(value, set | frozenset):
            raise _refuse(f"a {kind.__name__.strip('_')} that is no value")


def loads_plain(data: bytes) -> Any:
    """The plain data of a pickle: `load_plain_pickle` for bytes in memory.

    Raises:
        ValueError: the bytes are not a pickle of plain data.
    """
    operations = _operations()
    machine = _Machine(budget=len(data))
    for opcode, argument, start in pickletools.genops(data):
        operation = operations.get(opcode.name)
        if operation is None:
            raise _refuse(f"the operation {opcode.name}")
        operation(machine, argument)
        end = (start or 0) + 1  # of the last operation, STOP, which is one byte
    if len(machine.stack) != 1 or end != len(data):
        raise ValueError("it does not end where its value ends")
    _check_plain(machine.stack[0])
    return machine.stack[0]


def load_plain_pickle(path: str | Path) -> Any:
    """Read a pickle that holds nothing but plain containers, numbers, text and arrays of numbers.

    Admitted: list, dict, tuple, str, bytes, int, float, bool, None, set and frozenset (as protocol
    4 and later write them); NumPy arrays (read-only) and scalars of booleans, integers and floats,
    the scalars as Python's numbers. Nothing in the file is ever called or imported.

    Raises:
        TableError: the file is missing, too large, damaged, or holds anything else.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise TableError(f"{path}: {size} bytes; a pickle may have {MAX_BYTES} at most")
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return loads_plain(data)
    except ValueError as error:
        raise TableError(
            f"{path}: not a pickle of plain containers, numbers and arrays of numbers: {error}; "
            "nothing in it was run. Fetch or export the file again"
        ) from None
