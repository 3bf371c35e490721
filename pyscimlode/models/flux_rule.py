"""What a hybrid model asks of its pathway: parameters, fluxes and what they do to the states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.models.scaling import ControlTransform, Scaling

FloatArray = npt.NDArray[np.float64]
Parts = Mapping[str, FloatArray]


class FluxRule(Protocol):
    """A pathway in a data set: how fluxes follow from states, controls and parameters.

    Arguments of the methods: ``parts`` are the blocks of theta by name; ``y: (rows, states)``
    scaled states; ``u: (rows, controls)`` transformed controls; ``corrections: (rows, reactions)``
    outputs of the network, zero where there is none: a flux is multiplied by exp(tanh(.)).
    """

    @property
    def n_states(self) -> int:
        """States of the data set."""

    @property
    def n_controls(self) -> int:
        """Controls of the data set."""

    @property
    def n_reactions(self) -> int:
        """Fluxes."""

    @property
    def free(self) -> npt.NDArray[np.int64]:
        """States whose production and degradation the network learns."""

    @property
    def control_transform(self) -> ControlTransform | None:
        """How the pathway needs its controls; None leaves it to the data."""

    @property
    def default_start(self) -> FloatArray:
        """``(states,)`` where states start that a strain was never measured for."""

    def check_units(
        self, state_names: Sequence[str], units: Mapping[str, str], time_unit: str
    ) -> None:
        """Check the units of a data set; raises UnitError."""

    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """Return names and shapes of the parameters, in layout order."""

    def initial(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Draw initial parameters by name."""

    def slope(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return ``time_scale * dy/dt`` ``(rows, states)`` without the network's part."""

    def fluxes(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return the fluxes ``(rows, reactions)`` in measured units."""

    def flux_states(self) -> tuple[int | None, ...]:
        """Return for each reaction the state in whose unit, per time unit, its flux is."""
