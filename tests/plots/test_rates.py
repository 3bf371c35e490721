from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.pathway import PARAMETER_SETS, derivatives
from pyscimlode.data.simulate import benchmark
from pyscimlode.errors import ColumnError, DataError, ModelError
from pyscimlode.models import HybridODE, Pathway, Reaction, permuted_enzymes, simulated_pathway
from pyscimlode.models.scaling import member
from pyscimlode.plots import plot_rates, rate_curves
from pyscimlode.plots.rate_curves import TRUTH, TrainingValues
from pyscimlode.plots.rate_laws import known_laws
from pyscimlode.results import FitResult
from tests.models.hybrids import BRANCHED, CONTROLS, STATES
from tests.plots.artists import legend_texts, line, lines
from tests.plots.stub import stub_fit


def hybrid_fit(
    train: Dataset, pathway: Pathway, *, test: Dataset | None = None, members: int = 1
) -> FitResult:
    model = HybridODE(pathway).bound_to(train.state_names, train.control_names)
    return stub_fit(train, test, model=model, members=members)


@pytest.fixture(scope="module")
def simulated() -> FitResult:
    train, test = benchmark("sim-sparse", n=3)
    return hybrid_fit(train, simulated_pathway(), test=test.select(["S321"]), members=3)


def small(pathway: Pathway, *, units: dict[str, str] | None = None) -> FitResult:
    rng = np.random.default_rng(3)
    times = [0.0, 2.0, 5.0, 9.0]
    experiments = tuple(
        Experiment(name, times, 10 * rng.random((4, 4)), 100 * rng.random((4, 2))) for name in "AB"
    )
    train = Dataset(experiments, STATES, CONTROLS, units or {}, time_unit="min")
    return hybrid_fit(train, pathway, members=2)


def _at(curves: pd.DataFrame, row: int, name: str) -> pd.Series:
    return curves[(curves["level"] == "median") & (curves["member"] == name)].iloc[row]


def test_stoichiometry_times_rates_is_the_field_in_measured_units(simulated: FitResult) -> None:
    against = "HMG-CoA"
    reactions = simulated_pathway().reactions
    curves = {r.name: rate_curves(simulated, r.name, against) for r in reactions}
    training = TrainingValues.of(simulated.train)
    value = _at(curves["v3"], 17, "0")["value"]
    assert value > 0
    z, p = training.rows({against: value}, 1)
    field = simulated.field(z, p)
    for index in range(3):
        slope = dict.fromkeys(simulated.train.state_names, 0.0)
        for reaction in reactions:
            rate = float(_at(curves[reaction.name], 17, str(index))["rate"])
            for name, amount in reaction.substrates.items():
                slope[name] -= amount * rate
            for name, amount in reaction.products.items():
                slope[name] += amount * rate
        np.testing.assert_allclose(list(slope.values()), field[index, 0], rtol=1e-10)


def test_learned_yields_and_losses_complete_the_field() -> None:
    """M0 is made by "join", used by "split" and lost; the learned yields are of "split"."""
    result = small(BRANCHED)
    names = ("join", "split")
    curves = {name: rate_curves(result, name, "M0", points=5) for name in names}
    rate = {name: float(_at(curves[name], 3, "1")["rate"]) for name in names}
    value = float(_at(curves["join"], 3, "1")["value"])
    z, p = TrainingValues.of(result.train).rows({"M0": value}, 1)
    loss = result.layout.unpack(result.theta[1])["loss"][BRANCHED.losses.index("M0")]
    lost = 0.02 * np.exp(loss) * value / float(member(result.scaling, 1).time_scale)
    expected = rate["join"] - rate["split"] - lost
    assert result.field(z, p)[1, 0, 0] == pytest.approx(expected)


def test_the_known_laws_add_up_to_the_simulators_field(simulated: FitResult) -> None:
    curves = {
        r.name: rate_curves(simulated, r.name, "IPP", truth="live", points=7)
        for r in simulated_pathway().reactions
    }
    value = float(_at(curves["v7"], 4, TRUTH)["value"])
    z, p = TrainingValues.of(simulated.train).rows({"IPP": value}, 1)
    slopes = derivatives(list(z[0]), list(p[0]), PARAMETER_SETS["live"])
    rate = {name: float(_at(frame, 4, TRUTH)["rate"]) for name, frame in curves.items()}
    assert rate["v0"] == pytest.approx(0.07)
    assert rate["v9"] == pytest.approx(slopes[9])
    assert rate["v6"] - rate["v7"] - rate["v8"] == pytest.approx(slopes[6])


