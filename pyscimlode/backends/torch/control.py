"""Step size control of every row on its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.tableaus import Tableau

SAFETY = 0.9
SMALLEST_FACTOR, LARGEST_FACTOR = 0.2, 10.0
NON_FINITE_FACTOR = 0.1
STRETCH = 1.08
"""By how much a step may be longer than asked for when it then ends on a knot or at the end. The
error of a fifth-order step grows by 1.08^5 = 1.47, what is aimed for is 0.9^5 = 0.59."""
BETA = 0.04
"""Weight of the previous error, E. Hairer, G. Wanner, Solving Ordinary Differential Equations II
(1996), section IV.2."""


@dataclass(frozen=True, eq=False)
class Controller:
    """A PI controller.

    Attributes:
        arrays: where numbers live.
        tableau: the method, for its order.
        rtol: relative tolerance.
        atol: absolute tolerance.
        n_states: number of states.
    """

    arrays: Arrays
    tableau: Tableau
    rtol: float
    atol: float
    n_states: int
    count: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", self.arrays.reals([self.n_states]))

    def parts(self, remaining: Array, h: Array) -> Array:
        """Return in how many equal steps to go a way for which steps ``h`` are right."""
        return self.arrays.at_least(self.arrays.xp.ceil(remaining / (STRETCH * h)), 1.0)

    def error(self, start: Array, end: Array, estimates: list[Array]) -> Array:
        """Return the error of every row in units of the tolerance, ``(rows,)`` float64.

        Args:
            start: ``(states * rows,)``.
            end: ``(states * rows,)``.
            estimates: error estimates ``(states * rows,)``; two are combined as in DOP853 (Hairer,
                Norsett & Wanner 1993, section II.10).
        """
        xp = self.arrays.xp
        scale = xp.maximum(xp.abs(start), xp.abs(end))
        scale *= self.rtol
        scale += self.atol
        squares = []
        for estimate in estimates:
            xp.divide(estimate, scale, out=estimate)
            xp.multiply(estimate, estimate, out=estimate)
            squares.append(self._mean(estimate))
        if len(squares) == 1:
            return squares[0] ** 0.5
        first, second = squares
        return first / ((first + 0.01 * second) + 1e-300) ** 0.5

    def _mean(self, values: Array) -> Array:
        return values.reshape((self.n_states, -1)).sum(axis=0) / self.count

    def factor(self, error: Array, previous: Array) -> Array:
        """Return by how much to change the steps of rows whose errors are finite."""
        factor = self.arrays.at_least(error, 1e-10) ** (0.75 * BETA - self.tableau.error_exponent)
        factor *= SAFETY * previous**BETA
        return self.arrays.between(factor, SMALLEST_FACTOR, LARGEST_FACTOR)

    def factor_after_failure(
        self, error: Array, previous: Array, accepted: Array, finite: Array
    ) -> Array:
        """Return by how much to change the steps where some rows were not accepted."""
        factor = self.factor(error, previous)
        shrunk = self.arrays.between(factor, 0.0, 1.0)
        factor = self.arrays.xp.where(accepted, factor, shrunk)
        return self.arrays.xp.where(finite, factor, NON_FINITE_FACTOR)

    def first_step(
        self, y: Array, slope: Array, probe: Array, trial: Array, longest: Array
    ) -> Array:
        """Return the first step of every row.

        Hairer, Norsett & Wanner (1993), section II.4.

        Args:
            y: ``(states, rows)`` initial states.
            slope: derivatives there, in the unit of the step.
            probe: derivatives after an Euler step of length ``trial``.
            trial: ``(rows,)``, from :meth:`trial_step`.
            longest: ``(rows,)`` time to the end.
        """
        xp = self.arrays.xp
        scale = self.atol + self.rtol * xp.abs(y)
        d1 = self._norm(slope / scale)
        d2 = self._norm((probe - slope) / scale) / xp.clip(trial, 1e-300, None)
        worst = xp.maximum(d1, d2)
        order = 1.0 / (self.tableau.order)
        small = xp.clip(trial * 1e-3, 1e-6 * longest, None)
        step = xp.where(worst <= 1e-15, small, (0.01 / xp.clip(worst, 1e-15, None)) ** order)
        step = xp.minimum(xp.minimum(100.0 * trial, step), longest)
        return xp.where(xp.isfinite(step) & (step > 0.0), step, 1e-3 * longest)

    def trial_step(self, y: Array, slope: Array, longest: Array) -> Array:
        """Return the length of the Euler step that probes the curvature."""
        xp = self.arrays.xp
        scale = self.atol + self.rtol * xp.abs(y)
        d0, d1 = self._norm(y / scale), self._norm(slope / scale)
        step = 0.01 * d0 / xp.clip(d1, 1e-300, None)
        step = xp.where((d0 < 1e-5) | (d1 < 1e-5), 1e-4 * longest, step)
        step = xp.where(xp.isfinite(step), step, 1e-4 * longest)
        return xp.minimum(step, longest)

    def _norm(self, values: Array) -> Array:
        return self._mean(values * values) ** 0.5
