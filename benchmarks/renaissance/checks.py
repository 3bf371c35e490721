"""What must hold of every case: each check with its bound and the number that was reached."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.generators import GRADIENT, trained
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.report import Report, table
from pyscimlode.kinetics import (
    KineticCase,
    KineticEvaluator,
    KineticModel,
    RateFunction,
    balances,
    log_displacement,
)
from tests.kinetics.by_definition import reduced_by_autodiff
from tests.kinetics.cases import evaluator_of, golden_case, largest_mismatch, random_ln_km

FloatArray = npt.NDArray[np.float64]
RANDOM = 1000
STEPS = 30
DENSITIES = (300.0, 419.9)
NOTE = (
    "Largest error of each check, beside the bound that it must keep. Golden arrays "
    "(Vmax, J, eigenvalues of 16 KM sets) lie beside the case files of the full-size case, "
    "`varma65` and `toy6`; `toy6` is also compared with its exact values. Reduced Jacobians are "
    "compared row by row, relative to the largest entry of the row. Random KM sets are uniform "
    "in ln KM over the published range; a model trained by gradient is integrated for an hour "
    "from concentrations that are off by 20 % (sd of ln c). In ln c the totals are as exact as the "
    "solution: about 1e-5 at the default rtol of 1e-6."
)
EIGENVALUES = 1e-5
"""Bound on an eigenvalue's error relative to one plus its size: the spectrum spans 15 decades."""
TOY_VMAX = (18.0, 36.0, 12.0, 12.0, 8.0, 4.0)
TOY_SPECIES = ("A", "B", "ATP", "C")
TOY_JACOBIAN = (
    *((-109 / 12, 8 / 3, -6, 11 / 4), (10 / 3, -6, 6, 0)),
    *((-10 / 3, 8 / 3, -12, 0), (7, 0, 0, -13)),
)
TOY_EIGENVALUES = (-18.64583718, -13.38255369, -4.56769615, -3.48724632)


def run(kept: Kept, quick: bool) -> Report:
    """Check every case that is here."""
    names = tuple(cases.OWN) if quick else cases.available()
    rows = []
    for name in names:
        for check, bound, error in _checks(name, quick):
            reached = kept(f"{name}: {check}", partial(_row, error))
            rows.append({"case": name, "check": check, "bound": bound, **reached})
    return _report(rows, names)


def _row(error: Callable[[], float]) -> Row:
    started = time.process_time()
    reached = float(error())
    return {"reached": reached, "cpu_seconds": time.process_time() - started}


def _report(rows: list[Row], names: tuple[str, ...]) -> Report:
    lines = [
        (
            row["case"],
            row["check"],
            f"{row['bound']:.0e}" if row["bound"] else "0",
            f"{row['reached']:.1e}" if row["reached"] else "0",
            "yes" if row["reached"] <= row["bound"] else "**no**",
        )
        for row in rows
    ]
    held = sum(row["reached"] <= row["bound"] for row in rows)
    blocks = [
        NOTE,
        table(("case", "check", "bound", "reached", "holds"), lines),
        f"{held} of {len(rows)} hold.",
        *cases.missing(),
    ]
    return Report("Checks of kinetic models", blocks, {"rows": rows, "cases": list(names)})