def test_columns_levels_and_members(simulated: FitResult) -> None:
    curves = rate_curves(simulated, "v4", points=11)
    columns = ["reaction", "against", "value", "enzyme", "level", "amount", "member", "rate"]
    assert list(curves.columns) == columns
    assert len(curves) == 3 * 3 * 11
    assert set(curves["against"]) == {"Mevalonate"}
    assert set(curves["enzyme"]) == {"MK"}
    known = np.concatenate([e.controls[:, 3] for e in simulated.train])
    amounts = curves.groupby("level", sort=False)["amount"].first()
    np.testing.assert_allclose(amounts, np.quantile(known, (0.1, 0.5, 0.9)))
    assert (curves.loc[curves["value"] == 0.0, "rate"] == 0.0).all()
    by_level = curves.groupby("level", sort=False)["rate"].max()
    assert by_level["low"] < by_level["median"] < by_level["high"]


def test_against_an_enzyme_there_is_one_level(simulated: FitResult) -> None:
    curves = rate_curves(simulated, "v4", "MK")
    assert set(curves["level"]) == {"median"}
    assert (curves["amount"] == curves["value"]).all()
    known = np.concatenate([e.controls[:, 3] for e in simulated.train])
    assert curves["value"].min() <= known.min()
    assert known.max() < curves["value"].max() < 1.2 * known.max()
    first = curves[curves["member"] == "0"]["rate"]
    assert (np.diff(first) >= 0).all()


def test_an_inflow_is_drawn_against_its_product(simulated: FitResult) -> None:
    curves = rate_curves(simulated, "v0")
    assert set(curves["against"]) == {"Acetyl-CoA"}
    assert set(curves["enzyme"]) == {""}
    assert curves["amount"].isna().all()


def test_the_figure_of_one_reaction(simulated: FitResult) -> None:
    figure = simulated.plot_rates("v3", truth="live")
    substrate, enzyme = figure.axes
    assert substrate.get_title(loc="left") == "v3: HMG-CoA → Mevalonate (HMGR)"
    assert substrate.get_xlabel() == "HMG-CoA [mM]"
    assert substrate.get_ylabel() == "rate [mM/h]"
    assert enzyme.get_xlabel() == "HMGR [counts]"
    assert len(lines(substrate, "member")) == 9
    assert len(lines(enzyme, "member")) == 3
    curves = rate_curves(simulated, "v3", truth="live")
    high = curves[(curves["level"] == "high") & (curves["member"] != TRUTH)]
    median = high.groupby("value")["rate"].median()
    np.testing.assert_allclose(line(substrate, "median:high").get_ydata(), median)
    known = curves[(curves["level"] == "low") & (curves["member"] == TRUTH)]
    np.testing.assert_allclose(line(substrate, "truth:low").get_ydata(), known["rate"])
    assert line(substrate, "truth:low").get_linestyle() == "--"
    measured = np.concatenate([e.states[:, 2] for e in simulated.train])
    np.testing.assert_allclose(
        line(substrate, "training").get_xdata(), np.sort(measured[np.isfinite(measured)])
    )
    assert legend_texts(figure) == [
        "enzyme low (10 %)",
        "enzyme median (50 %)",
        "enzyme high (90 %)",
        "member",
        "true rate law",
        "training values",
    ]


def test_all_reactions_have_a_row(simulated: FitResult) -> None:
    figure = plot_rates(simulated)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    named = [title for title in titles if title]
    assert [title.split(":")[0] for title in named] == [f"v{index}" for index in range(10)]
    assert len(titles) == 1 + 11 + 9  # a product, eleven substrates, nine enzymes
    assert "true rate law" not in legend_texts(figure)


