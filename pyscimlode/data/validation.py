"""What must hold for data: at construction, and only when a model is to be trained on them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.data.units import check_unit_columns
from pyscimlode.errors import (
    ColumnError,
    DataError,
    DataWarning,
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


def validate_for_training(train: Dataset, test: Dataset | None = None) -> None:
    """Check what matters only when a model is to be trained and scored.

    Warns (:class:`DataWarning`) of states that do not vary, negative values, controls known for
    less than half of an experiment, test strains that go on longer than any training strain, and
    test strains that cannot be scored.

    Args:
        train: the training strains.
        test: the strains to predict, if any.

    Raises:
        ExperimentError: for a strain on both sides.
        ColumnError: for sides with different columns, a state that no training strain has, or a
            control that an experiment does not have.
        UnitError: for sides in different units.
        TimeError: for an experiment without any state at its first time, or a training
            experiment with nothing measured after it.
        ValueRangeError: for a state that is measured in an experiment, but not at its first time.
    """
    if test is not None:
        from pyscimlode.data.splits import check_disjoint

        check_disjoint(train, test)
        check_same_layout(train, test)
    for dataset in (train,) if test is None else (train, test):
        for experiment in dataset:
            _check_controls_measured(dataset, experiment)
            check_initial_state(dataset, experiment)
            _warn_of_values(dataset, experiment)
    _check_training_states(train)
    if test is not None:
        _warn_of_test(train, test)


def check_same_layout(first: Dataset, second: Dataset) -> None:
    """Check that two data sets have the same columns, units and interpolation.

    Raises:
        ColumnError: for different states or controls, or another order.
        UnitError: for different units of a column or of time.
        DataError: for different interpolations of the controls.
    """
    for role, one, other in (
        ("states", first.state_names, second.state_names),
        ("controls", first.control_names, second.control_names),
    ):
        if one != other:
            apart = sorted(set(one) ^ set(other))
            what = f"only one has {', '.join(apart)}" if apart else "the order differs"
            raise ColumnError(
                f"The two data sets have different {role}: {what}. Make them equal with "
                f"keep({role}=...)."
            )
    for name in (*first.state_names, *first.control_names):
        units = (first.units.get(name), second.units.get(name))
        if None not in units and units[0] != units[1]:
            raise UnitError(
                f"Column {name!r} is in {units[0]!r} in one data set and in {units[1]!r} in the "
                f"other. Convert one: with_units({{{name!r}: {units[0]!r}}})."
            )
    if first.time_unit != second.time_unit:
        raise UnitError(
            f"Times are in {first.time_unit!r} in one data set and in {second.time_unit!r} in the "
            f"other. Convert one: with_units({{}}, time_unit={first.time_unit!r})."
        )
    if first.control_interpolation != second.control_interpolation:
        raise DataError(
            "The controls of one data set are interpolated linearly, those of the other in steps. "
            "Choose one control_interpolation."
        )


def _check_controls_measured(dataset: Dataset, experiment: Experiment) -> None:
    for column, name in enumerate(dataset.control_names):
        if not experiment.control_mask[:, column].any():
            everywhere = not any(e.control_mask[:, column].any() for e in dataset)
            where = "any experiment" if everywhere else f"experiment {experiment.name!r}"
            raise ColumnError(
                f"Control {name!r} was never measured in {where}, so its p(t) is not known. Leave "
                "out the control (keep(controls=...)) or the experiment."
            )


def check_initial_state(dataset: Dataset, experiment: Experiment) -> None:
    """Check that a forecast can start: every state that is measured is so at the first time.

    Raises:
        TimeError: when no state is measured at the first time.
        ValueRangeError: for a state that is measured only later.
    """
    start = f"{experiment.times[0]:g} {dataset.time_unit}"
    if not experiment.mask[0].any():
        raise TimeError(
            f"Experiment {experiment.name!r} has no measured state at its first time, {start}; a "
            "forecast starts there. Begin it at the first time with measured states."
        )
    for column, name in enumerate(dataset.state_names):
        measured = experiment.mask[:, column]
        if measured.any() and not measured[0]:
            first = experiment.times[int(np.argmax(measured))]
            raise ValueRangeError(
                f"State {name!r} of experiment {experiment.name!r} is not measured at the first "
                f"time, {start} (only from {first:g} {dataset.time_unit} on), where a forecast "
                "starts. Add the value, begin the experiment later, or leave out the state with "
                "keep(states=...)."
            )


def _check_training_states(train: Dataset) -> None:
    for experiment in train:
        if not experiment.mask[1:].any():
            raise TimeError(
                f"Training experiment {experiment.name!r} has no measured state after its first "
                "time, so there is nothing to learn from. Leave it out."
            )
    for column, name in enumerate(train.state_names):
        values = np.concatenate([e.states[e.mask[:, column], column] for e in train])
        if len(values) == 0:
            raise ColumnError(
                f"State {name!r} is not measured in any training strain "
                f"({', '.join(train.strains)}), so it cannot be learned. Leave it out with "
                "keep(states=...), or train on a strain that has it."
            )
        if np.ptp(values) == 0:
            warnings.warn(
                f"State {name!r} is {values[0]:g} in all training strains: it does not vary, so "
                "a model can only learn that it stays. Consider leaving it out with "
                "keep(states=...).",
                DataWarning,
                stacklevel=3,
            )


def _warn_of_values(dataset: Dataset, experiment: Experiment) -> None:
    for names, values in (
        (dataset.state_names, experiment.states),
        (dataset.control_names, experiment.controls),
    ):
        if (values < 0).any():
            row, column = np.argwhere(values < 0)[0]
            warnings.warn(
                f"Column {names[column]!r} of experiment {experiment.name!r} is negative at time "
                f"{experiment.times[row]:g}; logarithmic features and the physiology penalty "
                "take values to be non-negative.",
                DataWarning,
                stacklevel=4,
            )
    for column, name in enumerate(dataset.control_names):
        measured = experiment.control_mask[:, column]
        known = experiment.times[measured]
        if len(known) > 1 and np.ptp(experiment.controls[measured, column]) == 0:
            continue  # a level that was set, not a course between two measurements
        span = experiment.times[-1] - experiment.times[0]
        gaps = np.diff(np.concatenate((experiment.times[:1], known, experiment.times[-1:])))
        if gaps.max() > span / 2 and len(experiment.times) > 3:
            warnings.warn(
                f"Control {name!r} of experiment {experiment.name!r} is not measured for "
                f"{gaps.max():g} of {span:g} {dataset.time_unit}; p(t) is a guess in this gap.",
                DataWarning,
                stacklevel=4,
            )


def _warn_of_test(train: Dataset, test: Dataset) -> None:
    longest = max(experiment.times[-1] for experiment in train)
    for experiment in test:
        if not experiment.mask[1:].any():
            warnings.warn(
                f"Test experiment {experiment.name!r} has no measured state after its first time: "
                "it can be predicted, but not scored.",
                DataWarning,
                stacklevel=3,
            )
        if experiment.times[-1] > longest:
            warnings.warn(
                f"Test experiment {experiment.name!r} goes on to {experiment.times[-1]:g} "
                f"{test.time_unit}, but no training strain beyond {longest:g} {test.time_unit}: "
                "what is predicted there is extrapolation.",
                DataWarning,
                stacklevel=3,
            )
