from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscimlode.errors import ModelError
from pyscimlode.models import (
    HybridODE,
    Pathway,
    Reaction,
    bound_to,
    model_from_json,
    simulated_pathway,
)
from pyscimlode.models.base import Model, NamedModel
from pyscimlode.models.learned_rates import log_enzyme_ratio
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.registry import resolve_model
from pyscimlode.models.scaling import Scaling, fit_scaling
from tests.models.hybrids import BRANCHED, CHAIN, CONTROLS, STATES, hybrids


def scaling_of(n_states: int, n_controls: int, *, seed: int = 0) -> Scaling:
    rng = np.random.default_rng(seed)
    return Scaling(
        state_scale=rng.uniform(0.5, 20.0, n_states),
        control_shift=rng.uniform(0.5, 1.0, n_controls),
        control_scale=rng.uniform(0.5, 1.0, n_controls),
        time_scale=np.asarray(3.0),
        control_max=rng.uniform(2.0, 4.0, n_controls),
    )


def test_layout_names_every_learned_part() -> None:
    model = hybrids()["branched"]
    shapes = {p.name: p.shape for p in model.layout(4, 2).parameters}
    assert shapes == {
        "rate": (4,),
        "saturation": (4,),
        "exponent": (4,),
        "yield": (2,),
        "loss": (2,),
        "net.0.weight": (6, 10),
        "net.0.bias": (6,),
        "net.1.weight": (5, 6),
        "net.1.bias": (5,),
        "net.2.weight": (8, 5),
        "net.2.bias": (8,),
    }


def test_layout_leaves_out_what_the_pathway_does_not_have() -> None:
    names = [p.name for p in hybrids()["chain"].layout(4, 2).parameters]
    assert names[:3] == ["rate", "saturation", "exponent"]
    assert all(name.startswith("net.") for name in names[3:])
    assert hybrids()["chain"].network().n_in == 4
    assert hybrids()["chain-controls"].network().n_in == 10


def test_the_numbers_of_states_and_controls_are_those_it_is_bound_to() -> None:
    with pytest.raises(ModelError, match="bound to 4 states and 2 controls, not 5 and 2"):
        hybrids()["chain"].layout(5, 2)


def test_field_of_two_reactions_by_hand() -> None:
    pathway = Pathway(
        (
            Reaction("one", {"A": 1}, {"B": 2}, ("E", "F")),
            Reaction("two", {"A": 1, "B": 3}, {"C": 1}, ("F",), learned_yields=True),
        ),
        losses=("C",),
    )
    model = HybridODE(pathway, widths=(2,), features="linear").bound_to("CAB", "FE")
    layout = model.layout(3, 2)
    values = {p.name: np.zeros(p.shape) for p in layout.parameters}
    values |= {
        "rate": np.log([2.0, 5.0]),
        "saturation": np.log([0.5, 1.0, 2.0]),
        "exponent": np.array([0.3, -0.2, 0.9]),
        "yield": np.log([1.7]),
        "loss": np.log([4.0]),
        "net.1.bias": np.array([0.4, -0.1]),
    }
    scaling = Scaling(
        state_scale=np.array([10.0, 4.0, 2.0]),
        control_shift=np.array([2.0, 3.0]),
        control_scale=np.array([1.0, 2.0]),
        time_scale=np.asarray(3.0),
        control_max=np.array([40.0, 50.0]),
    )
    c, a, b = 7.0, 3.0, 1.0
    f, e = 20.0, 30.0
    power = [0.7 / 0.3 * np.exp(x) for x in (0.3, -0.2, 0.9)]
    alpha = [x / (1.0 + x) for x in power]
    ya, yb, yc = a / 4.0, b / 2.0, c / 10.0
    one = 2.0 * (e / 50.0) ** alpha[0] * (f / 40.0) ** alpha[1] * ya / (0.5 + ya)
    two = 5.0 * (f / 40.0) ** alpha[2] * ya / (1.0 + ya) * yb / (2.0 + yb)
    one *= np.exp(np.tanh(0.4)) * 4.0 / 3.0
    two *= np.exp(np.tanh(-0.1)) * 4.0 / 3.0
    # two is in units of A; its yield of C is learned, in units of the two scales.
    made = 1.7 * two / 4.0 * 10.0
    expected = [made - 0.02 * 4.0 * yc * 10.0 / 3.0, -one - two, 2.0 * one - 3.0 * two]
    z, p = np.array([[c, a, b]]), np.array([[f, e]])
    theta = layout.pack(values)
    np.testing.assert_allclose(model.field(theta, z, p, scaling), [expected], rtol=1e-13)
    np.testing.assert_allclose(model.fluxes(theta, z, p, scaling), [[one, two]], rtol=1e-13)


