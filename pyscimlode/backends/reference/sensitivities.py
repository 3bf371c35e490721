"""Forward sensitivities S = dy/dtheta along a trajectory, by Radau IIA of order five.

The variational equation S' = (df/dy) S + df/dtheta is linear. On every step of SciPy's solution
its three-stage Radau IIA equations (Hairer & Wanner, Solving ODEs II, 1996, table IV.5.6) are
solved for all parameters together. With SciPy's own Radau the sensitivities are those of the
solution that was computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.reference.derivatives import jacobian_parameters, jacobian_states
from pyscimlode.backends.reference.integrate import Leg, RightHandSide

FloatArray = npt.NDArray[np.float64]

_R = math.sqrt(6.0)
STAGES = np.array([(4.0 - _R) / 10.0, (4.0 + _R) / 10.0, 1.0])
"""Times of the stages, in steps."""
MATRIX = np.array(
    [
        [(88 - 7 * _R) / 360, (296 - 169 * _R) / 1800, (-2 + 3 * _R) / 225],
        [(296 + 169 * _R) / 1800, (88 + 7 * _R) / 360, (-2 - 3 * _R) / 225],
        [(16 - _R) / 36, (16 + _R) / 36, 1.0 / 9.0],
    ]
)
"""Its last row are the weights: the method is stiffly accurate."""


def sensitivities(rhs: RightHandSide, legs: Sequence[Leg]) -> list[FloatArray]:
    """Return the sensitivities ``(states, size)`` at the end of every leg.

    Args:
        rhs: the right-hand side that was integrated.
        legs: its solution, from the experiment's start, none of them failed.
    """
    widths = [np.diff(leg.solution.t) for leg in legs]
    nodes = [
        (leg.solution.t[:-1, None] + width[:, None] * STAGES).ravel()
        for leg, width in zip(legs, widths, strict=True)
    ]
    y = np.concatenate([leg.solution.sol(t).T for leg, t in zip(legs, nodes, strict=True)])
    controls = np.concatenate([rhs.controls(t, leg) for leg, t in zip(legs, nodes, strict=True)])
    n_states = y.shape[1]
    in_states = jacobian_states(lambda at: rhs.rows(controls, at), y)
    in_parameters = jacobian_parameters(lambda theta: rhs.rows(controls, y, theta), rhs.theta)
    steps = zip(
        np.concatenate(widths),
        in_states.reshape(-1, 3, n_states, n_states),
        in_parameters.reshape(-1, 3, n_states, len(rhs.theta)),
        strict=True,
    )
    now = np.zeros((n_states, len(rhs.theta)))
    ends = []
    for width in widths:
        for _ in width:
            now = _step(now, *next(steps))
        ends.append(now)
    return ends


def _step(
    sensitivity: FloatArray, width: float, jacobian: FloatArray, source: FloatArray
) -> FloatArray:
    """Return S after a step: slopes K of the stages solve K_i = J_i (S + h a_ij K_j) + B_i."""
    n_states = len(sensitivity)
    coupled = np.einsum("ij,iab->iajb", width * MATRIX, jacobian)
    matrix = np.eye(3 * n_states) - coupled.reshape(3 * n_states, 3 * n_states)
    right = (jacobian @ sensitivity + source).reshape(3 * n_states, -1)
    slopes = np.linalg.solve(matrix, right).reshape(3, n_states, -1)
    return np.asarray(sensitivity + width * np.einsum("j,jap->ap", MATRIX[2], slopes))
