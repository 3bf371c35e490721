from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    KineticCase,
    KineticEvaluator,
    KineticGenerator,
    SteadyState,
    log_displacement,
    published,
)
from pyscimlode.kinetics.landscapes.landscape import (
    Landscape,
    embed,
    never_fast,
    polar_view,
    read_states,
    scan_landscape,
)
from pyscimlode.kinetics.landscapes.searches import EvolutionSearch, GeneratorSearch, UniformSearch
from tests.kinetics.cases import golden_case

SEARCH = UniformSearch(40, low=-4.0, high=3.0)


def neighbours(case: KineticCase, n: int) -> tuple[SteadyState, ...]:
    """States of toy6 with other concentrations, whose displacements stay (Keq moves along)."""
    rng = np.random.default_rng(0)
    states = []
    for factor in np.exp(rng.normal(0.0, 0.8, (n, 8))):
        c = case.state.concentrations * factor
        moved = replace(case.state, concentrations=c)
        finite = np.isfinite(case.state.keq)
        new, old = (log_displacement(case.network, x)[finite] for x in (moved, case.state))
        keq = case.state.keq.copy()
        keq[finite] *= np.exp(new - old)
        states.append(replace(moved, keq=keq))
    return tuple(states)


@pytest.fixture(scope="module")
def toys(toy: KineticCase) -> Landscape:
    return scan_landscape(toy.network, neighbours(toy, 40), SEARCH, threshold=-3.0)


def test_the_fastest_model_of_every_state(toy: KineticCase, toys: Landscape) -> None:
    evaluator = KineticEvaluator(toy.network, toys.states[7])
    values = evaluator.evaluate(SEARCH(evaluator, 0), threshold=-3.0)
    assert toys.fastest[7] == values.lambda_max.min()
    assert toys.incidence[7] == values.incidence
    assert toys.fast.tolist() == (toys.fastest <= -3.0).tolist()


def test_an_executor_gives_the_same(toy: KineticCase, toys: Landscape) -> None:
    with ThreadPoolExecutor(2) as pool:
        again = scan_landscape(toy.network, toys.states[:5], SEARCH, threshold=-3.0, executor=pool)
    np.testing.assert_array_equal(again.fastest, toys.fastest[:5])


def test_generators_search_too(toy: KineticCase, toys: Landscape) -> None:
    generator = KineticGenerator(toy.network.km_names, noise=3, hidden=(6,))
    theta = generator.initial(np.random.default_rng(0))
    for search in (
        GeneratorSearch(generator, theta, models=5),
        EvolutionSearch(generator, published(population=2, models=4, generations=1), models=5),
    ):
        found = scan_landscape(toy.network, toys.states[:2], search)
        assert found.fastest.shape == (2,)
        assert np.isfinite(found.fastest).all()


def test_the_map_keeps_neighbours_together(toys: Landscape) -> None:
    pytest.importorskip("sklearn")
    twins = Landscape(
        toys.network,
        toys.states + toys.states,
        np.tile(toys.fastest, 2),
        np.tile(toys.incidence, 2),
        toys.threshold,
    )
    place = embed(twins, perplexity=10.0)
    assert place.shape == (80, 2)
    apart = np.linalg.norm(place[:40] - place[40:], axis=1)
    assert np.median(apart) < 0.2 * np.median(np.linalg.norm(place - place[0], axis=1))
    np.testing.assert_array_equal(place, embed(twins, perplexity=10.0))


def test_the_polar_view_is_centred_on_the_slowest(toys: Landscape) -> None:
    angle, distance = polar_view(toys, share=1 / 40)
    assert distance[np.argmax(toys.fastest)] == pytest.approx(0.0, abs=1e-12)
    assert (np.abs(angle) <= np.pi).all()
    assert (distance[np.argsort(-toys.fastest)[1:]] > 0).all()


def test_ranges_that_are_never_fast(toys: Landscape) -> None:
    """States are called fast where A is above its median: the lower bins of A have none."""
    a = np.array([s.concentrations[1] for s in toys.states])
    by_a = replace(toys, fastest=np.where(a > np.median(a), -5.0, -1.0))
    table = never_fast(by_a, bins=4)
    assert table["species"].tolist()[:2] == ["A", "A"]
    assert table.loc[0, "states"] == 10
    assert table.loc[0, "high"] < np.median(a)
    assert table.loc[0, "chance"] == pytest.approx(
        np.prod([(20 - i) / (40 - i) for i in range(10)])
    )
    assert "R1" not in set(table["species"])


def test_mistakes_are_named(toys: Landscape, tmp_path: Path, toy: KineticCase) -> None:
    with pytest.raises(DataError, match=r"A landscape needs steady states"):
        scan_landscape(toy.network, [])
    with pytest.raises(DataError, match=r"bins=1 must be at least 2 and at most the 40 states"):
        never_fast(toys, bins=1)
    with pytest.raises(DataError, match=r"share=0 must be above 0"):
        polar_view(toys, share=0)
    with pytest.raises(DataError, match=r"no\.npz cannot be read"):
        read_states(tmp_path / "no.npz", toy.network, toy.state)
    np.savez(tmp_path / "x.npz", species=["A"])
    with pytest.raises(DataError, match=r"has no steady states: .*reactions"):
        read_states(tmp_path / "x.npz", toy.network, toy.state)


def test_states_are_read_by_name(tmp_path: Path, pathway: KineticCase) -> None:
    network, state = pathway.network, pathway.state
    np.savez(
        tmp_path / "states.npz",
        species=network.species_ids[::-1],
        reactions=network.reaction_ids,
        ln_conc_mM=np.log(state.concentrations)[None, ::-1],
        flux_mmol_gDW_h=state.fluxes[None],
    )
    (found,) = read_states(tmp_path / "states.npz", network, state)
    np.testing.assert_allclose(found.concentrations, state.concentrations)
    assert found.density == state.density
    np.savez(
        tmp_path / "states.npz",
        species=("x", *network.species_ids),
        reactions=network.reaction_ids,
        ln_conc_mM=np.zeros((1, 40)),
        flux_mmol_gDW_h=state.fluxes[None],
    )
    with pytest.raises(DataError, match=r"and 'example_pathway' have other species: 'x'"):
        read_states(tmp_path / "states.npz", network, state)


@pytest.mark.slow
def test_states_of_the_full_case(kinetic_data: Path) -> None:
    case, _ = golden_case(kinetic_data, "ecoli_trpd9923_lp")
    path = kinetic_data / "ecoli_trpd9923_lp_states.npz"
    states = read_states(path, case.network, case.state)
    assert len(states) == 200
    found = scan_landscape(case.network, states[:3], UniformSearch(5))
    assert np.isfinite(found.fastest).all()


def test_the_table_has_a_row_for_each_state(toys: Landscape) -> None:
    assert repr(toys).startswith("Landscape of 40 steady states of 'toy6', ")
    table = toys.table()
    assert list(table.columns) == ["state", "fastest", "incidence", "fast"]
    np.testing.assert_array_equal(table["fastest"], toys.fastest)
    assert table["fast"].sum() == (toys.fastest <= -3.0).sum()


def test_every_state_is_told(toy: KineticCase) -> None:
    told: list[tuple[int, int]] = []
    search = UniformSearch(3, low=-1.0, high=1.0)
    states = neighbours(toy, 2)
    scan_landscape(toy.network, states, search, progress=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]
    with pytest.raises(DataError, match=r"The search made no models"):
        scan_landscape(toy.network, states, UniformSearch(0))
