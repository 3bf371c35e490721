"""The native data type: several experiments (strains), each with its own time grid."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.data.validation import check_dataset, check_experiment, numeric_array
from pyscimlode.errors import ColumnError, ExperimentError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.data.audit import AuditReport

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Interpolation = Literal["linear", "step"]


def _frozen(values: npt.ArrayLike, what: str) -> FloatArray:
    array = numeric_array(values, what)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False, repr=False)
class Experiment:
    """One strain (or one replicate of it) measured over time. Immutable and validated.

    Attributes:
        name: unique id within the data set.
        times: ``(times,)``, finite, not negative, strictly increasing, in the data set's time
            unit; at least two.
        states: ``(times, states)``, NaN where a cell was not measured.
        controls: ``(times, controls)``, NaN where a cell was not measured.
        strain: the strain this is a replicate of; equals ``name`` without replicates.

    Raises:
        TimeError: for times that are not as described.
        ValueRangeError: for values that are not numbers, or infinite.
        DataError: for arrays whose shapes do not fit together.
    """

    name: str
    times: FloatArray
    states: FloatArray
    controls: FloatArray
    strain: str = ""

    def __post_init__(self) -> None:
        for part in ("times", "states", "controls"):
            values = _frozen(getattr(self, part), f"{part} of experiment {self.name!r}")
            object.__setattr__(self, part, values)
        object.__setattr__(self, "strain", self.strain or self.name)
        check_experiment(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Experiment:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Experiment, (self.name, self.times, self.states, self.controls, self.strain))

    def __repr__(self) -> str:
        of = "" if self.strain == self.name else f" of strain {self.strain}"
        return (
            f"Experiment {self.name}{of}: {len(self.times)} times, {self.times[0]:g} to "
            f"{self.times[-1]:g}, {self.n_measured} of {self.states.size} state cells measured"
        )

    @property
    def mask(self) -> BoolArray:
        """``(times, states)``, True where a state was measured."""
        return np.isfinite(self.states)

    @property
    def control_mask(self) -> BoolArray:
        """``(times, controls)``, True where a control was measured."""
        return np.isfinite(self.controls)

    @property
    def n_measured(self) -> int:
        """Number of measured state cells."""
        return int(self.mask.sum())


@dataclass(frozen=True)
class Provenance:
    """Where a data set comes from.

    Attributes:
        source: a file name, ``"simulated"``, ``"frame"`` or the name of a named data set.
        details: anything needed to make it again (parameters, seed, file hash, citation).
        history: what was done to it since, oldest first.
    """

    source: str
    details: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "details", FrozenDict(self.details))
        object.__setattr__(self, "history", tuple(self.history))


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Experiments with common states and controls. Immutable and validated.

    Attributes:
        experiments: at least one, names unique.
        state_names: names of the states (metabolites), the columns of ``Experiment.states``.
        control_names: names of the controls (measured inputs, proteins); may be empty.
        units: unit of each state and control that has one; ``"time"`` is not in here.
        time_unit: unit of the times, such as ``"h"``.
        control_interpolation: how p(t) goes between measured times.
        provenance: where the data come from.

    Raises:
        ExperimentError: for no experiments, or two with one name.
        ColumnError: for names that are empty, repeated or in two roles.
        UnitError: for units of unknown columns.
        DataError: for arrays that do not have a column per name.

    >>> import numpy as np
    >>> wild_type = Experiment("WT", [0, 4, 8], [[0.1], [np.nan], [0.9]], [[1e5], [2e5], [3e5]])
    >>> Dataset((wild_type,), ("Limonene",), ("GPPS",), units={"Limonene": "mM"})
    Dataset (arrays): 1 strain (WT), 3 times from 0 to 8 h
      1 state: Limonene [mM]; 2 of 3 cells measured (67 %)
      1 control: GPPS (linear in time)
    """

    experiments: tuple[Experiment, ...]
    state_names: tuple[str, ...]
    control_names: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    time_unit: str = "h"
    control_interpolation: Interpolation = "linear"
    provenance: Provenance = field(default_factory=lambda: Provenance("arrays"))

    def __post_init__(self) -> None:
        check_dataset(self)
        object.__setattr__(self, "experiments", tuple(self.experiments))
        object.__setattr__(self, "state_names", tuple(self.state_names))
        object.__setattr__(self, "control_names", tuple(self.control_names))
        object.__setattr__(self, "units", FrozenDict(self.units))

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the experiments, in order."""
        return tuple(experiment.name for experiment in self.experiments)

    @property
    def strains(self) -> tuple[str, ...]:
        """Distinct strains, in order of first appearance."""
        return tuple(dict.fromkeys(experiment.strain for experiment in self.experiments))

    @property
    def n_cells(self) -> int:
        """Number of state cells, measured or not."""
        return sum(experiment.states.size for experiment in self.experiments)

    @property
    def n_measured(self) -> int:
        """Number of measured state cells."""
        return sum(experiment.n_measured for experiment in self.experiments)

    @property
    def times(self) -> FloatArray:
        """All times of all experiments, sorted, each once."""
        return np.unique(np.concatenate([experiment.times for experiment in self.experiments]))

    def __len__(self) -> int:
        return len(self.experiments)

    def __iter__(self) -> Iterator[Experiment]:
        return iter(self.experiments)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Experiment:
        for experiment in self.experiments:
            if experiment.name == name:
                return experiment
        raise ExperimentError(
            f"There is no experiment {name!r}; there are {', '.join(self.names)}."
            + did_you_mean(str(name), self.names)
        )

    def select(self, names: Sequence[str]) -> Dataset:
        """Return the data set of these experiments (by id or by strain), in this order.

        Raises:
            ExperimentError: for an unknown or repeated name, or none.
        """
        chosen: list[Experiment] = []
        for name in [names] if isinstance(names, str) else names:
            of_strain = [e for e in self.experiments if name in (e.name, e.strain)]
            chosen.extend(of_strain or [self[name]])
        return replace(self, experiments=tuple(chosen))

    def drop(self, names: Sequence[str]) -> Dataset:
        """Return the data set without these experiments (by id or by strain).

        Raises:
            ExperimentError: for an unknown name, or when none is left.
        """
        gone = self.select(names).names
        return replace(self, experiments=tuple(e for e in self.experiments if e.name not in gone))

    def keep(
        self, states: Sequence[str] | None = None, controls: Sequence[str] | None = None
    ) -> Dataset:
        """Return the data set with these states and controls alone (None: all), in this order.

        Raises:
            ColumnError: for an unknown name, or no state.
        """
        state_names = self.state_names if states is None else tuple(states)
        control_names = self.control_names if controls is None else tuple(controls)
        rows = _positions(state_names, self.state_names, "state")
        columns = _positions(control_names, self.control_names, "control")
        kept = {*state_names, *control_names}
        return replace(
            self,
            experiments=tuple(
                replace(e, states=e.states[:, rows], controls=e.controls[:, columns])
                for e in self.experiments
            ),
            state_names=state_names,
            control_names=control_names,
            units={name: unit for name, unit in self.units.items() if name in kept},
        )

    def with_units(self, units: Mapping[str, str], *, time_unit: str | None = None) -> Dataset:
        """Return the data set in these units.

        A column that has a unit is converted; one without is declared to be in the new unit.

        Raises:
            UnitError: for an unknown column, or units between which no conversion is known.
        """
        from pyscimlode.data.units import convert_units

        return convert_units(self, units, time_unit)

    def with_history(self, *notes: str) -> Dataset:
        """Return the data set with these notes added to its provenance."""
        history = (*self.provenance.history, *notes)
        return replace(self, provenance=replace(self.provenance, history=history))

    def audit(self) -> AuditReport:
        """Look for copied columns, detection-limit columns and other traps; see the report."""
        from pyscimlode.data.audit import audit

        return audit(self)

    def to_frame(self) -> pd.DataFrame:
        """Return a wide table: ``experiment``, ``strain``, ``time``, states, controls."""
        from pyscimlode.data.export import to_frame

        return to_frame(self)

    def to_xarray(self) -> Any:
        """Return an ``xarray.Dataset`` over (experiment, time, state or control).

        Raises:
            MissingDependencyError: when xarray is not installed.
        """
        from pyscimlode.data.export import to_xarray

        return to_xarray(self)

    def plot(self, **options: Any) -> Any:
        """Plot the measured series of every strain; see ``pyscimlode.plots.plot_dataset``."""
        return importlib.import_module("pyscimlode.plots").plot_dataset(self, **options)

    def __repr__(self) -> str:
        from pyscimlode.data.describe import describe

        return describe(self)

    def _repr_html_(self) -> str:
        from pyscimlode.data.describe import describe_html

        return describe_html(self)

    @property
    def content_hash(self) -> str:
        """SHA-256 over names and values; equal exactly for equal content."""
        digest = hashlib.sha256()
        digest.update(repr((self.state_names, self.control_names, self.time_unit)).encode())
        digest.update(repr((sorted(self.units.items()), self.control_interpolation)).encode())
        for experiment in self.experiments:
            digest.update(repr((experiment.name, experiment.strain)).encode())
            for array in (experiment.times, experiment.states, experiment.controls):
                digest.update(repr(array.shape).encode())
                digest.update(_canonical(array).tobytes())
        return digest.hexdigest()


def _canonical(array: FloatArray) -> FloatArray:
    """Return little-endian values with one zero and one NaN, so that equal values hash equally."""
    values: FloatArray = np.where(np.isnan(array), np.nan, array + 0.0).astype("<f8")
    return values


def _positions(names: Sequence[str], known: tuple[str, ...], role: str) -> list[int]:
    for name in names:
        if name not in known:
            raise ColumnError(
                f"There is no {role} {name!r}; there are {', '.join(known) or 'none'}."
                + did_you_mean(str(name), known)
            )
    return [known.index(name) for name in names]
