"""Stiff integration of logarithms of concentrations, with a limit on its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import SolverError

FloatArray = npt.NDArray[np.float64]
Field = Callable[[float, FloatArray], FloatArray]
LOWEST, HIGHEST = -230.0, 50.0
"""Range of ln c (mM) in which rates are evaluated: what a solver tries beyond it is cut off."""
MOST_EVALUATIONS = 40_000


@dataclass(frozen=True, eq=False)
class LogPath:
    """A trajectory y(t) in pieces, each with a clock of its own.

    Attributes:
        starts: ``(pieces,)`` h at which pieces begin.
        pieces: interpolants of the time since their start.
        nodes: ``(steps,)`` h at which steps ended, and the start.
    """

    starts: FloatArray
    pieces: tuple[Any, ...]
    nodes: FloatArray

    def at(self, times: FloatArray) -> FloatArray:
        """Return y ``(times, n)``."""
        piece = np.clip(np.searchsorted(self.starts, times, side="right") - 1, 0, None)
        pairs = zip(piece, times, strict=True)
        return np.array([self.pieces[i](time - self.starts[i]) for i, time in pairs])


def integrate_log(
    rhs: Field,
    jacobian: Field,
    start: FloatArray,
    hours: float,
    *,
    rtol: float = 1e-6,
    most: int = MOST_EVALUATIONS,
) -> LogPath:
    """Integrate y = ln c, whose field does not depend on time, by SciPy's BDF.

    Where a step is too short for the clock (the fastest eigenvalues are 1e12/h, and 1e-14 h after
    10 h is no time in double precision), the solver starts again with its clock at zero.

    Args:
        rhs: ``(t, y) -> (n,)``.
        jacobian: ``(t, y) -> (n, n)``.
        start: ``(n,)`` ln mM.
        hours: how long.
        rtol: tolerance of y, relative and absolute.
        most: evaluations of ``rhs`` after which the solver is stopped.

    Raises:
        SolverError: the solver gave up, or took more than ``most`` evaluations.
    """
    from scipy.integrate import solve_ivp

    count, reached = 0, 0.0

    def counted(t: float, y: FloatArray) -> FloatArray:
        nonlocal count
        count += 1
        if count > most:
            raise SolverError(f"It took more than {most} evaluations to reach {reached + t:g} h.")
        return rhs(t, np.clip(y, LOWEST, HIGHEST))

    def slope(t: float, y: FloatArray) -> FloatArray:
        return jacobian(t, np.clip(y, LOWEST, HIGHEST))

    y, starts, pieces, nodes = start, [], [], [np.zeros(1)]
    while reached < hours:
        span = (0.0, hours - reached)
        # What a trial step overflows is not finite, and the solver takes a shorter one.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            try:
                piece = solve_ivp(
                    counted,
                    span,
                    y,
                    method="BDF",
                    dense_output=True,
                    jac=slope,
                    rtol=rtol,
                    atol=rtol,
                )
            except SolverError:
                raise
            except (ValueError, np.linalg.LinAlgError) as error:
                raise SolverError(f"Its linear algebra failed: {error}.") from error
        if len(piece.t) < 2:
            raise SolverError(f"{piece.message} It had reached {reached:g} h.")
        starts.append(reached)
        pieces.append(piece.sol)
        nodes.append(reached + piece.t[1:])
        y = piece.y[:, -1]
        reached = hours if piece.success else reached + piece.t[-1]
    return LogPath(np.array(starts), tuple(pieces), np.concatenate(nodes))
