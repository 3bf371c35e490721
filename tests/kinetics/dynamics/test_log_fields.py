from __future__ import annotations

import numpy as np

from pyscimlode.kinetics import KineticCase, KineticModel, perturbed
from pyscimlode.kinetics.dynamics.log_fields import CellField
from pyscimlode.kinetics.dynamics.stiff import integrate_log
from tests.kinetics.cases import evaluator_of, random_ln_km


def test_rows_agree_with_the_model(own: KineticCase) -> None:
    evaluator = evaluator_of(own)
    ln_km = random_ln_km(own, 3, low=-10.0, high=-5.0)
    field = CellField(own.network, own.state, ln_km, evaluator.ln_vmax(ln_km))
    model = KineticModel.at_steady_state(evaluator, ln_km[2])
    y = np.log(model.initial) + np.random.default_rng(0).normal(0, 0.3, (2, len(model.initial)))
    rows = np.array([2, 0])
    np.testing.assert_allclose(field.rhs(y, rows)[0], model.log_rhs(0.0, y[0]), rtol=1e-9)
    slope, expected = field.jacobian(y, rows)[0], model.log_jacobian(0.0, y[0])
    size = np.abs(expected).max(axis=1, keepdims=True)
    np.testing.assert_allclose(slope / size, expected / size, atol=1e-11)


def test_the_steady_state_does_not_change(own: KineticCase) -> None:
    evaluator, ln_km = evaluator_of(own), random_ln_km(own, 2, low=-10.0, high=-5.0)
    field = CellField(own.network, own.state, ln_km, evaluator.ln_vmax(ln_km))
    start = KineticModel.at_steady_state(evaluator, ln_km[0]).initial
    assert np.abs(field.rhs(np.log(np.tile(start, (2, 1))), np.arange(2))).max() < 1e-6


def test_paths_agree_with_another_solver(own: KineticCase) -> None:
    """The Rosenbrock method on ln c against SciPy's BDF on c."""
    evaluator, ln_km = evaluator_of(own), random_ln_km(own, 2, low=-10.0, high=-5.0)
    field = CellField(own.network, own.state, ln_km, evaluator.ln_vmax(ln_km))
    starts = perturbed(own.network, own.state, 2, amplitude=0.4)
    times = np.array([0.0, 0.01, 0.1, 0.5])
    found = np.exp(integrate_log(field, np.log(starts), times, rtol=1e-7).values)
    for path, start, row in zip(found, starts, ln_km, strict=True):
        model = KineticModel.at_steady_state(evaluator, row)
        other = model.simulate(start, times, rtol=1e-9, atol=1e-12, log=False)
        np.testing.assert_allclose(path, other, rtol=2e-5)
