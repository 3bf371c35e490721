"""Stiff initial value problems with known answers, to try solvers on.

Each is defined once, by arithmetic on the components of the state, so the same definition runs on
floats, NumPy arrays, torch tensors and jax arrays.

>>> problem = stiff_problem("robertson")
>>> problem.rhs(0.0, problem.initial)
array([-0.04,  0.04,  0.  ])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data import pathway
from pyscimlode.data.simulate import SAMPLING_TIMES
from pyscimlode.errors import DataError, SolverError, did_you_mean

FloatArray = npt.NDArray[np.float64]
Derivatives = Callable[[Any, Sequence[Any]], tuple[Any, ...]]

VAN_DER_POL_MU = 1e3
STRAIN_SEED = 7
"""Seed of the strain whose enzymes drive the pathway problems: the benchmark's first."""


@dataclass(frozen=True, eq=False)
class StiffProblem:
    """dy/dt = f(t, y) from ``times[0]`` on.

    Attributes:
        name: to ask for it by.
        derivatives: ``(t, components of y) -> components of dy/dt``, arithmetic alone.
        jacobian: ``(t, y) -> (states, states)``, the derivative of f with respect to y.
        initial: ``(states,)`` at ``times[0]``.
        times: ``(times,)`` where solutions are compared, the start first.
        time_unit: unit of the times; ``"1"`` where the problem has none.
        atol_factor: a sensible absolute tolerance over the relative one.
        source: where it comes from.
        published: ``{time: end values}`` that are printed in the source.
    """

    name: str
    derivatives: Derivatives
    jacobian: Callable[[float, FloatArray], FloatArray]
    initial: FloatArray
    times: FloatArray
    time_unit: str
    atol_factor: float
    source: str
    published: tuple[tuple[float, tuple[float, ...]], ...] = ()

    def rhs(self, t: float, y: npt.ArrayLike) -> FloatArray:
        """Return dy/dt ``(states,)`` in NumPy."""
        return np.array(self.derivatives(t, np.asarray(y, dtype=np.float64).tolist()))

    def reference(self, rtol: float = 1e-13) -> FloatArray:
        """Return ``(times, states)`` by SciPy's Radau with the analytic Jacobian.

        Raises:
            SolverError: Radau gave up.
        """
        return self._solve(self.times, rtol)

    def end(self, time: float, rtol: float = 1e-13) -> FloatArray:
        """Return the state ``(states,)`` at one time, as :meth:`reference`."""
        return np.asarray(self._solve(np.array([self.times[0], time]), rtol)[-1])

    def _solve(self, times: FloatArray, rtol: float) -> FloatArray:
        from scipy.integrate import solve_ivp

        solution = solve_ivp(
            self.rhs,
            (times[0], times[-1]),
            self.initial,
            "Radau",
            t_eval=times,
            jac=self.jacobian,
            rtol=rtol,
            atol=rtol * self.atol_factor,
        )
        if not solution.success:
            raise SolverError(f"Radau gave up on {self.name!r}: {solution.message}")
        return np.asarray(solution.y.T)


def stiff_problem(name: str) -> StiffProblem:
    """Return one of :data:`STIFF_PROBLEMS`.

    Raises:
        DataError: there is none of this name.
    """
    if name not in STIFF_PROBLEMS:
        raise DataError(
            f"There is no stiff problem {name!r}; there are {', '.join(STIFF_PROBLEMS)}."
            + did_you_mean(name, STIFF_PROBLEMS)
        )
    return STIFF_PROBLEMS[name]()


def stiffness(problem: StiffProblem, values: FloatArray) -> FloatArray:
    """Return the largest ``|Re eigenvalue|`` of the Jacobian at ``values: (times, states)``."""
    pairs = zip(problem.times.tolist(), values, strict=True)
    return np.array([abs(np.linalg.eigvals(problem.jacobian(t, y)).real).max() for t, y in pairs])


def _robertson(t: Any, y: Sequence[Any]) -> tuple[Any, ...]:
    a, b, c = y
    decay, exchange, growth = 0.04 * a, 1e4 * b * c, 3e7 * b * b
    return exchange - decay, decay - exchange - growth, growth


def _robertson_jacobian(t: float, y: FloatArray) -> FloatArray:
    _, b, c = np.asarray(y).tolist()
    return np.array(
        [
            [-0.04, 1e4 * c, 1e4 * b],
            [0.04, -1e4 * c - 6e7 * b, -1e4 * b],
            [0.0, 6e7 * b, 0.0],
        ]
    )


@cache
def robertson() -> StiffProblem:
    """Return three reactions with rate constants from 0.04 to 3e7, over eleven decades of time."""
    return StiffProblem(
        name="robertson",
        derivatives=_robertson,
        jacobian=_robertson_jacobian,
        initial=np.array([1.0, 0.0, 0.0]),
        times=np.array([0.0, *(0.4 * 10.0**k for k in range(12)), 1e11]),
        time_unit="1",
        atol_factor=1e-6,
        source="Robertson (1966); Mazzia & Magherini, Test Set for IVP Solvers 2.4 (2008), ROBER",
        published=((1e11, (0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050)),),
    )


