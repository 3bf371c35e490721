"""The mixed-integer linear programme of fluxes, potentials and directions.

Henry, Broadbelt & Hatzimanikatis, Biophys. J. 92:1792, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.networks.moieties import stoichiometry
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.sampling.state_ranges import Limits
from pyscimlode.models.kinetic.compiled import displacement_exponents

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Rows = tuple[FloatArray, FloatArray]
MARGIN = 1.0 + 1e-6
"""By how much |v| and |ln Gamma/Keq| stay off their minima, as solvers have tolerances."""
TIME_LIMIT = 60.0
"""Of one programme, s."""


@dataclass(frozen=True, eq=False)
class DirectionProgramme:
    """Constraints on x = (v, ln c, ln Keq, forward); ``forward`` is one binary a reaction.

    Args:
        network: the kinetic network.
        limits: of fluxes, concentrations and equilibrium constants.
    """

    network: KineticNetwork
    limits: Limits

    @property
    def reactions(self) -> int:
        """Number of reactions."""
        return len(self.network.reactions)

    @property
    def size(self) -> int:
        """Number of variables."""
        return 3 * self.reactions + len(self.network.species)

    @cached_property
    def reversible(self) -> BoolArray:
        """``(reactions,)`` whether the law has a backward rate."""
        return np.array([r.reversible for r in self.network.reactions])

    @cached_property
    def one_way(self) -> BoolArray:
        """``(reactions,)`` whether law or range leave one direction."""
        flux = self.limits.flux
        return ~self.reversible | (flux[:, 0] > 0) | (flux[:, 1] < 0)

    def forward(self, x: FloatArray) -> BoolArray:
        """Return the directions ``(reactions,)`` of a solution."""
        return np.asarray(x[-self.reactions :] > 0.5)

    def solve(self, weights: FloatArray, *, drive: bool = True) -> FloatArray | None:
        """Minimise ``weights @ x``; None where no x is feasible.

        Args:
            weights: ``(size,)``.
            drive: without it the fluxes alone count.

        Raises:
            DataError: nothing was found within :data:`TIME_LIMIT`.
        """
        rows = [self._flux_rows(self.limits.flux)] + ([self._drive_rows()] if drive else [])
        return self._minimise(np.asarray(weights), rows, self.limits.flux, 0)

    def least_relaxed(self, *, drive: bool) -> FloatArray | None:
        """Return the smallest relaxation ``(reactions,)`` that leaves something feasible.

        Of minimal fluxes, as shares of them, without ``drive``; with it of ln Keq.
        """
        n_v = self.reactions
        weights = np.append(np.zeros(self.size), np.ones(n_v))
        flux = self.limits.flux
        if drive:
            slack = self._slack(np.ones(n_v))[np.concatenate([self.reversible] * 2)]
            matrix, upper = self._drive_rows()
            rows = [
                _with_slack(self._flux_rows(flux), np.zeros((2 * n_v, n_v))),
                (np.column_stack([matrix, slack]), upper),
            ]
        else:
            flux = np.column_stack([np.minimum(flux[:, 0], 0.0), np.maximum(flux[:, 1], 0.0)])
            rows = [_with_slack(self._flux_rows(flux), self._slack(self.limits.min_flux))]
        x = self._minimise(weights, rows, flux, n_v)
        return None if x is None else np.asarray(x[self.size :])

    def _slack(self, unit: FloatArray) -> FloatArray:
        return np.concatenate([-np.diag(unit)] * 2)

    def _minimise(
        self, weights: FloatArray, rows: list[Rows], flux: FloatArray, extra: int
    ) -> FloatArray | None:
        from scipy import sparse
        from scipy.optimize import Bounds, LinearConstraint, milp

        n_v = self.reactions
        balance = np.zeros((len(self.network.dynamic_ids), self.size + extra))
        balance[:, :n_v] = balance_rows(self.network)
        constraints = [LinearConstraint(sparse.csr_array(balance), 0.0, 0.0)]
        constraints += [LinearConstraint(sparse.csr_array(a), -np.inf, b) for a, b in rows]
        box = np.concatenate([flux, self.limits.log_c, self.limits.log_keq])
        low = [box[:, 0], (~self.reversible).astype(float), np.zeros(extra)]
        high = [box[:, 1], np.ones(n_v), np.full(extra, np.inf)]
        kinds = [np.zeros(self.size - n_v), np.ones(n_v), np.zeros(extra)]
        solution = milp(
            weights,
            constraints=constraints,
            integrality=np.concatenate(kinds),
            bounds=Bounds(np.concatenate(low), np.concatenate(high)),
            options={"mip_rel_gap": 0.1, "time_limit": TIME_LIMIT},
        )
        if solution.x is None and solution.status == 1:
            raise DataError(
                f"No direction pattern of {self.network.name!r} was found within {TIME_LIMIT:g} s; "
                "narrow the ranges, or fix directions by ranges of fluxes without zero."
            )
        return None if solution.x is None else np.asarray(solution.x)

    def _flux_rows(self, flux: FloatArray) -> Rows:
        """Return rows that say v >= min where forward, and v <= -min where not."""
        n_v = self.reactions
        minimum = self.limits.min_flux * np.where(self.one_way, 1.0, MARGIN)
        reach_down = minimum - np.minimum(flux[:, 0], 0.0)
        reach_up = minimum + np.maximum(flux[:, 1], 0.0)
        between = np.zeros((n_v, self.size - 2 * n_v))
        eye = np.eye(n_v)
        forward = np.column_stack([-eye, between, np.diag(reach_down)])
        backward = np.column_stack([eye, between, -np.diag(reach_up)])
        upper = np.concatenate([reach_down - minimum, -minimum])
        return np.concatenate([forward, backward]), upper

    def _drive_rows(self) -> Rows:
        """Return rows that say ln Gamma/Keq <= -min where forward, and >= min where not."""
        n_v, limits = self.reactions, self.limits
        exponents = displacement_exponents(self.network)
        low, high = np.minimum(exponents, 0.0), np.maximum(exponents, 0.0)
        smallest = low @ limits.log_c[:, 1] + high @ limits.log_c[:, 0] - limits.log_keq[:, 1]
        largest = low @ limits.log_c[:, 0] + high @ limits.log_c[:, 1] - limits.log_keq[:, 0]
        minimum = limits.min_displacement * MARGIN
        up, down = largest + minimum, minimum - smallest
        log_gamma = np.column_stack([np.zeros((n_v, n_v)), exponents, -np.eye(n_v)])
        forward = np.column_stack([log_gamma, np.diag(up)])
        backward = np.column_stack([-log_gamma, -np.diag(down)])
        keep = np.concatenate([self.reversible, self.reversible])
        upper = np.concatenate([up - minimum, np.full(n_v, -minimum)])
        return np.concatenate([forward, backward])[keep], upper[keep]


def balance_rows(network: KineticNetwork) -> FloatArray:
    """Return N of the dynamic species ``(dynamic, reactions)``, rows scaled to at most one."""
    rows = stoichiometry(network)[network.species_index(network.dynamic_ids)]
    largest = np.abs(rows).max(axis=1, keepdims=True)
    return np.asarray(rows / np.where(largest > 0, largest, 1.0))


def _with_slack(rows: Rows, slack: FloatArray) -> Rows:
    return np.column_stack([rows[0], slack]), rows[1]
