"""Whether a steady state fits its network: every finding names its reaction or species."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.networks.moieties import balances, stoichiometry
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.compiled import displacement_exponents

FloatArray = npt.NDArray[np.float64]
BALANCE_TOLERANCE = 1e-6
"""Largest N v of a species, relative to the flux through it."""
SHOWN = 5


def check_state(network: KineticNetwork, state: SteadyState) -> None:
    """Check a steady state against its network.

    Raises:
        DataError: with all findings: a concentration that is not positive, a flux that is zero or
            not finite, a reversible reaction without Keq, a flux against the thermodynamics, a
            species whose fluxes do not balance (the worst first).
    """
    shapes = (len(state.concentrations), len(state.fluxes))
    wanted = (len(network.species), len(network.reactions))
    if shapes != wanted:
        raise DataError(
            f"The state has {shapes[0]} concentrations and {shapes[1]} fluxes; the network "
            f"{network.name!r} has {wanted[0]} species and {wanted[1]} reactions."
        )
    findings = [*_values(network, state)]
    if not findings:
        findings = [*_thermodynamics(network, state), *_balance(network, state)]
    if findings:
        more = f"\n... and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
        raise DataError(
            f"The steady state does not fit the network {network.name!r}:\n"
            + "\n".join(f"- {finding}" for finding in findings[:SHOWN])
            + more
        )


def log_displacement(network: KineticNetwork, state: SteadyState) -> FloatArray:
    """Return ln(Gamma/Keq) ``(reactions,)``; -inf for irreversible laws."""
    exponents = displacement_exponents(network)
    reversible = np.array([r.reversible for r in network.reactions])
    result = np.full(len(network.reactions), -np.inf)
    result[reversible] = (exponents @ np.log(state.concentrations))[reversible] - np.log(
        state.keq[reversible]
    )
    return result


def _values(network: KineticNetwork, state: SteadyState) -> list[str]:
    findings = []
    for name, value in zip(network.species_ids, state.concentrations, strict=True):
        if not (np.isfinite(value) and value > 0):
            findings.append(
                f"species {name!r} has the concentration {value:g} mM; give a positive number"
            )
    for reaction, flux, keq in zip(network.reactions, state.fluxes, state.keq, strict=True):
        if not np.isfinite(flux) or flux == 0:
            findings.append(
                f"reaction {reaction.id!r} has the flux {flux:g}; leave a reaction without flux "
                "out of the network"
            )
        if reaction.reversible and not (np.isfinite(keq) and keq > 0):
            findings.append(
                f"reaction {reaction.id!r} ({reaction.law}) has no equilibrium constant "
                f"(keq={keq:g}); give one, or make it 'irrev_mm'"
            )
    return findings


def _thermodynamics(network: KineticNetwork, state: SteadyState) -> list[str]:
    findings = []
    log_r = log_displacement(network, state)
    for reaction, flux, value in zip(network.reactions, state.fluxes, log_r, strict=True):
        if flux * value >= 0:
            findings.append(
                f"reaction {reaction.id!r} has the flux {flux:g} {state.flux_unit}, but "
                f"ln(Gamma/Keq) = {value:.4g} does not let it run that way; change flux, Keq or "
                "concentrations"
            )
    return findings


def _balance(network: KineticNetwork, state: SteadyState) -> list[str]:
    coefficients = stoichiometry(network)[balances(network).dynamic]
    change = coefficients @ state.fluxes
    through = np.abs(coefficients) @ np.abs(state.fluxes)
    share = np.abs(change) / np.where(through > 0, through, 1.0)
    findings = []
    for i in np.argsort(-share, kind="stable"):
        if share[i] > BALANCE_TOLERANCE:
            j = int(np.argmax(np.abs(coefficients[i] * state.fluxes)))
            findings.append(
                f"species {network.dynamic_ids[i]!r} is not at steady state: N v = {change[i]:.4g} "
                f"{state.flux_unit}, {share[i]:.2g} of the flux through it (largest in reaction "
                f"{network.reaction_ids[j]!r})"
            )
    return findings
