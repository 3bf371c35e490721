from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import ArtifactError, DataError
from pyscimlode.kinetics import (
    KineticCase,
    KineticEvaluator,
    check_state,
    log_displacement,
    read_case,
)
from pyscimlode.kinetics.sampling.state_ranges import StateRanges
from pyscimlode.kinetics.sampling.steady_states import SteadyStateSample, sample_steady_states


def sampled(case: KineticCase, states: int, patterns: int = 1, **options: object) -> tuple:
    ranges = StateRanges.around(case.network, case.state, **options)  # type: ignore[arg-type]
    sample = sample_steady_states(
        case.network, case.state.keq, ranges, states, patterns=patterns, seed=3, thinning=20
    )
    return sample, ranges


def check_all(case: KineticCase, sample: SteadyStateSample, ranges: StateRanges) -> None:
    for state in sample.states():
        check_state(case.network, state)
        reversible = np.isfinite(state.keq)
        drive = np.abs(log_displacement(case.network, state))[reversible]
        assert drive.min() >= ranges.min_displacement - 1e-9
        for name, c in zip(case.network.species_ids, state.concentrations, strict=True):
            low, high = ranges.concentrations[name]
            assert low * (1 - 1e-9) <= c <= high * (1 + 1e-9)
        for name, v in zip(case.network.reaction_ids, state.fluxes, strict=True):
            low, high = ranges.fluxes[name]
            assert low - 1e-9 <= v <= high + 1e-9


def test_states_keep_all_limits_and_give_models(own: KineticCase) -> None:
    sample, ranges = sampled(own, 8)
    check_all(own, sample, ranges)
    assert np.log(sample.concentrations).std(axis=0).max() > 0.3
    fixed = [s.fixed for s in own.network.species]
    np.testing.assert_allclose(
        sample.concentrations[:, fixed], np.tile(own.state.concentrations[fixed], (8, 1))
    )
    evaluator = KineticEvaluator(own.network, sample.state(5))
    assert np.isfinite(evaluator.ln_vmax(np.zeros((1, len(own.network.km_names))))).all()


def test_free_directions_give_different_patterns(pathway: KineticCase) -> None:
    sample, ranges = sampled(pathway, 6, patterns=3, same_directions=False)
    check_all(pathway, sample, ranges)
    assert np.abs(sample.fluxes).min() >= ranges.min_flux - 1e-9
    signs = {tuple(np.sign(row)) for row in sample.fluxes}
    assert len(signs) == sample.provenance["patterns_found"] == 3
    assert sample.pattern.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_measured_range_and_a_slack_of_keq_are_used(toy: KineticCase) -> None:
    ranges = StateRanges(
        concentrations={"A": (0.9, 0.95)},
        fluxes={"R1": (2.0, 2.5)},
        flux_unit="mM/h",
        log_keq_slack=0.2,
    )
    sample = sample_steady_states(toy.network, toy.state.keq, ranges, 6, thinning=10)
    a = sample.concentrations[:, toy.network.species_ids.index("A")]
    assert np.all((a >= 0.9) & (a <= 0.95))
    assert np.all((sample.fluxes[:, 0] >= 2.0) & (sample.fluxes[:, 0] <= 2.5))
    ratio = np.log(sample.keq[:, :5] / 2.0)
    assert 0.01 < np.abs(ratio).max() <= 0.2 + 1e-9


def test_a_sample_is_kept_in_a_file(toy: KineticCase, tmp_path: Path) -> None:
    sample, _ = sampled(toy, 3)
    again = SteadyStateSample.load(sample.save(tmp_path / "states.safetensors"))
    for name in ("concentrations", "fluxes", "pattern"):
        np.testing.assert_array_equal(getattr(again, name), getattr(sample, name))
    np.testing.assert_allclose(again.keq, sample.keq, rtol=1e-14)
    assert again.network == toy.network
    assert again.provenance == sample.provenance
    assert again.provenance["seed"] == 3
    assert set(again.provenance["versions"]) == {"pyscimlode", "numpy", "scipy"}
    with pytest.raises(ArtifactError, match=r"does not exist"):
        SteadyStateSample.load(tmp_path / "other.safetensors")


def test_the_same_seed_gives_the_same_states(toy: KineticCase) -> None:
    first, again = sampled(toy, 3)[0], sampled(toy, 3)[0]
    np.testing.assert_array_equal(first.concentrations, again.concentrations)


def test_what_is_not_feasible_is_said(toy: KineticCase) -> None:
    one = (1.0, 1.0)
    uphill = StateRanges(
        concentrations={"S_e": one, "A": (50.0, 60.0), "P_e": (50.0, 60.0)},
        flux=(0.0, 10.0),
        flux_unit="mM/h",
    )
    with pytest.raises(DataError, match=r"thermodynamics allows: the fluxes alone are feasible"):
        sample_steady_states(toy.network, toy.state.keq, uphill, 1)
    starved = StateRanges(fluxes={"R3": (5.0, 6.0), "R2": (1.0, 2.0)}, flux_unit="mM/h")
    with pytest.raises(DataError, match=r"fluxes within their ranges and of at least"):
        sample_steady_states(toy.network, toy.state.keq, starved, 1)
    keq = toy.state.keq.copy()
    keq[1] = np.nan
    with pytest.raises(
        DataError, match=r"No equilibrium constant: reaction 'R2' \(hill_nn, keq=nan\)"
    ):
        sample_steady_states(toy.network, keq, StateRanges(flux_unit="mM/h"), 1)
    with pytest.raises(DataError, match=r"Fluxes in mmol/gDW/h need density="):
        sample_steady_states(toy.network, toy.state.keq, StateRanges(), 1)
    with pytest.raises(DataError, match=r"There is no state 3; the sample has 3"):
        sampled(toy, 3)[0].state(3)


@pytest.mark.parametrize(
    "name", ["varma65", pytest.param("ecoli_trpd9923_lp", marks=pytest.mark.slow)]
)
def test_states_of_large_networks(kinetic_data: Path, name: str) -> None:
    case = read_case(kinetic_data / f"{name}.json")
    sample, ranges = sampled(case, 5)
    check_all(case, sample, ranges)
