"""Measured inputs p(t): interpolation between knots, then the scaling's transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.models.scaling import CONTROL_CLIP
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def transform_controls(scaling: ScalingTensors, p: Tensor) -> Tensor:
    """Return what the network sees of ``p: (..., members, rows, controls)``, measured units."""
    if scaling.control_transform == "none":
        return p
    values = torch.log1p(p) if scaling.control_transform == "log" else p
    shift, scale = scaling.control_shift[:, None, :], scaling.control_scale[:, None, :]
    return torch.clamp((values - shift) / scale, -CONTROL_CLIP, CONTROL_CLIP)


@dataclass(frozen=True, eq=False)
class ControlInputs:
    """The inputs of every member and row as pieces that are linear in time.

    Piece ``k`` of a row runs from knot ``k`` to knot ``k + 1``; the last one is constant. Before
    the first knot the first value holds.

    Attributes:
        scaling: of the members.
        knots: ``(members, rows, knots)`` times, non-decreasing, on the host.
        inverse_widths: ``(members, rows, knots)`` one over the length of a piece, on the host;
            zero where a piece is constant.
        values: ``(members, rows, knots, controls)`` at the start of a piece, measured units.
        deltas: ``(members, rows, knots, controls)`` change over a piece.
        continuous: whether p(t) has no jumps.
    """

    scaling: ScalingTensors
    knots: FloatArray
    inverse_widths: FloatArray
    values: Tensor
    deltas: Tensor
    continuous: bool

    @classmethod
    def for_rows(
        cls, problem: Problem, scaling: ScalingTensors, experiments: IntArray
    ) -> ControlInputs:
        """Gather the inputs of ``experiments: (members, rows)``."""
        times = problem.knot_times[experiments]
        values = problem.knot_values[experiments]
        following = np.concatenate([values[:, :, 1:], values[:, :, -1:]], axis=2)
        widths = np.diff(times, axis=2, append=times[:, :, -1:])
        jumps = (widths[..., None] == 0.0) & (following != values)
        linear = problem.control_interpolation == "linear"
        deltas = np.where(widths[..., None] > 0.0, following - values, 0.0)
        if not linear:
            continuous = not bool(deltas.any() or jumps.any())
            deltas = np.zeros_like(deltas)
        else:
            continuous = not bool(jumps.any())
        inverse = np.divide(1.0, widths, out=np.zeros_like(widths), where=widths > 0.0)

        def tensor(array: FloatArray) -> Tensor:
            return torch.tensor(array, device=scaling.device, dtype=scaling.dtype)

        return cls(scaling, times, inverse, tensor(values), tensor(deltas), continuous)

    @property
    def n_controls(self) -> int:
        """Number of inputs."""
        return int(self.values.shape[-1])

    def pieces(self, t: FloatArray) -> IntArray:
        """Return the piece ``(members, rows)`` that starts at or holds ``t: (members, rows)``."""
        count = (self.knots <= t[..., None]).sum(axis=-1)
        return np.asarray(np.maximum(count - 1, 0))

    def at(self, t: FloatArray | float) -> Tensor:
        """Return transformed inputs ``(members, rows, controls)``.

        Args:
            t: time of every row ``(members, rows)``, or one time.
        """
        members, rows = self.knots.shape[:2]
        if self.n_controls == 0:
            return self.values.new_zeros((members, rows, 0))
        times = np.broadcast_to(np.asarray(t, dtype=np.float64), (members, rows))
        piece = self.pieces(times)
        m, r = np.ogrid[:members, :rows]
        fraction = (times - self.knots[m, r, piece]) * self.inverse_widths[m, r, piece]
        weight = self.values.new_tensor(np.clip(fraction, 0.0, 1.0))[..., None]
        index = torch.as_tensor(piece, device=self.values.device)[..., None, None]
        index = index.expand(members, rows, 1, self.n_controls)
        start = self.values.gather(2, index).squeeze(2)
        delta = self.deltas.gather(2, index).squeeze(2)
        return transform_controls(self.scaling, start + weight * delta)
