"""What ``fit`` accepts as data and as held-out strains."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.reading import from_frame, read_csv, read_excel
from pyscimlode.data.registry import available, load
from pyscimlode.data.simulate import benchmark
from pyscimlode.data.splits import split
from pyscimlode.errors import DataError, ExperimentError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

EXCEL = {".xlsx", ".xls", ".xlsm"}
FIT_OPTIONS = (
    "backend",
    "model",
    "protocol",
    "solver",
    "pir",
    "lipschitz",
    "stages",
    "test",
    "ensemble",
    "seed",
    "loss",
    "weighting",
    "early_stopping",
    "score_scale",
    "device",
    "dtype",
    "progress",
    "checkpoint",
    "resume",
    "crosscheck",
)
"""Options of ``fit``, for suggestions when one is misspelt."""

DEFAULT_BENCHMARK = ("sim-sparse", 20)
"""The embedded data of ``fit()``: 20 simulated strains to train, 20 others to test."""


def read_data(data: Dataset | pd.DataFrame | str | Path | None, **roles: Any) -> Dataset:
    """Return the data set that ``data`` means.

    Args:
        data: a data set, a wide table, the name of a named data set, or the path of a CSV or
            Excel file.
        roles: ``time=``, ``experiment=``, ``states=``, ``controls=`` and so on, for tables and
            files; see :func:`pyscimlode.data.read_csv`.

    Raises:
        DataError: when it is none of these.
    """
    import pandas as pd

    if isinstance(data, Dataset) or (isinstance(data, str) and data in available()):
        _check_roles(roles, ())
        return data if isinstance(data, Dataset) else load(data)
    if isinstance(data, pd.DataFrame):
        return _read(from_frame, data, roles)
    if isinstance(data, str | Path):
        path = Path(data)
        if path.suffix.lower() in EXCEL:
            return _read(read_excel, path, roles)
        if path.suffix or path.exists():
            return _read(read_csv, path, roles)
        names = tuple(available())
        raise DataError(
            f"data={str(data)!r} is neither a file nor a named data set ({', '.join(names)})."
            + did_you_mean(str(data), names)
        )
    raise DataError(
        f"data is a {type(data).__name__}; give a Dataset, a DataFrame, a file or the name of a "
        "named data set."
    )


def _read(reader: Callable[..., Dataset], source: Any, roles: Mapping[str, Any]) -> Dataset:
    _check_roles(roles, (*_options(reader), *_options(from_frame)))
    return reader(source, **roles)


def _options(reader: Callable[..., Dataset]) -> list[str]:
    parameters = inspect.signature(reader).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _check_roles(roles: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse options that nothing would read.

    Raises:
        DataError: naming the option.
    """
    for name in roles:
        if name not in known:
            what = (
                f"options of a table are {', '.join(known)}"
                if known
                else ("these data have their columns already and take no options of a table")
            )
            raise DataError(
                f"There is no option {name!r}; {what}." + did_you_mean(name, (*known, *FIT_OPTIONS))
            )


def training_and_test(
    data: Dataset | pd.DataFrame | str | Path | None,
    test: Dataset | str | Sequence[str] | None,
    **roles: Any,
) -> tuple[Dataset, Dataset | None]:
    """Return ``(train, test)``; the embedded simulated strains if no data are given.

    Raises:
        DataError: see :func:`read_data`.
        ExperimentError: for an unknown test strain, or one on both sides.
    """
    if data is None:
        _check_roles(roles, ())
        if test is not None:
            raise ExperimentError(
                f"test={test!r} names a strain, but no data are given. Give data=..., or leave "
                "test out to use the embedded simulated strains and their test set."
            )
        return benchmark(*DEFAULT_BENCHMARK)
    dataset = read_data(data, **roles)
    if test is None:
        return dataset, None
    if isinstance(test, Dataset):
        return dataset, test
    return split(dataset, test)