def _checks(name: str, quick: bool) -> list[tuple[str, float, Callable[[], float]]]:
    case = cases.read(name)
    random, tight = (50, 1e-9) if quick else (RANDOM, 1e-11)
    found: list[tuple[str, float, Callable[[], float]]] = []
    if name == "toy6":
        found += [
            ("Vmax, exact", 1e-13, lambda: exact_vmax(case)),
            ("reduced J, exact", 1e-13, lambda: exact_jacobian(case)),
            ("eigenvalues, exact to 8 decimals", 5e-9, lambda: exact_eigenvalues(case)),
        ]
    here = cases.folder()
    if here is not None and (here / f"{name}.npz").is_file():
        found += [
            ("ln Vmax, golden", 1e-9, lambda: golden_vmax(here, name)),
            ("reduced J, golden", 1e-9, lambda: golden_jacobian(here, name)),
            (
                "eigenvalues, golden, relative to 1 + size",
                EIGENVALUES,
                lambda: golden_values(here, name),
            ),
        ]
    return [
        *found,
        ("J against automatic differentiation", 1e-10, lambda: automatic(case)),
        ("J against central differences", 1e-5, lambda: differences(case)),
        ("v_b/v_f = Gamma/Keq", 1e-12, lambda: haldane(case)),
        ("inert KM leave eigenvalues unchanged", 0.0, lambda: inert(case)),
        ("eigenvalues scale with the density", EIGENVALUES, lambda: scaling(case)),
        (
            "moiety totals along an ODE in c, rtol 1e-7",
            1e-8,
            lambda: totals(name, quick, log=False, rtol=1e-7),
        ),
        (
            f"moiety totals along an ODE in ln c, rtol {tight:.0e}",
            1e-8,
            lambda: totals(name, quick, log=True, rtol=tight),
        ),
        (f"Vmax <= 0 or not finite, of {random} sets", 0.0, lambda: bad_vmax(case, random)),
        ("numpy against torch: reduced J", 1e-12, lambda: torch_jacobian(case)),
        ("numpy against torch: lambda_max", EIGENVALUES, lambda: torch_lambda(case)),
    ]


def exact_vmax(case: KineticCase) -> float:
    """Return the largest relative error of the toy's Vmax."""
    found = np.exp(evaluator_of(case).ln_vmax(_ones(case))[0])
    return float(np.abs(found / np.array(TOY_VMAX) - 1.0).max())


def exact_jacobian(case: KineticCase) -> float:
    """Return the error of the toy's reduced Jacobian, row by row."""
    evaluator = evaluator_of(case)
    order = [case.network.independent_ids.index(name) for name in TOY_SPECIES]
    found = evaluator.jacobian(_ones(case))[0][np.ix_(order, order)]
    return by_row(found, np.array(TOY_JACOBIAN))


def exact_eigenvalues(case: KineticCase) -> float:
    """Return the largest error of the toy's eigenvalues, which are given to 8 decimals (1/h)."""
    found = np.sort(evaluator_of(case).eigenvalues(_ones(case))[0].real)
    return float(np.abs(found - np.array(TOY_EIGENVALUES)).max())


def golden_vmax(here: Path, name: str) -> float:
    """Return the largest error of ln Vmax."""
    case, golden = golden_case(here, name)
    found = evaluator_of(case).ln_vmax(golden["golden_lnKM"])
    return float(np.abs(found - golden["golden_lnVmax"]).max())


def golden_jacobian(here: Path, name: str) -> float:
    """Return the error of the reduced Jacobians."""
    case, golden = golden_case(here, name)
    wanted = golden["golden_J0"]
    return by_row(evaluator_of(case).jacobian(golden["golden_lnKM"][: len(wanted)]), wanted)


def golden_values(here: Path, name: str) -> float:
    """Return the largest error of paired eigenvalues, relative to one plus their size."""
    case, golden = golden_case(here, name)
    found = evaluator_of(case).eigenvalues(golden["golden_lnKM"])
    pairs = zip(found, golden["golden_eig"], strict=True)
    return max(largest_mismatch(one, other) for one, other in pairs)


def automatic(case: KineticCase) -> float:
    """Return the error of J against the derivative of the rates as they are defined."""
    ln_km = _middle(case)
    return by_row(evaluator_of(case).jacobian(ln_km)[0], reduced_by_autodiff(case, ln_km[0]))


def differences(case: KineticCase) -> float:
    """Return the error of J against central differences of dc/dt along the moieties."""
    evaluator, ln_km, of = evaluator_of(case), _middle(case), balances(case.network)
    model = KineticModel.at_steady_state(evaluator, ln_km[0])
    rows = np.searchsorted(of.dynamic, of.independent)
    dependent = np.searchsorted(of.dynamic, of.dependent)
    found, start = evaluator.jacobian(ln_km)[0], model.initial
    wanted = np.empty_like(found)
    for column, row in enumerate(rows):
        step = 1e-5 * start[row]
        move = np.zeros(len(start))
        move[row], move[dependent] = step, of.link[:, column] * step
        change = model.rhs(0.0, start + move) - model.rhs(0.0, start - move)
        wanted[:, column] = change[rows] / (2 * step)
    return by_row(found, wanted)


