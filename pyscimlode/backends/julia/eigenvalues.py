"""Eigenvalues of matrices by Julia, as an opinion of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.julia.backend import julia_engine
from pyscimlode.backends.julia.installation import require
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.errors import DataError, EngineError

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
ENTRIES = 1 << 21
"""Numbers of one request: 16 MiB."""


def julia_eigenvalues(
    matrices: npt.ArrayLike, *, limits: Limits | None = None, engine: Engine | None = None
) -> ComplexArray:
    """Return the eigenvalues ``(matrices, n)`` by ``LinearAlgebra.eigvals!``.

    They are sorted by real part, then by imaginary part. The worker is that of all sessions, and
    is started if it does not run.

    Args:
        matrices: ``(matrices, n, n)``, float64.
        limits: of each call; those of the environment by default.
        engine: another worker than Julia's; for tests.

    Raises:
        DataError: the matrices are not square, or an entry is not finite.
        BackendUnavailable: Julia is not installed.
        EngineError: the worker fails.
    """
    array = _checked(matrices)
    limits = limits or Limits.chosen()
    if engine is None:
        require()
        engine = julia_engine()
    values = np.empty(array.shape[:2], dtype=np.complex128)
    for part in _parts(*array.shape[:2]):
        values[part] = _asked(engine, array[part], limits)
    return values


def _asked(engine: Engine, matrices: FloatArray, limits: Limits) -> ComplexArray:
    with engine.worker(limits) as worker:
        answer = worker.request("eigenvalues", {}, {"matrices": matrices}, limits)
    real, imaginary = answer.arrays.get("real"), answer.arrays.get("imaginary")
    wanted = matrices.shape[:2]
    if real is None or imaginary is None or not real.shape == imaginary.shape == wanted:
        raise EngineError(
            "The Julia worker answered 'eigenvalues' without one value for each row: the Julia "
            "package does not fit this version of pyscimlode. Run `pyscimlode julia install`."
        )
    return np.asarray(real + 1j * imaginary, dtype=np.complex128)


def _checked(matrices: npt.ArrayLike) -> FloatArray:
    array = np.asarray(matrices, dtype=np.float64)
    if array.ndim != 3 or array.shape[1] != array.shape[2]:
        raise DataError(f"matrices have the shape {array.shape}; give (matrices, n, n).")
    finite = np.isfinite(array).all(axis=(1, 2))
    if not finite.all():
        raise DataError(f"Matrix {int(finite.argmin())} has an entry that is not finite.")
    return array


def _parts(number: int, n: int) -> list[slice]:
    step = max(1, ENTRIES // max(1, n * n))
    return [slice(start, min(number, start + step)) for start in range(0, number, step)]
