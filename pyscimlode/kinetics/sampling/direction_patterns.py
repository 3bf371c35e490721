"""Directions in which all reactions of a network can run together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.sampling.direction_programme import DirectionProgramme, balance_rows
from pyscimlode.kinetics.sampling.hit_and_run import Polytope
from pyscimlode.kinetics.sampling.infeasible import infeasibility
from pyscimlode.kinetics.sampling.state_ranges import Limits
from pyscimlode.models.kinetic.compiled import displacement_exponents

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
MISSES = 10
"""Searches for a further pattern that may find a known one, for each pattern wanted."""


def draw_patterns(
    network: KineticNetwork, limits: Limits, patterns: int, rng: np.random.Generator
) -> list[BoolArray]:
    """Return different direction patterns ``(reactions,)``, True where a reaction runs forward.

    Each solves the MILP for random weights of the directions and fluxes.

    Raises:
        DataError: none is feasible; the message names the reactions whose fluxes or potentials
            forbid it.
    """
    programme = DirectionProgramme(network, limits)
    found: dict[bytes, BoolArray] = {}
    for _ in range(MISSES * patterns):
        solution = programme.solve(_random_weights(programme, rng))
        if solution is None:
            raise infeasibility(programme)
        forward = programme.forward(solution)
        found.setdefault(forward.tobytes(), forward)
        if len(found) == patterns or programme.one_way.all():
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
        balance_rows(network),
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


def _random_weights(programme: DirectionProgramme, rng: np.random.Generator) -> FloatArray:
    n_v = programme.reactions
    weights = np.zeros(programme.size)
    largest = np.maximum(np.abs(programme.limits.flux).max(axis=1), 1e-9)
    weights[:n_v] = rng.standard_normal(n_v) / largest
    weights[-n_v:] = rng.standard_normal(n_v)
    return weights
