"""Neural fields: a plain multi-layer perceptron, and the production-degradation form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError
from pyscimlode.models.network import (
    MLP,
    Activation,
    Initialisation,
    check_network,
    inverse_softplus,
    softplus,
)
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.scaling import Scaling

FloatArray = npt.NDArray[np.float64]
StateFeatures = Literal["linear", "log"]
LOG_OFFSET = 0.01


def state_features(y: FloatArray, features: StateFeatures) -> FloatArray:
    """Return what a network sees of scaled states ``y: (rows, states)``.

    ``"linear"``: y. ``"log"``: y and log(max(y, 0) + 0.01) side by side.
    """
    if features == "linear":
        return y
    return np.concatenate([y, np.log(np.maximum(y, 0.0) + LOG_OFFSET)], axis=-1)


@dataclass(frozen=True)
class _NeuralField:
    """What the two neural fields share: one network over states and controls."""

    widths: tuple[int, ...] = (32, 32)
    activation: Activation = "tanh"
    controls: Literal["exogenous", "endogenous"] = "exogenous"
    features: StateFeatures = "log"
    scaling: Literal["train-max", "none"] = "train-max"
    initialisation: Initialisation = "glorot"
    initial_scale: float = 1.0
    last_scale: float = 0.1

    kind: ClassVar[str]
    outputs_per_state: ClassVar[int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        check_network(self.widths, self.activation, self.initialisation)
        for name, value, known in (
            ("controls", self.controls, ("exogenous", "endogenous")),
            ("features", self.features, get_args(StateFeatures)),
            ("scaling", self.scaling, ("train-max", "none")),
        ):
            if value not in known:
                raise ModelError(f"{name}={value!r} is not one of {', '.join(known)}.")

    @property
    def endogenous(self) -> bool:
        """Whether controls are integrated as further states (the published 23-state form)."""
        return self.controls == "endogenous"

    def network(self, n_states: int, n_controls: int) -> MLP:
        """Return the network for so many states and controls."""
        n_in = n_states * (2 if self.features == "log" else 1) + n_controls
        n_out = n_states * self.outputs_per_state
        return MLP("net", n_in, self.widths, n_out, self.activation)

    def layout(self, n_states: int, n_controls: int) -> ParameterLayout:
        """Return the parameter layout for so many states and controls."""
        return ParameterLayout.of(self.network(n_states, n_controls).shapes())

    def initial(self, n_states: int, n_controls: int, rng: np.random.Generator) -> FloatArray:
        """Draw an initial ``theta: (size,)``."""
        values = self.network(n_states, n_controls).initial(
            rng, self.initialisation, scale=self.initial_scale, last_scale=self.last_scale
        )
        values[f"net.{len(self.widths)}.bias"] += self._initial_output()
        return self.layout(n_states, n_controls).pack(values)

    def _initial_output(self) -> float:
        return 0.0

    def field(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return dz/dt ``(rows, states)``; see :class:`pyscimlode.models.base.Model`."""
        n_states, n_controls = z.shape[-1], p.shape[-1]
        y = z / scaling.state_scale
        x = np.concatenate(
            [state_features(y, self.features), scaling.transform_controls(p)], axis=-1
        )
        weights = self.layout(n_states, n_controls).unpack(theta)
        out = self.network(n_states, n_controls).forward(weights, x)
        return self._head(out, y) * (scaling.state_scale / scaling.time_scale)

    def _head(self, out: FloatArray, y: FloatArray) -> FloatArray:
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON data with its ``kind``."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths)}


@dataclass(frozen=True)
class NeuralODE(_NeuralField):
    """dy/dt = MLP(features(y), u) / time_scale, with y = z / state_scale.

    Args:
        widths: width of each hidden layer.
        activation: ``"tanh"``, ``"softplus"``, ``"silu"``, ``"gelu"``, ``"elu"``, ``"softsign"`` or
            ``"adaptive-tanh"`` (tanh with a learned slope for each hidden layer).
        controls: ``"exogenous"`` (controls are inputs p(t)) or ``"endogenous"`` (controls are
            integrated as further states, the published 23-state form).
        features: ``"log"`` shows the network y and log(y + 0.01); ``"linear"`` only y.
        scaling: ``"train-max"`` (states by their training maximum, outputs by that over the time
            scale, as Kim et al. 2021 scale stiff systems; controls log1p and standardised) or
            ``"none"`` (raw units, as published).
        initialisation: ``"glorot"``, ``"normal"``, ``"orthogonal"`` or ``"zeros"``.
        initial_scale: factor (``"normal"``: standard deviation) of the initial weights.
        last_scale: extra factor on the last layer, so that the first trajectories are tame.
    """

    kind: ClassVar[str] = "neural_ode"
    outputs_per_state: ClassVar[int] = 1

    @classmethod
    def published(cls) -> NeuralODE:
        """The net of the paper's Table II: 23-10-10-10-10-23, tanh, N(0, 0.1), raw units."""
        return cls(
            widths=(10, 10, 10, 10),
            activation="tanh",
            controls="endogenous",
            features="linear",
            scaling="none",
            initialisation="normal",
            initial_scale=0.1,
            last_scale=1.0,
        )


@dataclass(frozen=True)
class ProductionDegradation(_NeuralField):
    """dy/dt = (P(y, u) - D(y, u) y) / time_scale with P, D = softplus(MLP) >= 0.

    A state that reaches zero can only be produced, so trajectories that start non-negative stay
    non-negative. Arguments as for :class:`NeuralODE`, with other defaults where trials on the
    simulated strains showed that this form trains better with them, and

    Args:
        initial_rate: P and D of the untrained model, per time scale, without their dependence on
            states and controls.
    """

    features: StateFeatures = "linear"
    last_scale: float = 1.0
    initial_rate: float = 0.13

    kind: ClassVar[str] = "production_degradation"
    outputs_per_state: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.initial_rate > 0.0:
            raise ModelError(f"initial_rate={self.initial_rate!r}: P and D are positive.")

    def _initial_output(self) -> float:
        return inverse_softplus(self.initial_rate)

    def _head(self, out: FloatArray, y: FloatArray) -> FloatArray:
        production, degradation = np.split(softplus(out), 2, axis=-1)
        return np.asarray(production - degradation * y)
