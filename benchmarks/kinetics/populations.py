"""The case that is measured, and sets of KM of which few and of which most are valid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticGenerator

FloatArray = npt.NDArray[np.float64]
QUICK_CASE = "example_pathway"
STEPS = 12
"""Of gradient training, which take seconds and make nearly all models valid."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What is measured: a kinetic model at its steady state, and the generator of its KM."""

    case: KineticCase
    evaluator: KineticEvaluator
    generator: KineticGenerator
    quick: bool

    @property
    def full_size(self) -> bool:
        """Whether this is the case that the targets are set for."""
        return self.case.network.name == cases.FULL_SIZE

    def description(self) -> str:
        """Return name and sizes in words."""
        network, density = self.case.network, self.evaluator.state.density
        return " ".join(
            [
                f"Case {network.name} at {density:g} gDW/L: Jacobian",
                f"{self.evaluator.size} x {self.evaluator.size},",
                f"{len(network.km_names)} KM, {len(network.reactions)} reactions;",
                f"generator with {self.generator.layout.size} weights.",
                *cases.missing()[:1],
            ]
        )

    def initial(self) -> FloatArray:
        """Return untrained weights."""
        return self.generator.initial(np.random.default_rng(0))

    def trained(self, steps: int = STEPS) -> FloatArray:
        """Return weights after some steps of gradient training."""
        from pyscimlode.kinetics.torch import GradientTraining, train_by_gradient

        settings = GradientTraining(steps=steps, models=16 if self.quick else 64)
        return train_by_gradient(self.generator, self.evaluator, settings).theta

    def uniform(self, models: int) -> FloatArray:
        """Return KM uniform in the logarithm between the generator's bounds."""
        rng = np.random.default_rng(0)
        shape = (models, len(self.generator.km_names))
        return rng.uniform(self.generator.low, self.generator.high, shape)


def subject(quick: bool, *, range: str = "entry") -> Subject:
    """Return the full-size case, or the own pathway where quick or not here."""
    name = QUICK_CASE if quick else cases.largest()
    case = cases.read(name)
    small = {"noise": 19, "hidden": (32, 64)} if quick else {}
    generator = KineticGenerator(case.network.km_names, range=range, **small)
    return Subject(case, cases.evaluator(name), generator, quick)
