"""The training problem as plain arrays: what every engine is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.models.base import Model
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.scaling import Scaling

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Objective:
    """The loss of one member; see :mod:`pyscimlode.objectives.losses` for the formulas.

    Attributes:
        kind: ``"mse"`` or ``"huber"`` on residuals divided by ``Problem.loss_scale``.
        huber_delta: where the Huber loss turns linear, in units of ``loss_scale``.
        detached_pir: the published penalty, computed on detached values: it changes the loss but
            not the gradient. Only for reproduction.
    """

    kind: Literal["mse", "huber"] = "huber"
    huber_delta: float = 1.0
    detached_pir: bool = False


@dataclass(frozen=True, eq=False)
class Problem:
    """Members x experiments, padded to common lengths.

    Padding repeats the last time; padded output times have zero weight and ``valid`` False, padded
    knots repeat the last knot's values.

    Attributes:
        model: what is trained.
        scaling: stacked over members (leading axis ``members``).
        state_names: names of the integrated states (controls included if endogenous).
        control_names: names of the controls that enter as inputs.
        experiment_names: ``experiments`` ids.
        times: ``(experiments, times)`` output times, non-decreasing; column 0 is the start.
        valid: ``(experiments, times)``, False for padding.
        initial: ``(experiments, states)`` measured initial states, finite.
        observed: ``(experiments, times, states)``, NaN where unmeasured or padded.
        knot_times: ``(experiments, knots)`` where p(t) has kinks, non-decreasing.
        knot_values: ``(experiments, knots, controls)``, finite, measured units.
        control_interpolation: ``"linear"`` or ``"step"`` (the value of the last knot).
        weights: ``(members, experiments, times, states)`` non-negative weights of the data term;
            zero where unmeasured or where a member does not train on an experiment.
        pir_weights: ``(members, experiments, times)`` weights of the penalty's mean over output
            points; they sum to 1 / states for each member (so that it is a mean over cells).
        pir: ``(members,)`` factor lambda of the physiology-informed penalty.
        loss_scale: ``(members, states)`` residuals are divided by it, in state units.
        objective: data term.
        groups: ``(experiments,)`` strain index of each experiment, for batches by strain.
    """

    model: Model
    scaling: Scaling
    state_names: tuple[str, ...]
    control_names: tuple[str, ...]
    experiment_names: tuple[str, ...]
    times: FloatArray
    valid: BoolArray
    initial: FloatArray
    observed: FloatArray
    knot_times: FloatArray
    knot_values: FloatArray
    control_interpolation: Literal["linear", "step"]
    weights: FloatArray
    pir_weights: FloatArray
    pir: FloatArray
    loss_scale: FloatArray
    objective: Objective = field(default_factory=Objective)
    groups: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def n_members(self) -> int:
        """Number of ensemble members."""
        return int(self.weights.shape[0])

    @property
    def n_experiments(self) -> int:
        """Number of experiments."""
        return len(self.experiment_names)

    @property
    def n_states(self) -> int:
        """Number of integrated states."""
        return len(self.state_names)

    @property
    def n_controls(self) -> int:
        """Number of controls that enter as inputs."""
        return len(self.control_names)

    @property
    def layout(self) -> ParameterLayout:
        """Layout of one member's parameter vector."""
        return self.model.layout(self.n_states, self.n_controls)
