from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode import plots
from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    KineticEvaluator,
    KineticGenerator,
    KineticModel,
    evolve,
    example_pathway,
    published,
    toy6,
)
from pyscimlode.kinetics.bioreactor import BatchCulture, batch_culture
from pyscimlode.kinetics.landscape import Landscape
from pyscimlode.kinetics.robustness import Watched, assess_robustness

TOY = toy6()


@pytest.fixture(scope="module")
def evaluator() -> KineticEvaluator:
    return KineticEvaluator(TOY.network, TOY.state)


def test_incidence_has_mean_members_and_parent(evaluator: KineticEvaluator) -> None:
    generator = KineticGenerator(TOY.network.km_names, noise=3, hidden=(6,))
    result = evolve(generator, evaluator, published(population=4, models=10, generations=3))
    figure = plots.plot_incidence({"seed_0": result})
    mean, parent = figure.axes[0].lines
    np.testing.assert_allclose(mean.get_ydata(), result.incidence.mean(axis=1))
    np.testing.assert_allclose(parent.get_ydata(), result.parent_incidence)
    with pytest.raises(DataError, match=r"plot_incidence needs an evolution"):
        plots.plot_incidence({})


def test_eigenvalues_are_shares_and_the_legend_counts_valid_models() -> None:
    figure = plots.plot_eigenvalues({"random": np.array([-1.0, 5.0, -3.0, 2.0]), "one": [-4.0]})
    heights = [patch.get_height() for patch in figure.axes[0].patches]
    assert sum(heights) == pytest.approx(2.0)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[:2] == ["random (25% valid)", "one (100% valid)"]
    with pytest.raises(DataError, match=r"needs one vector of lambda_max"):
        plots.plot_eigenvalues({"a": []})


def test_km_panels_show_measured_ones_and_the_largest_reductions() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(-5.0, 5.0, (200, 14))
    after = before.copy()
    after[:, 3] *= 0.1
    figure = plots.plot_km_distributions(
        TOY.network, before, after, measured={TOY.network.km_names[0]: (0.0, 1.0)}
    )
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:2] == [name.removeprefix("km_") for name in TOY.network.km_names[0:4:3]]
    assert len(titles) == 12
    bands = [[p for p in axis.patches if p.get_gid() == "measured"] for axis in figure.axes]
    assert [len(found) for found in bands] == [1] + [0] * 11
    with pytest.raises(DataError, match=r"The KM 'k' is not known"):
        plots.plot_km_distributions(TOY.network, before, after, km=["k"])


def test_robustness_envelopes(evaluator: KineticEvaluator) -> None:
    watched = [Watched("ATP", ("ATP",)), Watched("A and B", ("A", "B"))]
    result = assess_robustness(
        evaluator, np.zeros((1, 14)), watched, perturbations=3, times_min=(60.0,)
    )
    figure = plots.plot_robustness(result, tolerance=0.1)
    (median,) = [line for line in figure.axes[0].lines if line.get_gid() == "median"]
    np.testing.assert_allclose(median.get_ydata(), np.median(result.ratios[0, :, :, 0], axis=0))
    share = result.returned(60.0, 0.1)[..., 1].mean()
    assert figure.axes[1].get_title(loc="left") == f"A and B: {share:.1%} at 60 min"
    failed = assess_robustness(evaluator, np.zeros((1, 14)), watched, perturbations=1, most=3)
    with pytest.raises(DataError, match=r"Every run of the robustness test failed"):
        plots.plot_robustness(failed)


@pytest.fixture(scope="module")
def culture() -> BatchCulture:
    case = example_pathway()
    evaluator = KineticEvaluator(case.network, case.state)
    model = KineticModel.at_steady_state(evaluator, np.full(len(case.network.km_names), 0.0))
    return batch_culture(model, "BIO", held=("o2_e",), hours=1.0, points=5, rtol=1e-4)


def test_cultures_have_a_panel_for_biomass_and_each_species(culture: BatchCulture) -> None:
    one = plots.plot_cultures([culture], {"glc_e": "glucose"})
    assert [axis.get_title(loc="left") for axis in one.axes] == ["biomass", "glucose"]
    np.testing.assert_allclose(one.axes[0].lines[0].get_ydata(), culture.biomass)
    many = plots.plot_cultures([culture] * 3, {})
    assert len(many.axes[0].collections) == 2
    with pytest.raises(DataError, match=r"plot_cultures needs one culture or more"):
        plots.plot_cultures([], {})


def test_landscape_marks_fast_states() -> None:
    rng = np.random.default_rng(0)
    states = tuple(replace(TOY.state, concentrations=np.exp(rng.normal(size=8))) for _ in range(12))
    fastest = np.linspace(-5.0, 5.0, 12)
    view = Landscape(TOY.network, states, fastest, np.zeros(12), -2.5)
    figure = plots.plot_landscape(view, rng.normal(size=(12, 2)))
    shown, rings = figure.axes[0].collections
    np.testing.assert_allclose(shown.get_array(), fastest)
    assert len(rings.get_offsets()) == (fastest <= -2.5).sum()
    with pytest.raises(DataError, match=r"places has the shape \(3, 2\)"):
        plots.plot_landscape(view, np.zeros((3, 2)))
