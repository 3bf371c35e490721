"""The loss on scaled states: :mod:`pyscimlode.objectives.losses` in torch, with its derivative.

Works on any padded set of output points; points and cells of weight zero do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.problem import Objective, Problem

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LossTerms:
    """Targets and weights of output points.

    Attributes:
        objective: kind of the data term.
        target: ``(members, rows, points, states)`` measured values over ``state_scale``, zero
            where unmeasured.
        weights: ``(members, rows, points, states)`` of the data term.
        ratio: ``(members, 1, 1, states)`` state_scale over loss_scale.
        pir_weights: ``(members, rows, points, 1)``, lambda included.
    """

    objective: Objective
    target: Tensor
    weights: Tensor
    ratio: Tensor
    pir_weights: Tensor

    def parts(self, y: Tensor, success: Tensor) -> tuple[Tensor, Tensor]:
        """Return data term and penalty, ``(members,)`` each; differentiable.

        Args:
            y: ``(members, rows, points, states)`` scaled states; may be NaN in failed rows.
            success: ``(members, rows)``, rows that count.
        """
        counts = success[:, :, None, None]
        y = torch.where(counts, y, 0.0)
        r = torch.where(counts & (self.weights > 0), (y - self.target) * self.ratio, 0.0)
        data = (self.weights * self._rho(r)).sum(dim=(1, 2, 3))
        negative = torch.clamp_max(y, 0.0)
        if self.objective.detached_pir:
            negative = negative.detach()
        pir = (self.pir_weights * negative * negative).sum(dim=(1, 2, 3))
        return data, pir

    def parts_and_cotangent(self, y: Tensor, success: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return data term, penalty and the derivative of their sum with respect to ``y``."""
        counts = success[:, :, None, None]
        if not bool(success.all()):
            y = torch.where(counts, y, 0.0)
            weights = self.weights * counts
        else:
            weights = self.weights
        r = (y - self.target) * self.ratio
        negative = torch.clamp_max(y, 0.0)
        penalty = self.pir_weights * negative
        data = (weights * self._rho(r)).sum(dim=(1, 2, 3))
        pir = (penalty * negative).sum(dim=(1, 2, 3))
        cotangent = weights * self._slope(r) * self.ratio
        if not self.objective.detached_pir:
            cotangent = cotangent + 2.0 * penalty
        return data, pir, cotangent

    def _rho(self, r: Tensor) -> Tensor:
        if self.objective.kind == "mse":
            return r * r
        size, delta = r.abs(), self.objective.huber_delta
        return torch.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))

    def _slope(self, r: Tensor) -> Tensor:
        if self.objective.kind == "mse":
            return 2.0 * r
        return r.clamp(-self.objective.huber_delta, self.objective.huber_delta)


def loss_terms(
    problem: Problem,
    scaling: ScalingTensors,
    members: IntArray,
    experiments: IntArray,
    points: IntArray,
    counted: npt.NDArray[np.bool_] | None = None,
) -> LossTerms:
    """Gather targets and weights.

    Args:
        problem: the problem.
        scaling: of the selected members.
        members: ``(members,)`` indices into the problem's members.
        experiments: ``(members, rows)`` experiment of every row.
        points: ``(members, rows, points)`` indices into the problem's output times.
        counted: ``(members, rows, points)``, False for padding; all count by default.
    """
    m = members[:, None, None]
    e = experiments[:, :, None]
    scale = np.broadcast_to(problem.scaling.state_scale, (problem.n_members, problem.n_states))
    state_scale = scale[members][:, None, None, :]
    loss_scale = problem.loss_scale[members][:, None, None, :]
    weights = problem.weights[m, e, points]
    pir = problem.pir[members][:, None, None] * problem.pir_weights[m, e, points]
    if counted is not None:
        weights = np.where(counted[..., None], weights, 0.0)
        pir = np.where(counted, pir, 0.0)
    observed = np.where(weights > 0, problem.observed[e, points], 0.0)

    def tensor(array: npt.NDArray[np.float64]) -> Tensor:
        return torch.tensor(array, device=scaling.device, dtype=scaling.dtype)

    return LossTerms(
        objective=problem.objective,
        target=tensor(observed / state_scale),
        weights=tensor(weights),
        ratio=tensor(state_scale / loss_scale),
        pir_weights=tensor(pir[..., None]),
    )
