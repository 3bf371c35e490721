"""What a model is: a description, a parameter layout, initial values and a field in NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.scaling import ControlTransform, Scaling

FloatArray = npt.NDArray[np.float64]


@runtime_checkable
class Model(Protocol):
    """A right-hand side dz/dt = f(z, p; theta), described as plain data.

    The NumPy :meth:`field` is the definition. Engines have their own implementation, found by
    ``kind``, and tests hold them to this one.
    """

    @property
    def kind(self) -> str:
        """Key under which engines register their implementation."""
        ...

    @property
    def endogenous(self) -> bool:
        """Whether controls are integrated as further states instead of read as inputs."""
        ...

    def layout(self, n_states: int, n_controls: int) -> ParameterLayout:
        """Return the parameter layout for so many states and controls."""
        ...

    def initial(self, n_states: int, n_controls: int, rng: np.random.Generator) -> FloatArray:
        """Draw an initial ``theta: (size,)``."""
        ...

    def field(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return dz/dt ``(rows, states)``, in state units per time unit.

        Args:
            theta: ``(size,)``.
            z: ``(rows, states)``, measured units.
            p: ``(rows, controls)``, measured units.
            scaling: of one member.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON data with its ``kind``."""
        ...


@runtime_checkable
class NamedModel(Model, Protocol):
    """A model that knows states and controls by name, and so needs to be told their order."""

    def bound_to(self, state_names: Sequence[str], control_names: Sequence[str]) -> Model:
        """Return the model for a data set with these states and controls.

        Raises:
            ModelError: a name that the model needs is not among them.
        """
        ...


@runtime_checkable
class MeasuredModel(Model, Protocol):
    """A model that knows what its states and controls are; its arguments are in bound order."""

    @property
    def control_transform(self) -> ControlTransform | None:
        """The transform of controls that the model needs; None leaves it to the data."""
        ...

    @property
    def stiff(self) -> bool:
        """Whether implicit solvers are the first choice."""
        ...

    @property
    def default_start(self) -> FloatArray:
        """``(states,)`` where states start that a strain was never measured for."""
        ...

    def check_units(self, units: Mapping[str, str], time_unit: str) -> None:
        """Check the units of a data set: column -> unit, and that of times.

        Raises:
            UnitError: the model is in other units.
        """
        ...


def bound_to(model: Model, state_names: Sequence[str], control_names: Sequence[str]) -> Model:
    """Return the model for a data set with these states and controls; most models do not care."""
    return model.bound_to(state_names, control_names) if isinstance(model, NamedModel) else model
