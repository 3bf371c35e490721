"""Why no steady state is feasible: the reactions at fault, and by how much they miss."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.sampling.direction_programme import DirectionProgramme, balance_rows

FloatArray = npt.NDArray[np.float64]
SHOWN = 5
NEGLIGIBLE = 1e-6


def infeasibility(programme: DirectionProgramme) -> DataError:
    """Return the error for ranges that no steady state fulfils.

    Reactions that cannot carry their smallest flux are looked for one by one, by linear
    programmes. Else minimal fluxes, or if fluxes alone are feasible ln Keq, are relaxed by the
    smallest sum; reactions that need it are named.
    """
    name = programme.network.name
    fluxes = programme.solve(np.zeros(programme.size), drive=False)
    if fluxes is None:
        findings = _blocked(programme) or _starved(programme)
        return DataError(
            f"No steady state of {name!r} has fluxes within their ranges and of at least "
            f"{programme.limits.min_flux.min():g}:\n{_listed(findings)}\nWiden the ranges of the "
            "fluxes, lower min_flux, or leave reactions without flux out."
        )
    return DataError(
        f"No steady state of {name!r} has directions that thermodynamics allows: the fluxes alone "
        f"are feasible.\n{_listed(_uphill(programme))}\nWiden the ranges of concentrations, check "
        "the equilibrium constants, or allow log_keq_slack."
    )


def _blocked(programme: DirectionProgramme) -> list[str]:
    """Name reactions that cannot carry their smallest flux whatever the others do."""
    from scipy.optimize import linprog

    limits, network = programme.limits, programme.network
    balance = balance_rows(network)
    low, high = np.minimum(limits.flux[:, 0], 0.0), np.maximum(limits.flux[:, 1], 0.0)
    low = np.where(programme.reversible, low, 0.0)
    bounds = list(zip(low.tolist(), high.tolist(), strict=True))
    findings = []
    for j, reaction in enumerate(network.reactions):
        goal = np.zeros(programme.reactions)
        goal[j] = 1.0
        reach = 0.0
        for sign in (1.0, -1.0):
            solution = linprog(
                -sign * goal,
                A_eq=balance,
                b_eq=np.zeros(len(balance)),
                bounds=bounds,
                method="highs",
            )
            if solution.x is not None:
                reach = max(reach, sign * float(solution.x[j]))
        if reach < limits.min_flux[j] * (1 - NEGLIGIBLE):
            ends = _dead_ends(programme, balance, j)
            why = f" (there is no other reaction of {ends})" if ends else ""
            findings.append(
                f"reaction {reaction.id!r} can carry {reach:.3g} at most{why}, and at least "
                f"{limits.min_flux[j]:.3g} is asked for"
            )
    return findings


def _dead_ends(programme: DirectionProgramme, balance: FloatArray, reaction: int) -> str:
    alone = ((balance != 0).sum(axis=1) == 1) & (balance[:, reaction] != 0)
    names = np.array(programme.network.dynamic_ids)[alone]
    return " and ".join(repr(str(name)) for name in names)


def _starved(programme: DirectionProgramme) -> list[str]:
    relaxed = programme.least_relaxed(drive=False)
    if relaxed is None:
        return []
    minimum = programme.limits.min_flux
    return [
        f"reaction {id_!r} is asked for at least {least:.3g}, and {least * (1 - share):.3g} is "
        "possible beside the others"
        for id_, least, share in zip(
            programme.network.reaction_ids, minimum, np.clip(relaxed, 0.0, 1.0), strict=True
        )
        if share > NEGLIGIBLE
    ]


def _uphill(programme: DirectionProgramme) -> list[str]:
    relaxed = programme.least_relaxed(drive=True)
    if relaxed is None:
        return []
    return [
        f"reaction {id_!r} would run if its ln Keq moved by {move:.3g} (Keq by a factor of "
        f"{np.exp(move):.3g})"
        for id_, move in zip(programme.network.reaction_ids, relaxed, strict=True)
        if move > NEGLIGIBLE
    ]


def _listed(findings: list[str]) -> str:
    more = f"\n... and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
    return "\n".join(f"- {finding}" for finding in findings[:SHOWN]) + more
