"""torchdiffeq as its users write it: an ``nn.Module`` field, ``odeint``, ``backward``."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torchdiffeq import odeint, odeint_adjoint

from benchmarks.speed.workloads import Workload

FloatArray = npt.NDArray[np.float64]


class Field(nn.Module):
    """The network of a workload, with its controls linear between their knots."""

    def __init__(self, workload: Workload, dtype: torch.dtype) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        for weight, bias in workload.layers():
            linear = nn.Linear(weight.shape[1], weight.shape[0], dtype=dtype)
            linear.weight.data = torch.tensor(weight, dtype=dtype)
            linear.bias.data = torch.tensor(bias, dtype=dtype)
            modules += [linear, nn.Tanh()]
        self.net = nn.Sequential(*modules[:-1])
        self.knots = workload.knot_times.tolist()
        if self.knots:
            values = workload.knot_values.transpose(1, 0, 2)
            slopes = np.diff(values, axis=0) / np.diff(workload.knot_times)[:, None, None]
            self.values = list(torch.tensor(values, dtype=dtype))
            self.slopes = list(torch.tensor(slopes, dtype=dtype))

    def forward(self, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Return dz/dt ``(rows, states)``."""
        if not self.knots:
            return self.net(z)
        now = t.item()
        index = min(max(bisect_right(self.knots, now) - 1, 0), len(self.slopes) - 1)
        p = torch.add(self.values[index], self.slopes[index], alpha=now - self.knots[index])
        return self.net(torch.cat([z, p], dim=1))


@dataclass
class Torchdiffeq:
    """One call of ``odeint`` (or ``odeint_adjoint``) for the whole batch.

    ``published`` computes equally spaced outputs over the whole time, used by the loss or not.
    ``on_knots`` makes steps end on the knots of the controls, ``on_outputs`` on the outputs.
    ``step_size`` is for fixed-step methods. Without ``first_step``, torchdiffeq chooses it from the
    field and autograd differentiates that choice too, which disturbs the gradient a little.
    """

    workload: Workload
    method: str
    rtol: float = 1e-7
    atol: float = 1e-9
    published: bool = False
    adjoint: bool = False
    on_knots: bool = False
    on_outputs: bool = False
    dtype: torch.dtype = torch.float32
    step_size: float | None = None
    first_step: float | None = None

    def __post_init__(self) -> None:
        work = self.workload
        self.field = Field(work, self.dtype)
        self.initial = torch.tensor(work.initial, dtype=self.dtype)
        self.target = torch.tensor(work.target.transpose(1, 0, 2), dtype=self.dtype)
        times = np.concatenate([[0.0], work.outputs])
        self.keep = slice(1, None)
        if self.published and len(work.outputs) == 1:
            times = np.linspace(0.0, work.horizon, work.published_outputs)
            self.keep = slice(-1, None)
        self.times = torch.tensor(times, dtype=self.dtype)
        self.options: dict[str, Any] = {}
        landings = [work.knot_times[1:-1]] if self.on_knots else []
        landings += [work.outputs] if self.on_outputs else []
        if landings and sum(map(len, landings)):
            self.options["step_t"] = torch.tensor(np.unique(np.concatenate(landings)))
        for name in ("step_size", "first_step"):
            if getattr(self, name) is not None:
                self.options[name] = getattr(self, name)

    def _solve(self) -> torch.Tensor:
        integrate = odeint_adjoint if self.adjoint else odeint
        z = integrate(
            self.field,
            self.initial,
            self.times,
            rtol=self.rtol,
            atol=self.atol,
            method=self.method,
            options=dict(self.options),
        )
        return z[self.keep]

    def loss_and_grad(self) -> tuple[float, FloatArray]:
        """Return the loss and its gradient ``(parameters,)``."""
        self.field.zero_grad()
        loss = (self._solve() - self.target).square().mean()
        loss.backward()
        gradient = torch.cat([parameter.grad.reshape(-1) for parameter in self.field.parameters()])
        return loss.item(), gradient.double().numpy()

    def trajectory(self) -> FloatArray:
        """Return ``(rows, outputs, states)``."""
        with torch.no_grad():
            return self._solve().double().numpy().transpose(1, 0, 2)
