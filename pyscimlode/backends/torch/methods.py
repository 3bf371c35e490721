"""The solver of a batch by name: explicit or implicit, with what both are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.adjoint import Adjoint
from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.blocks import Memory
from pyscimlode.backends.torch.forward import Integrator
from pyscimlode.backends.torch.implicit.adjoint import ImplicitAdjoint
from pyscimlode.backends.torch.implicit.esdirk import EsdirkIntegrator
from pyscimlode.backends.torch.implicit.integrator import ImplicitIntegrator
from pyscimlode.backends.torch.implicit.jacobians import Linearisation, build_linearisation
from pyscimlode.backends.torch.implicit.rosenbrock import RosenbrockIntegrator
from pyscimlode.backends.torch.implicit.tableaus import IMPLICIT_METHODS, implicit_tableau
from pyscimlode.backends.torch.kernels import Kernel, Rows, build_kernel
from pyscimlode.backends.torch.outputs import DenseOutput
from pyscimlode.backends.torch.solution import Solution
from pyscimlode.backends.torch.stage_inputs import StageInputs
from pyscimlode.backends.torch.tableaus import tableau
from pyscimlode.backends.torch.tensors import ScalingTensors

FloatArray = npt.NDArray[np.float64]


EXPLICIT_DEFAULT = "tsit5"
"""What ``"auto"`` begins with."""


class BackwardPass(Protocol):
    """The gradient of an integration."""

    def gradient(
        self, solution: Solution, output: DenseOutput, cotangent: Array, gradient: Array
    ) -> None:
        """Add the gradient of the parameters to ``gradient: (members, size)``."""
        ...


@dataclass(frozen=True, eq=False)
class Place:
    """The rows that are integrated.

    Attributes:
        arrays: where numbers live.
        inputs: of every row.
        time_scale: ``(rows,)`` of every row's member, on the host.
        rows: shape of the rows.
    """

    arrays: Arrays
    inputs: StageInputs
    time_scale: FloatArray
    rows: Rows


@dataclass(frozen=True, eq=False)
class Method:
    """A solver at work on some rows.

    Attributes:
        integrator: takes the steps.
        adjoint: goes back over them.
        linearisation: the Jacobian of implicit methods.
    """

    integrator: Integrator
    adjoint: BackwardPass
    linearisation: Linearisation | None = None

    @property
    def repeatable(self) -> bool:
        """Whether the same steps can be taken with other parameters."""
        return self.linearisation is None

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        self.integrator.kernel.bind(theta)
        if self.linearisation is not None:
            self.linearisation.bind(theta)


def open_method(
    scaling: ScalingTensors, solver: SolverSpec, *, place: Place, memory_limit: int
) -> Method:
    """Return a solver of a model; ``"auto"`` is its explicit part.

    Args:
        scaling: of the rows' members, with the model.
        solver: its method is one of this engine's own.
        place: the rows.
        memory_limit: bytes of evaluations to keep for a gradient.
    """
    kernel = build_kernel(scaling, place.arrays)
    if solver.method in IMPLICIT_METHODS:
        linearisation = build_linearisation(scaling, kernel, place.arrays)
        return open_implicit(kernel, linearisation, solver, place, memory_limit)
    chosen = tableau(EXPLICIT_DEFAULT if solver.method == "auto" else solver.method)
    slots = chosen.stages - 1 if place.inputs.continuous else chosen.stages
    memory = Memory(place.arrays, kernel, place.rows, chosen.stages, slots, memory_limit)
    integrator = Integrator(
        place.arrays, chosen, kernel, memory, place.inputs, place.time_scale, place.rows
    )
    return Method(integrator, Adjoint(integrator))


def open_implicit(
    kernel: Kernel,
    linearisation: Linearisation,
    solver: SolverSpec,
    place: Place,
    memory_limit: int,
) -> Method:
    """Return an implicit solver of a field; the arguments are those of :func:`open_method`."""
    chosen = implicit_tableau(solver.method)
    stages = chosen.stages
    memory = Memory(place.arrays, kernel, place.rows, stages, stages, memory_limit)
    parts = (
        place.arrays,
        chosen,
        kernel,
        linearisation,
        memory,
        place.inputs,
        place.time_scale,
        place.rows,
    )
    integrator: ImplicitIntegrator
    if chosen.linearly_implicit:
        integrator = RosenbrockIntegrator(*parts)
    else:
        integrator = EsdirkIntegrator(*parts, rtol=solver.rtol, atol=solver.atol)
    return Method(integrator, ImplicitAdjoint(integrator), linearisation)
