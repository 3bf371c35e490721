"""Data sets as named arrays and JSON data, to be kept inside other files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment, Provenance

Arrays = dict[str, npt.NDArray[Any]]


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """Return everything about a data set but its values, as JSON data."""
    return {
        "experiments": [{"name": e.name, "strain": e.strain} for e in dataset],
        "state_names": list(dataset.state_names),
        "control_names": list(dataset.control_names),
        "units": dict(dataset.units),
        "time_unit": dataset.time_unit,
        "control_interpolation": dataset.control_interpolation,
        "source": dataset.provenance.source,
        "details": dict(dataset.provenance.details),
        "history": list(dataset.provenance.history),
        "content_hash": dataset.content_hash,
    }


def dataset_arrays(prefix: str, dataset: Dataset, *, values: bool = True) -> Arrays:
    """Return the values of a data set, ``<prefix>/<number>/times`` and so on.

    Args:
        prefix: of the arrays' names.
        dataset: the experiments.
        values: False keeps times alone; states and controls are then NaN.
    """
    arrays: Arrays = {}
    for index, experiment in enumerate(dataset):
        arrays[f"{prefix}/{index}/times"] = experiment.times
        for role in ("states", "controls"):
            table = getattr(experiment, role)
            arrays[f"{prefix}/{index}/{role}"] = table if values else np.full_like(table, np.nan)
    return arrays


def dataset_from(prefix: str, described: Mapping[str, Any], arrays: Arrays) -> Dataset:
    """Return the data set that was described, from its arrays.

    Raises:
        KeyError: an entry or array is missing.
    """
    experiments = tuple(
        Experiment(
            name=item["name"],
            strain=item["strain"],
            times=arrays[f"{prefix}/{index}/times"],
            states=arrays[f"{prefix}/{index}/states"],
            controls=arrays[f"{prefix}/{index}/controls"],
        )
        for index, item in enumerate(described["experiments"])
    )
    return Dataset(
        experiments=experiments,
        state_names=tuple(described["state_names"]),
        control_names=tuple(described["control_names"]),
        units=described["units"],
        time_unit=described["time_unit"],
        control_interpolation=described["control_interpolation"],
        provenance=Provenance(
            described["source"], described["details"], tuple(described["history"])
        ),
    )
