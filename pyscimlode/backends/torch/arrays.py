"""Array operations of the batched engine: one code path, two array libraries.

The engine's loops consist of many small operations with preallocated results. On the CPU they run
on NumPy arrays, which share memory with CPU tensors and cost a fraction of a tensor operation's
dispatch; on every other device they run on tensors. Both libraries name these operations alike,
and what differs is gathered here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from scipy import special
from torch import Tensor
from torch.nn import functional

Array = Any
"""A NumPy array or a tensor, as the :class:`Arrays` in use has it."""
FloatArray = npt.NDArray[np.float64]
FEW_VALUES = 200
"""Below, one slow operation of NumPy costs less than six fast ones."""


class Arrays(Protocol):
    """Where numbers live and how they are worked on.

    Attributes:
        xp: the namespace, ``numpy`` or ``torch``.
        host: whether values can be read without waiting for a device.
        dtype: data type of states and parameters.
        device: of tensors.
        precision: states and parameters as a torch data type.
    """

    xp: Any
    host: bool
    dtype: Any
    device: torch.device
    precision: torch.dtype

    def empty(self, shape: Sequence[int]) -> Array:
        """Return uninitialised memory of ``dtype``."""
        ...

    def scratch(self, name: str, shape: Sequence[int]) -> Array:
        """Return uninitialised memory that the next call with this name gives away again."""
        ...

    def array(self, values: npt.ArrayLike) -> Array:
        """Return values from the host as ``dtype``."""
        ...

    def reals(self, values: npt.ArrayLike) -> Array:
        """Return values from the host as float64."""
        ...

    def index(self, values: npt.ArrayLike) -> Array:
        """Return integers from the host for indexing."""
        ...

    def numpy(self, values: Array) -> np.ndarray:
        """Return values on the host (shared memory where possible)."""
        ...

    def tensor(self, values: Array) -> Tensor:
        """Return values as a tensor (shared memory)."""
        ...

    def from_tensor(self, values: Tensor) -> Array:
        """Return a tensor's values (shared memory)."""
        ...

    def dot(self, a: Array, b: Array, out: Array) -> Array:
        """Matrix product of one or two axes each into contiguous ``out``."""
        ...

    def positive_part(self, x: Array, out: Array) -> Array:
        """Write ``max(x, 0)`` into ``out``."""
        ...

    def at_least(self, x: Array, low: float) -> Array:
        """Return ``max(x, low)``."""
        ...

    def between(self, x: Array, low: float, high: float) -> Array:
        """Return ``x`` clipped to ``[low, high]``; NaN stays."""
        ...

    def softplus(self, x: Array, out: Array) -> Array:
        """Write ``log(1 + exp(x))`` into ``out``."""
        ...

    def sigmoid(self, x: Array) -> Array:
        """Return ``1 / (1 + exp(-x))``."""
        ...

    def erf(self, x: Array) -> Array:
        """Return the error function."""
        ...

    def swap(self, x: Array, axes: Sequence[int]) -> Array:
        """Return a view with permuted axes."""
        ...

    def clear_non_finite(self, x: Array) -> None:
        """Replace NaN and infinity by zero, in place."""
        ...

    def add_grouped(self, target: Array, index: tuple[Array, Array], values: Array) -> None:
        """Add ``values[q]`` to ``target[index[0][q], :, :, index[1][q]]``; groups are adjacent."""
        ...


class NumpyArrays:
    """NumPy on the CPU."""

    xp: Any = np
    host = True
    device = torch.device("cpu")

    def __init__(self, precision: torch.dtype) -> None:
        self.precision = precision
        self.dtype: Any = np.dtype(np.float32 if precision == torch.float32 else np.float64)
        self.dot = np.dot
        self._scratch: dict[str, Array] = {}

    def empty(self, shape: Sequence[int]) -> Array:
        """Return uninitialised memory of ``dtype``."""
        return np.empty(tuple(shape), dtype=self.dtype)

    def scratch(self, name: str, shape: Sequence[int]) -> Array:
        """Return uninitialised memory that the next call with this name gives away again."""
        return take_scratch(self, self._scratch, name, shape)

    def array(self, values: npt.ArrayLike) -> Array:
        """Return values from the host as ``dtype``."""
        return np.array(values, dtype=self.dtype)

    def reals(self, values: npt.ArrayLike) -> Array:
        """Return values from the host as float64."""
        return np.array(values, dtype=np.float64)

    def index(self, values: npt.ArrayLike) -> Array:
        """Return integers from the host for indexing."""
        return np.asarray(values)

    def numpy(self, values: Array) -> np.ndarray:
        """Return values on the host (shared memory where possible)."""
        return np.asarray(values)

    def tensor(self, values: Array) -> Tensor:
        """Return values as a tensor (shared memory)."""
        return torch.from_numpy(values)

    def from_tensor(self, values: Tensor) -> Array:
        """Return a tensor's values (shared memory)."""
        return values.detach().numpy()

    def positive_part(self, x: Array, out: Array) -> Array:
        """Write ``max(x, 0)`` into ``out``."""
        return np.maximum(x, 0.0, out=out)

    def at_least(self, x: Array, low: float) -> Array:
        """Return ``max(x, low)``."""
        return np.maximum(x, low)

    def between(self, x: Array, low: float, high: float) -> Array:
        """Return ``x`` clipped to ``[low, high]``; NaN stays. Less to do than in ``np.clip``."""
        inside = np.maximum(x, low)
        return np.minimum(inside, high, out=inside)

    def softplus(self, x: Array, out: Array) -> Array:
        """Write ``log(1 + exp(x))`` into ``out``."""
        if x.size < FEW_VALUES:
            return np.logaddexp(x, self.dtype.type(0.0), out=out)
        tail = np.abs(x)
        np.negative(tail, out=tail)
        np.exp(tail, out=tail)
        np.log1p(tail, out=tail)
        np.maximum(x, 0.0, out=out)
        return np.add(out, tail, out=out)

    def sigmoid(self, x: Array) -> Array:
        """Return ``1 / (1 + exp(-x))``."""
        return special.expit(x)

    def erf(self, x: Array) -> Array:
        """Return the error function."""
        return special.erf(x)

    def swap(self, x: Array, axes: Sequence[int]) -> Array:
        """Return a view with permuted axes."""
        return np.transpose(x, tuple(axes))

    def clear_non_finite(self, x: Array) -> None:
        """Replace NaN and infinity by zero, in place."""
        np.nan_to_num(x, copy=False, nan=0.0, posinf=0.0, neginf=0.0)

    def add_grouped(self, target: Array, index: tuple[Array, Array], values: Array) -> None:
        """Add ``values[q]`` to ``target[index[0][q], :, :, index[1][q]]``; groups are adjacent."""
        step, row = index
        first = np.flatnonzero(np.r_[True, (np.diff(step) != 0) | (np.diff(row) != 0)])
        target[step[first], :, :, row[first]] += np.add.reduceat(values, first, axis=0)


