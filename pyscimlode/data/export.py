"""A data set as a pandas table or an xarray data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.errors import ColumnError, MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.data.dataset import Dataset

INDEX_COLUMNS = ("experiment", "strain", "time")


def to_frame(dataset: Dataset) -> pd.DataFrame:
    """Return a wide table: ``experiment``, ``strain``, ``time``, states, controls.

    One row per experiment and time; cells that were not measured are NaN.

    Raises:
        ColumnError: when a state or control has the name of an index column.
    """
    import pandas as pd

    columns = (*dataset.state_names, *dataset.control_names)
    for name in INDEX_COLUMNS:
        if name in columns:
            raise ColumnError(
                f"A state or control is named {name!r}, as the table's index column is. Rename it."
            )
    parts = []
    for experiment in dataset:
        part = pd.DataFrame(
            np.hstack([experiment.states, experiment.controls]), columns=list(columns)
        )
        part.insert(0, "experiment", experiment.name)
        part.insert(1, "strain", experiment.strain)
        part.insert(2, "time", experiment.times)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def to_xarray(dataset: Dataset) -> Any:
    """Return an ``xarray.Dataset`` with ``states`` and ``controls``.

    ``states: (experiment, time, state)`` and ``controls: (experiment, time, control)`` on the
    union of all times, NaN where a cell was not measured; units are coordinates.

    Raises:
        MissingDependencyError: when xarray is not installed.
    """
    try:
        import xarray
    except ImportError as error:
        raise MissingDependencyError(
            "to_xarray() needs the package xarray. Install it with: "
            "pip install 'pyscimlode[xarray]'"
        ) from error
    times = dataset.times
    states = np.full((len(dataset), len(times), len(dataset.state_names)), np.nan)
    controls = np.full((len(dataset), len(times), len(dataset.control_names)), np.nan)
    for index, experiment in enumerate(dataset):
        rows = np.searchsorted(times, experiment.times)
        states[index, rows] = experiment.states
        controls[index, rows] = experiment.controls
    return xarray.Dataset(
        {
            "states": (("experiment", "time", "state"), states),
            "controls": (("experiment", "time", "control"), controls),
        },
        coords={
            "experiment": list(dataset.names),
            "strain": ("experiment", [experiment.strain for experiment in dataset]),
            "time": ("time", times, {"units": dataset.time_unit}),
            "state": list(dataset.state_names),
            "control": list(dataset.control_names),
            "state_unit": ("state", [dataset.units.get(n, "") for n in dataset.state_names]),
            "control_unit": ("control", [dataset.units.get(n, "") for n in dataset.control_names]),
        },
        attrs={
            "source": dataset.provenance.source,
            "content_hash": dataset.content_hash,
            "control_interpolation": dataset.control_interpolation,
        },
    )
