"""Validity of many Jacobians by repeated squaring: products alone, which a GPU does in batches.

The Cayley transform C = (M + aI) (M - aI)^-1 of M = J - threshold I, a > 0, takes the left half
plane into the unit disc: no eigenvalue of J is right of the threshold if and only if the spectral
radius rho of C is below one. C^N with N = 2^k takes k products (repeated squaring to split a
spectrum: Bai, Demmel and Gu, Numer. Math. 76:279, 1997), and two inequalities decide:

- rho^N <= ||C^N||, so a norm below one proves a valid model;
- |tr C^N| <= n rho^N, so a trace above n proves an invalid one.

Both are asked for with a factor e to spare, because of rounding. What neither decides has an
eigenvalue next to the threshold, or one that oscillates fast for its decay, and is left open.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

RESOLUTION = 1e-3
"""1/h; models whose modes are real and at least this far from the threshold are decided."""
DECAY = 5.0
"""-ln of what C^N leaves of the slowest and of the fastest mode that count."""
MARGIN = 1.0
"""How far the natural logarithms that decide are from zero."""


def squaring_test(
    jacobian: Tensor, threshold: float, *, resolution: float = RESOLUTION
) -> tuple[Tensor, Tensor]:
    """Return whether each model is valid and whether that is decided, ``(models,)`` each.

    A real mode at the distance mu from the threshold changes ln rho^N by N 2 a mu / (a^2 + mu^2)
    to first order. With a^2 = resolution ||M|| the slowest and the fastest mode that count are
    alike, and N = DECAY/2 sqrt(||M||/resolution) is enough for both.

    Args:
        jacobian: ``(models, n, n)``, scaled; finite.
        threshold: largest real part of a valid model, 1/h.
        resolution: 1/h; a tenth takes two squarings more and decides nearer to the threshold.
    """
    models, n = jacobian.shape[:2]
    valid = torch.zeros(models, dtype=torch.bool, device=jacobian.device)
    invalid = torch.zeros_like(valid)
    if not models:
        return valid, invalid
    eye = torch.eye(n, dtype=jacobian.dtype, device=jacobian.device)
    moved = jacobian - threshold * eye
    size = moved.flatten(1).norm(dim=1).clamp(min=resolution)
    a = (resolution * size).sqrt()[:, None, None]
    power = eye + 2.0 * a * torch.linalg.inv(moved - a * eye)
    log_norm = torch.zeros_like(size)
    for _ in range(_squarings(float(size.max()), resolution)):
        power = power @ power
        norm = power.flatten(1).norm(dim=1)
        power = power / norm[:, None, None]
        log_norm = 2.0 * log_norm + norm.log()
        trace = power.diagonal(dim1=1, dim2=2).sum(dim=1).abs()
        valid |= log_norm < -MARGIN
        invalid |= log_norm + (trace / n).log() > MARGIN
    return valid & ~invalid, valid ^ invalid


def _squarings(size: float, resolution: float) -> int:
    return max(1, math.ceil(math.log2(0.5 * DECAY * math.sqrt(size / resolution))))
