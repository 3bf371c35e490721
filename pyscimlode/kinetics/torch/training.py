"""Training a generator by the derivative of the largest eigenvalue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pyscimlode.errors import TrainingError, TrainingInterrupted
from pyscimlode.kinetics.evaluation.evaluator import THRESHOLD, KineticEvaluator
from pyscimlode.kinetics.generators.generator import SMALLEST_MEAN_SQUARE, KineticGenerator
from pyscimlode.kinetics.progress import StepLines
from pyscimlode.kinetics.torch.evaluator import TorchEvaluator

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GradientTraining:
    """Settings of training by gradient.

    The loss is the mean of max(0, asinh(lambda_max - threshold + margin)): the hinge leaves models
    alone that are fast enough, and asinh keeps the gradient of very unstable ones in bounds.

    Attributes:
        steps: of Adam.
        models: models of a step.
        learning_rate: of Adam.
        threshold: largest lambda_max of a valid model, 1/h.
        margin: how far below the threshold models are pushed, 1/h.
        seed: of weights and noise.
    """

    steps: int = 30
    models: int = 64
    learning_rate: float = 5e-4
    threshold: float = THRESHOLD
    margin: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "models", "learning_rate"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"{name}={getattr(self, name)!r} must be positive.")


@dataclass(frozen=True)
class GradientStep:
    """What is known after a step; handed to ``progress``."""

    number: int
    steps: int
    loss: float
    incidence: float
    diversity: float

    def __str__(self) -> str:
        return f"{self.incidence:.1%} valid, loss {self.loss:.3g}"


@dataclass(frozen=True, eq=False)
class GradientResult:
    """A generator trained by gradient.

    Attributes:
        generator: its description.
        theta: ``(size,)`` weights.
        loss: ``(steps,)``.
        incidence: ``(steps,)`` share of valid models of each step's batch, before its update.
        diversity: ``(steps,)`` standard deviation of ln KM over the batch, mean over the KM.
        settings: of the training.
    """

    generator: KineticGenerator
    theta: FloatArray
    loss: FloatArray
    incidence: FloatArray
    diversity: FloatArray
    settings: GradientTraining

    def plot(self, **options: Any) -> Any:
        """Plot the share of valid models; see ``pyscimlode.plots.plot_incidence``."""
        from pyscimlode import plots

        return plots.plot_incidence({"batch": self}, **options)


def train_by_gradient(
    generator: KineticGenerator,
    evaluator: KineticEvaluator,
    settings: GradientTraining | None = None,
    *,
    theta: npt.ArrayLike | None = None,
    device: str | torch.device = "cpu",
    progress: bool | Callable[[GradientStep], None] = True,
) -> GradientResult:
    """Train a generator by Adam on the largest eigenvalue of its models.

    Args:
        generator: to train; its outputs are the evaluator's KM.
        evaluator: of a network at a steady state.
        settings: of the training.
        theta: weights to start from; fresh ones by default.
        device: where to compute.
        progress: True writes lines with the time left to standard error once it takes longer than
            two seconds; a function is called after every step instead.

    Raises:
        TrainingError: generator and evaluator do not fit, or a loss that is not finite.
        TrainingInterrupted: Ctrl-C; its ``state`` is the theta that was reached.
    """
    settings = settings or GradientTraining()
    generator.check_network(evaluator.network)
    judge = TorchEvaluator(evaluator, device)
    start = generator.initial(np.random.default_rng(settings.seed)) if theta is None else theta
    weights = torch.tensor(np.asarray(start, dtype=np.float64), device=device)
    generator.layout.check(np.asarray(start))
    weights.requires_grad_()
    optimiser = torch.optim.Adam([weights], lr=settings.learning_rate)
    report = _lines() if progress is True else progress or None
    rows: list[tuple[float, float, float]] = []
    try:
        for number in range(settings.steps):
            rows.append(_step(generator, judge, settings, weights, optimiser, number))
            if report is not None:
                report(GradientStep(number + 1, settings.steps, *rows[-1]))
    except KeyboardInterrupt as stop:
        raise TrainingInterrupted(
            f"Training was interrupted after {len(rows)} of {settings.steps} steps; go on with "
            "theta=error.state.",
            state=_array(weights),
        ) from stop
    loss, incidence, diversity = np.array(rows).T
    return GradientResult(generator, _array(weights), loss, incidence, diversity, settings)


def _step(
    generator: KineticGenerator,
    judge: TorchEvaluator,
    settings: GradientTraining,
    weights: Tensor,
    optimiser: torch.optim.Optimizer,
    number: int,
) -> tuple[float, float, float]:
    """Return loss, incidence and diversity of a batch, and update the weights by it."""
    rng = np.random.default_rng([settings.seed, number])
    ln_km = generated(generator, weights, generator.draw_noise(settings.models, rng), rng)
    lambda_max = judge.lambda_max(ln_km)
    excess = lambda_max - settings.threshold + settings.margin
    loss = torch.relu(torch.asinh(excess)).mean()
    if not loss.isfinite():
        raise TrainingError(f"The loss of step {number + 1} is not finite; lower the rate.")
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    valid = (lambda_max.detach() <= settings.threshold).double().mean()
    diversity = ln_km.detach().std(dim=0, correction=0).mean()
    return loss.item(), valid.item(), diversity.item()


def _lines() -> Callable[[GradientStep], None]:
    lines = StepLines("step")
    return lambda done: lines(done.number, done.steps, str(done))


def _array(weights: Tensor) -> FloatArray:
    return weights.detach().cpu().clone().numpy()


def generated(
    generator: KineticGenerator, theta: Tensor, noise: FloatArray, rng: np.random.Generator
) -> Tensor:
    """Return ``generator.ln_km(theta, noise, rng)``, differentiable in theta ``(size,)``."""
    blocks: dict[str, Any] = {
        p.name: theta[p.slice].reshape(p.shape) for p in generator.layout.parameters
    }
    value = torch.as_tensor(noise, device=theta.device)
    value = torch.cat([value, torch.ones_like(value[:, :1])], dim=1)
    last = len(generator.hidden)
    for i in range(last + 1):
        value = value @ blocks[f"w{i}"] + blocks[f"b{i}"]
        if i < last:
            value = torch.nn.functional.leaky_relu(value, generator.slope)
    if generator.range == "batch":
        share = (value - value.min()) / (value.max() - value.min())
    else:
        square = (value**2).mean(dim=1, keepdim=True)
        share = torch.sigmoid(value / torch.sqrt(square + SMALLEST_MEAN_SQUARE))
    ln_km = generator.low + (generator.high - generator.low) * share
    for name, (low, high) in generator.measured.items():
        drawn = torch.as_tensor(rng.uniform(low, high, len(ln_km)), device=theta.device)
        column = generator.km_names.index(name)
        ln_km = torch.cat([ln_km[:, :column], drawn[:, None], ln_km[:, column + 1 :]], dim=1)
    return ln_km
