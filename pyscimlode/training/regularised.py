"""Any stage's loss plus the Lipschitz penalty of the parameters, which no engine knows of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import TrainingError
from pyscimlode.objectives.lipschitz import SpectralPenalty
from pyscimlode.training.evaluation import Evaluation, LossSource

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def check_factor(factor: float) -> float:
    """Return the factor of the Lipschitz penalty.

    Raises:
        TrainingError: it is negative or not finite.
    """
    if not (np.isfinite(factor) and factor >= 0.0):
        raise TrainingError(
            f"lipschitz={factor!r}: the factor of the penalty is a number from 0 (none) upwards, "
            "such as 1e-3."
        )
    return float(factor)


class RegularisedLoss:
    """A loss plus factor times :class:`pyscimlode.objectives.lipschitz.SpectralPenalty`.

    Where the loss is a sum of batches, each batch of a member has its share of the penalty.

    Args:
        source: the loss.
        penalty: of the parameters.
        factor: positive.
    """

    def __init__(self, source: LossSource, penalty: SpectralPenalty, factor: float) -> None:
        self._source = source
        self._penalty = penalty
        self._factor = factor
        self._shares = factor / np.maximum(source.takes_part.sum(axis=0), 1)

    @property
    def takes_part(self) -> BoolArray:
        """``(batches, members)``: whether a member has anything in a batch."""
        return self._source.takes_part

    def evaluate(self, theta: FloatArray, members: IntArray, batch: int) -> Evaluation:
        """Return the loss of ``theta: (k, size)`` for these members on one batch."""
        plain = self._source.evaluate(theta, members, batch)
        shares = self._shares[members]
        value, slope = self._penalty.value_and_gradient(theta)
        gradient = plain.gradient + shares[:, None] * slope
        total = plain.total + shares * value
        squared = np.einsum("ij,ij->i", gradient, gradient)
        return replace(
            plain,
            total=total,
            lipschitz=shares * value,
            gradient=gradient,
            norm=np.sqrt(squared),
            usable=plain.usable & np.isfinite(squared) & np.isfinite(total),
        )

    def accept(self, evaluation: Evaluation) -> None:
        """Take note that an evaluation was used."""
        self._source.accept(evaluation)

    def value(self, theta: FloatArray) -> FloatArray:
        """Return the whole loss ``(members,)``, infinite where any experiment failed."""
        total = self._source.value(theta) + self._factor * self._penalty.value(theta)
        return np.where(np.isfinite(total), total, np.inf)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is needed to go on bit by bit."""
        return self._source.arrays()

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` returned."""
        self._source.restore(arrays)