def test_mass_flows_along_fixed_amounts() -> None:
    model = hybrids()["chain"]
    rng = np.random.default_rng(1)
    theta = model.initial(4, 2, rng)
    z, p = rng.uniform(0.0, 9.0, (20, 4)), rng.uniform(0.0, 5.0, (20, 2))
    slope = model.field(theta, z, p, scaling_of(4, 2))
    # M0 -> M1 -> 2 M2 + M3, whatever the rates are.
    np.testing.assert_allclose(slope[:, 0] + slope[:, 1] + slope[:, 3], 0.0, atol=1e-12)
    np.testing.assert_allclose(slope[:, 2], 2.0 * slope[:, 3], rtol=1e-12)
    assert (slope[:, 0] < 0).all()


@given(
    seed=st.integers(0, 2**16),
    empty=st.lists(st.booleans(), min_size=4, max_size=4),
    name=st.sampled_from(list(hybrids())),
)
def test_an_empty_state_is_never_consumed(seed: int, empty: list[bool], name: str) -> None:
    model = hybrids()[name]
    rng = np.random.default_rng(seed)
    theta = model.initial(4, 2, rng)
    theta += rng.normal(0.0, 2.0, theta.shape)
    z = np.where(empty, 0.0, rng.uniform(0.0, 30.0, (5, 4)))
    slope = model.field(theta, z, rng.uniform(0.0, 1e3, (5, 2)), scaling_of(4, 2, seed=seed))
    assert np.isfinite(slope).all()
    assert (slope[:, empty] >= 0.0).all()


def test_no_enzyme_no_flux_and_more_enzyme_more_flux() -> None:
    model = hybrids()["chain"]
    scaling = scaling_of(4, 2)
    theta = model.initial(4, 2, np.random.default_rng(0))
    z, p = np.full((4, 4), 2.0), np.zeros((4, 2))
    p[:, 0] = np.array([0.0, 0.1, 0.5, 1.0]) * scaling.control_max[0]
    p[:, 1] = scaling.control_max[1]
    wide = replace(scaling, control_scale=np.array([1e3, 1e3]))
    flux = model.fluxes(theta, z, p, wide)
    assert (np.diff(flux[:, 0]) > 0).all()
    assert flux[0, 0] < 0.01 * flux[3, 0]
    np.testing.assert_allclose(flux[:, 1], flux[0, 1])


@pytest.mark.parametrize("transform", ["log", "linear", "none"])
def test_enzyme_ratio_is_to_the_training_maximum_with_floor_and_cap(transform: str) -> None:
    scaling = replace(
        scaling_of(1, 3),
        control_scale=np.full(3, 1e3),
        control_max=np.array([10.0, 20.0, 20.0]),
        control_transform=transform,
    )
    p = np.array([[5.0, 100.0, 0.0]])
    logs = log_enzyme_ratio(scaling.transform_controls(p), scaling)
    np.testing.assert_allclose(np.exp(logs), [[0.5, 3.0, 1e-4]], rtol=1e-9)


def test_units_change_nothing() -> None:
    rng = np.random.default_rng(4)
    states, controls = rng.uniform(0.1, 3.0, (9, 4)), rng.uniform(1e5, 1e7, (9, 2))
    model = HybridODE(
        Pathway(
            (
                Reaction("one", {"M0": 1}, {"M1": 1}, ("P0",), learned_yields=True),
                Reaction("two", {"M1": 1}, {"M3": 1}, ("P1",), learned_yields=True),
            ),
            losses=("M3",),
        ),
        network_sees_controls=False,
    ).bound_to(STATES, CONTROLS)
    theta = model.initial(4, 2, rng)
    state_unit, control_unit = np.array([1e3, 0.2, 7.0, 1.0]), 0.01
    results = []
    for unit, per_control in ((np.ones(4), 1.0), (state_unit, control_unit)):
        z, p = states * unit, controls * per_control
        scaling = fit_scaling([z], [p], time_scale=2.0)
        results.append(model.field(theta, z, p, scaling) / unit)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-4)