def _van_der_pol(t: Any, y: Sequence[Any]) -> tuple[Any, ...]:
    position, speed = y
    return speed, VAN_DER_POL_MU * (1.0 - position * position) * speed - position


def _van_der_pol_jacobian(t: float, y: FloatArray) -> FloatArray:
    position, speed = np.asarray(y).tolist()
    mu = VAN_DER_POL_MU
    return np.array([[0.0, 1.0], [-2.0 * mu * position * speed - 1.0, mu * (1.0 - position**2)]])


@cache
def van_der_pol() -> StiffProblem:
    """Return the Van der Pol oscillator with mu = 1000, over a little more than a period.

    The published values are those of the same equation in the time t / mu, whose speed is mu
    times this one's (VDPOL, eps = 1e-6).
    """
    return StiffProblem(
        name="van-der-pol",
        derivatives=_van_der_pol,
        jacobian=_van_der_pol_jacobian,
        initial=np.array([2.0, 0.0]),
        times=np.linspace(0.0, 2000.0, 11),
        time_unit="1",
        atol_factor=1e-3,
        source="Hairer & Wanner, Solving ODEs II (1996), IV.10; Test Set for IVP Solvers, VDPOL",
        published=((2000.0, (1.706167732170483, -0.8928097010247975e-3)),),
    )


def _hires(t: Any, y: Sequence[Any]) -> tuple[Any, ...]:
    y1, y2, y3, y4, y5, y6, y7, y8 = y
    bound = 280.0 * y6 * y8
    return (
        -1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007,
        1.71 * y1 - 8.75 * y2,
        -10.03 * y3 + 0.43 * y4 + 0.035 * y5,
        8.32 * y2 + 1.71 * y3 - 1.12 * y4,
        -1.745 * y5 + 0.43 * y6 + 0.43 * y7,
        -bound + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7,
        bound - 1.81 * y7,
        -bound + 1.81 * y7,
    )


_HIRES_LINEAR = np.array(
    [
        [-1.71, 0.43, 8.32, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1.71, -8.75, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, -10.03, 0.43, 0.035, 0.0, 0.0, 0.0],
        [0.0, 8.32, 1.71, -1.12, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, -1.745, 0.43, 0.43, 0.0],
        [0.0, 0.0, 0.0, 0.69, 1.71, -0.43, 0.69, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.81, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.81, 0.0],
    ]
)


def _hires_jacobian(t: float, y: FloatArray) -> FloatArray:
    value = _HIRES_LINEAR.copy()
    value[5:, 5] += np.array([-280.0, 280.0, -280.0]) * y[7]
    value[5:, 7] += np.array([-280.0, 280.0, -280.0]) * y[5]
    return value


@cache
def hires() -> StiffProblem:
    """Return HIRES, eight reactants of the growth of plants in light."""
    return StiffProblem(
        name="hires",
        derivatives=_hires,
        jacobian=_hires_jacobian,
        initial=np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057]),
        times=np.array([0.0, 1.0, 5.0, 20.0, 50.0, 100.0, 200.0, 300.0, 321.8122]),
        time_unit="1",
        atol_factor=1e-4,
        source=(
            "Schaefer (1975); Hairer & Wanner, Solving ODEs II (1996), IV.10; "
            "Test Set for IVP Solvers, HIRES"
        ),
        published=(
            (
                321.8122,
                (
                    0.7371312573325668e-3,
                    0.1442485726316185e-3,
                    0.5888729740967575e-4,
                    0.1175651343283149e-2,
                    0.2386356198831331e-2,
                    0.6238968252742796e-2,
                    0.2849998395185769e-2,
                    0.2850001604814231e-2,
                ),
            ),
        ),
    )


@cache
def _pathway(parameters: str) -> StiffProblem:
    constants = pathway.parameter_set(parameters)
    courses = pathway.EnzymeCourses.draw(1, np.random.default_rng(STRAIN_SEED))
    enzymes = list(zip(*(x[0].tolist() for x in (courses.kf, courses.km, courses.kl)), strict=True))

    def at(t: Any) -> list[Any]:
        return [kf * t / (km + t) + kl for kf, km, kl in enzymes]

    return StiffProblem(
        name=parameters,
        derivatives=lambda t, y: pathway.derivatives(y, at(t), constants),
        jacobian=lambda t, y: pathway.jacobian(y, at(t), constants),
        initial=np.array(pathway.INITIAL_STATE),
        times=np.array(SAMPLING_TIMES, dtype=np.float64),
        time_unit="h",
        atol_factor=1e-3,
        source="limonene pathway, see pyscimlode.data.pathway; first strain of seed 7",
    )


STIFF_PROBLEMS: dict[str, Callable[[], StiffProblem]] = {
    "robertson": robertson,
    "van-der-pol": van_der_pol,
    "hires": hires,
    "live-stiff": lambda: _pathway("live-stiff"),
    "published-stiff": lambda: _pathway("published-stiff"),
}
"""Three classical problems, and the simulated limonene pathway with two sets of constants."""
