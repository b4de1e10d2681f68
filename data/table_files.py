"""How files of tables are written: their separator and encoding, and what is wrong with them."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archcost.errors import TableError

_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n?", re.IGNORECASE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class CsvLayout:
    """How the program that wrote a .csv writes them.

    Attributes:
        encoding: "utf-8-sig", with or without a mark, or "utf-16".
        separator: between columns: a comma, a semicolon or a tab.
        names: of the columns.
        skipped: lines before the header.
    """

    encoding: str
    separator: str
    names: list[str]
    skipped: int

    @classmethod
    def of(cls, path: Path) -> CsvLayout:
        """Read it off the header, in which the separator is what occurs most.

        Before it spreadsheets may write a line ``sep=;`` of their own.

        Raises:
            OSError: the file cannot be read.
            UnicodeDecodeError: it is in another encoding.
        """
        with path.open("rb") as file:
            encoding = "utf-16" if file.read(2) in _UTF16 else "utf-8-sig"
        with path.open(encoding=encoding, newline="") as text:
            line = text.readline()
            told = _SEPARATOR.fullmatch(line)
            line = line if told is None else text.readline()
        separator = max(",;\t", key=line.count) if told is None else told[1]
        names = next(csv.reader([line], delimiter=separator), [])
        return cls(encoding, separator, names, 0 if told is None else 1)

    @property
    def decimal(self) -> str:
        """The decimal sign: spreadsheets write semicolons where the comma is that."""
        return "," if self.separator == ";" else "."


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors of the libraries that read a table, as one clear one.

    Raises:
        TableError: neither .csv nor .parquet, missing, or not what its suffix says.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise TableError(f"{path}: suffix {path.suffix!r}; a table is a .csv or .parquet file")
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{path}: no such file") from None
    except TableError:
        raise
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path}: neither UTF-8 nor UTF-16 ({error.reason} at byte {error.start}); save it as "
            "CSV in UTF-8"
        ) from None
    # The errors of pandas and of pyarrow derive from these.
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read as {suffix[1:]} ({error})") from None
