"""Simulated strains of the limonene pathway, and the benchmark splits made of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment, FloatArray, Provenance
from pyscimlode.data.pathway import (
    ENZYME_NAMES,
    INITIAL_STATE,
    STATE_NAMES,
    EnzymeCourses,
    PathwayParameters,
    derivatives,
    jacobian,
    parameter_set,
)
from pyscimlode.errors import DataError, SolverError, TimeError, did_you_mean

HOURLY: tuple[float, ...] = tuple(float(hour) for hour in range(73))
"""0, 1, ..., 72 h."""

SAMPLING_TIMES: tuple[float, ...] = (0, 2, 4, 6, 8, 10, 12, 16, 18, 20, 24, 36, 48, 72)
"""Hours at which the strains of Costello & Garcia Martin (2018) were measured."""

BENCHMARK_SEED = 7
BENCHMARK_STRAINS = 340
BENCHMARK_TEST_STRAINS = 20

_BENCHMARKS: dict[str, tuple[tuple[float, ...], float]] = {
    "sim-sparse": (SAMPLING_TIMES, 0.1),
    "sim-dense": (HOURLY, 0.0),
}
_CITATION = (
    "Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018); rate laws after "
    "Weaver et al., Biotechnol. Bioeng. 112 (2015) 111-119"
)


def simulate(
    n: int = 20,
    *,
    parameters: str | PathwayParameters = "live",
    times: npt.ArrayLike | None = None,
    noise: float = 0.0,
    seed: int = 0,
    rtol: float = 1e-10,
    atol: float = 1e-12,
) -> Dataset:
    """Simulate ``n`` strains S1, S2, ... of the limonene pathway.

    Strains differ in their enzyme courses, drawn with ``numpy.random.default_rng(seed)``. The
    first strains of a larger ``n`` are the strains of a smaller one. The truth is integrated
    with the continuous enzyme courses; the data set's controls are these courses at ``times``.

    Args:
        n: number of strains.
        parameters: ``"live"``, ``"live-stiff"``, ``"published"``, ``"published-stiff"`` or
            parameters of one's own.
        times: hours >= 0, increasing; by default hourly from 0 to 72.
        noise: standard deviation of the logarithm of a multiplicative error on the states (0.1
            is about 10 %); drawn per strain, so the noise of S3 does not depend on ``n``.
        seed: seed of the strains and their noise.
        rtol: relative tolerance of the integration.
        atol: absolute tolerance of the integration, mM.

    Returns:
        A data set with 10 states in mM and 9 controls in counts.

    Raises:
        DataError: for a number of strains, noise or parameter set that makes no sense.
        TimeError: for times that are negative, not finite or not increasing.
        SolverError: when the integration does not reach the last time.

    >>> data = simulate(3, times=[0, 24, 72], seed=1)
    >>> data.names, data["S1"].states.shape, data["S1"].controls.shape
    (('S1', 'S2', 'S3'), (3, 10), (3, 9))
    """
    hours = _checked_times(HOURLY if times is None else times)
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise DataError(f"The number of strains is {n!r}; it must be a whole number >= 1.")
    if not (np.isfinite(noise) and noise >= 0):
        raise DataError(f"noise is {noise!r}; it must be finite and >= 0 (0.1 is about 10 %).")
    constants = parameter_set(parameters)
    courses = EnzymeCourses.draw(int(n), np.random.default_rng(seed))
    experiments = []
    for strain in range(len(courses)):
        states = trajectory(constants, courses, strain, hours, rtol=rtol, atol=atol)
        experiments.append(
            Experiment(
                name=f"S{strain + 1}",
                times=hours,
                states=_noisy(states, noise, seed, strain),
                controls=courses.at(strain, hours),
            )
        )
    details = {
        "parameters": parameters if isinstance(parameters, str) else repr(parameters),
        "n": int(n),
        "seed": seed,
        "noise": noise,
        "rtol": rtol,
        "atol": atol,
        "citation": _CITATION,
    }
    return _pathway_dataset(experiments, Provenance("simulated", details))


def trajectory(
    parameters: PathwayParameters,
    courses: EnzymeCourses,
    strain: int,
    times: Sequence[float] | FloatArray,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-12,
) -> FloatArray:
    """Integrate one strain from :data:`INITIAL_STATE` at hour 0; return ``(times, states)``, mM.

    LSODA with the analytic Jacobian: Adams where the strain is not stiff, BDF where it is.

    Raises:
        SolverError: when LSODA gives up; the message has its reason.
    """
    from scipy.integrate import ODEintWarning, odeint

    hours = np.asarray(times, dtype=np.float64)
    with_start = hours if hours[0] == 0.0 else np.concatenate(([0.0], hours))
    enzymes_at = _scalar_courses(courses, strain)

    def rhs(z: FloatArray, t: float) -> tuple[Any, ...]:
        return derivatives(z.tolist(), enzymes_at(t), parameters)

    def rhs_jacobian(z: FloatArray, t: float) -> FloatArray:
        return jacobian(z, enzymes_at(t), parameters)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ODEintWarning)
        states, report = odeint(
            rhs,
            INITIAL_STATE,
            with_start,
            Dfun=rhs_jacobian,
            rtol=rtol,
            atol=atol,
            mxstep=100_000,
            full_output=True,
        )
    if report["message"] != "Integration successful." or not np.all(np.isfinite(states)):
        raise SolverError(
            f"Strain S{strain + 1} could not be integrated from 0 to {hours[-1]:g} h; LSODA says: "
            f"{report['message']} Loosen rtol and atol, or check the parameters."
        )
    result: FloatArray = states[len(with_start) - len(hours) :]
    return result


def benchmark(name: str, n: int = 50, draw: int = 0) -> tuple[Dataset, Dataset]:
    """Return ``(train, test)`` of a benchmark made of simulated strains.

    340 strains are drawn with ``default_rng(7)`` and integrated with the ``live`` parameters.
    The last twenty (S321 to S340) are the fixed test set, hourly and free of noise in every
    benchmark. Draw ``k`` takes the first ``n`` strains of
    ``default_rng([7, k]).permutation(320)``, so the strains of n = 10 are among those of
    n = 50. A strain carries the same noise in every draw.

    Args:
        name: ``"sim-sparse"`` (training strains at 14 irregular times with 10 % log-normal
            noise) or ``"sim-dense"`` (training strains hourly, no noise).
        n: number of training strains, 1 to 320.
        draw: which training strains; 0, 1, 2, ...

    Raises:
        DataError: for an unknown name, or n or draw out of range.
    """
    if name not in _BENCHMARKS:
        raise DataError(
            f"There is no benchmark {name!r}; there are {', '.join(_BENCHMARKS)}."
            + did_you_mean(str(name), _BENCHMARKS)
        )
    pool = BENCHMARK_STRAINS - BENCHMARK_TEST_STRAINS
    if not 1 <= n <= pool:
        raise DataError(f"n is {n!r}; the benchmark has 1 to {pool} training strains.")
    if draw < 0:
        raise DataError(f"draw is {draw!r}; it must be 0, 1, 2, ...")
    times, noise = _BENCHMARKS[name]
    truth, courses = _benchmark_truth()
    chosen = np.random.default_rng([BENCHMARK_SEED, draw]).permutation(pool)[:n]
    rows = np.searchsorted(HOURLY, times)

    def experiment(strain: int, rows: npt.NDArray[np.intp], noise: float) -> Experiment:
        hours = np.asarray(HOURLY)[rows]
        states = _noisy(truth[strain][rows], noise, BENCHMARK_SEED, strain)
        return Experiment(f"S{strain + 1}", hours, states, courses.at(strain, hours))

    details = {"benchmark": name, "n": n, "draw": draw, "parameters": "live", "citation": _CITATION}
    train = [experiment(int(strain), rows, noise) for strain in chosen]
    every_hour = np.arange(len(HOURLY))
    test = [experiment(strain, every_hour, 0.0) for strain in range(pool, BENCHMARK_STRAINS)]
    return (
        _pathway_dataset(train, Provenance("simulated", {**details, "part": "train"})),
        _pathway_dataset(test, Provenance("simulated", {**details, "part": "test"})),
    )


@lru_cache(maxsize=1)
def _benchmark_truth() -> tuple[FloatArray, EnzymeCourses]:
    """Integrate the benchmark's strains once a process; ``(strains, hours, states)``."""
    courses = EnzymeCourses.draw(BENCHMARK_STRAINS, np.random.default_rng(BENCHMARK_SEED))
    live = parameter_set("live")
    truth = np.stack([trajectory(live, courses, s, HOURLY) for s in range(len(courses))])
    truth.flags.writeable = False
    return truth, courses


