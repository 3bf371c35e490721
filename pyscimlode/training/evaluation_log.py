"""What minimisers were answered, so that they can be led along the same path again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
DIGEST_BYTES = 16


def digest(theta: FloatArray) -> npt.NDArray[np.uint8]:
    """Return a hash of the bits of a parameter vector."""
    data = np.ascontiguousarray(theta, dtype=np.float64).tobytes()
    return np.frombuffer(hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest(), dtype=np.uint8)


class EvaluationLog:
    """Rounds of answers; every round has one answer for each member that was still running.

    Parameters are kept as hashes: the minimiser finds them again by itself, and the hash tells
    whether it did, bit by bit.
    """

    def __init__(self) -> None:
        self._members: list[npt.NDArray[np.int64]] = []
        self._digests: list[npt.NDArray[np.uint8]] = []
        self._values: list[FloatArray] = []
        self._gradients: list[FloatArray] = []

    def __len__(self) -> int:
        return len(self._members)

    def append(
        self,
        members: npt.NDArray[np.int64],
        theta: FloatArray,
        values: FloatArray,
        gradients: FloatArray,
    ) -> None:
        """Keep the answers ``values: (k,)``, ``gradients: (k, size)`` at ``theta: (k, size)``."""
        self._digests.append(np.stack([digest(row) for row in theta]))
        self._values.append(values)
        self._gradients.append(gradients)
        self._members.append(members)

    def rounds(self) -> Iterator[tuple[npt.NDArray[Any], ...]]:
        """Yield ``members, digests, values, gradients`` of every round."""
        yield from zip(self._members, self._digests, self._values, self._gradients, strict=True)

    def arrays(self, size: int) -> dict[str, npt.NDArray[Any]]:
        """Return the log as flat arrays; ``size`` is that of a parameter vector."""
        counts = np.array([len(members) for members in self._members], dtype=np.int64)
        if not len(counts):
            return {
                "log/counts": counts,
                "log/members": np.empty(0, dtype=np.int64),
                "log/digests": np.empty((0, DIGEST_BYTES), dtype=np.uint8),
                "log/values": np.empty(0),
                "log/gradients": np.empty((0, size)),
            }
        return {
            "log/counts": counts,
            "log/members": np.concatenate(self._members),
            "log/digests": np.concatenate(self._digests),
            "log/values": np.concatenate(self._values),
            "log/gradients": np.concatenate(self._gradients),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> EvaluationLog:
        """Read what :meth:`arrays` returned."""
        log = cls()
        stops = np.cumsum(arrays["log/counts"])[:-1]
        if len(arrays["log/counts"]):
            log._members = np.split(arrays["log/members"], stops)
            log._digests = np.split(arrays["log/digests"], stops)
            log._values = np.split(arrays["log/values"], stops)
            log._gradients = np.split(arrays["log/gradients"], stops)
        return log
