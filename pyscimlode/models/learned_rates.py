"""Rates of a pathway that are learned: powers of enzymes times saturation in substrates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from pyscimlode.models.flux_rule import Parts
from pyscimlode.models.hybrid_structure import Structure
from pyscimlode.models.scaling import ControlTransform, Scaling

FloatArray = npt.NDArray[np.float64]

ENZYME_FLOOR = 1e-4
"""Enzyme ratios below count as this one: logarithms stay finite."""
ENZYME_CAP = 3.0
"""Enzymes beyond three times their training maximum count as three times."""


@dataclass(frozen=True, eq=False)
class LearnedRates:
    """The flux rule of a :class:`pyscimlode.models.Pathway`.

    Blocks: ``rate`` (reactions), ``saturation`` (substrates of reactions), ``exponent`` (enzymes
    of reactions), ``yield``, ``loss``, each only where the pathway has any. The attributes are
    options of :class:`pyscimlode.models.HybridODE`, where the formula is.
    """

    structure: Structure
    initial_rate: float
    initial_saturation: float
    initial_exponent: float
    initial_loss: float
    initial_spread: float

    control_transform: ClassVar[ControlTransform | None] = None

    @property
    def n_states(self) -> int:
        """States of the data set."""
        return self.structure.n_states

    @property
    def n_controls(self) -> int:
        """Controls of the data set."""
        return self.structure.n_controls

    @property
    def n_reactions(self) -> int:
        """Fluxes."""
        return self.structure.n_reactions

    @property
    def free(self) -> npt.NDArray[np.int64]:
        """States that no reaction names, and exchanged ones."""
        return self.structure.free

    @property
    def default_start(self) -> FloatArray:
        """Zero: what a strain never has."""
        return np.zeros(self.n_states)

    def check_units(
        self, state_names: Sequence[str], units: Mapping[str, str], time_unit: str
    ) -> None:
        """Accept all units: rates are learned in them."""

    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """Return names and shapes of the parameters, in layout order."""
        structure = self.structure
        blocks = (
            ("rate", structure.n_reactions),
            ("saturation", len(structure.saturation_state)),
            ("exponent", len(structure.use_control)),
            ("yield", len(structure.learned)),
            ("loss", len(structure.lost)),
        )
        return [(name, (size,)) for name, size in blocks if size]

    def initial(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Draw initial parameters; yields and losses begin at zero."""
        values = {name: np.zeros(shape) for name, shape in self.shapes()}
        for name in ("rate", "saturation", "exponent"):
            if name in values:
                values[name] = rng.normal(0.0, self.initial_spread, values[name].shape)
        return values

    def slope(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return ``time_scale * dy/dt`` ``(rows, states)`` without the network's part."""
        structure = self.structure
        flux = self._scaled_fluxes(parts, y, u, corrections, scaling)
        slope = flux @ self._amounts(parts, scaling).T
        if len(structure.lost):
            loss = self.initial_loss * np.exp(parts["loss"])
            slope[:, structure.lost] -= loss * y[:, structure.lost]
        return np.asarray(slope)

    def fluxes(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return the fluxes ``(rows, reactions)``, in their reference state's unit per time."""
        flux = self._scaled_fluxes(parts, y, u, corrections, scaling)
        unit = scaling.state_scale[self.structure.reference] / scaling.time_scale
        return np.asarray(flux * unit)

    def flux_states(self) -> tuple[int | None, ...]:
        """Return the reference states."""
        return tuple(self.structure.reference.tolist())

    def _scaled_fluxes(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        structure = self.structure
        log_flux = np.log(self.initial_rate) + parts["rate"]
        log_flux = log_flux + np.tanh(corrections)
        if len(structure.use_control):
            exponent = expit(parts["exponent"] + logit(self.initial_exponent))
            logs = log_enzyme_ratio(u, scaling)[:, structure.use_control]
            np.add.at(log_flux.T, structure.use_reaction, (exponent * logs).T)
        flux = np.exp(log_flux)
        if len(structure.saturation_state):
            constant = self.initial_saturation * np.exp(parts["saturation"])
            substrate = np.maximum(y[:, structure.saturation_state], 0.0)
            saturation = substrate / (constant + substrate)
            np.multiply.at(flux.T, structure.saturation_reaction, saturation.T)
        return np.asarray(flux)

    def _amounts(self, parts: Parts, scaling: Scaling) -> FloatArray:
        amounts = self.structure.fixed_amounts(scaling.state_scale)
        if len(self.structure.learned):
            factors = np.exp(parts["yield"])
            amounts = amounts + np.tensordot(factors, self.structure.learned_amounts(), axes=1)
        return np.asarray(amounts)


def log_enzyme_ratio(u: FloatArray, scaling: Scaling) -> FloatArray:
    """Return log(p / control_max) ``(rows, controls)`` from transformed controls ``u``.

    Inverts the scaling's transform, whose clipping remains; ratios are kept within
    [``ENZYME_FLOOR``, ``ENZYME_CAP``].
    """
    p = scaling.measured_controls(u)
    return np.log(np.clip(p / scaling.control_max, ENZYME_FLOOR, ENZYME_CAP))
