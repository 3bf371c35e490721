"""A batch reactor as a field of ln c: cells of many models, each in a reactor of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.dynamics.log_fields import RateField
from pyscimlode.kinetics.networks.moieties import balances, stoichiometry
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
TRICKLE = 1e-30
"""mM/h that flow into everything. It adds no mass that counts, and bounds ln c from below, where a
substrate that is gone would run to minus infinity."""


def released_species(
    network: KineticNetwork, compartment: str, held: Sequence[str]
) -> tuple[str, ...]:
    """Return the species of the medium that change: held by the network, and not by the reactor.

    Raises:
        DataError: there are none, or ``held`` is no list.
        ModelError: ``held`` names an unknown species.
    """
    if isinstance(held, str):
        raise DataError(f"held={held!r} is one text; give a list of species, such as [{held!r}].")
    network.species_index(held)
    released = tuple(
        s.id
        for s in network.species
        if s.fixed and s.compartment == compartment and s.id not in held
    )
    if not released:
        raise DataError(
            f"No species is released: compartment {compartment!r} has no held species left."
        )
    return released


class ReactorField:
    """dc/dt = N v in the cells, dS/dt = X N v in the medium, dX/dt = mu X.

    The variables are ln of dynamic species, released species and X, in this order.

    Args:
        network: the kinetic network.
        state: gives Keq and what is held.
        growth: id of the growth reaction.
        released: species of the medium that change.
        density: gDW per litre of cells.
        ln_km: ``(rows, KM)`` ln mM.
        ln_vmax: ``(rows, reactions)`` ln mM/h.
    """

    def __init__(
        self,
        network: KineticNetwork,
        state: SteadyState,
        growth: str,
        released: Sequence[str],
        density: float,
        ln_km: FloatArray,
        ln_vmax: FloatArray,
    ) -> None:
        of, outside = balances(network), network.species_index(released)
        self.growth, self.density = int(network.reaction_index([growth])[0]), density
        self.place = np.concatenate([of.dynamic, outside])
        self.cells = len(of.dynamic)
        self.per_gdw = stoichiometry(network)[outside] / density
        matrix = np.vstack([of.matrix, self.per_gdw])
        self.field = RateField(network, state, self.place, matrix, ln_km, ln_vmax)

    def rhs(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return dy/dt ``(len(rows), variables)`` in 1/h."""
        change, mu = self._change(y, self.field.rates(y[:, :-1], rows))
        return np.asarray(np.vstack([change + TRICKLE * np.exp(-y[:, :-1].T), mu]).T)

    def jacobian(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return d(dy/dt)/dy ``(len(rows), variables, variables)``."""
        v, slopes = self.field.derivatives(y[:, :-1], rows)
        change, _ = self._change(y, v)
        size, diagonal = y.shape[1], np.arange(y.shape[1] - 1)
        slope = np.zeros((size, size, len(y)))
        slope[:-1, :-1] = self.field.by_log(slopes) * self._scale(y)
        slope[diagonal, diagonal] -= change + TRICKLE * np.exp(-y[:, :-1].T)
        slope[-1, self.cells : -1] = change[self.cells :]
        of_growth = np.flatnonzero(self.field.reaction == self.growth)
        slope[self.field.variable[of_growth], -1] = slopes[of_growth] / self.density
        return slope.transpose(2, 1, 0)

    def uptake(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return dS/dt ``(len(rows), released)`` in mM/h."""
        per_cell = self.per_gdw @ self.field.rates(y[:, :-1], rows)
        return np.asarray((np.exp(y[:, -1]) * per_cell).T)

    def growth_rate(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return mu ``(len(rows),)`` in 1/h."""
        return np.asarray(self.field.rates(y[:, :-1], rows)[self.growth] / self.density)

    def _change(self, y: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return d ln c/dt ``(species, rows)`` and mu ``(rows,)``."""
        change = np.asarray(self.field.sparse_matrix @ v) * self._scale(y)
        return change, v[self.growth] / self.density

    def _scale(self, y: FloatArray) -> FloatArray:
        """Return 1/c in the cells and X/S in the medium ``(species, rows)``."""
        log_scale = -y[:, :-1].T
        log_scale[self.cells :] += y[:, -1]
        return np.asarray(np.exp(log_scale))
