"""Whether an explicit method's steps are held down by stability, looked at now and then."""

from __future__ import annotations

import numpy as np

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block
from pyscimlode.backends.torch.forward import AdaptiveRun, Integrator

STABILITY_LIMIT = 2.5
"""h |lambda| above which a step counts as held down; tsit5 is stable up to 3.5 on the real axis."""
STREAK = 15
"""Consecutive steps that are looked at before a row counts as stiff."""
STEPS_LEFT = 400
"""An explicit solve that needs fewer further steps of the present length is left to finish."""


class StiffnessWatch:
    """Estimates h |lambda| from the last two stages of all steps of a full block at once.

    E. Hairer, G. Wanner, Solving Ordinary Differential Equations II (1996), section IV.2: both
    stages lie at the end of the step, so the difference of their derivatives over the difference of
    their states estimates the dominant eigenvalue. A row is stiff when most of the last steps were
    at the limit of stability and many more are to come.

    Args:
        integrator: an explicit method whose last two stages lie at the end of the step.
    """

    def __init__(self, integrator: Integrator) -> None:
        self.arrays, self.states = integrator.arrays, integrator.n_states
        a = integrator.tableau.a
        self.weights = self.arrays.array(a[-1] - a[-2])
        self.streak = np.zeros(integrator.count)
        self.stiff = np.zeros(integrator.count, dtype=bool)

    def found(self, block: Block, run: AdaptiveRun) -> bool:
        """Look at a block whose steps have all been taken; returns whether any row is stiff."""
        ratio = self.arrays.numpy(self._ratios(block))
        with np.errstate(invalid="ignore"):
            held = (ratio > STABILITY_LIMIT).mean(axis=0) >= 0.5
        self.streak = np.where(held, self.streak + len(ratio), 0.0)
        if not (self.streak >= STREAK).any():
            return False
        t, h, end = (self.arrays.numpy(x) for x in (run.t, run.h, run.end))
        self.stiff = (self.streak >= STREAK) & (end - t > STEPS_LEFT * h)
        return bool(self.stiff.any())

    def _ratios(self, block: Block) -> Array:
        """Return h |lambda| ``(steps, rows)``; NaN where both differences are zero."""
        xp = self.arrays.xp
        z = block.z.reshape((*block.z.shape[:3], -1))
        states = xp.tensordot(self.weights, z[:, 1:], ([0], [1]))
        slopes = z[:, -1] - z[:, -2]
        return ((slopes * slopes).sum(axis=1) / (states * states).sum(axis=1)) ** 0.5
