"""The loss in NumPy: masked data term plus the physiology-informed penalty.

This is the definition; engines have their own implementation and tests hold them to this one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def huber(r: FloatArray, delta: float) -> FloatArray:
    """Return r^2 / 2 up to ``delta``, linear beyond (Huber 1964)."""
    size = np.abs(r)
    return np.asarray(np.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta)))


def data_term(
    z: FloatArray,
    observed: FloatArray,
    weights: FloatArray,
    loss_scale: FloatArray,
    *,
    kind: str,
    huber_delta: float,
) -> FloatArray:
    """Return ``sum(weights * rho((z - observed) / loss_scale))`` per member.

    Args:
        z: ``(members, experiments, times, states)``.
        observed: ``(experiments, times, states)``, NaN where unmeasured (weight zero).
        weights: ``(members, experiments, times, states)``.
        loss_scale: ``(members, states)``.
        kind: ``"mse"``: rho(r) = r^2; ``"huber"``: :func:`huber`.
        huber_delta: where Huber turns linear.

    Returns:
        ``(members,)``.
    """
    r = np.where(weights > 0, (z - observed) / loss_scale[:, None, None, :], 0.0)
    rho = huber(r, huber_delta) if kind == "huber" else r * r
    return np.asarray((weights * rho).sum(axis=(1, 2, 3)))


def data_slope(
    z: FloatArray,
    observed: FloatArray,
    weights: FloatArray,
    loss_scale: FloatArray,
    *,
    kind: str,
    huber_delta: float,
) -> FloatArray:
    """Return the derivative of :func:`data_term` with respect to ``z``, of the shape of ``z``."""
    scale = loss_scale[:, None, None, :]
    r = np.where(weights > 0, (z - observed) / scale, 0.0)
    rho = np.clip(r, -huber_delta, huber_delta) if kind == "huber" else 2.0 * r
    return np.asarray(weights * rho / scale)


def pir_term(
    z: FloatArray, pir_weights: FloatArray, state_scale: FloatArray, pir: FloatArray
) -> FloatArray:
    """Return the physiology-informed penalty lambda * mean(min(0, y)^2) per member.

    ``y = z / state_scale``; the mean runs over all states at all valid output times of the
    member's training experiments, measured or not (de Rooij et al. 2024).

    Args:
        z: ``(members, experiments, times, states)``.
        pir_weights: ``(members, experiments, times)``.
        state_scale: ``(members, states)``.
        pir: ``(members,)`` factor lambda.

    Returns:
        ``(members,)``.
    """
    y = z / state_scale[:, None, None, :]
    negative = np.where(pir_weights[..., None] > 0, np.minimum(y, 0.0), 0.0)
    return np.asarray(pir * (pir_weights[..., None] * negative**2).sum(axis=(1, 2, 3)))


def pir_slope(
    z: FloatArray, pir_weights: FloatArray, state_scale: FloatArray, pir: FloatArray
) -> FloatArray:
    """Return the derivative of :func:`pir_term` with respect to ``z``, of the shape of ``z``."""
    scale = state_scale[:, None, None, :]
    weights = pir_weights[..., None]
    negative = np.where(weights > 0, np.minimum(z / scale, 0.0), 0.0)
    return np.asarray(2.0 * pir[:, None, None, None] * weights * negative / scale)
