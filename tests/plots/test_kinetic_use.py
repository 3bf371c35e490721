from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode import plots
from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    BatchCulture,
    KineticEvaluator,
    KineticModel,
    Landscape,
    Watched,
    assess_robustness,
    batch_culture,
    example_pathway,
    toy6,
)

TOY = toy6()
WATCHED = [Watched("ATP", ("ATP",)), Watched("A and B", ("A", "B"))]


@pytest.fixture(scope="module")
def evaluator() -> KineticEvaluator:
    return KineticEvaluator(TOY.network, TOY.state)


def test_robustness_envelopes(evaluator: KineticEvaluator) -> None:
    result = assess_robustness(
        evaluator, np.zeros((1, 14)), WATCHED, perturbations=12, times_min=(60.0,)
    )
    figure = plots.plot_robustness(result, tolerance=0.1)
    (median,) = [line for line in figure.axes[0].lines if line.get_gid() == "median"]
    np.testing.assert_allclose(median.get_ydata(), np.median(result.ratios[0, :, :, 0], axis=0))
    share = result.returned(60.0, 0.1)[..., 1].mean()
    assert figure.axes[1].get_title(loc="left") == f"A and B: {share:.0%} back at 60 min"


def test_few_runs_are_drawn_one_by_one_and_failed_ones_not(evaluator: KineticEvaluator) -> None:
    result = assess_robustness(
        evaluator, np.zeros((1, 14)), WATCHED, perturbations=3, times_min=(60.0,)
    )
    result.ratios[0, 1] = np.nan
    figure = result.plot()
    courses = [line for line in figure.axes[1].lines if line.get_gid() == "course"]
    assert len(courses) == 2
    np.testing.assert_allclose(courses[1].get_ydata(), result.ratios[0, 2, :, 1])
    result.ratios[:] = np.nan
    with pytest.raises(DataError, match=r"Every run of the robustness test failed"):
        plots.plot_robustness(result)


@pytest.fixture(scope="module")
def culture() -> BatchCulture:
    case = example_pathway()
    evaluator = KineticEvaluator(case.network, case.state)
    model = KineticModel.at_steady_state(evaluator, np.full(len(case.network.km_names), 0.0))
    return batch_culture(model, "BIO", held=("o2_e",), hours=1.0, points=5, rtol=1e-4)


def test_cultures_have_a_panel_for_biomass_and_each_species(culture: BatchCulture) -> None:
    one = plots.plot_cultures([culture], {"glc_e": "glucose"}, biomass=[(0.5, 0.04), (1, 0.05)])
    assert [axis.get_title(loc="left") for axis in one.axes] == ["biomass", "glucose"]
    course, dots = one.axes[0].lines
    np.testing.assert_allclose(course.get_ydata(), culture.biomass)
    np.testing.assert_allclose(dots.get_xdata(), [0.5, 1.0])
    assert not plots.plot_cultures([culture] * 3, {}).axes[0].collections
    assert len(plots.plot_cultures([culture] * 10, {}).axes[0].collections) == 2
    assert len(culture.plot().axes) == 1 + len(culture.medium)
    with pytest.raises(DataError, match=r"plot_cultures needs one culture or more"):
        plots.plot_cultures([], {})


def test_cultures_that_were_given_up_end_in_a_cross(culture: BatchCulture) -> None:
    biomass = culture.biomass.copy()
    biomass[3:] = np.nan
    ended = replace(culture, biomass=biomass)
    axis = plots.plot_cultures([culture, ended], {}).axes[0]
    (cross,) = [line for line in axis.lines if line.get_gid() == "given up"]
    assert cross.get_xdata()[0] == culture.hours[2]
    assert cross.get_ydata()[0] == biomass[2]
    many = plots.plot_cultures([*[culture] * 10, ended], {})
    assert [text.get_text() for text in many.legends[0].get_texts()][-1] == "1 given up, not shown"
    alone = plots.plot_cultures([ended], {})
    assert [text.get_text() for text in alone.legends[0].get_texts()] == ["given up"]


def landscape(fastest: np.ndarray) -> Landscape:
    rng = np.random.default_rng(0)
    concentrations = np.exp(rng.normal(size=(len(fastest), 8)))
    states = tuple(replace(TOY.state, concentrations=c) for c in concentrations)
    return Landscape(TOY.network, states, fastest, np.zeros(len(fastest)), -2.5)


def test_landscape_marks_the_rarer_kind_of_states() -> None:
    fastest = np.linspace(-5.0, 5.0, 12)
    view = landscape(fastest)
    figure = plots.plot_landscape(view, np.random.default_rng(0).normal(size=(12, 2)))
    shown, rings = figure.axes[0].collections
    np.testing.assert_allclose(shown.get_array(), fastest)
    assert len(rings.get_offsets()) == (fastest <= -2.5).sum() == 3
    (text,) = figure.legends[0].get_texts()
    assert text.get_text() == "3 of 12 states with a model at -2.5/h or faster"
    with pytest.raises(DataError, match=r"places has the shape \(3, 2\)"):
        view.plot(np.zeros((3, 2)))


def test_landscape_without_a_rarer_kind_says_so() -> None:
    figure = landscape(np.linspace(-9.0, -3.0, 5)).plot(np.zeros((5, 2)))
    assert len(figure.axes[0].collections) == 1
    (text,) = figure.legends[0].get_texts()
    assert text.get_text() == "all of 5 states with a model at -2.5/h or faster"
