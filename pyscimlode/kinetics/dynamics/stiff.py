"""Stiff integration of logarithms of concentrations, of many models at once.

RODAS, a Rosenbrock method of order 4(3) with six stages, stiffly accurate and L-stable, with dense
output of order 3 (E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, 2nd ed. 1996,
section IV.7 and code RODAS). Every row has its own step length. The fields do not depend on time,
so that steps too short for the clock of double precision (the fastest eigenvalues are 1e12/h) are
no trouble.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.status import Status
from pyscimlode.errors import DataError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
OnStep = Callable[[IntArray, FloatArray, Callable[[float], FloatArray]], None]
"""(rows, lengths of their steps, share of the step -> y ``(rows, n)``), after accepted steps."""
LOWEST, HIGHEST = -230.0, 50.0
"""Range of ln c (mM) in which rates are evaluated: what a solver tries beyond it is cut off."""
MOST_STEPS = 5_000
TOGETHER = 64
"""Rows that are advanced at once; the others wait until one of them ends."""
SHORTEST = 1e-22
FIRST = 1e-10
"""Shortest and first steps, h."""

GAMMA = 0.25
A = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895),
)
C = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616),
    (
        8.083246795921522,
        -7.981132988064893,
        -31.52159432874371,
        16.31930543123136,
        -6.058818238834054,
    ),
)
BEND = (
    10.12623508344586,
    -7.487995877610167,
    -34.80091861555747,
    -7.992771707568823,
    1.025137723295662,
)
TWIST = (
    -0.6762803392801253,
    6.087714651680015,
    16.43084320892478,
    24.76722511418386,
    -6.594389125716872,
)


class LogField(Protocol):
    """dy/dt for y = ln c of many rows."""

    def rhs(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return dy/dt ``(len(rows), n)`` at y ``(len(rows), n)``."""

    def jacobian(self, y: FloatArray, rows: IntArray) -> FloatArray:
        """Return d(dy/dt)/dy ``(len(rows), n, n)``."""


@dataclass(frozen=True, eq=False)
class LogPaths:
    """Trajectories of all rows.

    Attributes:
        values: ``(rows, times, n)`` y; NaN at times that a row did not reach.
        reached: ``(rows,)`` h.
        last: ``(rows, n)`` y where each row ended.
        status: of each row.
        steps: ``(rows,)`` steps, rejected ones included.
        pace: ``(rows,)`` h, the length that the next step would have had.
    """

    values: FloatArray
    reached: FloatArray
    last: FloatArray
    status: tuple[Status, ...]
    steps: IntArray
    pace: FloatArray


def integrate_log(
    field: LogField,
    start: FloatArray,
    times: FloatArray,
    *,
    rtol: float = 1e-6,
    smallest: float = 1e-6,
    most: int = MOST_STEPS,
    on_step: OnStep | None = None,
) -> LogPaths:
    """Integrate y = ln c of many rows from time 0.

    The local error of c is held below rtol (c + smallest) in the root mean square of the species.

    Args:
        field: of ln c; evaluated between exp(LOWEST) and exp(HIGHEST) mM.
        start: ``(rows, n)`` ln mM.
        times: ``(times,)`` h of the output, none negative, increasing; the last one is the end.
        rtol: relative tolerance of c.
        smallest: mM, below which a concentration need not be known.
        most: steps of a row after which it is given up.
        on_step: is told of every accepted step.

    Raises:
        DataError: a tolerance or number of steps that cannot be.
    """
    if not 0 < rtol < 1:
        raise DataError(f"rtol={rtol!r} must lie between 0 and 1.")
    if most < 1:
        raise DataError(f"most={most!r} must be at least one step.")
    run = _Run(field, start, times, rtol, smallest, most, on_step)
    while len(run.active):
        run.step()
    status = tuple(Status(int(code)) for code in run.status)
    return LogPaths(run.values, run.t, run.y, status, run.steps, run.h)


