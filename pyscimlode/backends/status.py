"""How a solve ended, as a value: one code an experiment and member, one sentence of advice."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Result code of one trajectory."""

    SUCCESS = 0
    MAX_STEPS = 1
    STEP_TOO_SMALL = 2
    NON_FINITE = 3
    NEWTON_FAILED = 4
    WORKER_DIED = 5
    TIMEOUT = 6
    OUT_OF_MEMORY = 7

    @property
    def advice(self) -> str:
        """What to try next."""
        return _ADVICE[self]


_ADVICE = {
    Status.SUCCESS: "Nothing to do.",
    Status.MAX_STEPS: (
        "The step limit was reached: raise max_steps, loosen rtol and atol, or use an implicit "
        "solver if the field is stiff."
    ),
    Status.STEP_TOO_SMALL: (
        "The step fell below what floating point resolves: the field is stiff or discontinuous "
        "here; use an implicit solver, float64 or looser tolerances."
    ),
    Status.NON_FINITE: (
        "The field returned NaN or infinity: check the inputs' scaling, lower the learning rate, "
        "or use a production-degradation model."
    ),
    Status.NEWTON_FAILED: "The implicit equations did not converge: lower the first step or rtol.",
    Status.WORKER_DIED: "The engine's process ended; it is started again on the next call.",
    Status.TIMEOUT: "The time limit was reached: raise it, or loosen rtol and atol.",
    Status.OUT_OF_MEMORY: "Memory ran out: use fewer members or experiments a batch, or float32.",
}
