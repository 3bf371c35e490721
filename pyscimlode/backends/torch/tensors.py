"""The arrays of a problem as tensors of one device and data type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pyscimlode.models.base import Model
from pyscimlode.models.scaling import ControlTransform
from pyscimlode.problem import Problem


@dataclass(frozen=True, eq=False)
class ScalingTensors:
    """What a field and its inputs need to know of the selected members.

    Attributes:
        model: the model's description.
        n_states: number of integrated states.
        n_controls: number of controls that enter as inputs.
        state_scale: ``(members, states)``.
        time_scale: ``(members,)``.
        control_shift: ``(members, controls)``.
        control_scale: ``(members, controls)``.
        control_transform: how controls enter.
        control_max: ``(members, controls)``.
    """

    model: Model
    n_states: int
    n_controls: int
    state_scale: Tensor
    time_scale: Tensor
    control_shift: Tensor
    control_scale: Tensor
    control_transform: ControlTransform
    control_max: Tensor

    @property
    def n_members(self) -> int:
        """Number of selected members."""
        return int(self.time_scale.shape[0])

    @property
    def device(self) -> torch.device:
        """Where the tensors lie."""
        return self.time_scale.device

    @property
    def dtype(self) -> torch.dtype:
        """Data type of states and parameters."""
        return self.time_scale.dtype

    def measured_controls(self, u: Tensor, used: Tensor) -> Tensor:
        """Return some controls in measured units from ``u: (members, rows, controls)``.

        The inverse of the transform but for its clipping.
        """
        p = u[..., used]
        if self.control_transform != "none":
            p = p * self.control_scale[:, None, used] + self.control_shift[:, None, used]
            p = torch.expm1(p) if self.control_transform == "log" else p
        return p


def scaling_tensors(
    problem: Problem,
    members: Sequence[int] | None = None,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float64,
) -> ScalingTensors:
    """Return the scaling of some members (all by default) as tensors."""
    index = np.arange(problem.n_members) if members is None else np.asarray(members, dtype=int)
    scaling = problem.scaling

    def tensor(values: np.ndarray, width: int | None) -> Tensor:
        shape = (problem.n_members,) if width is None else (problem.n_members, width)
        full = np.broadcast_to(np.asarray(values, dtype=np.float64), shape)
        return torch.tensor(full[index], device=device, dtype=dtype)

    return ScalingTensors(
        model=problem.model,
        n_states=problem.n_states,
        n_controls=problem.n_controls,
        state_scale=tensor(scaling.state_scale, problem.n_states),
        time_scale=tensor(scaling.time_scale, None),
        control_shift=tensor(scaling.control_shift, problem.n_controls),
        control_scale=tensor(scaling.control_scale, problem.n_controls),
        control_transform=scaling.control_transform,
        control_max=tensor(scaling.control_max, problem.n_controls),
    )
