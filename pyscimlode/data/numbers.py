"""Numbers, times and ids out of the columns of a table, with errors that name the cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.data.dataset import FloatArray
from pyscimlode.errors import ExperimentError, TimeError, ValueRangeError

if TYPE_CHECKING:
    import pandas as pd

Where = Callable[[int], str]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "."})
"""Texts that mean "not measured", in lower case."""

_DECIMAL_COMMA = re.compile(r"^[+-]?\d*,\d+([eE][+-]?\d+)?$")
_BELOW_LIMIT = re.compile(r"^(<|<=|≤|n\.?\s?d\.?$|bdl$|lod$|<\s*lod$)", re.IGNORECASE)


def parse_numbers(
    column: pd.Series[Any],
    name: str,
    where: Where,
    *,
    decimal: str = ".",
    missing: Collection[str] = (),
) -> FloatArray:
    """Return the numbers of a column, NaN where a cell is empty.

    Args:
        column: the cells.
        name: header of the column, for messages.
        where: says for a row number which strain and time it is.
        decimal: decimal sign of cells that are text.
        missing: more texts that mean "not measured".

    Raises:
        ValueRangeError: naming the first cell that is no finite number.
    """
    import pandas as pd

    if pd.api.types.is_bool_dtype(column):
        raise ValueRangeError(f"Column {name!r} holds true/false, not numbers.")
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        texts = None
    elif pd.api.types.is_datetime64_any_dtype(column):
        raise ValueRangeError(
            f"Column {name!r} holds dates, not numbers; a spreadsheet may have turned numbers "
            "into dates. Format the cells as numbers."
        )
    else:
        texts = _texts(column, missing)
        plain = _with_points(texts) if decimal == "," else texts
        values = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64)
        _check_parsed(column, values, texts, name, where)
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise ValueRangeError(
            f"Column {name!r} is infinite {where(row)}. Leave cells empty that were not measured."
        )
    return values


def holds_numbers(column: pd.Series[Any], missing: Collection[str] = ()) -> bool:
    """Whether a column has at least one number in it, or no content at all."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return True
    texts = _texts(column, missing)
    filled = texts[texts.notna()]
    numeric = pd.to_numeric(filled.str.replace(",", ".", regex=False), errors="coerce")
    return len(filled) == 0 or bool(numeric.notna().any())


def parse_times(
    column: pd.Series[Any], name: str, *, decimal: str = ".", missing: Collection[str] = ()
) -> FloatArray:
    """Return the times of a table's rows.

    Raises:
        TimeError: for cells that are empty, no number, negative or not finite, and for dates.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        raise TimeError(
            f"Time column {name!r} holds dates or durations; numbers are needed, such as hours "
            f"since the start: (frame[{name!r}] - start) / pandas.Timedelta('1h')."
        )
    try:
        times = parse_numbers(column, name, _in_row, decimal=decimal, missing=missing)
    except ValueRangeError as error:
        raise TimeError(f"Time column {name!r} is not all numbers. {error}") from error
    if np.isnan(times).any():
        row = int(np.argmax(np.isnan(times)))
        raise TimeError(
            f"Time column {name!r} is empty in {row_text(row)}; every row needs a time."
        )
    if (times < 0).any():
        row = int(np.argmax(times < 0))
        raise TimeError(
            f"Time column {name!r} is negative ({times[row]:g}) in {row_text(row)}. Shift the "
            "times so that the start is 0, or leave those rows out."
        )
    return times


def parse_ids(column: pd.Series[Any], name: str) -> list[str]:
    """Return the ids (strains, replicates) of a table's rows as texts without outer blanks.

    Raises:
        ExperimentError: for an empty cell, or two ids that differ in upper and lower case alone.
    """
    import pandas as pd

    ids: list[str] = []
    for row, value in enumerate(column):
        empty = value is None or value is pd.NA or value != value
        text = "" if empty else _id_text(value)
        if not text:
            raise ExperimentError(
                f"Column {name!r} is empty in {row_text(row)}; every row needs its strain."
            )
        ids.append(text)
    seen: dict[str, str] = {}
    for text in dict.fromkeys(ids):
        other = seen.setdefault(text.lower(), text)
        if other != text:
            raise ExperimentError(
                f"Column {name!r} has {other!r} and {text!r}, which differ in upper and lower "
                "case alone. Write one strain in one way, or give two strains distinct names."
            )
    return ids


def row_text(row: int) -> str:
    """Return how a row is named in messages; the first row below the header is row 1.

    >>> row_text(0)
    'row 1 below the header'
    """
    return f"row {row + 1} below the header"


def _in_row(row: int) -> str:
    return f"in {row_text(row)}"


def _texts(column: pd.Series[Any], missing: Collection[str]) -> pd.Series[Any]:
    unknown = MISSING | {text.strip().lower() for text in missing}
    texts = column.astype("object").where(column.notna(), "").map(str)
    texts = texts.str.strip().str.replace("\N{MINUS SIGN}", "-", regex=False)
    return texts.mask(texts.str.lower().isin(unknown))


def _with_points(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Turn decimal commas into points; a point that was there already makes the cell no number."""
    return texts.str.replace(".", "?", regex=False).str.replace(",", ".", regex=False)


def _check_parsed(
    column: pd.Series[Any], values: FloatArray, texts: pd.Series[Any], name: str, where: Where
) -> None:
    wrong = np.isnan(values) & texts.notna().to_numpy(dtype=bool)
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    text = str(texts.iloc[row])
    cell = f"Column {name!r} has {text!r} {where(row)}"
    if _DECIMAL_COMMA.match(text):
        raise ValueRangeError(
            f"{cell}: a decimal comma. Pass decimal=',' to read it (or remove the comma if it "
            "separates thousands)."
        )
    if _BELOW_LIMIT.match(text):
        raise ValueRangeError(
            f"{cell}, which is below the detection limit. Write 0 where the metabolite was "
            f"absent, leave the cell empty where it is not known, or pass missing=[{text!r}]."
        )
    raise ValueRangeError(
        f"{cell}, which is not a number. Correct it, leave the cell empty, or pass "
        f"missing=[{text!r}] if it means 'not measured'."
    )


def _id_text(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
