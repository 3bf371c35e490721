"""Concentrations around a steady state that keep the totals of conserved moieties."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError
from pyscimlode.kinetics.networks.moieties import balances
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.kinetics.networks.state import SteadyState

FloatArray = npt.NDArray[np.float64]
STEPS = 500
"""Hit-and-run steps between the steady state and a sample; moieties span few dimensions."""


def perturbed(
    network: KineticNetwork,
    state: SteadyState,
    samples: int,
    *,
    amplitude: float = 0.5,
    seed: int = 0,
    steps: int = STEPS,
) -> FloatArray:
    """Draw concentrations ``(samples, dynamic)`` in mM, uniform where abs(c/c_ss - 1) <= amplitude.

    Species of no moiety are drawn independently. Those of moieties are drawn by hit-and-run
    (Smith, Oper. Res. 32:1296, 1984) within the box and the planes of the totals, every sample
    from a walk of its own that begins at the steady state.

    The published configuration perturbs by 25 %, the article says 50 %; 50 % is the default.

    Args:
        network: the kinetic network.
        state: the steady state.
        samples: how many.
        amplitude: largest relative change, above 0 and below 1.
        seed: of all draws.
        steps: of hit-and-run before a sample.

    Raises:
        DataError: an amplitude that lets concentrations vanish, or no samples.
    """
    if not 0 < amplitude < 1:
        raise DataError(f"amplitude={amplitude!r} must lie between 0 and 1: c stays positive.")
    if samples < 1:
        raise DataError(f"samples={samples!r} must be positive.")
    rng = np.random.default_rng(seed)
    of = balances(network)
    steady = state.concentrations[of.dynamic]
    planes = of.totals * steady
    bound = np.flatnonzero(np.abs(planes).max(axis=0, initial=0.0) > 0)
    change = rng.uniform(-amplitude, amplitude, (samples, len(steady)))
    if len(bound):
        change[:, bound] = _walks(planes[:, bound], samples, amplitude, steps, rng)
    return np.asarray(steady * (1.0 + change))


def _walks(
    planes: FloatArray, samples: int, amplitude: float, steps: int, rng: np.random.Generator
) -> FloatArray:
    """Return relative changes u ``(samples, n)``: planes u = 0 and abs(u) <= amplitude."""
    from scipy.linalg import null_space

    scale = np.abs(planes).max(axis=1, keepdims=True)
    free = null_space(planes / scale)
    u = np.zeros((samples, planes.shape[1]))
    for _ in range(steps if free.shape[1] else 0):
        direction = rng.standard_normal((samples, free.shape[1])) @ free.T
        size = np.maximum(np.abs(direction), 1e-300)
        ahead = ((amplitude - np.sign(direction) * u) / size).min(axis=1)
        behind = ((amplitude + np.sign(direction) * u) / size).min(axis=1)
        step = rng.uniform(-behind, ahead)
        u += step[:, None] * direction
    return np.clip(u, -amplitude, amplitude)
