from __future__ import annotations

import numpy as np
import pytest

from pyscimlode import plots
from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    EvolutionResult,
    KineticEvaluator,
    KineticGenerator,
    evolve,
    published,
    toy6,
)
from pyscimlode.kinetics.torch import GradientTraining, train_by_gradient

TOY = toy6()


@pytest.fixture(scope="module")
def evaluator() -> KineticEvaluator:
    return KineticEvaluator(TOY.network, TOY.state)


@pytest.fixture(scope="module")
def generator() -> KineticGenerator:
    return KineticGenerator(TOY.network.km_names, noise=3, hidden=(6,))


@pytest.fixture(scope="module")
def evolved(generator: KineticGenerator, evaluator: KineticEvaluator) -> EvolutionResult:
    return evolve(generator, evaluator, published(population=4, models=10, generations=3))


def test_incidence_has_mean_members_and_parent(evolved: EvolutionResult) -> None:
    figure = plots.plot_incidence({"seed_0": evolved})
    parent, mean = figure.axes[0].lines
    np.testing.assert_allclose(mean.get_ydata(), evolved.incidence.mean(axis=1))
    np.testing.assert_allclose(mean.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(parent.get_ydata(), evolved.parent_incidence)
    assert figure.axes[0].get_xlabel() == "generation"
    assert evolved.plot().axes[0].get_xlabel() == "generation"
    with pytest.raises(DataError, match=r"plot_incidence needs a training"):
        plots.plot_incidence({})


def test_trainings_of_two_kinds_are_compared_by_the_models_they_took(
    generator: KineticGenerator, evaluator: KineticEvaluator, evolved: EvolutionResult
) -> None:
    stepped = train_by_gradient(generator, evaluator, GradientTraining(steps=2, models=5))
    figure = plots.plot_incidence({"evolution": evolved, "gradient": stepped})
    first, second = (line for line in figure.axes[0].lines if line.get_gid() == "mean")
    np.testing.assert_allclose(first.get_xdata(), [40, 80, 120])
    np.testing.assert_allclose(second.get_xdata(), [5, 10])
    np.testing.assert_allclose(second.get_ydata(), stepped.incidence)
    assert figure.axes[0].get_xlabel() == "models evaluated"
    assert stepped.plot().axes[0].get_xlabel() == "step"


def test_eigenvalues_are_shares_and_the_legend_counts_valid_models(
    evaluator: KineticEvaluator,
) -> None:
    figure = plots.plot_eigenvalues({"random": np.array([-1.0, 5.0, -3.0, 2.0]), "one": [-4.0]})
    outlines = [patch for patch in figure.axes[0].patches if patch.get_gid() == "random"]
    assert sum(outlines[0].get_data().values) == pytest.approx(1.0)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["random (25% valid)", "one (100% valid)", "valid at most -2.5/h"]
    own = evaluator.evaluate(np.zeros((1, 14)), threshold=-4.0).plot()
    assert own.legends[0].get_texts()[0].get_text() == "models (0% valid)"
    with pytest.raises(DataError, match=r"needs one vector of lambda_max"):
        plots.plot_eigenvalues({"a": []})


def test_km_panels_show_measured_ones_and_the_largest_reductions() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(-5.0, 5.0, (200, 14))
    after = before.copy()
    after[:, 3] *= 0.1
    names = TOY.network.km_names
    figure = plots.plot_km_distributions(
        TOY.network, before, after, measured={names[0]: (0.0, 1.0)}, labels=("free", "known")
    )
    titles = [axis.get_title() for axis in figure.axes]
    assert names[0:4:3] == ("km_S_e_R1", "km_ATP_R2")
    assert titles[:2] == ["R1: S_e", "R2: ATP"]
    assert len(titles) == 12
    bands = [[p for p in axis.patches if p.get_gid() == "measured"] for axis in figure.axes]
    assert [len(found) for found in bands] == [1] + [0] * 11
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["free", "known", "measured"]
    with pytest.raises(DataError, match=r"The KM 'k' is not known"):
        plots.plot_km_distributions(TOY.network, before, after, km=["k"])
