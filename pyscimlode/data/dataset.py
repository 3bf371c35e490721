"""The native data type: several experiments (strains), each with its own time grid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ExperimentError, did_you_mean

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Interpolation = Literal["linear", "step"]


def _frozen(values: npt.ArrayLike) -> FloatArray:
    array = np.array(values, dtype=np.float64, order="C")
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Experiment:
    """One strain (or one replicate of it) measured over time.

    Attributes:
        name: unique id within the data set.
        times: ``(times,)``, strictly increasing, in the data set's time unit.
        states: ``(times, states)``, NaN where a cell was not measured.
        controls: ``(times, controls)``, NaN where a cell was not measured.
        strain: the strain this is a replicate of; equals ``name`` without replicates.
    """

    name: str
    times: FloatArray
    states: FloatArray
    controls: FloatArray
    strain: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _frozen(self.times))
        object.__setattr__(self, "states", _frozen(self.states))
        object.__setattr__(self, "controls", _frozen(self.controls))
        object.__setattr__(self, "strain", self.strain or self.name)

    @property
    def mask(self) -> BoolArray:
        """``(times, states)``, True where a state was measured."""
        return np.isfinite(self.states)


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


@dataclass(frozen=True, eq=False)
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
    """

    experiments: tuple[Experiment, ...]
    state_names: tuple[str, ...]
    control_names: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    time_unit: str = "h"
    control_interpolation: Interpolation = "linear"
    provenance: Provenance = field(default_factory=lambda: Provenance("arrays"))

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the experiments, in order."""
        return tuple(experiment.name for experiment in self.experiments)

    @property
    def strains(self) -> tuple[str, ...]:
        """Distinct strains, in order of first appearance."""
        return tuple(dict.fromkeys(experiment.strain for experiment in self.experiments))

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
            + did_you_mean(name, self.names)
        )

    def select(self, names: Sequence[str]) -> Dataset:
        """Return the data set of these experiments (by id or by strain), in this order."""
        chosen: list[Experiment] = []
        for name in names:
            of_strain = [e for e in self.experiments if name in (e.name, e.strain)]
            chosen.extend(of_strain or [self[name]])
        return replace(self, experiments=tuple(chosen))

    def drop(self, names: Sequence[str]) -> Dataset:
        """Return the data set without these experiments (by id or by strain)."""
        gone = self.select(names).names
        return self.select([name for name in self.names if name not in gone])

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
                digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()
