"""Kinetic models as fields of ln c: many models at once, with sparsely computed Jacobians."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.kinetics.networks.moieties import balances
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.compiled import compile_laws
from pyscimlode.models.kinetic.rates import RateFunction
from pyscimlode.models.kinetic.saturation import log_denominator, occupied

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class RateField:
    """M v and its derivatives by ln c of some species, for rows of models.

    An *entry* is a pair (reaction, variable species) in which dv/dln c may differ from zero.

    Args:
        network: the kinetic network.
        state: gives Keq and the concentrations of species that are no variables.
        place: ``(variables,)`` positions of the variable species.
        matrix: ``(variables, reactions)`` M.
        ln_km: ``(rows, KM)`` ln mM.
        ln_vmax: ``(rows, reactions)`` ln mM/h.
    """

    def __init__(
        self,
        network: KineticNetwork,
        state: SteadyState,
        place: IntArray,
        matrix: FloatArray,
        ln_km: FloatArray,
        ln_vmax: FloatArray,
    ) -> None:
        self.laws = compile_laws(network)
        self.place, self.matrix = place, matrix
        with np.errstate(divide="ignore"):
            self._log_fixed, self._log_keq = (
                np.log(state.concentrations),
                np.log(state.keq)[:, None],
            )
        self._log_km = np.ascontiguousarray(ln_km[:, self.laws.km].T)
        self._log_scale = ln_vmax.T.copy()
        np.subtract.at(self._log_scale, self.laws.reaction, self.laws.order[:, None] * self._log_km)
        self._index(RateFunction(network, state.keq))

    def rates(self, log_c: FloatArray, rows: IntArray) -> FloatArray:
        """Return v ``(reactions, len(rows))`` in mM/h for ln c ``(len(rows), variables)``."""
        forward, affinity, _ = self._parts(log_c, rows)
        return np.asarray(-forward * np.expm1(affinity))

    def derivatives(self, log_c: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return v, and dv/dln c of the entries ``(entries, len(rows))``."""
        forward, affinity, x = self._parts(log_c, rows)
        net = -forward * np.expm1(affinity)
        backward = forward * np.exp(affinity)
        slopes = self._orders * forward[self.reaction]
        slopes -= self._back_orders * backward[self.reaction]
        slopes -= np.asarray(self._terms @ (occupied(self.laws, x) * net[self.laws.reaction]))
        return net, slopes

    def _parts(
        self, log_c: FloatArray, rows: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return forward rates, ln Gamma/Keq, each ``(reactions, rows)``, and c/K of the terms."""
        full = np.repeat(self._log_fixed[:, None], len(log_c), axis=1)
        full[self.place] = log_c.T
        x = np.exp(full[self.laws.species] - self._log_km[:, rows])
        log_forward = self._log_scale[:, rows] + self._forward @ full
        log_forward -= log_denominator(self.laws, x)
        return np.exp(log_forward), self._gamma @ full - self._log_keq, x

    def by_log(self, slopes: FloatArray) -> FloatArray:
        """Return d(M v)/dln c from dv/dln c of the entries.

        Returns:
            ``(variables of the derivative, rows of M, rows)``.
        """
        return np.asarray(self._scatter @ slopes).reshape(len(self.place), -1, slopes.shape[1])

    def _index(self, function: RateFunction) -> None:
        from scipy.sparse import csr_matrix

        laws, size = self.laws, len(self.place)
        orders, back = function.forward_orders, function.backward_orders
        self._forward = csr_matrix(orders)
        self._gamma = csr_matrix(laws.displacement)
        touched = (orders != 0) | (back != 0)
        touched[laws.reaction, laws.species] = True
        self.reaction, self.variable = np.nonzero(touched[:, self.place])
        pairs = self.reaction, self.place[self.variable]
        entries = len(self.reaction)
        self._orders, self._back_orders = orders[pairs][:, None], back[pairs][:, None]
        number = np.full(touched.shape, -1)
        number[pairs] = np.arange(entries)
        of_term = number[laws.reaction, laws.species]
        term = np.flatnonzero(of_term >= 0)
        terms = np.ones(len(term)), (of_term[term], term)
        self._terms = csr_matrix(terms, (entries, laws.terms))
        self.sparse_matrix = csr_matrix(self.matrix)
        row, entry = np.nonzero(self.matrix[:, self.reaction])
        weights = self.matrix[row, self.reaction[entry]]
        cells = self.variable[entry] * size + row
        self._scatter = csr_matrix((weights, (cells, entry)), (size * size, entries))


class CellField:
    """dc/dt = N v of rows of models, in y = ln c of the dynamic species."""

    def __init__(
        self, network: KineticNetwork, state: SteadyState, ln_km: FloatArray, ln_vmax: FloatArray
    ) -> None:
        of = balances(network)
        self.field = RateField(network, state, of.dynamic, of.matrix, ln_km, ln_vmax)
        self._matrix = self.field.sparse_matrix

    def rhs(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return dy/dt ``(len(rows), dynamic)`` in 1/h."""
        v = self.field.rates(y, rows)
        return np.asarray((self._matrix @ v).T * np.exp(-y))

    def jacobian(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return d(dy/dt)/dy ``(len(rows), dynamic, dynamic)``."""
        v, slopes = self.field.derivatives(y, rows)
        per_c = np.exp(-y.T)
        slope = self.field.by_log(slopes) * per_c
        diagonal = np.arange(y.shape[1])
        slope[diagonal, diagonal] -= np.asarray(self._matrix @ v) * per_c
        return slope.transpose(2, 1, 0)
