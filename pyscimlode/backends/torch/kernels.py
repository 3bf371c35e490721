"""Fast evaluation of a field and its transposed Jacobian, many stages side by side.

A :class:`Kernel` evaluates one stage after the other into a :class:`Tape`, then goes backwards: it
returns each stage's vector-Jacobian product at once, and forms the gradient of the parameters of
all stages at the end in one product a layer.

Arrays are feature-major: ``(features, *rows)`` with ``rows = (B,)`` for one member and
``(M, B)`` for several, so that the states of a stage are contiguous and the row of ones that
carries the biases costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.tensors import ScalingTensors

Rows = tuple[int, ...]


class Tape(Protocol):
    """Memory of some stages ("slots").

    Attributes:
        state: one view ``(states * rows,)`` a slot, into which the caller writes the states.
        cotangent: one view ``(states, *rows)`` a slot, into which the caller writes cotangents.
        inputs: ``(slots, controls, *rows)``, into which the caller writes transformed inputs.
        used: slots that hold an evaluation.
    """

    state: list[Array]
    cotangent: list[Array]
    inputs: Array
    used: int


class Kernel(Protocol):
    """A field with hand-written (or generic) derivatives on feature-major arrays.

    Attributes:
        n_states: number of states.
        slot_floats: numbers that a tape holds for one row of one stage.
    """

    n_states: int
    slot_floats: int

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        ...

    def tape(self, slots: int, rows: Rows) -> Tape:
        """Return memory for so many stages."""
        ...

    def forward(self, tape: Any, slot: int, out: Array) -> None:
        """Write ``time_scale * dy/dt`` at the slot's states into ``out: (states, *rows)``."""
        ...

    def linearise(self, tape: Any) -> None:
        """Prepare the used slots for :meth:`backward`."""
        ...

    def backward(self, tape: Any, slot: int, out: Array) -> None:
        """Write the Jacobian's transpose times the slot's cotangent into ``out``."""
        ...

    def add_gradient(self, tape: Any, gradient: Array) -> None:
        """Add the parameters' gradient over the used slots to ``gradient: (members, size)``."""
        ...

    def clear_non_finite(self, tape: Any) -> None:
        """Replace what overflowed by zeros, so that zero cotangents stay zero."""
        ...


KernelFactory = Callable[[ScalingTensors, Arrays], Kernel]
_FACTORIES: dict[str, KernelFactory] = {}


def register_kernel(kind: str, factory: KernelFactory) -> None:
    """Make ``factory`` the fast implementation of models of this ``kind``."""
    _FACTORIES[kind] = factory


def build_kernel(scaling: ScalingTensors, arrays: Arrays) -> Kernel:
    """Return the kernel of a model; any differentiable field has at least the generic one."""
    from pyscimlode.backends.torch import autograd_kernel, hybrid_kernel, kinetic_kernel, mlp_kernel

    known: dict[str, KernelFactory] = {
        "neural_ode": mlp_kernel.MLPKernel,
        "production_degradation": mlp_kernel.MLPKernel,
        "hybrid_ode": hybrid_kernel.HybridKernel,
        "kinetic_ode": kinetic_kernel.build_kinetic_kernel,
        **_FACTORIES,
    }
    factory = known.get(scaling.model.kind, autograd_kernel.AutogradKernel)
    return factory(scaling, arrays)
