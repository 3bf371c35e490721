"""Scales and input transforms, fitted on training experiments only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ControlTransform = Literal["log", "linear", "none"]

CONTROL_CLIP = 3.0
"""Transformed controls are clipped to +-3 training standard deviations."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Constants between measured units and what a network sees.

    Engines integrate ``y = z / state_scale`` in measured time:
    ``dy/dt = g(y, u) / time_scale`` with the network's ``g``.

    With ``control_transform="log"`` the network sees
    ``u = clip((log1p(p) - control_shift) / control_scale, -3, 3)``; ``"linear"`` leaves out the
    logarithm, ``"none"`` passes ``p`` as it is (shift and scale are ignored).

    Attributes:
        state_scale: ``(..., states)``, positive; 1 for raw units.
        control_shift: ``(..., controls)``.
        control_scale: ``(..., controls)``, positive.
        time_scale: ``(...)``, positive, in the data set's time unit.
        control_transform: how controls enter.
        control_max: ``(..., controls)``, positive, the largest training value of each control; one
            number for all where it is not used.

    Arrays may carry a leading axis of ensemble members (see :func:`stack`).
    """

    state_scale: FloatArray
    control_shift: FloatArray
    control_scale: FloatArray
    time_scale: FloatArray
    control_transform: ControlTransform = "log"
    control_max: FloatArray = field(default_factory=lambda: np.ones(()))

    def transform_controls(self, p: FloatArray) -> FloatArray:
        """Return what the network sees of controls ``p: (rows, controls)``."""
        if self.control_transform == "none":
            return p
        values = np.log1p(p) if self.control_transform == "log" else p
        scaled = (values - self.control_shift) / self.control_scale
        return np.clip(scaled, -CONTROL_CLIP, CONTROL_CLIP)

    def measured_controls(self, u: FloatArray) -> FloatArray:
        """Return controls in measured units; the inverse of the transform but for its clipping."""
        if self.control_transform == "none":
            return u
        p = u * self.control_scale + self.control_shift
        return np.expm1(p) if self.control_transform == "log" else p

    @property
    def largest_controls(self) -> FloatArray:
        """``control_max`` with one number a control, and a member where there are several."""
        return np.broadcast_to(self.control_max, np.shape(self.control_shift))


def identity_scaling(n_states: int, n_controls: int) -> Scaling:
    """Raw units everywhere, as in the published protocol."""
    return Scaling(
        state_scale=np.ones(n_states),
        control_shift=np.zeros(n_controls),
        control_scale=np.ones(n_controls),
        time_scale=np.ones(()),
        control_transform="none",
    )


def fit_scaling(
    states: Sequence[FloatArray],
    controls: Sequence[FloatArray],
    *,
    time_scale: float,
    control_transform: ControlTransform = "log",
) -> Scaling:
    """Fit a scaling on training experiments.

    Args:
        states: one ``(times, states)`` array an experiment, NaN where unmeasured.
        controls: one ``(times, controls)`` array an experiment, NaN where unmeasured.
        time_scale: the time in which the field is expressed, in the data's time unit.
        control_transform: see :class:`Scaling`.

    Returns:
        state_scale: the largest magnitude of each state over the training experiments (1 where a
        state is zero throughout or never measured); control_max likewise; controls standardised
        with mean and standard deviation (ddof 0; 1 where a control does not vary).
    """
    stacked = np.concatenate(list(states))
    magnitude = np.nanmax(np.where(np.isfinite(stacked), np.abs(stacked), 0.0), axis=0)
    state_scale = np.where(magnitude > 0, magnitude, 1.0)
    inputs = np.concatenate(list(controls))
    largest = np.nanmax(np.where(np.isfinite(inputs), np.abs(inputs), 0.0), axis=0, initial=0.0)
    if control_transform == "log":
        inputs = np.log1p(inputs)
    measured = np.isfinite(inputs)
    count = np.maximum(measured.sum(axis=0), 1)
    filled = np.where(measured, inputs, 0.0)
    shift = filled.sum(axis=0) / count
    spread = np.sqrt((np.where(measured, inputs - shift, 0.0) ** 2).sum(axis=0) / count)
    return Scaling(
        state_scale=state_scale,
        control_shift=shift,
        control_scale=np.where(spread > 1e-8, spread, 1.0),
        time_scale=np.asarray(float(time_scale)),
        control_transform=control_transform,
        control_max=np.where(largest > 0, largest, 1.0),
    )


def stack(scalings: Sequence[Scaling]) -> Scaling:
    """Stack scalings of several ensemble members on a leading axis."""
    return Scaling(
        state_scale=np.stack([s.state_scale for s in scalings]),
        control_shift=np.stack([s.control_shift for s in scalings]),
        control_scale=np.stack([s.control_scale for s in scalings]),
        time_scale=np.stack([np.asarray(s.time_scale) for s in scalings]),
        control_transform=scalings[0].control_transform,
        control_max=np.stack([s.largest_controls for s in scalings]),
    )


def member(scaling: Scaling, index: int) -> Scaling:
    """Return the scaling of one member of a stacked :class:`Scaling`."""
    return Scaling(
        state_scale=scaling.state_scale[index],
        control_shift=scaling.control_shift[index],
        control_scale=scaling.control_scale[index],
        time_scale=scaling.time_scale[index],
        control_transform=scaling.control_transform,
        control_max=scaling.largest_controls[index],
    )
