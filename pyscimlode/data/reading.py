"""Data sets from files: CSV (of any usual dialect) and Excel."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.data.dataset import Dataset, Provenance
from pyscimlode.data.table import from_frame
from pyscimlode.errors import (
    ColumnError,
    DataError,
    MissingDependencyError,
    PyscimlodeError,
    ValueRangeError,
    did_you_mean,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["from_frame", "read_csv", "read_excel"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_COMMA_NUMBER = re.compile(r"^\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*$")
_POINT_NUMBER = re.compile(r"^\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*$")
_THOUSANDS = re.compile(r"^\s*[+-]?[1-9]\d{0,2},\d{3}\s*$")
_EXCEL_SUFFIXES = {".xlsx", ".xlsm", ".xls", ".ods"}


def read_csv(
    path: str | Path,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    **roles: Any,
) -> Dataset:
    """Read a wide table from a text file.

    The separator (comma, semicolon, tab, bar), a decimal comma, a byte order mark and UTF-16 are
    recognised, and said in the provenance's history when they are not the usual ones. Lines that
    begin with ``#`` before the header are skipped.

    Args:
        path: the file.
        sep: separator; by default the one that the header has most of.
        decimal: ``"."`` or ``","``; by default recognised.
        encoding: such as ``"latin-1"``; by default UTF-8, or UTF-16 with a byte order mark.
        **roles: ``time=``, ``experiment=``, ``states=``, ``controls=``, ``units=`` and the other
            arguments of :func:`from_frame`.

    Raises:
        DataError: for a file that is missing, empty, not text, or has broken lines.
        ColumnError: when the separator is not recognised, and as :func:`from_frame`.
        ValueRangeError: when ``1,234`` may be read in two ways, and as :func:`from_frame`.
    """
    import pandas as pd

    file = _existing(path)
    if file.suffix.lower() in _EXCEL_SUFFIXES:
        raise DataError(f"{file} is a spreadsheet; read it with read_excel().")
    content = file.read_bytes()
    text, notes = _decode(content, file, encoding)
    lines, skipped = _without_comments(text, file)
    separator = sep or _separator(lines[0], file)
    if separator != ",":
        notes.append(f"separator: {SEPARATORS.get(separator, separator)}")
    header, rows = _rows(lines, separator, skipped, file)
    sign = decimal or _decimal(rows, file)
    if sign == ",":
        notes.append("decimal comma")
    table = pd.DataFrame(rows, columns=header, dtype=object)
    return _as_dataset(table, file, content, notes, decimal=sign, **roles)


def read_excel(path: str | Path, *, sheet: str | int = 0, **roles: Any) -> Dataset:
    """Read a wide table from a sheet of an Excel file (.xlsx).

    Args:
        path: the file.
        sheet: name or number (from 0) of the sheet.
        **roles: the arguments of :func:`from_frame`.

    Raises:
        DataError: for a file that is missing or no .xlsx, or a sheet that it does not have.
        MissingDependencyError: when openpyxl is not installed.
        ColumnError: as :func:`from_frame`.
    """
    file = _existing(path)
    content = file.read_bytes()
    if not content:
        raise DataError(f"{file} is empty.")
    if not content.startswith(b"PK"):
        raise DataError(
            f"{file} is not an .xlsx file. Read text files with read_csv(); save older "
            "spreadsheets (.xls) as .xlsx."
        )
    table = _sheet(content, sheet, file)
    return _as_dataset(table, file, content, [f"sheet {sheet!r}"], **roles)


def _sheet(content: bytes, sheet: str | int, file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with pd.ExcelFile(io.BytesIO(content), engine="openpyxl") as book:
            names = [str(name) for name in book.sheet_names]
            known = sheet in names if isinstance(sheet, str) else 0 <= sheet < len(names)
            if not known:
                raise DataError(
                    f"{file} has no sheet {sheet!r}; it has {', '.join(names)}."
                    + did_you_mean(str(sheet), names)
                )
            return pd.read_excel(book, sheet_name=sheet, dtype=object)
    except PyscimlodeError:
        raise
    except ImportError as error:
        raise MissingDependencyError(
            "read_excel() needs the package openpyxl. Install it with: "
            "pip install 'pyscimlode[excel]'"
        ) from error
    except Exception as error:
        raise DataError(f"{file} cannot be read as an .xlsx file ({error}).") from error


def _as_dataset(
    table: pd.DataFrame, file: Path, content: bytes, notes: list[str], **roles: Any
) -> Dataset:
    details = {"file": str(file), "sha256": hashlib.sha256(content).hexdigest()}
    origin = Provenance(file.name, details, tuple(notes))
    try:
        return from_frame(table, provenance=origin, **roles)
    except DataError as error:
        raise type(error)(f"{file.name}: {error}") from error


def _existing(path: str | Path) -> Path:
    file = Path(path)
    if file.is_dir():
        raise DataError(f"{file} is a folder; name a file in it.")
    if not file.exists():
        beside = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        raise DataError(f"There is no file {file}.{did_you_mean(file.name, beside)}")
    return file


def _decode(content: bytes, file: Path, encoding: str | None) -> tuple[str, list[str]]:
    if not content.strip():
        raise DataError(f"{file} is empty.")
    if content.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")):
        raise DataError(
            f"{file} is not a text file but a spreadsheet or an archive. Read .xlsx files with "
            "read_excel(); unpack archives first."
        )
    notes = []
    if encoding is None:
        if content.startswith(b"\xef\xbb\xbf"):
            encoding = "utf-8-sig"
        elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
            encoding = "utf-16"
        elif b"\0" in content:
            raise DataError(f"{file} is not a text file: it has zero bytes.")
        else:
            encoding = "utf-8"
        if encoding != "utf-8":
            notes.append(f"byte order mark: read as {encoding}")
    try:
        return content.decode(encoding), notes
    except LookupError as error:
        raise DataError(f"There is no encoding {encoding!r}; try 'utf-8' or 'latin-1'.") from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{file} is not {encoding} text (line {line}). Pass encoding='latin-1' for files from "
            "older spreadsheets, or save it as UTF-8."
        ) from error


def _without_comments(text: str, file: Path) -> tuple[list[str], int]:
    lines = text.splitlines()
    skipped = 0
    while skipped < len(lines) and (
        not lines[skipped].strip() or lines[skipped].lstrip().startswith("#")
    ):
        skipped += 1
    if skipped == len(lines):
        raise DataError(f"{file} has no header: all its lines are empty or comments.")
    return lines[skipped:], skipped


def _separator(header: str, file: Path) -> str:
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    best = max(SEPARATORS, key=outside_quotes.count)
    if outside_quotes.count(best) == 0:
        raise ColumnError(
            f"{file.name}: the header {header[:60]!r} is a single column. Columns are separated "
            "by comma, semicolon, tab or bar; name another separator with sep=..."
        )
    return best


def _rows(
    lines: list[str], separator: str, skipped: int, file: Path
) -> tuple[list[str], list[list[str]]]:
    try:
        reader = csv.reader(lines, delimiter=separator, strict=True)
        header = next(reader)
        rows = []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                hint = (
                    " A decimal comma in a comma-separated file? Save it with semicolons."
                    if separator == "," and len(row) > len(header)
                    else ""
                )
                raise DataError(
                    f"{file.name}: line {skipped + reader.line_num} has {len(row)} fields, the "
                    f"header has {len(header)}.{hint}"
                )
            rows.append(row)
    except (csv.Error, TypeError) as error:
        raise DataError(
            f"{file.name}: the text cannot be split into columns by {separator!r}: {error}."
        ) from error
    return header, rows


def _decimal(rows: list[list[str]], file: Path) -> str:
    with_comma = [cell for row in rows for cell in row if _COMMA_NUMBER.match(cell)]
    with_point = any(_POINT_NUMBER.match(cell) for row in rows for cell in row)
    if not with_comma or with_point:
        return "."
    if all(_THOUSANDS.match(cell) for cell in with_comma):
        raise ValueRangeError(
            f"{file.name}: {with_comma[0].strip()!r} and its like may have a decimal comma or a "
            "comma between thousands. Pass decimal=',' for the first; remove the "
            "commas for the second."
        )
    return ","
