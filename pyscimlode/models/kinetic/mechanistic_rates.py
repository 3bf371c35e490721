"""Fluxes of a kinetic pathway in a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError, UnitError, did_you_mean
from pyscimlode.models.flux_rule import Parts
from pyscimlode.models.kinetic.pathway import CONCENTRATION_UNITS, TIME_UNIT, KineticPathway
from pyscimlode.models.kinetic.rates import RateFunction
from pyscimlode.models.scaling import ControlTransform, Scaling

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MechanisticRates:
    """The flux rule of a :class:`KineticPathway`: v = level * v(c; KM, Vmax) * exp(tanh(net)).

    With K0, V0 of the generated model, KM = K0 exp(ln_km) and Vmax = V0 exp(ln_vmax) of the two
    blocks of theta, so that theta = 0 is the generated model, and weight decay draws towards it.
    The level of a reaction is its control over the control's reference level, not below zero.

    Attributes:
        pathway: reactions, constants and starting values.
        rate_function: the rate laws.
        n_states: states of the data set.
        n_controls: controls of the data set.
        spread: standard deviation of the initial parameters.
        states: ``(dynamic,)`` states of the species that are not fixed.
        dynamic: ``(dynamic,)`` their positions among the species.
        free: states that are no species.
        amounts: ``(states, reactions)`` dc/dt per flux: coefficients times volume ratios.
        constants: ``(species,)`` mM; those of fixed species count.
        ln_km: ``(KM,)`` ln mM of the generated model.
        ln_vmax: ``(reactions,)`` ln mM/h of the generated model.
        free_km: columns of the trained KM.
        free_vmax: reactions whose Vmax is trained.
        use_reaction: ``(uses,)`` reactions with an enzyme.
        use_control: ``(uses,)`` the controls that are their enzymes.
        use_reference: ``(uses,)`` reference levels.
    """

    pathway: KineticPathway
    rate_function: RateFunction
    n_states: int
    n_controls: int
    spread: float
    states: IntArray
    dynamic: IntArray
    free: IntArray
    amounts: FloatArray
    constants: FloatArray
    ln_km: FloatArray
    ln_vmax: FloatArray
    free_km: IntArray
    free_vmax: IntArray
    use_reaction: IntArray
    use_control: IntArray
    use_reference: FloatArray

    control_transform: ClassVar[ControlTransform | None] = "none"
    """Levels of held-out strains must not be clipped to the range of the training strains."""

    @classmethod
    def of(
        cls,
        pathway: KineticPathway,
        state_names: Sequence[str],
        control_names: Sequence[str],
        spread: float,
    ) -> MechanisticRates:
        """Return the rule of a pathway in a data set with these states and controls.

        Raises:
            ModelError: a species that is no state, or an enzyme that is no control.
        """
        position = {name: i for i, name in enumerate(state_names)}
        dynamic = [i for i, s in enumerate(pathway.species) if not s.fixed]
        names = [pathway.species_ids[i] for i in dynamic]
        _check_states(pathway, names, state_names)
        states = _integers(position[name] for name in names)
        amounts = np.zeros((len(state_names), len(pathway.reactions)))
        amounts[states] = pathway.stoichiometry()[dynamic]
        uses = pathway.uses(control_names)
        return cls(
            pathway=pathway,
            rate_function=RateFunction(pathway, pathway.keq),
            n_states=len(state_names),
            n_controls=len(control_names),
            spread=spread,
            states=states,
            dynamic=_integers(dynamic),
            free=_integers(i for i in range(len(state_names)) if i not in set(states.tolist())),
            amounts=amounts,
            constants=np.array([s.concentration for s in pathway.species]),
            ln_km=np.log(np.array(list(pathway.km.values()), dtype=np.float64)),
            ln_vmax=np.log(np.array(pathway.vmax)),
            free_km=_integers(map(pathway.km_names.index, pathway.free_km)),
            free_vmax=_integers(map(pathway.vmax_names.index, pathway.free_vmax)),
            use_reaction=_integers(pathway.reaction_ids.index(r) for r, _ in uses),
            use_control=_integers(list(control_names).index(c) for _, c in uses),
            use_reference=np.array([pathway.reference_levels.get(c, 1.0) for _, c in uses]),
        )

    @property
    def n_reactions(self) -> int:
        """Fluxes."""
        return len(self.pathway.reactions)

    @property
    def default_start(self) -> FloatArray:
        """The steady state; zero of states that are no species."""
        start = np.zeros(self.n_states)
        start[self.states] = self.constants[self.dynamic]
        return start

    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """Return the blocks ``ln_km`` (free KM) and ``ln_vmax`` (free Vmax), if not empty."""
        blocks = (("ln_km", len(self.free_km)), ("ln_vmax", len(self.free_vmax)))
        return [(name, (size,)) for name, size in blocks if size]

    def initial(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Draw initial parameters around the generated model."""
        return {name: rng.normal(0.0, self.spread, shape) for name, shape in self.shapes()}

    def parameters(self, parts: Parts) -> tuple[FloatArray, FloatArray]:
        """Return ln KM ``(KM,)`` in ln mM and ln Vmax ``(reactions,)`` in ln mM/h."""
        ln_km, ln_vmax = self.ln_km.copy(), self.ln_vmax.copy()
        if len(self.free_km):
            ln_km[self.free_km] += parts["ln_km"]
        if len(self.free_vmax):
            ln_vmax[self.free_vmax] += parts["ln_vmax"]
        return ln_km, ln_vmax

    def slope(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return ``time_scale * dy/dt`` ``(rows, states)`` without the network's part."""
        change = self.fluxes(parts, y, u, corrections, scaling) @ self.amounts.T
        return np.asarray(change * (scaling.time_scale / scaling.state_scale))

    def fluxes(
        self, parts: Parts, y: FloatArray, u: FloatArray, corrections: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return the fluxes ``(rows, reactions)`` in mM/h."""
        c = np.array(np.broadcast_to(self.constants, (len(y), len(self.constants))))
        c[:, self.dynamic] = (y * scaling.state_scale)[:, self.states]
        v = self.rate_function.rates(c, *self.parameters(parts)) * np.exp(np.tanh(corrections))
        p = np.maximum(scaling.measured_controls(u)[:, self.use_control], 0.0)
        v[:, self.use_reaction] *= p / self.use_reference
        return np.asarray(v)

    def flux_states(self) -> tuple[int | None, ...]:
        """Return None for each: fluxes count per cell volume, whatever the compartment."""
        return (None,) * self.n_reactions

    def check_units(
        self, state_names: Sequence[str], units: Mapping[str, str], time_unit: str
    ) -> None:
        """Check that a data set has the units of the rate laws; see ``models.base.UnitModel``."""
        wrong = {
            state_names[i]: units[state_names[i]]
            for i in self.states
            if units.get(state_names[i], "mM") not in CONCENTRATION_UNITS
        }
        if wrong or time_unit != TIME_UNIT:
            found = [f"{name!r} is in {unit}" for name, unit in wrong.items()]
            found += [f"times are in {time_unit}"] if time_unit != TIME_UNIT else []
            states = ", ".join(f"{name!r}: 'mM'" for name in wrong)
            raise UnitError(
                f"The kinetic model {self.pathway.name!r} is in mM and h, but {'; '.join(found)}. "
                f"Convert the data: dataset.with_units({{{states}}}, time_unit='h')."
            )


def _check_states(
    pathway: KineticPathway, names: Sequence[str], state_names: Sequence[str]
) -> None:
    missing = [name for name in names if name not in state_names]
    if missing:
        raise ModelError(
            f"The kinetic pathway {pathway.name!r} needs every species that is not fixed as a "
            f"state of the data set; it lacks {', '.join(map(repr, missing))}. Add a column for "
            "each, empty where it was not measured, or rename the states."
            + did_you_mean(missing[0], state_names)
        )


def _integers(values: object) -> IntArray:
    return np.array(list(values), dtype=np.int64)  # type: ignore[call-overload]
