"""KM -> Vmax -> Jacobian -> eigenvalues -> validity: models a second, beside other ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from benchmarks.kinetics.peers import Autograd, Symbolic
from benchmarks.kinetics.populations import Subject, subject
from benchmarks.kinetics.report import Part, Table, Target
from benchmarks.kinetics.rounds import Rate, Timed, rates

FloatArray = npt.NDArray[np.float64]
OURS = "pyscimlode, all eigenvalues"
SCREENED = "pyscimlode, Arnoldi steps reject first"
VMAX, JACOBIAN = "pyscimlode, Vmax alone", "pyscimlode, Jacobian alone"
ONE = "the closed form in numpy, one model at a time"
AUTOGRAD = "torch jacfwd of the rates in batches, torch.linalg.eigvals"
SYMBOLIC = "derivatives from sympy compiled as {}, one model at a time"
GEEV = "eigenvalues of given Jacobians alone (LAPACK geev)"
MODELS, FEW = 256, 64
MODELS_PER_SECOND, VMAX_PER_SECOND = 600.0, 15_000.0
HEAD = ("", "models/s", "quartiles", "models/s elapsed", "time / ours", "lambda_max differs by")


def run(quick: bool) -> Part:
    """Measure on sets of KM of low and of high incidence."""
    import torch

    torch.set_num_threads(1)
    measured = subject(quick)
    symbolic = Symbolic(measured.case)
    tables, data = [], {}
    sets = {
        "an untrained generator": measured.initial(),
        "a trained generator": measured.trained(),
    }
    for name, theta in sets.items():
        ln_km = measured.generator.sample(theta, FEW if quick else MODELS, seed=1)
        table, found = _population(name, measured, symbolic, ln_km)
        tables.append(table)
        data[name] = {key: asdict(rate) for key, rate in found.items()}
    return Part(
        "Evaluation of models",
        measured.description(),
        tables,
        _targets(data) if measured.full_size else (),
        {"rates": data, "symbolic_seconds": symbolic.seconds},
    )


def _population(
    name: str, measured: Subject, symbolic: Symbolic, ln_km: FloatArray
) -> tuple[Table, dict[str, Rate]]:
    evaluator, few = measured.evaluator, ln_km[: FEW // 4 if measured.quick else FEW]
    autograd = Autograd(measured.case, evaluator)
    jacobian = evaluator.jacobian(ln_km, scaled=True)
    ways: dict[str, Callable[[FloatArray], FloatArray]] = {
        OURS: lambda x: _end_to_end(measured, x, screened=False),
        SCREENED: lambda x: _end_to_end(measured, x, screened=True),
        ONE: lambda x: np.concatenate([_end_to_end(measured, row[None], False) for row in x]),
        AUTOGRAD: autograd.lambda_max,
        SYMBOLIC.format(symbolic.compiler): symbolic.lambda_max,
    }
    calls = {
        key: Timed(_call(way, x), len(x))
        for key, way in ways.items()
        for x in [ln_km if key in (OURS, SCREENED) else few]
    }
    calls[GEEV] = Timed(lambda: np.linalg.eigvals(jacobian), len(ln_km))
    calls[VMAX] = Timed(lambda: evaluator.ln_vmax(ln_km), len(ln_km))
    calls[JACOBIAN] = Timed(lambda: evaluator.jacobian(ln_km, scaled=True), len(ln_km))
    exact = evaluator.evaluate(ln_km)
    differs = {
        key: _difference(way(few), exact.lambda_max[: len(few)]) for key, way in ways.items()
    }
    wrong = int((evaluator.evaluate(ln_km, screened=True).valid != exact.valid).sum())
    differs[SCREENED] = f"validity of {wrong} of {len(ln_km)}"
    found = rates(calls, OURS, budget=0.0 if measured.quick else 10.0, min_rounds=2)
    rows = [_row(key, rate, differs.get(key, "")) for key, rate in found.items()]
    notes = [f"{exact.incidence:.1%} of the {len(ln_km)} models are valid."]
    return Table(f"Models of {name}", HEAD, rows, notes), found


def _call(way: Callable[[FloatArray], FloatArray], x: FloatArray) -> Callable[[], object]:
    return lambda: way(x)


def _end_to_end(measured: Subject, ln_km: FloatArray, screened: bool) -> FloatArray:
    measured.evaluator.ln_vmax(ln_km)
    return measured.evaluator.evaluate(ln_km, screened=screened).lambda_max


def _difference(found: FloatArray, wanted: FloatArray) -> str:
    return f"{np.max(np.abs(found - wanted) / (1.0 + np.abs(wanted))):.0e}"


def _row(key: str, rate: Rate, differs: str) -> list[str]:
    low, high = rate.quartiles
    return [
        key,
        f"{rate.cpu:,.0f}",
        f"{low:,.0f} to {high:,.0f}",
        f"{rate.wall:,.0f}",
        f"{rate.ratio:.3g}",
        differs,
    ]


def _targets(data: dict[str, dict[str, dict[str, float]]]) -> list[Target]:
    models = min(found[OURS]["cpu"] for found in data.values())
    vmax = min(found[VMAX]["cpu"] for found in data.values())
    return [
        Target(
            "models a second end to end, one core",
            f"at least {MODELS_PER_SECOND:,.0f}",
            f"{models:,.0f}",
            models >= MODELS_PER_SECOND,
        ),
        Target(
            "Vmax sets a second, one core",
            f"at least {VMAX_PER_SECOND:,.0f}",
            f"{vmax:,.0f}",
            vmax >= VMAX_PER_SECOND,
        ),
    ]
