"""Directions in which all reactions of a network can run together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.hit_and_run import Polytope
from pyscimlode.kinetics.moieties import stoichiometry
from pyscimlode.kinetics.network import KineticNetwork
from pyscimlode.kinetics.state_ranges import Limits
from pyscimlode.models.kinetic.compiled import displacement_exponents

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
MARGIN = 1.0 + 1e-6
"""By how much |v| and |ln Gamma/Keq| stay off their minima in the MILP, which has tolerances."""
TIME_LIMIT = 60.0
"""Of one MILP, s."""
MISSES = 10
"""Searches for a further pattern that may find a known one, for each pattern wanted."""


def draw_patterns(
    network: KineticNetwork, limits: Limits, patterns: int, rng: np.random.Generator
) -> list[BoolArray]:
    """Return different direction patterns ``(reactions,)``, True where a reaction runs forward.

    Each solves the MILP for random weights of the directions and fluxes.

    Raises:
        DataError: none is feasible; the message says whether fluxes or thermodynamics forbid.
    """
    found: dict[bytes, BoolArray] = {}
    for _ in range(MISSES * patterns):
        forward = _solve(network, limits, rng)
        if forward is None:
            raise _infeasible(network, limits)
        found.setdefault(forward.tobytes(), forward)
        if len(found) == patterns or _one_way(network, limits).all():
            break
    return list(found.values())


def pattern_polytopes(
    network: KineticNetwork, limits: Limits, forward: BoolArray
) -> tuple[Polytope, Polytope]:
    """Return the polytopes of fluxes and of (ln c, ln Keq) for one direction pattern."""
    sign = np.where(forward, 1.0, -1.0)
    size = len(sign)
    low = np.maximum(np.where(forward, limits.flux[:, 0], -limits.flux[:, 1]), limits.min_flux)
    high = np.where(forward, limits.flux[:, 1], -limits.flux[:, 0])
    eye = np.diag(sign)
    flux = _polytope(
        np.concatenate([eye, -eye]),
        np.concatenate([high, -low]),
        _balance(network),
        np.zeros(len(network.dynamic_ids)),
    )
    drive = np.column_stack([displacement_exponents(network), -np.eye(size)]) * sign[:, None]
    drive = drive[[r.reversible for r in network.reactions]]
    box = np.concatenate([limits.log_c, limits.log_keq])
    unit = np.eye(len(box))
    potential = _polytope(
        np.concatenate([drive, unit, -unit]),
        np.concatenate([np.full(len(drive), -limits.min_displacement), box[:, 1], -box[:, 0]]),
        np.zeros((0, len(box))),
        np.zeros(0),
    )
    return flux, potential


def _polytope(
    inequality: FloatArray, upper: FloatArray, equality: FloatArray, target: FloatArray
) -> Polytope:
    """Return a polytope whose coordinates with equal bounds are equations."""
    single = (inequality != 0).sum(axis=1) == 1
    column = np.abs(inequality).argmax(axis=1)
    high = np.full(inequality.shape[1], np.inf)
    low = -high
    for row in np.flatnonzero(single):
        value = upper[row] / inequality[row, column[row]]
        if inequality[row, column[row]] > 0:
            high[column[row]] = min(high[column[row]], value)
        else:
            low[column[row]] = max(low[column[row]], value)
    held = high - low <= 1e-12 * np.maximum(np.abs(high), 1.0)
    kept = ~(single & held[column])
    unit = np.eye(inequality.shape[1])[held]
    return Polytope(
        inequality[kept],
        upper[kept],
        np.concatenate([equality, unit]),
        np.concatenate([target, high[held]]),
    )


def _balance(network: KineticNetwork) -> FloatArray:
    """Return N of the dynamic species ``(dynamic, reactions)``, rows scaled to at most one."""
    rows = stoichiometry(network)[network.species_index(network.dynamic_ids)]
    largest = np.abs(rows).max(axis=1, keepdims=True)
    return np.asarray(rows / np.where(largest > 0, largest, 1.0))


def _one_way(network: KineticNetwork, limits: Limits) -> BoolArray:
    irreversible = np.array([not r.reversible for r in network.reactions])
    return irreversible | (limits.flux[:, 0] > 0) | (limits.flux[:, 1] < 0)


def _solve(
    network: KineticNetwork, limits: Limits, rng: np.random.Generator, drive: bool = True
) -> BoolArray | None:
    """Solve the MILP over (v, ln c, ln Keq, forward); without ``drive`` for fluxes alone."""
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    n_v, n_c = len(network.reactions), len(network.species)
    weights = np.zeros(3 * n_v + n_c)
    weights[:n_v] = rng.standard_normal(n_v) / np.maximum(np.abs(limits.flux).max(axis=1), 1e-9)
    weights[2 * n_v + n_c :] = rng.standard_normal(n_v)
    rows = [_flux_rows(network, limits)]
    if drive:
        rows.append(_drive_rows(network, limits))
    balance = np.zeros((len(network.dynamic_ids), len(weights)))
    balance[:, :n_v] = _balance(network)
    constraints = [LinearConstraint(sparse.csr_array(balance), 0.0, 0.0)]
    constraints += [LinearConstraint(sparse.csr_array(a), -np.inf, b) for a, b in rows]
    irreversible = np.array([not r.reversible for r in network.reactions], dtype=float)
    box = np.concatenate([limits.flux, limits.log_c, limits.log_keq])
    solution = milp(
        weights,
        constraints=constraints,
        integrality=np.concatenate([np.zeros(2 * n_v + n_c), np.ones(n_v)]),
        bounds=Bounds(
            np.concatenate([box[:, 0], irreversible]), np.concatenate([box[:, 1], np.ones(n_v)])
        ),
        options={"mip_rel_gap": 0.1, "time_limit": TIME_LIMIT},
    )
    if solution.x is None and solution.status == 1:
        raise DataError(
            f"No direction pattern of {network.name!r} was found within {TIME_LIMIT:g} s; narrow "
            "the ranges, or fix directions by ranges of fluxes without zero."
        )
    if solution.x is None:
        return None
    return np.asarray(solution.x[2 * n_v + n_c :] > 0.5)


def _flux_rows(network: KineticNetwork, limits: Limits) -> tuple[FloatArray, FloatArray]:
    """Return rows that say v >= min where forward, and v <= -min where not."""
    n_v, n_c = len(network.reactions), len(network.species)
    minimum = limits.min_flux * np.where(_one_way(network, limits), 1.0, MARGIN)
    reach_down = minimum - np.minimum(limits.flux[:, 0], 0.0)
    reach_up = minimum + np.maximum(limits.flux[:, 1], 0.0)
    between = np.zeros((n_v, n_v + n_c))
    eye = np.eye(n_v)
    forward = np.column_stack([-eye, between, np.diag(reach_down)])
    backward = np.column_stack([eye, between, -np.diag(reach_up)])
    return np.concatenate([forward, backward]), np.concatenate([reach_down - minimum, -minimum])


def _drive_rows(network: KineticNetwork, limits: Limits) -> tuple[FloatArray, FloatArray]:
    """Return rows that say ln Gamma/Keq <= -min where forward, and >= min where not."""
    n_v = len(network.reactions)
    exponents = displacement_exponents(network)
    reversible = np.array([r.reversible for r in network.reactions])
    low, high = np.minimum(exponents, 0.0), np.maximum(exponents, 0.0)
    smallest = low @ limits.log_c[:, 1] + high @ limits.log_c[:, 0] - limits.log_keq[:, 1]
    largest = low @ limits.log_c[:, 0] + high @ limits.log_c[:, 1] - limits.log_keq[:, 0]
    minimum = limits.min_displacement * MARGIN
    up, down = largest + minimum, minimum - smallest
    log_gamma = np.column_stack([np.zeros((n_v, n_v)), exponents, -np.eye(n_v)])
    forward = np.column_stack([log_gamma, np.diag(up)])
    backward = np.column_stack([-log_gamma, -np.diag(down)])
    keep = np.concatenate([reversible, reversible])
    rows = np.concatenate([forward, backward])
    upper = np.concatenate([up - minimum, np.full(n_v, -minimum)])
    return rows[keep], upper[keep]


def _infeasible(network: KineticNetwork, limits: Limits) -> DataError:
    if _solve(network, limits, np.random.default_rng(0), drive=False) is None:
        return DataError(
            f"No steady state of {network.name!r} has fluxes within their ranges and of at least "
            f"{limits.min_flux.min():g}: widen the ranges of the fluxes or leave dead ends out."
        )
    return DataError(
        f"No steady state of {network.name!r} has directions that thermodynamics allows: the "
        "fluxes alone are feasible. Widen the ranges of concentrations, check the equilibrium "
        "constants, or allow log_keq_slack."
    )