def test_initial_values_are_those_of_the_description() -> None:
    model = replace(hybrids()["branched"], initial_spread=0.0, last_scale=0.0, initial_rate=3.0)
    theta = model.initial(4, 2, np.random.default_rng(0))
    scaling = replace(scaling_of(4, 2), control_scale=np.full(2, 1e3))
    z, p = scaling.state_scale[None], scaling.control_max[None]
    flux = model.fluxes(theta, z, p, scaling)[0] * 3.0 / scaling.state_scale[[1, 1, 0, 3]]
    np.testing.assert_allclose(flux, [3.0, 3.0 / 4.0, 3.0 / 2.0, 3.0 / 2.0], rtol=1e-9)
    slope = model.field(theta, z, p, scaling)[0] * 3.0 / scaling.state_scale
    assert slope[2] == pytest.approx(0.13 - 0.13, abs=1e-12)


def test_seeds_differ_and_repeat() -> None:
    model = hybrids()["branched"]
    first, again, other = (model.initial(4, 2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("name", list(hybrids()))
def test_json_round_trip(name: str) -> None:
    model = hybrids()[name]
    again = model_from_json(json.loads(json.dumps(model.to_json())))
    assert again == model
    assert isinstance(again, HybridODE)
    assert again.layout(4, 2) == model.layout(4, 2)


def test_it_is_a_model_that_is_bound_by_names() -> None:
    model = HybridODE(CHAIN)
    assert isinstance(model, Model)
    assert isinstance(model, NamedModel)
    bound = bound_to(model, STATES, CONTROLS)
    assert isinstance(bound, HybridODE)
    assert bound.state_names == STATES
    assert bound_to(bound, STATES, CONTROLS) is bound
    plain = NeuralODE()
    assert bound_to(plain, STATES, CONTROLS) is plain


def test_the_order_of_names_does_not_matter() -> None:
    scaling = scaling_of(4, 2)
    rng = np.random.default_rng(2)
    z, p = rng.uniform(0.0, 5.0, (6, 4)), rng.uniform(0.0, 5.0, (6, 2))
    model = HybridODE(CHAIN, last_scale=0.0)
    theta = hybrids()["chain"].initial(4, 2, rng)[:6]
    order, swapped = [2, 0, 3, 1], [1, 0]
    slopes = []
    for states, controls in ((range(4), range(2)), (order, swapped)):
        s, c = list(states), list(controls)
        bound = model.bound_to([STATES[i] for i in s], [CONTROLS[i] for i in c])
        full = np.zeros(bound.layout(4, 2).size)
        full[:6] = theta
        reordered = replace(
            scaling,
            state_scale=scaling.state_scale[s],
            control_shift=scaling.control_shift[c],
            control_scale=scaling.control_scale[c],
            control_max=scaling.control_max[c],
        )
        slopes.append(bound.field(full, z[:, s], p[:, c], reordered))
    np.testing.assert_allclose(slopes[1], slopes[0][:, order], rtol=1e-12)


@pytest.mark.parametrize(
    ("states", "controls", "message"),
    [
        (("M0", "M1", "M2", "m3"), CONTROLS, r"species 'M3', which is not among the states"),
        (STATES, ("P0", "PP1"), r"enzyme 'P1', which is not among the controls.*Did you mean"),
        (STATES, (), r"among the controls of the data set \(none\)"),
    ],
)
def test_names_that_the_data_lack(
    states: tuple[str, ...], controls: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        HybridODE(CHAIN).bound_to(states, controls)


def test_unbound_models_say_what_to_do() -> None:
    with pytest.raises(ModelError, match="bound_to"):
        HybridODE(BRANCHED).layout(4, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": ()}, "hidden layer"),
        ({"activation": "relu"}, "activation"),
        ({"features": "cubic"}, "features='cubic'"),
        ({"initial_rate": 0.0}, "initial_rate=0.0 must be positive"),
        ({"initial_exponent": 1.0}, "between 0 and 1"),
    ],
)
def test_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        HybridODE(simulated_pathway(), **options)  # type: ignore[arg-type]


def test_a_hybrid_model_by_name_is_named_after_its_pathway() -> None:
    assert resolve_model("hybrid-simulated") == HybridODE(simulated_pathway())
    with pytest.raises(ModelError, match=r"there are .*hybrid-limonene"):
        resolve_model("hybrid-ode")
    with pytest.raises(ModelError, match="pathway='limonene' is not a Pathway"):
        HybridODE("limonene")  # type: ignore[arg-type]
