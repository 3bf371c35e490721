"""Training by gradient: time of a step and what it consists of."""

from __future__ import annotations

import time

import numpy as np
import torch

from benchmarks.kinetics.populations import Subject, subject
from benchmarks.kinetics.report import Part, Table
from benchmarks.kinetics.rounds import Timed, rates
from pyscimlode.kinetics.torch import GradientTraining, TorchEvaluator, train_by_gradient
from pyscimlode.kinetics.torch.training import generated

HEAD = ("", "ms", "quartiles", "ms elapsed")
PARTS = ("generator", "generator and Jacobians", "all of the loss", "loss and gradient")
STEPS = 30


def run(quick: bool) -> Part:
    """Measure a whole training and the pieces of a step."""
    torch.set_num_threads(1)
    measured = subject(quick)
    settings = GradientTraining(steps=5 if quick else STEPS, models=16 if quick else 64)
    stamps = [(time.process_time(), time.perf_counter())]
    result = train_by_gradient(
        measured.generator,
        measured.evaluator,
        settings,
        progress=lambda _: stamps.append((time.process_time(), time.perf_counter())),
    )
    steps = 1e3 * np.diff(np.array(stamps), axis=0)
    middle, low, high = (np.quantile(steps[:, 0], q) for q in (0.5, 0.25, 0.75))
    rows = [
        [
            f"a step of the training ({settings.models} models)",
            f"{middle:.0f}",
            f"{low:.0f} to {high:.0f}",
            f"{np.median(steps[:, 1]):.0f}",
        ]
    ]
    budget = 0.0 if quick else 3.0
    for name, rate in rates(_pieces(measured, settings), PARTS[-1], budget=budget).items():
        low, high = sorted(1e3 / q for q in rate.quartiles)
        row = [name, f"{1e3 / rate.cpu:.0f}", f"{low:.0f} to {high:.0f}", f"{1e3 / rate.wall:.0f}"]
        rows.append(row)
    enough = np.flatnonzero(result.incidence >= 0.95)
    reached = f"first in step {enough[0] + 1}" if len(enough) else "in none"
    notes = [
        f"At least 95 % of a step's models are valid {reached} of {settings.steps}; in the last "
        f"one {result.incidence[-1]:.0%}, with a standard deviation of ln KM of "
        f"{result.diversity[-1]:.2f} ({result.diversity[0]:.2f} at the start)."
    ]
    data = {"step_ms": steps.tolist(), "incidence": result.incidence.tolist()}
    return Part(
        "Training by gradient", measured.description(), [Table("", HEAD, rows, notes)], data=data
    )


def _pieces(measured: Subject, settings: GradientTraining) -> dict[str, Timed]:
    generator, evaluator = measured.generator, TorchEvaluator(measured.evaluator)
    weights = torch.from_numpy(measured.initial()).requires_grad_()
    rng = np.random.default_rng(0)
    noise = generator.draw_noise(settings.models, rng)

    def loss() -> torch.Tensor:
        excess = evaluator.lambda_max(generated(generator, weights, noise, rng))
        return torch.relu(torch.asinh(excess - settings.threshold + settings.margin)).mean()

    calls = (
        lambda: generated(generator, weights, noise, rng),
        lambda: evaluator.jacobian(generated(generator, weights, noise, rng), scaled=True),
        loss,
        lambda: torch.autograd.grad(loss(), weights),
    )
    return {name: Timed(call, 1) for name, call in zip(PARTS, calls, strict=True)}
