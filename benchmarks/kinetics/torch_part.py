"""The torch evaluator beside the one in numpy, and how reliable repeated squaring is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.kinetics.populations import Subject, subject
from benchmarks.kinetics.report import Part, Table
from benchmarks.kinetics.rounds import Rate, Timed, rates
from pyscimlode.kinetics import THRESHOLD
from pyscimlode.kinetics.torch import TorchEvaluator
from pyscimlode.kinetics.torch.squaring import squaring_test

FloatArray = npt.NDArray[np.float64]
NUMPY = "numpy, all eigenvalues"
MODELS, QUICK_MODELS = 128, 32
ON_DEVICE = 4096
CHECKED, CHECKED_QUICK = 1000, 100
CUDA_NOTE = "Of cuda only the elapsed time counts: the processor waits for the device."
DISTANCES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
RATE_HEAD = ("", "models/s", "quartiles", "models/s elapsed", "time / numpy")
CHECK_HEAD = ("models", "number", "valid", "decided by squaring", "decided wrongly")
NEAR_HEAD = ("distance of lambda_max from the threshold, 1/h", "models", "decided", "wrongly")


def run(quick: bool) -> Part:
    """Measure torch on the CPU, and on CUDA where there is a device."""
    torch.set_num_threads(1)
    measured = subject(quick)
    trained = measured.trained()
    tables, data = [], {}
    for name, theta in {"untrained": measured.initial(), "trained": trained}.items():
        found, rows = _rates(measured, theta)
        title = f"Validity of the models of an {name} generator"
        notes = [CUDA_NOTE] if torch.cuda.is_available() else []
        tables.append(Table(title.replace("an t", "a t"), RATE_HEAD, rows, notes))
        data[name] = {key: asdict(rate) for key, rate in found.items()}
    tables += [_check(measured, trained), _near(measured)]
    return Part("Evaluation in torch", measured.description(), tables, data={"rates": data})


def _rates(measured: Subject, theta: FloatArray) -> tuple[dict[str, Rate], list[list[str]]]:
    models = QUICK_MODELS if measured.quick else MODELS
    ln_km = measured.generator.sample(theta, models, seed=1)
    calls = {NUMPY: Timed(lambda: measured.evaluator.evaluate(ln_km), models)}
    calls |= _torch_calls(measured, torch.from_numpy(ln_km), "cpu")
    missing = []
    if torch.cuda.is_available():
        many = measured.generator.sample(theta, models if measured.quick else ON_DEVICE, seed=1)
        calls |= _torch_calls(measured, torch.from_numpy(many).cuda(), "cuda")
    else:
        missing = [["torch on cuda", "not measured: no CUDA device here", "", "", ""]]
    found = rates(calls, NUMPY, budget=0.0 if measured.quick else 8.0, min_rounds=2)
    return found, [_row(key, rate) for key, rate in found.items()] + missing


def _torch_calls(measured: Subject, ln_km: Tensor, device: str) -> dict[str, Timed]:
    evaluator = TorchEvaluator(measured.evaluator, device)
    wait: Callable[[], object] = torch.cuda.synchronize if device == "cuda" else lambda: None
    label = f"torch on {device}"
    if device == "cuda":
        label += f" ({torch.cuda.get_device_name()})"
    return {
        f"{label}, all eigenvalues": Timed(
            lambda: (evaluator.eigenvalues(ln_km), wait()), len(ln_km)
        ),
        f"{label}, Arnoldi first": Timed(
            lambda: (evaluator.valid(ln_km, test="arnoldi"), wait()), len(ln_km)
        ),
        f"{label}, squaring first": Timed(
            lambda: (evaluator.valid(ln_km, test="squaring"), wait()), len(ln_km)
        ),
    }


def _row(key: str, rate: Rate) -> list[str]:
    low, high = rate.quartiles
    middle = f"{low:,.0f} to {high:,.0f}"
    return [key, f"{rate.cpu:,.0f}", middle, f"{rate.wall:,.0f}", f"{rate.ratio:.3g}"]


def _check(measured: Subject, trained: FloatArray) -> Table:
    """Compare what squaring decides with all eigenvalues."""
    models = CHECKED_QUICK if measured.quick else CHECKED
    generator = measured.generator
    sets = {
        "KM uniform in the logarithm": measured.uniform(models),
        "untrained generator": generator.sample(measured.initial(), models, seed=3),
        "half-trained generator": generator.sample(measured.trained(4), models, seed=3),
        "trained generator": generator.sample(trained, models, seed=3),
    }
    rows = []
    for name, ln_km in sets.items():
        exact = measured.evaluator.evaluate(ln_km).valid
        valid, decided = _squared(measured.evaluator.jacobian(ln_km, scaled=True), THRESHOLD)
        wrong = int((valid != exact)[decided].sum())
        share = f"{decided.mean():.2%}"
        rows.append([name, str(models), f"{exact.mean():.1%}", share, str(wrong)])
    return Table("Repeated squaring against all eigenvalues", CHECK_HEAD, rows)


def _near(measured: Subject) -> Table:
    """Move the threshold next to lambda_max of each model, to both sides."""
    ln_km = measured.uniform(5 if measured.quick else 30)
    lambda_max = measured.evaluator.evaluate(ln_km).lambda_max
    jacobian = measured.evaluator.jacobian(ln_km, scaled=True)
    rows = []
    for distance in DISTANCES:
        decided, wrong = 0, 0
        for model, value in enumerate(lambda_max):
            for side in (-1.0, 1.0):
                valid, known = _squared(jacobian[model : model + 1], value + side * distance)
                decided += int(known[0])
                wrong += int(known[0] and valid[0] != (side > 0))
        total = 2 * len(ln_km)
        rows.append([f"{distance:.0e}", str(total), f"{decided / total:.0%}", str(wrong)])
    note = "What squaring leaves open gets all its eigenvalues, so the answer is that of geev."
    return Table("Repeated squaring next to the threshold", NEAR_HEAD, rows, [note])


def _squared(jacobian: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    valid, decided = squaring_test(torch.from_numpy(jacobian), threshold)
    return valid.numpy(), decided.numpy()