def _pathway_dataset(experiments: Sequence[Experiment], provenance: Provenance) -> Dataset:
    units = {name: "mM" for name in STATE_NAMES} | {name: "counts" for name in ENZYME_NAMES}
    return Dataset(
        experiments=tuple(experiments),
        state_names=STATE_NAMES,
        control_names=ENZYME_NAMES,
        units=units,
        time_unit="h",
        provenance=provenance,
    )


def _noisy(states: FloatArray, noise: float, seed: int, strain: int) -> FloatArray:
    if noise == 0.0:
        return states
    rng = np.random.default_rng([seed, 1, strain])
    measured: FloatArray = states * np.exp(noise * rng.standard_normal(states.shape))
    return measured


def _scalar_courses(courses: EnzymeCourses, strain: int) -> Callable[[float], list[float]]:
    constants = list(
        zip(
            courses.kf[strain].tolist(),
            courses.km[strain].tolist(),
            courses.kl[strain].tolist(),
            strict=True,
        )
    )
    return lambda t: [kf * t / (km + t) + kl for kf, km, kl in constants]


def _checked_times(times: npt.ArrayLike) -> FloatArray:
    hours = np.asarray(times, dtype=np.float64)
    if hours.ndim != 1 or len(hours) < 2:
        raise TimeError("times must be a list of at least two hours, such as [0, 24, 72].")
    if not np.all(np.isfinite(hours)) or hours[0] < 0 or np.any(np.diff(hours) <= 0):
        raise TimeError(
            f"times must be finite, >= 0 and strictly increasing hours; got {hours.tolist()}."
        )
    return hours
