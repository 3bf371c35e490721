"""What fluxes, concentrations and equilibrium constants of a sampled steady state may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import DataError, did_you_mean
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState, check_flux_unit

FloatArray = npt.NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Limits:
    """Ranges as arrays in the order of a network; concentrations and Keq as logarithms.

    Attributes:
        flux: ``(reactions, 2)``.
        min_flux: ``(reactions,)``.
        log_c: ``(species, 2)``.
        log_keq: ``(reactions, 2)``; zero for irreversible laws.
        min_displacement: of |ln Gamma/Keq|.
    """

    flux: FloatArray
    min_flux: FloatArray
    log_c: FloatArray
    log_keq: FloatArray
    min_displacement: float


@dataclass(frozen=True)
class StateRanges:
    """Ranges of a sample of steady states.

    Args:
        concentration: (low, high) of all species, mM.
        concentrations: species -> (low, high) mM where it is known better; equal bounds hold it.
        flux: (low, high) of all fluxes, in ``flux_unit``.
        fluxes: reaction -> (low, high) where it is known better.
        min_flux: smallest |v|; a range of ``fluxes`` without zero inside has its own.
        min_displacement: smallest |ln Gamma/Keq|.
        log_keq_slack: by how much ln Keq may differ from the given one.
        flux_unit: as of :class:`SteadyState`.
        density: gDW/L, with specific fluxes.

    Raises:
        DataError: bounds that are not in order or not finite, or a minimum that is not positive.
    """

    concentration: Pair = (1e-5, 100.0)
    concentrations: Mapping[str, Pair] = field(default_factory=dict)
    flux: Pair = (-100.0, 100.0)
    fluxes: Mapping[str, Pair] = field(default_factory=dict)
    min_flux: float = 0.01
    min_displacement: float = 0.1
    log_keq_slack: float = 0.0
    flux_unit: str = "mmol/gDW/h"
    density: float | None = None

    def __post_init__(self) -> None:
        for name in ("concentration", "flux"):
            object.__setattr__(self, name, _pair(name, getattr(self, name)))
        for name in ("concentrations", "fluxes"):
            pairs = {key: _pair(key, pair) for key, pair in getattr(self, name).items()}
            object.__setattr__(self, name, FrozenDict(pairs))
        check_flux_unit(self.flux_unit)
        ranges = {"flux": self.flux, **self.fluxes}
        amounts = {"concentration": self.concentration, **self.concentrations}
        for name, (low, high) in {**ranges, **amounts}.items():
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise DataError(f"The range of {name!r}, {low:g} to {high:g}, is not in order.")
        for name, (low, _) in amounts.items():
            if low <= 0:
                raise DataError(f"The range of {name!r} starts at {low:g} mM; it must be positive.")
        if not (self.min_flux > 0 and self.min_displacement > 0 and self.log_keq_slack >= 0):
            raise DataError(
                f"min_flux={self.min_flux} and min_displacement={self.min_displacement} must be "
                f"positive, and log_keq_slack={self.log_keq_slack} not negative."
            )

    @classmethod
    def around(
        cls,
        network: KineticNetwork,
        state: SteadyState,
        *,
        concentration_factor: float = 3.0,
        flux_factor: float = 2.0,
        same_directions: bool = True,
        **options: Any,
    ) -> StateRanges:
        """Return ranges around a known state; species that are held stay at their concentration.

        ``min_flux`` is the default, or the smallest flux over ``flux_factor`` where that is less.

        Args:
            network: the kinetic network.
            state: the known state.
            concentration_factor: c / factor to c factor.
            flux_factor: v / factor to v factor, or with free directions -|v| factor to
                |v| factor.
            same_directions: every reaction runs as in the known state.
            options: of the constructor.

        Raises:
            DataError: factors of one or less, or a state of another network.
        """
        if not (concentration_factor > 1 and flux_factor > 1):
            raise DataError(
                f"concentration_factor={concentration_factor} and flux_factor={flux_factor} must "
                "be above 1."
            )
        wanted = (len(network.species), len(network.reactions))
        if (len(state.concentrations), len(state.fluxes)) != wanted:
            raise DataError(
                f"The state has {len(state.concentrations)} concentrations and "
                f"{len(state.fluxes)} fluxes; the network {network.name!r} has {wanted[0]} species "
                f"and {wanted[1]} reactions."
            )
        amounts = {
            s.id: (c, c) if s.fixed else (c / concentration_factor, c * concentration_factor)
            for s, c in zip(network.species, state.concentrations.tolist(), strict=True)
        }
        fluxes = {}
        for reaction, v in zip(network.reactions, state.fluxes.tolist(), strict=True):
            ends = (v / flux_factor, v * flux_factor)
            fluxes[reaction.id] = (min(ends), max(ends))
            if not same_directions and reaction.reversible:
                fluxes[reaction.id] = (-abs(v) * flux_factor, abs(v) * flux_factor)
        smallest = float(np.abs(state.fluxes).min()) / flux_factor
        chosen = {
            "min_flux": min(cls.min_flux, smallest) if smallest > 0 else cls.min_flux,
            "concentrations": amounts,
            "fluxes": fluxes,
            "flux_unit": state.flux_unit,
            "density": state.density,
            **options,
        }
        return cls(**chosen)

    def limits(self, network: KineticNetwork, keq: FloatArray) -> Limits:
        """Return the ranges as arrays.

        Raises:
            DataError: an unknown species or reaction, a Keq that is missing, a range of fluxes
                that is empty.
        """
        _check_known(self.concentrations, network.species_ids, "species")
        _check_known(self.fluxes, network.reaction_ids, "reaction")
        if keq.shape != (len(network.reactions),):
            raise DataError(
                f"keq has the shape {keq.shape}; the network {network.name!r} has "
                f"{len(network.reactions)} reactions."
            )
        _check_keq(network, keq)
        amounts = [self.concentrations.get(s, self.concentration) for s in network.species_ids]
        fluxes = np.array([self.fluxes.get(r, self.flux) for r in network.reaction_ids])
        minimum = np.full(len(fluxes), self.min_flux)
        log_keq = np.zeros((len(fluxes), 2))
        for j, (reaction, value) in enumerate(zip(network.reactions, keq, strict=True)):
            one_way = fluxes[j, 0] * fluxes[j, 1] > 0 and reaction.id in self.fluxes
            minimum[j] = np.abs(fluxes[j]).min() if one_way else self.min_flux
            if np.abs(fluxes[j]).max() < minimum[j] or (
                not reaction.reversible and fluxes[j, 1] < minimum[j]
            ):
                raise DataError(
                    f"Reaction {reaction.id!r} ({reaction.law}) may have fluxes from "
                    f"{fluxes[j, 0]:g} to {fluxes[j, 1]:g}, which leaves none of at least "
                    f"{minimum[j]:g} in an allowed direction; widen its range."
                )
            if reaction.reversible:
                log_keq[j] = np.log(value) + np.array([-1.0, 1.0]) * self.log_keq_slack
        return Limits(fluxes, minimum, np.log(np.array(amounts)), log_keq, self.min_displacement)

    def to_json(self) -> dict[str, Any]:
        """Return the ranges as JSON data."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("concentrations", "fluxes"):
            data[name] = {key: list(pair) for key, pair in data[name].items()}
        for name in ("concentration", "flux"):
            data[name] = list(data[name])
        return data


def _pair(name: str, value: Any) -> Pair:
    try:
        low, high = value
        return float(low), float(high)
    except (TypeError, ValueError):
        raise DataError(
            f"The range of {name!r} is {value!r}; give two numbers, (low, high)."
        ) from None


def _check_keq(network: KineticNetwork, keq: FloatArray) -> None:
    missing = [
        f"{reaction.id!r} ({reaction.law}, keq={value:g})"
        for reaction, value in zip(network.reactions, keq.tolist(), strict=True)
        if reaction.reversible and not (np.isfinite(value) and value > 0)
    ]
    if missing:
        raise DataError(
            f"No equilibrium constant: reaction {', '.join(missing)}; give one (1 for passive "
            "transport), or make it 'irrev_mm'."
        )


def _check_known(given: Mapping[str, Pair], known: tuple[str, ...], what: str) -> None:
    for name in given:
        if name not in known:
            raise DataError(
                f"The {what} {name!r} of the ranges is not known." + did_you_mean(name, known)
            )
