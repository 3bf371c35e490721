"""What must hold for data: at construction, and only when a model is to be trained on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.data.units import check_unit_columns
from pyscimlode.errors import (
    ColumnError,
    DataError,
    ExperimentError,
    TimeError,
    UnitError,
    ValueRangeError,
    did_you_mean,
)

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset, Experiment

INTERPOLATIONS = ("linear", "step")


def numeric_array(values: npt.ArrayLike, what: str) -> npt.NDArray[np.float64]:
    """Return a new float64 array.

    Raises:
        ValueRangeError: when the values are not all numbers.
        DataError: when rows have different lengths.
    """
    try:
        return np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        if "inhomogeneous" in str(error):
            raise DataError(f"The rows of {what} have different lengths.") from error
        raise ValueRangeError(
            f"The {what} are not all numbers ({error}). Use NaN for cells that were not measured."
        ) from error


def check_experiment(experiment: Experiment) -> None:
    """Check what an experiment alone can get wrong; see :class:`Experiment` for the errors."""
    name, times = experiment.name, experiment.times
    for what, value in (("name", name), ("strain", experiment.strain)):
        if not isinstance(value, str) or not value.strip():
            raise ExperimentError(
                f"The {what} of an experiment is {value!r}; it must be a text that is not empty."
            )
    _check_times(times, name)
    for what, values in (("states", experiment.states), ("controls", experiment.controls)):
        if values.ndim != 2:
            raise DataError(
                f"The {what} of experiment {name!r} have shape {values.shape}; they must be a "
                "table, (times, columns)."
            )
        if len(values) != len(times):
            raise DataError(
                f"Experiment {name!r} has {len(times)} times but {len(values)} rows of {what}; "
                "there must be one row per time."
            )
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            raise ValueRangeError(
                f"The {what} of experiment {name!r} are infinite at time {times[row]:g}, column "
                f"{column}. Use NaN for cells that were not measured."
            )


def _check_times(times: npt.NDArray[np.float64], name: str) -> None:
    if times.ndim != 1:
        raise TimeError(f"The times of experiment {name!r} have shape {times.shape}; use a list.")
    if not np.isfinite(times).all():
        row = int(np.argmin(np.isfinite(times)))
        raise TimeError(
            f"Time {row} of experiment {name!r} is {times[row]}; every row needs a finite time."
        )
    if len(times) < 2:
        raise TimeError(
            f"Experiment {name!r} has {len(times)} time(s); dynamics need at least two. Add its "
            "other times or leave the experiment out."
        )
    if times[0] < 0:
        raise TimeError(
            f"Experiment {name!r} begins at time {times[0]:g}; times must not be negative. Shift "
            "them so that the start is 0, or leave those rows out."
        )
    steps = np.diff(times)
    if (steps == 0).any():
        at = times[int(np.argmax(steps == 0))]
        raise TimeError(
            f"Experiment {name!r} has time {at:g} more than once. Name the replicate column, "
            "average the rows, or remove one."
        )
    if (steps < 0).any():
        row = int(np.argmax(steps < 0))
        raise TimeError(
            f"The times of experiment {name!r} are not increasing: {times[row]:g} is followed by "
            f"{times[row + 1]:g}. Sort the rows by time."
        )


def check_dataset(dataset: Dataset) -> None:
    """Check what experiments together can get wrong; see :class:`Dataset` for the errors."""
    from pyscimlode.data.dataset import Experiment

    experiments = dataset.experiments
    if isinstance(experiments, Experiment) or not all(
        isinstance(e, Experiment) for e in experiments
    ):
        raise ExperimentError("experiments must be a list of Experiment objects.")
    if len(experiments) == 0:
        raise ExperimentError("A data set needs at least one experiment; there is none.")
    _check_names(experiments)
    check_columns(dataset.state_names, dataset.control_names)
    for experiment in experiments:
        for role, names, values in (
            ("states", dataset.state_names, experiment.states),
            ("controls", dataset.control_names, experiment.controls),
        ):
            if values.shape[1] != len(names):
                raise DataError(
                    f"Experiment {experiment.name!r} has {values.shape[1]} columns of {role}, but "
                    f"{len(names)} {role} are named: {', '.join(names) or 'none'}."
                )
    check_unit_columns(dataset.units, (*dataset.state_names, *dataset.control_names))
    if not isinstance(dataset.time_unit, str) or not dataset.time_unit.strip():
        raise UnitError(
            f"The time unit is {dataset.time_unit!r}; it must be a text such as 'h' or 'min'."
        )
    check_interpolation(dataset.control_interpolation)


def check_interpolation(interpolation: str) -> None:
    """Check the name of a control interpolation.

    Raises:
        DataError: for an unknown one.
    """
    if interpolation not in INTERPOLATIONS:
        raise DataError(
            f"control_interpolation is {interpolation!r}; it must be 'linear' or 'step'."
            + did_you_mean(str(interpolation), INTERPOLATIONS)
        )


def check_columns(state_names: Sequence[str], control_names: Sequence[str]) -> None:
    """Check names of states and controls: texts, not empty, once each, in one role.

    Raises:
        ColumnError: naming the column.
    """
    for role, names in (("state", state_names), ("control", control_names)):
        if isinstance(names, str):
            raise ColumnError(
                f"{role}_names is the text {names!r}; it must be a list, such as [{names!r}]."
            )
        for name in names:
            if not isinstance(name, str) or not name.strip():
                raise ColumnError(f"The {role} name {name!r} is not a text, or an empty one.")
        for name in _repeated(names):
            raise ColumnError(f"The {role} {name!r} is named twice; every column needs one name.")
    if len(state_names) == 0:
        raise ColumnError("A data set needs at least one state (metabolite); none is named.")
    for name in state_names:
        if name in control_names:
            raise ColumnError(
                f"Column {name!r} is both a state and a control; choose one of the two roles."
            )


def _check_names(experiments: Sequence[Experiment]) -> None:
    for name in _repeated([experiment.name for experiment in experiments]):
        raise ExperimentError(
            f"There are two experiments named {name!r}; ids must be unique. Replicates of a "
            "strain get different names and the same strain."
        )
    strain_of = {experiment.name: experiment.strain for experiment in experiments}
    for experiment in experiments:
        if strain_of.get(experiment.strain, experiment.strain) != experiment.strain:
            raise ExperimentError(
                f"Strain {experiment.strain!r} (of experiment {experiment.name!r}) is also the "
                f"name of an experiment of strain {strain_of[experiment.strain]!r}; rename one."
            )


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    again = []
    for name in names:
        if name in seen:
            again.append(name)
        seen.add(name)
    return again