class _Run:
    """All rows of one integration; those that ended are left alone."""

    def __init__(
        self,
        field: LogField,
        start: FloatArray,
        times: FloatArray,
        rtol: float,
        smallest: float,
        most: int,
        on_step: OnStep | None,
    ) -> None:
        rows = len(start)
        self.field, self.times, self.most, self.on_step = field, times, most, on_step
        self.rtol, self.smallest = rtol, smallest
        self.end = float(times[-1])
        self.y = np.array(start, dtype=np.float64)
        self.t = np.zeros(rows)
        self.h = np.full(rows, min(FIRST, self.end or FIRST))
        self.steps = np.zeros(rows, dtype=np.int64)
        self.status = np.zeros(rows, dtype=np.int64)
        self.values = np.full((rows, len(times), start.shape[1]), np.nan)
        self.values[:, times <= 0] = self.y[:, None]
        self.active = np.arange(min(rows, TOGETHER) if self.end > 0 else 0)
        self.started = len(self.active)

    def step(self) -> None:
        """Try one step of every active row."""
        rows, y = self.active, self.y[self.active]
        left = self.end - self.t[rows]
        final = self.h[rows] >= left
        h = np.where(final, left, self.h[rows])
        # What a trial step overflows is not finite, and a shorter one is tried.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            increments, new = _stages(self.field, y, h, rows)
            error = self._error(increments[5], y, new)
            factor = np.clip(0.9 * error**-0.25, 0.2, 6.0)
        finite = np.isfinite(error) & np.isfinite(new).all(axis=1)
        good = finite & (error <= 1.0)
        self.steps[rows] += 1
        self.h[rows] = h * np.where(finite, factor, 0.2)
        if good.any():
            taken = _Taken(y[good], new[good], [u[good] for u in increments])
            self._accept(rows[good], h[good], final[good], taken)
        self._retire(rows, finite)

    def _error(self, difference: FloatArray, y: FloatArray, new: FloatArray) -> FloatArray:
        """Return the error of each row over its tolerance; not finite where a stage is not."""
        top = np.clip(np.maximum(y, new), LOWEST, HIGHEST)
        scale = self.rtol * (1.0 + self.smallest * np.exp(-top))
        size = np.sqrt(np.mean((difference / scale) ** 2, axis=1))
        return np.asarray(np.maximum(size, 1e-12))

    def _accept(
        self, rows: IntArray, h: FloatArray, final: npt.NDArray[np.bool_], taken: _Taken
    ) -> None:
        before = self.t[rows]
        after = np.where(final, self.end, before + h)
        if self.on_step is not None:
            self.on_step(rows, h, taken)
        within = (self.times > before[:, None]) & (self.times <= after[:, None])
        for row, time in zip(*np.nonzero(within), strict=True):
            share = min((self.times[time] - before[row]) / h[row], 1.0)
            self.values[rows[row], time] = taken(share, row)
        self.y[rows], self.t[rows] = taken.after, after

    def _retire(self, rows: IntArray, finite: npt.NDArray[np.bool_]) -> None:
        """Note why rows ended, and go on with the others."""
        done = self.t[rows] >= self.end
        short = (self.h[rows] < SHORTEST) & ~done
        spent = (self.steps[rows] >= self.most) & ~done & ~short
        lost = np.where(finite, Status.STEP_TOO_SMALL, Status.NON_FINITE)
        self.status[rows[short]] = lost[short]
        self.status[rows[spent]] = Status.MAX_STEPS
        going = rows[~(done | short | spent)]
        stop = min(self.started + TOGETHER - len(going), len(self.t))
        self.active = np.concatenate([going, np.arange(self.started, stop)])
        self.started = stop


@dataclass(frozen=True, eq=False)
class _Taken:
    """Accepted steps with their dense output."""

    before: FloatArray
    after: FloatArray
    increments: list[FloatArray]

    def __call__(self, share: float, row: int | None = None) -> FloatArray:
        """Return y at a share of the step ``(rows, n)``, or of one row ``(n,)``."""
        at: int | slice = slice(None) if row is None else row
        stages = self.increments[:5]
        weights = [bend + share * twist for bend, twist in zip(BEND, TWIST, strict=True)]
        bent = sum(w * u[at] for w, u in zip(weights, stages, strict=True))
        rest = self.after[at] + (1.0 - share) * bent
        return np.asarray((1.0 - share) * self.before[at] + share * rest)


def _stages(
    field: LogField, y: FloatArray, h: FloatArray, rows: IntArray
) -> tuple[list[FloatArray], FloatArray]:
    """Return the increments of the stages and the new state, each ``(rows, n)``."""
    safe = np.clip(y, LOWEST, HIGHEST)
    solve = _Factors(field.jacobian(safe, rows), 1.0 / (GAMMA * h))
    increments: list[FloatArray] = []
    state = y
    for stage in range(6):
        last = stage == 5
        state = state + increments[-1] if last else _plus(y, A[stage], increments)
        right = field.rhs(np.clip(state, LOWEST, HIGHEST), rows)
        if stage:
            right = right + _plus(np.zeros_like(y), C[stage], increments) / h[:, None]
        increments.append(solve(right))
    return increments, state + increments[-1]


def _plus(y: FloatArray, weights: tuple[float, ...], increments: list[FloatArray]) -> FloatArray:
    total = y
    for weight, increment in zip(weights, increments, strict=True):
        total = total + weight * increment
    return total


class _Factors:
    """LU factors of shift - J for J ``(rows, n, n)``; where there are none, solutions are NaN."""

    def __init__(self, jacobian: FloatArray, shift: FloatArray) -> None:
        from scipy.linalg.lapack import dgetrf

        rows, size, _ = jacobian.shape
        # Transposed here, so that LAPACK finds the columns of a matrix in a row without copying.
        turned = np.empty((rows, size, size))
        np.negative(jacobian.transpose(0, 2, 1), out=turned)
        diagonal = np.arange(size)
        turned[:, diagonal, diagonal] += shift[:, None]
        found = [dgetrf(matrix.T, overwrite_a=True) for matrix in turned]
        self.rows = [(lu, pivots) if info == 0 else None for lu, pivots, info in found]

    def __call__(self, right: FloatArray) -> FloatArray:
        from scipy.linalg.lapack import dgetrs

        result = np.full_like(right, np.nan)
        for row, (factors, b) in enumerate(zip(self.rows, right, strict=True)):
            if factors is not None:
                result[row] = dgetrs(*factors, b)[0]
        return result