def haldane(case: KineticCase) -> float:
    """Return the largest relative error of v_b/v_f against Gamma/Keq over reversible laws."""
    ln_km = _middle(case)
    ln_vmax = evaluator_of(case).ln_vmax(ln_km)
    function = RateFunction(case.network, case.state.keq)
    forward, backward = function.one_way(case.state.concentrations, ln_km, ln_vmax)
    reversible = np.array([reaction.reversible for reaction in case.network.reactions])
    wanted = np.exp(log_displacement(case.network, case.state))[reversible]
    ratio = (np.ravel(backward) / np.ravel(forward))[reversible]
    return float(np.abs(ratio / wanted - 1.0).max())


def inert(case: KineticCase) -> float:
    """Return the largest change of an eigenvalue when inert KM change; bit for bit."""
    evaluator, ln_km = evaluator_of(case), random_ln_km(case, 4)
    changed = np.where(case.network.km_active, ln_km, ln_km + 3.0)
    return float(np.abs(evaluator.eigenvalues(changed) - evaluator.eigenvalues(ln_km)).max())


def scaling(case: KineticCase) -> float:
    """Return the largest relative error of lambda_max against its value at another density."""
    ln_km, state = random_ln_km(case, 20), case.state
    factor = DENSITIES[1] / DENSITIES[0]
    if state.flux_unit == "mM/h":
        other = replace(state, fluxes=factor * state.fluxes)
    else:
        other = state.with_density(factor * float(state.density or 1.0))
    once = evaluator_of(case).evaluate(ln_km).lambda_max
    more = KineticEvaluator(case.network, other).evaluate(ln_km).lambda_max
    return float((np.abs(more - factor * once) / (1.0 + np.abs(factor * once))).max())


def totals(name: str, quick: bool, *, log: bool, rtol: float) -> float:
    """Return the largest relative change of a conserved total over an hour of a valid model."""
    best = trained(GRADIENT, case=name, generations=STEPS, quick=quick)
    ln_km = best.sample(20)
    fastest = int(np.argmin(best.evaluator.evaluate(ln_km).lambda_max))
    model = KineticModel.at_steady_state(best.evaluator, ln_km[fastest])
    noise = np.random.default_rng(0).normal(0.0, 0.2, len(model.initial))
    start = model.initial * np.exp(noise)
    path = model.simulate(start, [0.0, 0.1, 1.0], rtol=rtol, atol=1e-6 * rtol, log=log)
    found = model.totals(path)
    return float(np.abs(found / found[0] - 1.0).max(initial=0.0))


def bad_vmax(case: KineticCase, models: int) -> float:
    """Return how many of many random sets have a Vmax that is not a positive number."""
    vmax = np.exp(evaluator_of(case).ln_vmax(random_ln_km(case, models)))
    return float((~(np.isfinite(vmax) & (vmax > 0)).all(axis=1)).sum())


def torch_jacobian(case: KineticCase) -> float:
    """Return the difference of the reduced Jacobians of numpy and torch."""
    import torch

    from pyscimlode.kinetics.torch import TorchEvaluator

    evaluator, ln_km = evaluator_of(case), random_ln_km(case, 20)
    found = TorchEvaluator(evaluator).jacobian(torch.from_numpy(ln_km)).numpy()
    return by_row(found, evaluator.jacobian(ln_km))


def torch_lambda(case: KineticCase) -> float:
    """Return the difference of lambda_max of numpy and torch, relative to one plus its size."""
    import torch

    from pyscimlode.kinetics.torch import TorchEvaluator

    evaluator, ln_km = evaluator_of(case), random_ln_km(case, 20)
    found = TorchEvaluator(evaluator).lambda_max(torch.from_numpy(ln_km)).numpy()
    wanted = evaluator.evaluate(ln_km).lambda_max
    return float((np.abs(found - wanted) / (1.0 + np.abs(wanted))).max())


def by_row(found: FloatArray, wanted: FloatArray) -> float:
    """Return the largest error over the largest entry of its row."""
    scale = np.abs(wanted).max(axis=-1)
    return float((np.abs(found - wanted).max(axis=-1) / scale).max())


def _ones(case: KineticCase) -> FloatArray:
    return np.zeros((1, len(case.network.km_names)))


def _middle(case: KineticCase) -> FloatArray:
    return random_ln_km(case, 1, seed=4, low=-12.0, high=-3.0)
