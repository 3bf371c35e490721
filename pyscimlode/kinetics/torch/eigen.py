"""The largest real part of the eigenvalues, with a derivative, and the Arnoldi screen."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pyscimlode.kinetics.evaluation.arnoldi import SHIFT, STEPS, TOLERANCE
from pyscimlode.kinetics.evaluation.eigen import NUDGE


class _LeadingRealPart(torch.autograd.Function):
    """max Re(lambda) of each matrix; its derivative is Re(y_i x_j / y^T x)."""

    @staticmethod
    def forward(ctx: Any, jacobian: Tensor) -> Tensor:
        values = eigenvalues(jacobian)
        first = values.real.argmax(dim=-1, keepdim=True)
        leading = torch.gather(values, -1, first)[..., 0]
        ctx.save_for_backward(jacobian, leading)
        return leading.real.clone()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        jacobian, leading = ctx.saved_tensors
        left, right = leading_vectors(jacobian, leading)
        scale = (left * right).sum(dim=-1)
        outer = left[..., :, None] * right[..., None, :] / scale[..., None, None]
        return upstream[..., None, None] * outer.real


def leading_real_part(jacobian: Tensor) -> Tensor:
    """Return max Re(lambda) ``(models,)`` of ``(models, n, n)``, differentiable once."""
    return _LeadingRealPart.apply(jacobian)


def eigenvalues(jacobian: Tensor) -> Tensor:
    """Return all eigenvalues; on the CPU, because geev runs one matrix at a time on a GPU too."""
    return torch.linalg.eigvals(jacobian.detach().cpu()).to(jacobian.device)


def leading_vectors(jacobian: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return left and right eigenvectors ``(models, n)`` by inverse iteration."""
    n = jacobian.shape[-1]
    eye = torch.eye(n, dtype=jacobian.dtype, device=jacobian.device)
    shift = values * (1.0 + NUDGE) + NUDGE * (values == 0)
    lu, pivots = torch.linalg.lu_factor(jacobian - shift[..., None, None] * eye)
    start = torch.linspace(0.5, 1.5, n, dtype=jacobian.dtype, device=jacobian.device).cos()
    left = right = start.to(values.dtype).expand(len(jacobian), n)
    for _ in range(3):
        right = _unit(torch.linalg.lu_solve(lu, pivots, right[..., None])[..., 0])
        adjoint = torch.linalg.lu_solve(lu, pivots, left.conj()[..., None], adjoint=True)
        left = _unit(adjoint[..., 0].conj())
    return left, right


def screen(
    jacobian: Tensor, threshold: float, *, steps: int = STEPS, shift: float = SHIFT
) -> Tensor:
    """Return the largest converged real part above the threshold ``(models,)``; NaN without one.

    As ``kinetics.evaluation.arnoldi.screen``: batched products and one inverse, so a GPU runs
    all models at once; the small Hessenberg matrices go to the CPU.
    """
    steps = min(steps, jacobian.shape[-1])
    eye = torch.eye(jacobian.shape[-1], dtype=jacobian.dtype, device=jacobian.device)
    hessenberg, last = _arnoldi(torch.linalg.inv(jacobian - shift * eye), steps)
    ritz, vectors = torch.linalg.eig(hessenberg.cpu())
    residual = last.cpu()[:, None] * vectors[:, -1, :].abs() / vectors.norm(dim=1)
    values = shift + 1.0 / ritz
    error = residual / ritz.abs() ** 2
    found = (residual <= TOLERANCE * ritz.abs()) & (values.real - 10 * error > threshold)
    bound = torch.where(found, values.real, -torch.inf).amax(dim=1)
    return torch.where(bound.isfinite(), bound, torch.nan).to(jacobian.device)


def _arnoldi(operator: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    models, n = operator.shape[:2]
    basis = operator.new_zeros(models, steps + 1, n)
    start = torch.arange(1, n + 1, dtype=operator.dtype, device=operator.device).sin()
    basis[:, 0] = start / start.norm()
    hessenberg = operator.new_zeros(models, steps + 1, steps)
    for k in range(steps):
        vector = torch.bmm(operator, basis[:, k, :, None])[..., 0]
        known = basis[:, : k + 1]
        for _ in range(2):
            weights = torch.bmm(known, vector[..., None])[..., 0]
            vector = vector - torch.bmm(weights[:, None, :], known)[:, 0]
            hessenberg[:, : k + 1, k] += weights
        norm = vector.norm(dim=1)
        hessenberg[:, k + 1, k] = norm
        basis[:, k + 1] = vector / torch.where(norm > 0, norm, 1.0)[:, None]
    return hessenberg[:, :steps], hessenberg[:, steps, steps - 1]


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)
