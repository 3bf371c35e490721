"""Inputs of all stages of a step at once, and where steps have to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.inputs import ControlInputs
from pyscimlode.models.scaling import CONTROL_CLIP

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """What :meth:`StageInputs.write` needs of the pieces that some steps lie in.

    Attributes:
        start: ``(steps, rows)`` times.
        inverse_width: ``(steps, rows)``, zero where a piece is constant.
        value: ``(steps, 1, controls, rows)`` at the start, measured units.
        delta: ``(steps, 1, controls, rows)`` change over the piece.
    """

    start: Array
    inverse_width: Array
    value: Array
    delta: Array


class StageInputs:
    """The pieces of p(t) of every row, gathered by step.

    Rows are flat here, ``members * rows``.

    Args:
        inputs: the pieces.
        arrays: where numbers live.

    Attributes:
        continuous: whether p(t) has no jumps, so that the derivative at the end of a step is the
            derivative at the start of the next one.
        varying: whether any input changes between knots.
    """

    def __init__(self, inputs: ControlInputs, arrays: Arrays) -> None:
        members, rows, knots = inputs.knots.shape
        self.arrays = arrays
        self.n_controls = inputs.n_controls
        self.continuous = inputs.continuous
        self.varying = bool((inputs.deltas != 0.0).any())
        self.transform = inputs.scaling.control_transform
        self._count = members * rows
        self._shape = (rows,) if members == 1 else (members, rows)
        flat = inputs.knots.reshape(self._count, knots).T
        self._knots = arrays.reals(flat)
        never = np.full((1, self._count), np.inf)
        following = np.concatenate([flat[1:], never]) if self.n_controls else never
        self._next = arrays.reals(following).reshape(-1)
        self._knots_flat = self._knots.reshape(-1)
        widths = inputs.inverse_widths.reshape(self._count, knots).T
        self._inverse_widths = arrays.reals(widths).reshape(-1)
        self._row = arrays.index(np.arange(self._count))
        if self.n_controls:
            width = self.n_controls
            self._values = arrays.from_tensor(inputs.values).reshape((self._count, knots, width))
            self._deltas = arrays.from_tensor(inputs.deltas).reshape((self._count, knots, width))
            self._shift = self._per_row(arrays.from_tensor(inputs.scaling.control_shift), rows)
            self._factor = 1.0 / self._per_row(
                arrays.from_tensor(inputs.scaling.control_scale), rows
            )

    def _per_row(self, values: Array, rows: int) -> Array:
        """Return ``(members, controls)`` as ``(controls, members * rows)``."""
        full = self.arrays.empty((self.n_controls, values.shape[0], rows))
        full[...] = values.T[:, :, None]
        return full.reshape((self.n_controls, -1))

    def pieces(self, t: Array) -> Array:
        """Return the piece ``(..., rows)`` that holds or starts at ``t: (..., rows)``."""
        if not self.n_controls:
            return t != t
        before = self._knots <= t[..., None, :]
        count = before.sum(axis=-2) - 1
        return count * (count > 0)

    def next_knot(self, piece: Array) -> Array:
        """Return where the pieces end; infinite for the last ones and without inputs."""
        if not self.n_controls:
            return self._next
        return self._next[piece * self._count + self._row]

    def gather(self, piece: Array) -> Pieces | None:
        """Return the pieces ``piece: (steps, rows)``; None without inputs."""
        if not self.n_controls:
            return None
        index, swap = piece * self._count + self._row, self.arrays.swap
        return Pieces(
            self._knots_flat[index],
            self._inverse_widths[index],
            swap(self._values[self._row, piece], (0, 2, 1))[:, None],
            swap(self._deltas[self._row, piece], (0, 2, 1))[:, None],
        )

    def write(self, out: Array, t: Array, h: Array, pieces: Pieces | None, nodes: Array) -> None:
        """Write transformed inputs of all stages.

        Args:
            out: ``(steps * stages, controls, *rows)``.
            t: ``(steps, rows)`` starts of the steps.
            h: ``(steps, rows)`` lengths of the steps.
            pieces: of the steps, from :meth:`gather`.
            nodes: ``(stages, 1)`` fractions of the step, float64.
        """
        if pieces is None:
            return
        xp = self.arrays.xp
        start = (t - pieces.start) * pieces.inverse_width
        weight = start[:, None] + nodes * (h * pieces.inverse_width)[:, None]
        fraction = self.arrays.between(weight, 0.0, 1.0)
        fraction = (
            fraction.astype(self.arrays.dtype) if xp is np else fraction.to(self.arrays.dtype)
        )
        u = fraction[:, :, None] * pieces.delta
        u += pieces.value
        if self.transform == "log":
            u = xp.log1p(u)
        if self.transform != "none":
            u -= self._shift
            u *= self._factor
            u = self.arrays.between(u, -CONTROL_CLIP, CONTROL_CLIP)
        out[...] = u.reshape((-1, self.n_controls, *self._shape))

    def slopes(self, t: Array, pieces: Pieces | None) -> Array | None:
        """Return du/dt ``(steps, controls, *rows)`` after ``t: (steps, rows)``.

        None where no input ever changes between knots.

        Args:
            t: within the pieces.
            pieces: of the steps, from :meth:`gather`.
        """
        if pieces is None or not self.varying:
            return None
        xp = self.arrays.xp
        start = (t - pieces.start) * pieces.inverse_width
        inside = pieces.inverse_width * (start >= 0.0) * (start < 1.0)
        fraction, rate = (
            x.astype(self.arrays.dtype) if xp is np else x.to(self.arrays.dtype)
            for x in (start, inside)
        )
        slope = (rate[:, None, None] * pieces.delta)[:, 0]
        value = (fraction[:, None, None] * pieces.delta + pieces.value)[:, 0]
        if self.transform == "log":
            slope = slope / (1.0 + value)
            value = xp.log1p(value)
        if self.transform != "none":
            slope = slope * self._factor
            u = (value - self._shift) * self._factor
            slope = slope * (xp.abs(u) < CONTROL_CLIP)
        return slope.reshape((-1, self.n_controls, *self._shape))
