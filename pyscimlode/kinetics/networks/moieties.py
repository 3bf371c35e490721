"""Stoichiometric matrices and conserved moieties of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import ModelError

if TYPE_CHECKING:
    from pyscimlode.kinetics.networks.network import KineticNetwork

FloatArray = npt.NDArray[np.float64]
RANK_TOLERANCE = 1e-10


def stoichiometry(network: KineticNetwork) -> FloatArray:
    """Return the coefficients ``(species, reactions)``, modifiers included."""
    position = {name: i for i, name in enumerate(network.species_ids)}
    matrix = np.zeros((len(network.species), len(network.reactions)))
    for j, reaction in enumerate(network.reactions):
        for item in reaction.balanced:
            matrix[position[item.species], j] += item.n
    return matrix


@dataclass(frozen=True, eq=False)
class Balances:
    """What relates fluxes to the concentrations of dynamic and independent species.

    Attributes:
        dynamic: ``(dynamic,)`` positions among the species.
        independent: ``(independent,)`` positions among the species.
        dependent: ``(moieties,)`` positions among the species.
        matrix: ``(dynamic, reactions)`` N with volume ratios: dc/dt = N v, v per cell volume.
        totals: ``(moieties, dynamic)`` L with L c constant: weights over volume ratios.
        link: ``(moieties, independent)`` dc_dependent = link dc_independent.
    """

    dynamic: npt.NDArray[np.int64]
    independent: npt.NDArray[np.int64]
    dependent: npt.NDArray[np.int64]
    matrix: FloatArray
    totals: FloatArray
    link: FloatArray


@lru_cache(maxsize=16)
def balances(network: KineticNetwork) -> Balances:
    """Return the balances of a network.

    Raises:
        ModelError: dependent species that the totals do not determine, or fewer moieties than the
            stoichiometry conserves (the Jacobian would be singular).
    """
    dynamic = network.species_index(network.dynamic_ids)
    independent = network.species_index(network.independent_ids)
    dependent = network.species_index(network.dependent or ())
    coefficients = stoichiometry(network)[dynamic]
    volumes = network.volume_ratios[dynamic]
    totals = np.zeros((len(dependent), len(dynamic)))
    place = {name: i for i, name in enumerate(network.dynamic_ids)}
    for row, moiety in zip(totals, network.moieties or (), strict=True):
        for name, weight in moiety.items():
            row[place[name]] = weight / volumes[place[name]]
    _check_rank(network, coefficients)
    return Balances(
        dynamic,
        independent,
        dependent,
        coefficients * volumes[:, None],
        totals,
        _link(network, totals),
    )


def find_moieties(
    network: KineticNetwork,
) -> tuple[tuple[Mapping[str, float], ...], tuple[str, ...]]:
    """Return moieties that span the left null space of N, and a dependent species for each.

    Gauss-Jordan elimination with pivots; every moiety has weight 1 at its dependent species,
    which no other moiety has.
    """
    names = network.dynamic_ids
    reduced = _scaled(stoichiometry(network)[network.species_index(names)]).T.copy()
    pivots = _eliminate(reduced)
    free = [i for i in range(len(names)) if i not in pivots]
    moieties = []
    for column in free:
        weights = {names[column]: 1.0}
        for row, pivot in enumerate(pivots):
            weight = round(-float(reduced[row, column]), 9)
            if weight:
                weights[names[pivot]] = weight
        moieties.append(FrozenDict(weights))
    return tuple(moieties), tuple(names[column] for column in free)


def _eliminate(matrix: FloatArray) -> list[int]:
    """Bring a matrix into reduced row echelon form in place; return the pivot columns."""
    pivots: list[int] = []
    for column in range(matrix.shape[1]):
        row = len(pivots)
        if row == matrix.shape[0]:
            break
        best = row + int(np.argmax(np.abs(matrix[row:, column])))
        if abs(matrix[best, column]) <= RANK_TOLERANCE:
            matrix[row:, column] = 0.0
            continue
        matrix[[row, best]] = matrix[[best, row]]
        matrix[row] /= matrix[row, column]
        others = np.arange(matrix.shape[0]) != row
        matrix[others] -= np.outer(matrix[others, column], matrix[row])
        pivots.append(column)
    return pivots


def _scaled(coefficients: FloatArray) -> FloatArray:
    """Scale every reaction to a largest coefficient of one; the left null space stays."""
    largest = np.abs(coefficients).max(axis=0)
    return coefficients / np.where(largest > 0, largest, 1.0)


def _link(network: KineticNetwork, totals: FloatArray) -> FloatArray:
    chosen = np.isin(network.dynamic_ids, network.dependent or ())
    order = [list(np.array(network.dynamic_ids)[chosen]).index(d) for d in network.dependent or ()]
    square = totals[:, chosen][:, order]
    if len(square) and np.linalg.matrix_rank(square) < len(square):
        raise ModelError(
            f"The totals do not determine the dependent species "
            f"{', '.join(network.dependent or ())}; choose one species of each moiety."
        )
    return np.asarray(-np.linalg.solve(square, totals[:, ~chosen]), dtype=np.float64)


def _check_rank(network: KineticNetwork, coefficients: FloatArray) -> None:
    conserved = len(coefficients) - int(np.linalg.matrix_rank(_scaled(coefficients), rtol=1e-11))
    if conserved != len(network.moieties or ()):
        found = "; ".join(" + ".join(moiety) for moiety in find_moieties(network)[0])
        raise ModelError(
            f"Network {network.name!r} names {len(network.moieties or ())} moieties, but its "
            f"stoichiometry conserves {conserved} ({found}); give all of them, or moieties=None to "
            "have them found."
        )
