from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.backends.julia.description import describe
from pyscimlode.backends.julia.frames import decode, encode
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.kinetics import KineticEvaluator, KineticModel, toy6
from pyscimlode.models.scaling import identity_scaling
from tests.backends.contract_problems import MAKERS, case
from tests.backends.julia.standin import rebuilt
from tests.backends.problems import small_problem


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_problem_is_rebuilt_from_its_description(name: str) -> None:
    chosen = case(name)
    solver = SolverSpec("julia:Rodas5P", rtol=1e-9, step_size=0.5)
    meta, arrays = describe(chosen.problem, solver, {"sensitivity": "auto"})
    data = b"".join(encode({"meta": meta}, arrays))

    def read(buffer: memoryview) -> int:
        nonlocal data
        count = min(len(buffer), len(data))
        buffer[:count], data = data[:count], data[count:]
        return count

    frame = decode(read)
    assert frame is not None
    problem, same = rebuilt(frame.header["meta"], frame.arrays)
    assert same == solver
    assert problem.model == chosen.problem.model
    assert problem.layout == chosen.problem.layout
    assert problem.objective == chosen.problem.objective
    z, p = problem.initial, problem.knot_values[:, 0]
    for index, theta in enumerate(chosen.theta):
        one = describe(chosen.problem, solver, {})[1]["state_scale"][index]
        np.testing.assert_array_equal(problem.scaling.state_scale[index], one)
        assert problem.model.layout(z.shape[1], p.shape[1]).size == len(theta)
    np.testing.assert_array_equal(problem.observed, chosen.problem.observed)
    np.testing.assert_array_equal(problem.weights, chosen.problem.weights)


def test_scales_always_have_a_leading_axis_of_members() -> None:
    problem = replace(small_problem(members=3), scaling=identity_scaling(4, 2))
    arrays = describe(problem, SolverSpec(), {})[1]
    assert arrays["state_scale"].shape == (3, 4)
    assert arrays["control_max"].shape == (3, 2)
    assert arrays["time_scale"].shape == (3,)


def test_hybrid_models_bring_their_pathway() -> None:
    problem = case("branched-pathway").problem
    meta, arrays = describe(problem, SolverSpec(), {})
    structure = problem.model.structure  # type: ignore[attr-defined]
    np.testing.assert_array_equal(arrays["structure_free"], structure.free)
    np.testing.assert_array_equal(arrays["structure_use_control"], structure.use_control)
    assert arrays["fixed_amounts"].shape == (2, structure.n_states, structure.n_reactions)
    assert arrays["learned_amounts"].shape[0] == len(structure.learned)
    assert meta["constants"] == {
        "log_offset": 0.01,
        "enzyme_floor": 1e-4,
        "enzyme_cap": 3.0,
        "control_clip": 3.0,
    }
    json.dumps(meta)


def test_kinetic_models_bring_their_laws() -> None:
    model = KineticModel.at_steady_state(
        KineticEvaluator(toy6().network, toy6().state), np.zeros(14)
    ).hybrid(free=["km", "vmax_R6"])
    names = tuple(s.id for s in toy6().network.species if not s.fixed)
    problem = small_problem(model.bound_to(names, ()), states=len(names), controls=0)
    arrays = describe(problem, SolverSpec(), {})[1]
    assert not [name for name in arrays if name.startswith("structure")]
    np.testing.assert_array_equal(arrays["kinetic_inverse_keq"], [0.5, 0.5, 0.5, 0.5, 0.5, 0.0])
    np.testing.assert_array_equal(arrays["kinetic_free_vmax"], [5])
    np.testing.assert_array_equal(arrays["kinetic_turns"].max(), 2)
    laws = model.bound_to(names, ()).rates.rate_function.laws  # type: ignore[attr-defined]
    np.testing.assert_array_equal(arrays["kinetic_pairs"], laws.pairs)
    assert arrays["kinetic_amounts"].shape == (len(names), 6)
    assert arrays["kinetic_pairs"].dtype == np.int64


def test_other_models_bring_no_pathway() -> None:
    arrays = describe(small_problem(), SolverSpec(), {})[1]
    assert not [name for name in arrays if name.startswith(("structure", "kinetic"))]
    assert arrays["valid"].dtype == np.int64