def test_units_are_those_of_the_reference_state() -> None:
    result = small(BRANCHED, units={"M3": "g/L", "P0": "counts"})
    axis = plot_rates(result, "out").axes[0]
    assert axis.get_ylabel() == "rate [g/L/min]"
    assert axis.get_title(loc="left") == "out: M3 → (P0)"
    assert plot_rates(result, "join").axes[0].get_title(loc="left") == ("join: M1 + 2 M3 → M0 (P1)")
    assert plot_rates(result, "join").axes[0].get_ylabel() == "rate [1/min]"


def test_of_several_enzymes_the_one_that_varies_is_named() -> None:
    result = small(BRANCHED)
    first, *_ = plot_rates(result, "split").axes
    assert [text.get_text() for text in first.texts] == ["by P0"]
    other, *_ = plot_rates(result, "split", enzyme="P1").axes
    assert [text.get_text() for text in other.texts] == ["by P1"]
    assert not plot_rates(result, "join").axes[0].texts


def test_a_function_as_truth(simulated: FitResult) -> None:
    curves = rate_curves(simulated, "v9", truth=lambda z, p: np.tile(z[:, [8]], (1, 10)))
    known = curves[curves["member"] == TRUTH]
    np.testing.assert_allclose(known["rate"], known["value"])
    with pytest.raises(DataError, match=r"shape \(60, 9\).*is \(60, 10\)"):
        rate_curves(simulated, "v9", truth=lambda z, p: z[:, :9])
    with pytest.raises(DataError, match="truth=3 is neither a parameter set"):
        rate_curves(simulated, "v9", truth=3)  # type: ignore[arg-type]


def test_known_laws_belong_to_the_simulated_pathway(simulated: FitResult) -> None:
    with pytest.raises(DataError, match="Reaction 'in' is not one of the simulated pathway"):
        rate_curves(small(BRANCHED), "in", truth="live")
    with pytest.raises(DataError, match=r"no pathway parameter set 'lvie'.*Did you mean 'live'"):
        rate_curves(simulated, "v9", truth="lvie")
    permuted = hybrid_fit(simulated.train, permuted_enzymes(simulated_pathway()))
    assert TRUTH in set(rate_curves(permuted, "v9", truth="live")["member"])
    part = Pathway((Reaction("v9", {"GPP": 1}, {"Limonene": 1}, ("LS",)),))
    few = hybrid_fit(simulated.train.keep(states=("GPP", "Limonene")), part)
    with pytest.raises(DataError, match=r"need Acetyl-CoA, Acetoacetyl-CoA, .* do not have"):
        rate_curves(few, "v9", truth="live")
    in_uM = simulated.train.with_units({"GPP": "uM"})
    with pytest.raises(DataError, match=r"are in mM/h; the data of this fit have uM and h"):
        known_laws("live", HybridODE(simulated_pathway()), in_uM)


def test_bad_requests(simulated: FitResult, result: FitResult) -> None:
    with pytest.raises(ModelError, match="A production_degradation model has no reactions"):
        plot_rates(result)
    with pytest.raises(ModelError, match=r"no reaction 'V3'.*v0, v1, .*Did you mean 'v3'"):
        plot_rates(simulated, "V3")
    with pytest.raises(
        ColumnError, match=r"no state or control 'HMGCoA'.*'v3'.*HMG-CoA, HMGR\. Did you mean"
    ):
        plot_rates(simulated, "v3", against="HMGCoA")
    with pytest.raises(ColumnError, match=r"'v3' has no enzyme 'MK'; it has HMGR"):
        plot_rates(simulated, "v3", enzyme="MK")


def test_without_its_data_a_fit_has_no_range(simulated: FitResult, tmp_path: Path) -> None:
    bare = FitResult.load(simulated.save(tmp_path / "m", include_data=False))
    with pytest.raises(DataError, match=r"no training values.*include_data=True"):
        plot_rates(bare, "v3")


def test_one_member_and_a_column_that_does_not_vary(simulated: FitResult) -> None:
    still = tuple(replace(e, states=np.full_like(e.states, 0.5)) for e in simulated.train)
    train = replace(simulated.train, experiments=still)
    figure = plot_rates(stub_fit(train, None, model=simulated.model, members=1), "v3")
    assert not lines(figure.axes[0], "member")
    low, high = figure.axes[0].get_xlim()
    assert low < 0.5 < high
