from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import ModelError
from pyscimlode.models import NeuralODE, ProductionDegradation, model_from_json
from pyscimlode.models.registry import resolve_model
from pyscimlode.models.scaling import Scaling, fit_scaling, identity_scaling, member, stack


def scaling(states: int, controls: int) -> Scaling:
    rng = np.random.default_rng(3)
    return Scaling(
        state_scale=rng.uniform(0.5, 20.0, states),
        control_shift=rng.uniform(0.0, 1.0, controls),
        control_scale=rng.uniform(0.5, 1.0, controls),
        time_scale=np.asarray(3.0),
    )


def test_published_net_is_that_of_the_paper() -> None:
    model = NeuralODE.published()
    layout = model.layout(23, 0)
    shapes = [p.shape for p in layout.parameters if p.name.endswith("weight")]
    assert shapes == [(10, 23), (10, 10), (10, 10), (10, 10), (23, 10)]
    assert layout.size == 823
    theta = model.initial(23, 0, np.random.default_rng(0))
    weights = [theta[p.slice] for p in layout.parameters if p.name.endswith("weight")]
    assert np.concatenate(weights).std() == pytest.approx(0.1, rel=0.1)


def test_field_does_not_depend_on_units() -> None:
    """Measuring states in other units scales dz/dt, because the network sees scaled states."""
    model = NeuralODE(widths=(8,))
    theta = model.initial(3, 2, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    z, p, s = rng.uniform(0.1, 1, (5, 3)), rng.uniform(0, 3, (5, 2)), scaling(3, 2)
    in_micromolar = Scaling(
        s.state_scale * 1e3, s.control_shift, s.control_scale, s.time_scale, s.control_transform
    )
    np.testing.assert_allclose(
        model.field(theta, 1e3 * z, p, in_micromolar), 1e3 * model.field(theta, z, p, s), rtol=1e-12
    )


def test_production_degradation_cannot_leave_the_positive_orthant() -> None:
    model = ProductionDegradation(widths=(8,))
    rng = np.random.default_rng(0)
    for _ in range(20):
        theta = 3.0 * rng.normal(size=model.layout(3, 2).size)
        z = rng.uniform(0, 1, (6, 3))
        z[np.arange(6), np.arange(6) % 3] = 0.0
        dz = model.field(theta, z, rng.uniform(0, 1e6, (6, 2)), scaling(3, 2))
        assert (dz[z == 0.0] >= 0.0).all()


def test_control_transform_clips_at_three_standard_deviations() -> None:
    s = Scaling(np.ones(1), np.array([2.0]), np.array([0.5]), np.asarray(1.0))
    p = np.expm1(np.array([[2.0], [2.5], [9.0], [0.0]]))
    np.testing.assert_allclose(s.transform_controls(p)[:, 0], [0.0, 1.0, 3.0, -3.0], atol=1e-12)


def test_scaling_is_fitted_with_masks() -> None:
    states = [np.array([[1.0, np.nan], [-4.0, 0.0]]), np.array([[2.0, np.nan]])]
    controls = [np.array([[np.e - 1], [np.nan]]), np.array([[np.e**3 - 1]])]
    fitted = fit_scaling(states, controls, time_scale=2.0)
    np.testing.assert_allclose(fitted.state_scale, [4.0, 1.0])
    np.testing.assert_allclose(fitted.control_shift, [2.0])
    np.testing.assert_allclose(fitted.control_scale, [1.0])


def test_members_are_stacked_and_taken_apart() -> None:
    one, two = scaling(3, 2), identity_scaling(3, 2)
    both = stack([one, two])
    np.testing.assert_array_equal(member(both, 0).state_scale, one.state_scale)
    np.testing.assert_array_equal(member(both, 1).control_shift, two.control_shift)


@pytest.mark.parametrize("model", [NeuralODE.published(), ProductionDegradation(widths=(4, 5))])
def test_json_round_trip(model: NeuralODE) -> None:
    assert model_from_json(model.to_json()) == model


def test_models_by_name() -> None:
    assert resolve_model("production-degradation") == ProductionDegradation()
    with pytest.raises(ModelError, match="Did you mean 'neural-ode'"):
        resolve_model("neural-od")
    with pytest.raises(ModelError, match="not a model"):
        resolve_model(3)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="does not fit"):
        model_from_json({"kind": "neural_ode", "depth": 3})
    with pytest.raises(ModelError, match="controls='internal'"):
        NeuralODE(controls="internal")  # type: ignore[arg-type]
