"""Forward sensitivities S = dy/dtheta along a trajectory, by Radau IIA of order five.

The variational equation S' = (df/dy) S + df/dtheta is linear. On every step of SciPy's solution
its three-stage Radau IIA equations (Hairer & Wanner, Solving ODEs II, 1996, table IV.5.6) are
solved for all parameters together. With SciPy's own Radau the sensitivities are those of the
solution that was computed.
"""

from __future__ import annotations

import math

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


def advance(rhs: RightHandSide, leg: Leg, sensitivity: FloatArray) -> FloatArray:
    """Return the sensitivities ``(states, size)`` at the end of a leg from those at its start."""
    rhs.begin_leg(leg.start, leg.stop)
    grid = leg.solution.t
    widths = np.diff(grid)
    nodes = (grid[:-1, None] + widths[:, None] * STAGES).ravel()
    y = leg.solution.sol(nodes).T
    n_states = y.shape[1]
    in_states = jacobian_states(lambda at: rhs.rows(nodes, at), y)
    in_states = in_states.reshape(-1, 3, n_states, n_states)
    in_parameters = jacobian_parameters(lambda theta: rhs.rows(nodes, y, theta), rhs.theta)
    in_parameters = in_parameters.reshape(-1, 3, n_states, len(rhs.theta))
    identity = np.eye(3 * n_states)
    for width, jacobian, source in zip(widths, in_states, in_parameters, strict=True):
        # Slopes K of the stages: K_i = J_i (S + h sum_j a_ij K_j) + B_i.
        coupled = np.einsum("ij,iab->iajb", width * MATRIX, jacobian)
        matrix = identity - coupled.reshape(identity.shape)
        right = (jacobian @ sensitivity + source).reshape(3 * n_states, -1)
        slopes = np.linalg.solve(matrix, right).reshape(3, n_states, -1)
        sensitivity = sensitivity + width * np.einsum("j,jap->ap", MATRIX[2], slopes)
    return sensitivity
