from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import ModelError, UnitError
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel, with_levels
from pyscimlode.models import HybridODE
from pyscimlode.models.scaling import Scaling, member
from pyscimlode.problem import Member, build_problem
from tests.models.kinetic.ramps import LEVELS, enzyme_ramps, toy_model


def scaling_of(model: HybridODE, seed: int = 0) -> Scaling:
    rng = np.random.default_rng(seed)
    n = len(model.control_names)
    return Scaling(
        state_scale=rng.uniform(0.2, 3.0, len(model.state_names)),
        control_shift=np.zeros(n),
        control_scale=np.ones(n),
        time_scale=np.asarray(0.3),
        control_transform="none",
    )


def bound(model: KineticModel, controls: tuple[str, ...] = LEVELS, **options: object) -> HybridODE:
    hybrid = model.hybrid(**options)  # type: ignore[arg-type]
    return hybrid.bound_to(tuple(reversed(model.network.dynamic_ids)), controls)


def test_the_field_is_that_of_the_kinetic_model(own: KineticCase) -> None:
    evaluator = KineticEvaluator(own.network, own.state)
    rng = np.random.default_rng(1)
    model = KineticModel.at_steady_state(evaluator, rng.normal(0, 1, len(own.network.km_names)))
    enzymes = own.network.reaction_ids[1:4]
    hybrid = bound(model, enzymes)
    layout = hybrid.layout(len(hybrid.state_names), 3)
    theta = rng.normal(0.0, 0.5, layout.size)
    changed = model.fitted(type("Fit", (), {"model": hybrid, "theta": theta[None]})())
    c = model.initial * rng.lognormal(0.0, 0.4, (5, len(model.initial)))
    levels = rng.uniform(0.2, 3.0, (5, 3))
    found = hybrid.field(theta, c[:, ::-1], levels, scaling_of(hybrid))
    expected = [
        with_levels(changed, enzymes, p).rhs(0.0, z)[::-1] for p, z in zip(levels, c, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    fluxes = hybrid.fluxes(theta, c[:, ::-1], np.ones((5, 3)), scaling_of(hybrid))
    np.testing.assert_allclose(
        fluxes,
        changed.rate_function.rates(changed.all_concentrations(c), changed.ln_km, changed.ln_vmax),
        rtol=1e-12,
        atol=1e-12,
    )


def test_theta_zero_is_the_generated_model() -> None:
    model = toy_model()
    hybrid = bound(model)
    shapes = {p.name: p.shape for p in hybrid.layout(5, 3).parameters}
    assert shapes == {"ln_km": (13,), "ln_vmax": (6,)}
    start = hybrid.initial(5, 3, np.random.default_rng(0))
    assert 0.02 < start.std() < 0.3
    at_rest = hybrid.field(
        np.zeros(19), model.initial[None, ::-1], np.ones((1, 3)), scaling_of(hybrid)
    )
    np.testing.assert_allclose(at_rest, 0.0, atol=1e-12)
    exact = bound(model, initial_spread=0.0).initial(5, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(exact, 0.0)


def test_an_enzyme_that_is_absent_stops_its_reaction() -> None:
    model = toy_model()
    hybrid = bound(model, ("E",), enzymes={"R2": "E"}, reference_levels={"E": 40.0})
    z, scaling = (
        np.repeat(model.initial[None, ::-1], 3, axis=0),
        scaling_of(bound(model, ("E",), enzymes={"R2": "E"})),
    )
    v = hybrid.fluxes(np.zeros(19), z, np.array([[40.0], [0.0], [-3.0]]), scaling)
    np.testing.assert_allclose(v[0], model.state.fluxes_mM_h, rtol=1e-12)
    np.testing.assert_array_equal(v[1:, 1], 0.0)
    np.testing.assert_allclose(v[1, [0, 2]], v[0, [0, 2]], rtol=1e-12)


def test_a_network_corrects_rates_and_learns_further_states() -> None:
    model = toy_model()
    names = (*model.network.dynamic_ids, "OD600")
    hybrid = model.hybrid(widths=(3,)).bound_to(names, ("R1",))
    layout = hybrid.layout(6, 1)
    assert layout["net.1.weight"].shape == (6 + 2, 3)
    theta = layout.pack({p.name: np.zeros(p.shape) for p in layout.parameters})
    theta[layout["net.1.bias"].slice] = [0.5, 0, 0, 0, 0, 0, 20.0, -50.0]
    z = np.append(model.initial, 2.0)[None]
    scaling = scaling_of(hybrid)
    factor = np.exp(np.tanh(0.5))
    slope = hybrid.field(theta, z, np.ones((1, 1)), scaling)[0]
    assert slope[-1] == pytest.approx(20.0 * scaling.state_scale[-1] / 0.3)
    assert slope[0] == pytest.approx(3.0 * (factor - 1.0))  # R1 makes A, 3 mM/h


def test_states_that_do_not_fit_are_named() -> None:
    model = toy_model()
    with pytest.raises(ModelError, match=r"as a state of the data set; it lacks 'ATP', 'ADP'"):
        model.hybrid().bound_to(("A", "B", "C"), ())
    with pytest.raises(ModelError, match=r"The state 'OD600' is no species .* widths=\(16,\)"):
        model.hybrid().bound_to((*model.network.dynamic_ids, "OD600"), ())
    with pytest.raises(ModelError, match=r"No parameter of the kinetic pathway 'toy6' is free"):
        model.hybrid(free=[]).bound_to(model.network.dynamic_ids, ())
    with pytest.raises(ModelError, match=r"network_sees_controls=True is not for kinetic"):
        replace(model.hybrid(), network_sees_controls=True)
    with pytest.raises(ModelError, match=r"A kinetic pathway has rate laws"):
        bound(model).structure  # noqa: B018


def test_other_units_are_refused_with_the_conversion() -> None:
    data, model = enzyme_ramps()
    micro = data.with_units({"A": "uM"}, time_unit="min")
    with pytest.raises(
        UnitError,
        match=r"'A' is in uM; times are in min. Convert .*with_units\(\{'A': 'mM'\}, time_unit='h'",
    ):
        build_problem(micro, model.hybrid(), [Member(data.names)])


def test_levels_are_not_clipped_and_unmeasured_species_start_at_the_steady_state() -> None:
    data, model = enzyme_ramps()
    experiments = [
        Experiment(e.name, e.times, np.where(np.arange(5) == 3, np.nan, e.states), e.controls)
        for e in data
    ]
    empty = replace(data, experiments=tuple(experiments))
    assert isinstance(empty, Dataset)
    problem = build_problem(empty, model.hybrid(), [Member(data.names)])
    assert problem.scaling.control_transform == "none"
    np.testing.assert_allclose(problem.initial[:, 3], model.initial[3])
    assert member(problem.scaling, 0).state_scale[3] == pytest.approx(model.initial[3])