class TorchArrays:
    """Tensors on any device; on the CPU they take the path of a GPU, which tests make use of."""

    xp: Any = torch
    host = False

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        self.device = device
        self.precision = precision
        self.dtype: Any = precision
        self._scratch: dict[str, Array] = {}

    def empty(self, shape: Sequence[int]) -> Array:
        """Return uninitialised memory of ``dtype``."""
        return torch.empty(tuple(shape), device=self.device, dtype=self.precision)

    def scratch(self, name: str, shape: Sequence[int]) -> Array:
        """Return uninitialised memory that the next call with this name gives away again."""
        return take_scratch(self, self._scratch, name, shape)

    def array(self, values: npt.ArrayLike) -> Array:
        """Return values from the host as ``dtype``."""
        return torch.tensor(np.asarray(values), device=self.device, dtype=self.precision)

    def reals(self, values: npt.ArrayLike) -> Array:
        """Return values from the host as float64."""
        return torch.tensor(np.asarray(values), device=self.device, dtype=torch.float64)

    def index(self, values: npt.ArrayLike) -> Array:
        """Return integers from the host for indexing."""
        return torch.tensor(np.asarray(values), device=self.device)

    def numpy(self, values: Array) -> np.ndarray:
        """Return values on the host (shared memory where possible)."""
        return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)

    def tensor(self, values: Array) -> Tensor:
        """Return values as a tensor (shared memory)."""
        return values

    def from_tensor(self, values: Tensor) -> Array:
        """Return a tensor's values (shared memory)."""
        return values.detach()

    def dot(self, a: Array, b: Array, out: Array) -> Array:
        """Matrix product of one or two axes each into contiguous ``out``."""
        return torch.mv(b.t(), a, out=out) if a.ndim == 1 else torch.mm(a, b, out=out)

    def positive_part(self, x: Array, out: Array) -> Array:
        """Write ``max(x, 0)`` into ``out``."""
        return torch.clamp_min(x, 0.0, out=out)

    def at_least(self, x: Array, low: float) -> Array:
        """Return ``max(x, low)``."""
        return torch.clamp_min(x, low)

    def between(self, x: Array, low: float, high: float) -> Array:
        """Return ``x`` clipped to ``[low, high]``; NaN stays."""
        return torch.clamp(x, low, high)

    def softplus(self, x: Array, out: Array) -> Array:
        """Write ``log(1 + exp(x))`` into ``out``."""
        return out.copy_(functional.softplus(x, threshold=50.0))

    def sigmoid(self, x: Array) -> Array:
        """Return ``1 / (1 + exp(-x))``."""
        return torch.sigmoid(x)

    def erf(self, x: Array) -> Array:
        """Return the error function."""
        return torch.erf(x)

    def swap(self, x: Array, axes: Sequence[int]) -> Array:
        """Return a view with permuted axes."""
        return x.permute(tuple(axes))

    def clear_non_finite(self, x: Array) -> None:
        """Replace NaN and infinity by zero, in place."""
        torch.nan_to_num_(x, nan=0.0, posinf=0.0, neginf=0.0)

    def add_grouped(self, target: Array, index: tuple[Array, Array], values: Array) -> None:
        """Add ``values[q]`` to ``target[index[0][q], :, :, index[1][q]]``."""
        moved = target.permute(0, 3, 1, 2)
        moved.index_put_(index, values, accumulate=True)


def take_scratch(arrays: Arrays, kept: dict[str, Array], name: str, shape: Sequence[int]) -> Array:
    """Return a view of the memory kept under ``name``, which grows as needed.

    Large arrays made anew in every call would be given back to the system and cleared again each
    time, which costs more than what is done with them.
    """
    size = math.prod(shape)
    if name not in kept or len(kept[name]) < size:
        kept[name] = arrays.empty((size,))
    return kept[name][:size].reshape(tuple(shape))


def choose_arrays(device: torch.device, precision: torch.dtype, library: str = "auto") -> Arrays:
    """Return NumPy arrays on the CPU, tensors elsewhere or where ``library="torch"``."""
    if device.type == "cpu" and library == "auto":
        return NumpyArrays(precision)
    return TorchArrays(device, precision)
