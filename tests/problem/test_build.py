from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import ExperimentError, ValueRangeError
from pyscimlode.models import NeuralODE, ProductionDegradation
from pyscimlode.problem import Member, build_problem


def dataset() -> Dataset:
    a = Experiment(
        "A",
        np.array([0.0, 1.0, 4.0]),
        np.array([[1.0, 2.0], [np.nan, 4.0], [3.0, 6.0]]),
        np.array([[1.0], [np.nan], [5.0]]),
    )
    b = Experiment(
        "B", np.array([0.0, 10.0]), np.array([[2.0, 0.0], [8.0, np.nan]]), np.ones((2, 1))
    )
    return Dataset((a, b), ("x", "y"), ("E",))


def test_padding_repeats_the_last_time_and_weighs_nothing() -> None:
    problem = build_problem(dataset(), ProductionDegradation(), [Member(("A", "B"))])
    np.testing.assert_array_equal(problem.times[1], [0.0, 10.0, 10.0])
    np.testing.assert_array_equal(problem.valid[1], [True, True, False])
    assert np.isnan(problem.observed[1, 2]).all()
    assert not problem.weights[0, 1, 2].any()
    assert not problem.pir_weights[0, 1, 2]


def test_weights_leave_out_the_start_and_count_states_equally() -> None:
    problem = build_problem(dataset(), ProductionDegradation(), [Member(("A", "B"))])
    weights = problem.weights[0]
    assert not weights[:, 0].any()
    np.testing.assert_allclose(weights.sum(axis=(0, 1)), [0.5, 0.5])
    by_cell = build_problem(
        dataset(), ProductionDegradation(), [Member(("A", "B"))], weighting="cell"
    ).weights[0]
    np.testing.assert_allclose(by_cell[by_cell > 0], 0.25)
    assert problem.pir_weights.sum() * problem.n_states == pytest.approx(1.0)


def test_everything_fitted_is_fitted_on_the_member_alone() -> None:
    problem = build_problem(
        dataset(), ProductionDegradation(), [Member(("A",)), Member(("B",)), Member(("A", "B"))]
    )
    np.testing.assert_allclose(problem.scaling.state_scale, [[3, 6], [8, 1], [8, 6]])
    np.testing.assert_allclose(problem.scaling.time_scale, [4 / 20, 10 / 20, 10 / 20])
    np.testing.assert_allclose(problem.loss_scale[0], [1.0, np.std([2.0, 4.0, 6.0])])
    assert not problem.weights[0, 1].any()
    assert not problem.weights[1, 0].any()


def test_scales_do_not_move_with_a_held_out_strain() -> None:
    data = dataset()
    changed = replace(data.experiments[1], states=1e3 * data.experiments[1].states)
    other = replace(data, experiments=(data.experiments[0], changed))
    for name in ("state_scale", "control_shift", "control_scale", "time_scale"):
        one, two = (
            getattr(build_problem(d, ProductionDegradation(), [Member(("A",))]).scaling, name)
            for d in (data, other)
        )
        np.testing.assert_array_equal(one, two)


def test_endogenous_controls_become_states() -> None:
    problem = build_problem(dataset(), NeuralODE(controls="endogenous"), [Member(("A",))])
    assert problem.state_names == ("x", "y", "E")
    assert problem.control_names == ()
    np.testing.assert_array_equal(problem.initial[0], [1.0, 2.0, 1.0])
    np.testing.assert_array_equal(problem.observed[0, :, 2], [1.0, np.nan, 5.0])


def test_raw_units_stay_raw() -> None:
    problem = build_problem(dataset(), NeuralODE.published(), [Member(("A",))])
    assert (problem.scaling.state_scale == 1.0).all()
    assert (problem.loss_scale == 1.0).all()
    assert problem.scaling.control_transform == "none"


def test_negative_controls_are_not_put_through_a_logarithm() -> None:
    data = dataset()
    shifted = replace(data.experiments[0], controls=data.experiments[0].controls - 3.0)
    problem = build_problem(
        replace(data, experiments=(shifted,)), ProductionDegradation(), [Member(("A",))]
    )
    assert problem.scaling.control_transform == "linear"


def test_unknown_or_missing_experiments() -> None:
    with pytest.raises(ExperimentError, match="no experiment 'C'"):
        build_problem(dataset(), ProductionDegradation(), [Member(("C",))])
    with pytest.raises(ExperimentError, match="no training experiments"):
        build_problem(dataset(), ProductionDegradation(), [Member(())])


def test_missing_initial_state_names_state_and_strain() -> None:
    data = dataset()
    states = data.experiments[0].states.copy()
    states[0, 0] = np.nan
    broken = replace(data, experiments=(replace(data.experiments[0], states=states),))
    with pytest.raises(ValueRangeError, match="State 'x' of experiment 'A' is not measured"):
        build_problem(broken, ProductionDegradation(), [Member(("A",))])
