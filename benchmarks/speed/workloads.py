"""The two workloads: generated inputs, random weights, the same for every candidate.

Weights are normal with standard deviation ``1 / sqrt(n_in)``, the last layer's a tenth of that,
biases 0.1 times normal. Of the first seeds, 3 is the one whose identity workload is least served by
a uniform grid: there dopri8 at rtol 1e-7 with 200 outputs takes 184 field evaluations in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.scaling import identity_scaling, stack
from pyscimlode.problem import Objective, Problem

FloatArray = npt.NDArray[np.float64]
WIDTHS = (10, 10, 10, 10)
NAMES = ("identity", "forecast")


@dataclass(frozen=True, eq=False)
class Workload:
    """One batch whose loss and gradient are timed.

    Attributes:
        name: ``"identity"`` or ``"forecast"``.
        theta: ``(parameters,)`` flat weights of the network, float64.
        initial: ``(rows, states)`` at time 0.
        outputs: ``(outputs,)`` times that the loss uses, increasing, after 0.
        target: ``(rows, outputs, states)``; the loss is the mean squared difference.
        knot_times: ``(knots,)``; of length 0 without controls.
        knot_values: ``(rows, knots, controls)``, linear in between.
        published_outputs: how many equally spaced outputs the published configuration computes.
    """

    name: str
    theta: FloatArray
    initial: FloatArray
    outputs: FloatArray
    target: FloatArray
    knot_times: FloatArray
    knot_values: FloatArray
    published_outputs: int = 200

    @property
    def horizon(self) -> float:
        """The last time."""
        return float(self.outputs[-1])

    @property
    def n_rows(self) -> int:
        """Number of trajectories."""
        return int(self.initial.shape[0])

    @property
    def n_states(self) -> int:
        """Number of states."""
        return int(self.initial.shape[1])

    @property
    def n_controls(self) -> int:
        """Number of controls."""
        return int(self.knot_values.shape[2])

    @property
    def model(self) -> NeuralODE:
        """The network as a model of the package, in raw units."""
        return _model(self.n_controls)

    def layers(self) -> list[tuple[FloatArray, FloatArray]]:
        """Weights ``(out, in)`` and biases ``(out,)`` of every layer."""
        parts = self.model.layout(self.n_states, self.n_controls).unpack(self.theta)
        return [
            (parts[f"net.{layer}.weight"], parts[f"net.{layer}.bias"])
            for layer in range(len(parts) // 2)
        ]

    def problem(self) -> Problem:
        """Return the workload as a problem of the package, one member."""
        rows, states, outputs = self.n_rows, self.n_states, len(self.outputs)
        times = np.concatenate([[0.0], self.outputs])
        weights = np.zeros((1, rows, outputs + 1, states))
        weights[:, :, 1:, :] = 1.0 / self.target.size
        knots = self.knot_times if self.n_controls else np.zeros(1)
        return Problem(
            model=self.model,
            scaling=stack([identity_scaling(states, self.n_controls)]),
            state_names=tuple(f"state {i}" for i in range(states)),
            control_names=tuple(f"control {i}" for i in range(self.n_controls)),
            experiment_names=tuple(f"row {i}" for i in range(rows)),
            times=np.tile(times, (rows, 1)),
            valid=np.ones((rows, outputs + 1), dtype=np.bool_),
            initial=self.initial,
            observed=np.concatenate([self.initial[:, None, :], self.target], axis=1),
            knot_times=np.tile(knots, (rows, 1)),
            knot_values=self.knot_values if self.n_controls else np.zeros((rows, 1, 0)),
            control_interpolation="linear",
            weights=weights,
            pir_weights=np.zeros((1, rows, outputs + 1)),
            pir=np.zeros(1),
            loss_scale=np.ones((1, states)),
            objective=Objective(kind="mse"),
            groups=np.zeros(rows, dtype=np.int64),
        )


def _model(n_controls: int) -> NeuralODE:
    return NeuralODE(
        widths=WIDTHS,
        activation="tanh",
        controls="exogenous" if n_controls else "endogenous",
        features="linear",
        scaling="none",
    )


def make(name: str, *, quick: bool = False, seed: int = 3) -> Workload:
    """Generate a workload; ``quick`` makes it tiny.

    identity: 200 rows x 23 states, no controls, loss on the end point at 72 h.
    forecast: 3 rows x 13 states, 10 controls linear between 9 knots, loss on 200 outputs.
    """
    if name not in NAMES:
        raise ValueError(f"workload={name!r} is not one of {', '.join(NAMES)}.")
    rng = np.random.default_rng(seed)
    horizon = 8.0 if quick else 72.0
    if name == "identity":
        rows, states, controls, outputs = (4 if quick else 200), 23, 0, np.array([horizon])
    else:
        rows, states, controls = 3, 13, 10
        outputs = np.linspace(0.0, horizon, (6 if quick else 200) + 1)[1:]
    theta = _weights(rng, states, controls)
    n_knots = 9 if controls else 0
    return Workload(
        name=name,
        theta=theta,
        initial=rng.uniform(0.0, 1.0, (rows, states)),
        outputs=outputs,
        target=rng.uniform(0.0, 1.0, (rows, len(outputs), states)),
        knot_times=np.linspace(0.0, horizon, n_knots),
        knot_values=rng.uniform(0.0, 1.0, (rows, n_knots, controls)),
        published_outputs=8 if quick else 200,
    )


def _weights(rng: np.random.Generator, n_states: int, n_controls: int) -> FloatArray:
    layout = _model(n_controls).layout(n_states, n_controls)
    last = f"net.{len(WIDTHS)}."
    values = {}
    for parameter in layout.parameters:
        scale = 1.0 / np.sqrt(parameter.shape[1]) if len(parameter.shape) == 2 else 0.1
        scale *= 0.1 if parameter.name.startswith(last) else 1.0
        values[parameter.name] = rng.normal(0.0, scale, parameter.shape)
    return layout.pack(values)
