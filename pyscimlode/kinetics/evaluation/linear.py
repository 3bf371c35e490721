"""The reduced Jacobian as a linear function of the remaining orders: J = J0 + A diag(H) B.

At a steady state the Jacobian of the independent species is
J = N_i diag(v) (E_i + E_d Q) X_i^-1 with elasticities E of ln v to ln c
(Reder, J. Theor. Biol. 135:175, 1988). E = E0 + H, where E0 follows from the state alone and H (see
:mod:`pyscimlode.models.kinetic.saturation`) from the KM. So A and B are fixed, sparse, and no Vmax
is needed. Rows and columns are scaled by concentrations, J_ij c_j / c_i: the eigenvalues are the
same, and better conditioned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pyscimlode.kinetics.networks.checks import log_displacement
from pyscimlode.kinetics.networks.moieties import balances
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.compiled import CompiledLaws

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearJacobian:
    """J0, A and B of one steady state, in coordinates scaled by concentrations.

    Attributes:
        constant: ``(n, n)`` J0.
        left: ``(n, terms)`` A.
        right: ``(terms, n)`` B.
        entries: ``(entries,)`` flat positions in J that H moves.
        matrix: ``(entries, terms)`` sparse: J.flat[entries] = J0.flat[entries] + matrix @ H.
        concentrations: ``(n,)`` mM of the independent species, which undo the scaling.
    """

    constant: FloatArray
    left: FloatArray
    right: FloatArray
    entries: npt.NDArray[np.int64]
    matrix: sparse.csr_array
    concentrations: FloatArray

    def assemble(self, remaining: FloatArray) -> FloatArray:
        """Return J ``(models, n, n)`` for H ``(terms, models)``."""
        n, models = len(self.constant), remaining.shape[1]
        result = np.empty((models, n * n))
        result[:] = self.constant.ravel()
        result[:, self.entries] += (self.matrix @ remaining).T
        return result.reshape(models, n, n)

    def unscaled(self, jacobian: FloatArray) -> FloatArray:
        """Return J in concentrations instead of scaled coordinates."""
        c = self.concentrations
        return np.asarray(jacobian * (c[:, None] / c))


def linear_jacobian(
    network: KineticNetwork, state: SteadyState, laws: CompiledLaws
) -> LinearJacobian:
    """Return the fixed parts of the Jacobian at a steady state."""
    of = balances(network)
    c = state.concentrations
    rows = np.isin(of.dynamic, of.independent)
    flow = of.matrix[rows] * state.fluxes_mM_h / c[of.independent][:, None]
    chain = np.zeros((len(c), len(of.independent)))
    chain[of.independent, np.arange(len(of.independent))] = 1.0
    chain[of.dependent] = of.link * c[of.independent] / c[of.dependent][:, None]
    constant = flow @ (_state_elasticities(network, state, laws) @ chain)
    left, right = flow[:, laws.reaction], chain[laws.species]
    entries, matrix = _flat_operator(left, right)
    return LinearJacobian(constant, left, right, entries, matrix, c[of.independent])


def _state_elasticities(
    network: KineticNetwork, state: SteadyState, laws: CompiledLaws
) -> FloatArray:
    """Return E0 ``(reactions, species)``: thermodynamics, modifiers and mass action."""
    return np.asarray(
        laws.forward - thermodynamic_pull(network, state)[:, None] * laws.displacement
    )


def thermodynamic_pull(network: KineticNetwork, state: SteadyState) -> FloatArray:
    """Return r / (1 - r) ``(reactions,)`` with r = Gamma/Keq; zero for irreversible laws."""
    log_r = log_displacement(network, state)
    return np.asarray(-np.exp(log_r) / np.expm1(log_r))


def _flat_operator(
    left: FloatArray, right: FloatArray
) -> tuple[npt.NDArray[np.int64], sparse.csr_array]:
    """Return where A diag(H) B has entries, and the sparse map from H to them."""
    n, terms = left.shape
    flat, term, value = [], [], []
    for k in range(terms):
        i, j = np.flatnonzero(left[:, k]), np.flatnonzero(right[k])
        flat.append((i[:, None] * n + j).ravel())
        term.append(np.full(len(i) * len(j), k))
        value.append(np.outer(left[i, k], right[k, j]).ravel())
    positions = np.concatenate(flat or [np.zeros(0, dtype=np.int64)])
    entries, row = np.unique(positions, return_inverse=True)
    values = np.concatenate(value or [np.zeros(0)])
    columns = np.concatenate(term or [np.zeros(0, dtype=np.int64)])
    matrix = sparse.csr_array((values, (row, columns)), shape=(len(entries), terms))
    return entries.astype(np.int64), matrix
