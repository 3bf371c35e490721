"""Networks that turn noise into sets of KM."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import ModelError, TrainingError, did_you_mean
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.models.parameters import ParameterLayout

FloatArray = npt.NDArray[np.float64]
LN_M = math.log(1000.0)
"""ln of one M in mM."""
BOUNDS = (-25.0 + LN_M, 3.0 + LN_M)
"""Published range of ln KM, here in mM: 1.4e-11 to 20 M. The article's 1.3e-3 to 20 reads as mM."""
SMALLEST_MEAN_SQUARE = 1e-12
"""Keeps the scaling of outputs that are all zero defined."""
RANGES = ("entry", "batch")
DTYPES = ("float64", "float32")
BATCH = 100
TOGETHER = 2500
"""Models that pass through the layers together: what is between the layers takes memory."""


@dataclass(frozen=True)
class KineticGenerator:
    """Noise -> ln KM: layers of LeakyReLU, a linear output, and a range.

    The defaults of the layers are the published ones (Choudhury et al., Nat. Catal. 7:1086, 2024:
    99 Gaussians and a constant -> 256 -> 512 -> 1024 -> KM). Their dropout is never active and is
    left out.

    Args:
        km_names: outputs, ``network.km_names`` of the network.
        noise: number of Gaussian inputs; a constant 1 is added.
        hidden: widths of the hidden layers.
        slope: of the LeakyReLU below zero.
        range: ``"entry"`` scales the outputs of a model to a root mean square of one and puts a
            sigmoid on each, so a model does not depend on others; ``"batch"`` is the published
            scaling of a whole batch from its smallest to its largest output, so that a model
            depends on its batch mates. Without a scale, the weights that evolution lets grow
            drive most sigmoids to the bounds.
        low: lower bound of ln KM, ln mM.
        high: upper bound of ln KM, ln mM.
        measured: KM name -> (low, high) in ln mM; drawn uniformly between them instead of
            generated.

    Raises:
        ModelError: options that make no network, or a measured KM that is not known.
    """

    km_names: tuple[str, ...]
    noise: int = 99
    hidden: tuple[int, ...] = (256, 512, 1024)
    slope: float = 0.2
    range: str = "entry"
    low: float = BOUNDS[0]
    high: float = BOUNDS[1]
    measured: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "km_names", tuple(self.km_names))
        object.__setattr__(self, "hidden", tuple(int(width) for width in self.hidden))
        measured = {str(k): (float(a), float(b)) for k, (a, b) in self.measured.items()}
        object.__setattr__(self, "measured", FrozenDict(measured))
        if not self.km_names or self.noise < 1 or any(width < 1 for width in self.hidden):
            raise ModelError(
                f"A generator needs outputs, noise and positive widths, not {len(self.km_names)} "
                f"KM, noise={self.noise} and hidden={self.hidden}."
            )
        if self.range not in RANGES:
            raise ModelError(f"range={self.range!r} is not known; there are {', '.join(RANGES)}.")
        for name, (low, high) in {"the range": (self.low, self.high), **measured}.items():
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise ModelError(f"The bounds of {name}, {low} and {high}, are not in order.")
        for name in measured:
            if name not in self.km_names:
                raise ModelError(
                    f"The measured KM {name!r} is not known." + did_you_mean(name, self.km_names)
                )

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Sizes of input, hidden layers and output."""
        return (self.noise + 1, *self.hidden, len(self.km_names))

    @cached_property
    def layout(self) -> ParameterLayout:
        """Where weights ``(in, out)`` and biases lie in theta."""
        shapes: list[tuple[str, tuple[int, ...]]] = []
        for i, (n_in, n_out) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            shapes += [(f"w{i}", (n_in, n_out)), (f"b{i}", (n_out,))]
        return ParameterLayout.of(shapes)

    def initial(self, rng: np.random.Generator) -> FloatArray:
        """Draw theta ``(size,)``: Glorot-uniform weights, zero biases."""
        blocks = []
        for parameter in self.layout.parameters:
            if parameter.name.startswith("w"):
                limit = math.sqrt(6.0 / sum(parameter.shape))
                blocks.append(rng.uniform(-limit, limit, parameter.size))
            else:
                blocks.append(np.zeros(parameter.size))
        return np.concatenate(blocks)

    def draw_noise(self, models: int, rng: np.random.Generator) -> FloatArray:
        """Draw inputs ``(models, noise)``."""
        return rng.standard_normal((models, self.noise))

    def outputs(self, theta: FloatArray, noise: FloatArray) -> FloatArray:
        """Return what the last layer says ``(models, KM)``, before the range."""
        blocks = self.layout.unpack(theta)
        result = np.empty((len(noise), len(self.km_names)), dtype=noise.dtype)
        for start in range(0, len(noise), TOGETHER):
            part = slice(start, start + TOGETHER)
            result[part] = self._layers(blocks, noise[part])
        return result

    def _layers(self, blocks: Mapping[str, FloatArray], noise: FloatArray) -> FloatArray:
        value = np.concatenate([noise, np.ones((len(noise), 1), dtype=noise.dtype)], axis=1)
        for i in range(len(self.hidden)):
            value = value @ blocks[f"w{i}"]
            value += blocks[f"b{i}"]
            np.maximum(value, self.slope * value, out=value)
        last = len(self.hidden)
        return np.asarray(value @ blocks[f"w{last}"] + blocks[f"b{last}"])

    def ln_km(
        self, theta: FloatArray, noise: FloatArray, rng: np.random.Generator | None = None
    ) -> FloatArray:
        """Return ln KM ``(models, KM)``, ln mM.

        Args:
            theta: ``(size,)``.
            noise: ``(models, noise)``.
            rng: draws measured KM; needed where there are some.

        Raises:
            ModelError: there are measured KM and no ``rng``.
        """
        result = self.outputs(theta, noise)
        if self.range == "batch":
            result -= result.min()
            result /= result.max()
        else:
            square = np.einsum("mk,mk->m", result, result) / result.shape[1]
            result *= (0.5 / np.sqrt(square + SMALLEST_MEAN_SQUARE))[:, None]
            np.tanh(result, out=result)
            result += 1.0
            result *= 0.5
        result *= self.high - self.low
        result += self.low
        if self.measured:
            if rng is None:
                raise ModelError("Measured KM are drawn at random; give rng=.")
            for name, (low, high) in self.measured.items():
                result[:, self.km_names.index(name)] = rng.uniform(low, high, len(result))
        return np.asarray(result)

    def batches(
        self,
        theta: FloatArray,
        models: int,
        seed: int | Sequence[int] = 0,
        *,
        batch: int = BATCH,
        dtype: str = "float64",
    ) -> Iterator[FloatArray]:
        """Yield ln KM ``(models of a batch, KM)`` of new models, one batch after the other.

        The same seed gives the same models, and the first n of them however many are asked for,
        as long as batch and dtype are the same.

        Args:
            theta: ``(size,)``.
            models: how many in all.
            seed: of the noise.
            batch: models made together; large ones are faster, and with ``range="batch"`` the
                batch is part of what a model is.
            dtype: ``"float32"`` is about twice as fast, and as good for samples.

        Raises:
            ModelError: a batch of none, another dtype, or weights of another generator.
        """
        self._check_sample(theta, models, batch, dtype)
        weights = theta.astype(dtype)
        for start in range(0, models, batch):
            rng = np.random.default_rng([*np.atleast_1d(seed).tolist(), start])
            noise = self.draw_noise(batch, rng).astype(dtype)
            yield self.ln_km(weights, noise, rng)[: models - start]

    def sample(
        self,
        theta: FloatArray,
        models: int,
        seed: int | Sequence[int] = 0,
        *,
        batch: int = BATCH,
        dtype: str = "float64",
    ) -> FloatArray:
        """Return all :meth:`batches` as one array ``(models, KM)``."""
        self._check_sample(theta, models, batch, dtype)
        result = np.empty((models, len(self.km_names)), dtype=dtype)
        start = 0
        for part in self.batches(theta, models, seed, batch=batch, dtype=dtype):
            result[start : start + len(part)] = part
            start += len(part)
        return result

    def _check_sample(self, theta: FloatArray, models: int, batch: int, dtype: str) -> None:
        if models < 0 or batch < 1 or dtype not in DTYPES:
            raise ModelError(
                f"models={models}, batch={batch} and dtype={dtype!r} make no sample: models are "
                f"not negative, a batch has one or more, and dtypes are {' and '.join(DTYPES)}."
            )
        self.layout.check(theta)

    def check_network(self, network: KineticNetwork) -> None:
        """Check that the outputs are the KM of a network.

        Raises:
            TrainingError: they are not.
        """
        if self.km_names != network.km_names:
            raise TrainingError(
                f"The generator makes {len(self.km_names)} KM that are not those of the network "
                f"{network.name!r}; make it with km_names=network.km_names."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON data; ``KineticGenerator.from_json`` reads it."""
        return {
            "km_names": list(self.km_names),
            "noise": self.noise,
            "hidden": list(self.hidden),
            "slope": self.slope,
            "range": self.range,
            "low": self.low,
            "high": self.high,
            "measured": {name: list(bounds) for name, bounds in self.measured.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KineticGenerator:
        """Return the generator that :meth:`to_json` described.

        Raises:
            ModelError: options that a generator does not have.
        """
        try:
            return cls(**data)
        except TypeError as error:
            raise ModelError(f"The generator cannot be read: {error}.") from error
