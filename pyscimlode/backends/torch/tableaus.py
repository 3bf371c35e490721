"""Explicit Runge-Kutta methods: coefficients, order, error estimate and dense output.

Every method is written with a last stage at the end of the step (``c = 1``, its row of ``a`` are
the weights ``b``), whose derivative is the first stage of the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.integrate import DOP853, RK45

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tableau:
    """An explicit method.

    Attributes:
        name: canonical solver name.
        order: of the solution that is carried on.
        c: ``(stages,)`` nodes.
        a: ``(stages, stages)`` strictly lower triangular; the last row holds the weights.
        error: ``(estimates, stages)`` weights of the error estimates; empty for fixed steps. Two
            estimates are combined as in DOP853.
        dense: ``(stages + extra, powers)``; the solution at the fraction x of a step is
            ``y + h * sum_i k_i * sum_j dense[i, j] * x**(j + 1)``.
        extra_c: ``(extra,)`` nodes of stages that the dense output alone needs.
        extra_a: ``(extra, stages + extra)`` their coefficients.
        citation: where the coefficients come from.
    """

    name: str
    order: int
    c: FloatArray
    a: FloatArray
    error: FloatArray
    dense: FloatArray
    citation: str
    extra_c: FloatArray = field(default_factory=lambda: np.zeros(0))
    extra_a: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def stages(self) -> int:
        """Number of stages of a step, the one at its end included."""
        return len(self.c)

    @property
    def extra(self) -> int:
        """Number of stages that the dense output alone needs."""
        return len(self.extra_c)

    @property
    def adaptive(self) -> bool:
        """Whether the method estimates its error."""
        return len(self.error) > 0

    @property
    def error_exponent(self) -> float:
        """One over the order of the step's error estimate."""
        return {"dopri8": 1.0 / 8.0}.get(self.name, 1.0 / 5.0)


def tsit5() -> Tableau:
    """Tsitouras' 5(4) pair with its free fourth-order interpolant.

    Ch. Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying
    assumption, Computers & Mathematics with Applications 62 (2011) 770-775.
    """
    a = np.zeros((7, 7))
    a[1, :1] = 0.161
    a[2, :2] = -0.008480655492356989, 0.335480655492357
    a[3, :3] = 2.8971530571054935, -6.359448489975075, 4.3622954328695815
    a[4, :4] = 5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525
    a[5, :5] = (
        5.86145544294642,
        -12.92096931784711,
        8.159367898576159,
        -0.071584973281401,
        -0.028269050394068383,
    )
    a[6, :6] = (
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
    )
    error = (
        -0.00178001105222577714,
        -0.0008164344596567469,
        0.007880878010261995,
        -0.1447110071732629,
        0.5823571654525552,
        -0.45808210592918697,
        1.0 / 66.0,
    )
    dense = (
        (1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216),
        (0.0, 0.13169999999999998, -0.2234, 0.1017),
        (0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253),
        (0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902),
        (0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928),
        (0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661),
        (0.0, 1.5, -4.0, 2.5),
    )
    return Tableau(
        name="tsit5",
        order=5,
        c=np.array([0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0]),
        a=a,
        error=np.array([error]),
        dense=np.array(dense),
        citation="Tsitouras (2011), doi:10.1016/j.camwa.2011.06.002",
    )


def dopri5() -> Tableau:
    """Dormand and Prince's 5(4) pair with Shampine's dense output; coefficients from SciPy.

    J. R. Dormand, P. J. Prince, A family of embedded Runge-Kutta formulae, Journal of
    Computational and Applied Mathematics 6 (1980) 19-26; L. F. Shampine, Some practical
    Runge-Kutta formulas, Mathematics of Computation 46 (1986) 135-150.
    """
    a = np.zeros((7, 7))
    a[:6, :5] = RK45.A
    a[6, :6] = RK45.B
    return Tableau(
        name="dopri5",
        order=5,
        c=np.append(RK45.C, 1.0),
        a=a,
        error=np.array([RK45.E]),
        dense=np.array(RK45.P),
        citation="Dormand & Prince (1980), doi:10.1016/0771-050X(80)90013-3",
    )


def dopri8() -> Tableau:
    """DOP853: order 8 with error estimates of order 5 and 3 and a dense output of order 7.

    E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I, 2nd ed. (1993),
    section II.10; coefficients from SciPy.
    """
    stages, extra = 13, len(DOP853.C_EXTRA)
    a = np.zeros((stages, stages))
    a[:12, :12] = DOP853.A[:12, :12]
    a[12, :12] = DOP853.B
    extra_a = np.zeros((extra, stages + extra))
    extra_a[:, : DOP853.A_EXTRA.shape[1]] = DOP853.A_EXTRA
    return Tableau(
        name="dopri8",
        order=8,
        c=np.append(DOP853.C[:12], 1.0),
        a=a,
        error=np.array([DOP853.E5, DOP853.E3]),
        dense=_dop853_dense(a[12], stages + extra),
        citation="Hairer, Norsett & Wanner (1993), doi:10.1007/978-3-540-78862-1",
        extra_c=np.array(DOP853.C_EXTRA),
        extra_a=extra_a,
    )


def _dop853_dense(b: FloatArray, stages: int) -> FloatArray:
    """Expand the nested form x (F0 + (1 - x) (F1 + x (F2 + ...))) in powers of x."""
    first, last, change = np.zeros(stages), np.zeros(stages), np.zeros(stages)
    first[0], last[12], change[: len(b)] = 1.0, 1.0, b
    nested = [change, first - change, 2.0 * change - (first + last), *DOP853.D]
    powers = np.zeros((stages, len(nested) + 1))
    factor = np.polynomial.Polynomial([1.0])
    for level, coefficients in enumerate(nested):
        factor *= np.polynomial.Polynomial([0.0, 1.0] if level % 2 == 0 else [1.0, -1.0])
        powers[:, : len(factor.coef)] += np.outer(coefficients, factor.coef)
    return powers[:, 1:]


def rk4() -> Tableau:
    """Kutta's classical method of order 4 with fixed steps and cubic Hermite dense output.

    W. Kutta, Beitrag zur naherungsweisen Integration totaler Differentialgleichungen, Zeitschrift
    fur Mathematik und Physik 46 (1901) 435-453.
    """
    a = np.zeros((5, 5))
    a[1, 0], a[2, 1], a[3, 2] = 0.5, 0.5, 1.0
    b = np.array([1.0, 2.0, 2.0, 1.0, 0.0]) / 6.0
    a[4] = b
    start, end = np.eye(5)[0], np.eye(5)[4]
    dense = np.stack([start, 3.0 * b - 2.0 * start - end, start + end - 2.0 * b], axis=1)
    return Tableau(
        name="rk4",
        order=4,
        c=np.array([0.0, 0.5, 0.5, 1.0, 1.0]),
        a=a,
        error=np.zeros((0, 5)),
        dense=dense,
        citation="Kutta (1901)",
    )


METHODS: dict[str, Callable[[], Tableau]] = {
    "tsit5": tsit5,
    "dopri5": dopri5,
    "dopri8": dopri8,
    "rk4": rk4,
}


@cache
def tableau(name: str) -> Tableau:
    """Return a method by its canonical name."""
    return METHODS[name]()
