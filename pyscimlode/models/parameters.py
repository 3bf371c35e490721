"""One flat float64 parameter vector with named parts, the same in every engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A named, row-major block of the parameter vector."""

    name: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def slice(self) -> slice:
        """Where the block lies in the flat vector."""
        return slice(self.offset, self.offset + self.size)


@dataclass(frozen=True)
class ParameterLayout:
    """Names, shapes and offsets of the blocks of a parameter vector ``theta``.

    ``theta`` is float64, blocks follow each other without gaps, each block is row-major. A
    leading axis of ensemble members is allowed everywhere: ``theta: (members, size)``.

    >>> layout = ParameterLayout.of([("w", (2, 3)), ("b", (2,))])
    >>> layout.size
    8
    >>> layout.unpack(np.arange(8.0))["b"]
    array([6., 7.])
    """

    parameters: tuple[Parameter, ...]

    @classmethod
    def of(cls, shapes: Iterable[tuple[str, tuple[int, ...]]]) -> ParameterLayout:
        """Lay out named shapes one after the other."""
        parameters: list[Parameter] = []
        offset = 0
        for name, shape in shapes:
            parameter = Parameter(name, tuple(int(n) for n in shape), offset)
            parameters.append(parameter)
            offset += parameter.size
        names = [parameter.name for parameter in parameters]
        if len(set(names)) != len(names):
            raise ModelError(f"Parameter names are not unique: {names}.")
        return cls(tuple(parameters))

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(parameter.size for parameter in self.parameters)

    def __getitem__(self, name: str) -> Parameter:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = ", ".join(parameter.name for parameter in self.parameters)
        raise ModelError(f"There is no parameter {name!r}; there are {names}.")

    def unpack(self, theta: FloatArray) -> dict[str, FloatArray]:
        """Return views ``name -> (..., *shape)`` of ``theta: (..., size)``."""
        self.check(theta)
        lead = theta.shape[:-1]
        return {p.name: theta[..., p.slice].reshape((*lead, *p.shape)) for p in self.parameters}

    def pack(self, values: Mapping[str, npt.ArrayLike]) -> FloatArray:
        """Return the flat vector ``(size,)`` of named arrays; the inverse of :meth:`unpack`."""
        theta = np.empty(self.size)
        for parameter in self.parameters:
            if parameter.name not in values:
                raise ModelError(f"The parameter {parameter.name!r} is missing.")
            block = np.asarray(values[parameter.name], dtype=np.float64)
            if block.shape != parameter.shape:
                raise ModelError(
                    f"The parameter {parameter.name!r} has shape {block.shape}; "
                    f"the model needs {parameter.shape}."
                )
            theta[parameter.slice] = block.ravel()
        return theta

    def check(self, theta: FloatArray) -> None:
        """Raise :class:`ModelError` unless the last axis of ``theta`` fits this layout."""
        if theta.ndim == 0 or theta.shape[-1] != self.size:
            raise ModelError(
                f"theta has shape {theta.shape}; this model has {self.size} parameters "
                "on the last axis."
            )

    def to_json(self) -> list[dict[str, Any]]:
        """Return the layout as JSON data."""
        return [
            {"name": p.name, "shape": list(p.shape), "offset": p.offset} for p in self.parameters
        ]

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]]) -> ParameterLayout:
        """Read what :meth:`to_json` wrote; offsets must be gapless."""
        items = list(data)
        layout = cls.of([(str(item["name"]), tuple(item["shape"])) for item in items])
        for parameter, item in zip(layout.parameters, items, strict=True):
            if parameter.offset != item["offset"]:
                raise ModelError(f"The offset of parameter {parameter.name!r} does not fit.")
        return layout
