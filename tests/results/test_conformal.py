from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, DataError, ExperimentError, ValueRangeError
from pyscimlode.report import write_report
from pyscimlode.results import FitResult, recalibrate
from pyscimlode.results.calibration import needed, strain_quantile
from pyscimlode.results.conformal import calibrate
from tests.results.forecasters import STATES, Tens, strain, strains, tens

NINE = [0.1 * k for k in range(1, 10)]


def _one(values: list[float]) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


def test_the_quantile_of_one_score_a_strain_is_that_of_split_conformal() -> None:
    """Lei et al. 2018: the ceil((n + 1) * level)-th smallest of n scores."""
    rng = np.random.default_rng(0)
    for n in (9, 10, 19, 37):
        scores = rng.exponential(size=n)
        for level in (0.5, 0.8, 0.9):
            rank = int(np.ceil(round((n + 1) * level, 9)))
            assert strain_quantile(_one(list(scores)), level) == np.sort(scores)[rank - 1]


def test_a_strain_with_many_points_weighs_as_much_as_one_with_few() -> None:
    loud = np.full(100, 9.0)
    quiet = _one([1.0] * 8)
    assert strain_quantile([loud, *quiet], 0.8) == 1.0
    assert strain_quantile([loud, *quiet], 0.9) == 9.0


def test_the_quantile_of_too_few_strains_is_infinite() -> None:
    assert strain_quantile(_one([1.0] * 8), 0.9) == np.inf
    assert strain_quantile([], 0.5) == np.inf


@pytest.mark.parametrize(("level", "n"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_strains_that_a_level_needs(level: float, n: int) -> None:
    assert needed(level) == n
    assert np.isfinite(strain_quantile(_one([1.0] * n), level))
    assert np.isinf(strain_quantile(_one([1.0] * (n - 1)), level))


def test_points_of_new_strains_are_covered_although_points_of_a_strain_agree() -> None:
    """Strains differ in how wrong the forecast is; points of one strain are wrong alike."""
    rng = np.random.default_rng(1)
    covered, pooled = [], []
    for _ in range(2000):
        size = rng.exponential(size=10)
        groups = [s * rng.uniform(0.8, 1.2, size=rng.integers(2, 12)) for s in size]
        covered.append((groups[-1] <= strain_quantile(groups[:-1], 0.9)).mean())
        pooled.append((groups[-1] <= np.quantile(np.concatenate(groups[:-1]), 0.9)).mean())
    assert 0.895 < np.mean(covered) < 0.95
    assert np.mean(pooled) < 0.87


def test_intervals_are_as_wide_as_the_errors_and_answer_every_level() -> None:
    honest = recalibrate(tens(), strains(*NINE), level=0.9, scale="sd")
    prediction = honest.predict(strains(0.0, prefix="N"))
    low, high = prediction.interval("N0")
    np.testing.assert_allclose(high - 10.0, 0.9)
    np.testing.assert_allclose(10.0 - low, 0.9)
    np.testing.assert_allclose(prediction.interval("N0", 0.5)[1] - 10.0, 0.5)
    assert np.isinf(prediction.interval("N0", 0.95)[1]).all()
    np.testing.assert_array_equal(prediction["N0"], 10.0)
    assert prediction.interval_kind == "conformal"
    assert prediction.interval_words() == "90 % conformal interval, calibrated on 9 strains"
    assert "unbounded for 2 state(s)" in prediction.interval_words(0.95)


def test_what_a_guarantee_is_about_decides_the_width() -> None:
    """Points of x err by 1 at one of three times; y is twice as wrong."""
    made = []
    for index in range(9):
        one = strain(f"C{index}", 0.2, y_error=2.0)
        states = one.states.copy()
        states[1, 0] = 11.0
        made.append(replace(one, states=states))
    data = Dataset(tuple(made), STATES, ("p",))
    widths = {
        guarantee: recalibrate(tens(), data, 0.6, guarantee=guarantee, scale="sd")
        .predict(strains(0.0, prefix="N"))
        .interval("N0")[1][1]
        - 10.0
        for guarantee in ("point", "course", "strain")
    }
    np.testing.assert_allclose(widths["point"], [0.2, 2.0])
    np.testing.assert_allclose(widths["course"], [1.0, 2.0])
    np.testing.assert_allclose(widths["strain"], [2.0, 2.0])


def test_widths_follow_the_members_where_they_are_asked_to() -> None:
    calibrated = calibrate(tens(spread=1.0), strains(*NINE), 0.9)
    assert calibrated.scale == "ensemble"
    still = tens(spread=0.0).predict(strains(0.0, prefix="N"))
    moved = tens(spread=2.0).predict(strains(0.0, prefix="N"))
    narrow, wide = (np.ptp(calibrated.bounds(p, "N0", 0.9), axis=0)[1, 0] for p in (still, moved))
    assert wide > 3 * narrow > 0
    assert calibrate(tens(members=2), strains(*NINE), 0.9).scale == "sd"
    with pytest.raises(ValueRangeError, match=r"needs two members at least.*scale='sd'"):
        calibrate(tens(members=1), strains(*NINE), 0.9, scale="ensemble")


def test_bounds_of_states_that_are_never_negative_end_at_zero() -> None:
    wide = strains(*[20.0] * 9)
    low, _ = recalibrate(tens(), wide).predict(strains(0.0, prefix="N")).interval("N0")
    assert (low == 0.0).all()
    negative = strains(*[-20.0] * 9)
    low, _ = recalibrate(tens(), negative).predict(strains(0.0, prefix="N")).interval("N0")
    assert (low < 0.0).all()


def test_a_failed_forecast_of_a_calibration_strain_counts_as_infinitely_wrong() -> None:
    class Fails(Tens):
        def predict(self, what: Dataset, times: object = None):  # type: ignore[no-untyped-def]
            whole = super().predict(what)
            failed = np.full_like(whole.members["C0"], np.nan)
            return replace(whole, members={**whole.members, "C0": failed})

    failing = Fails(tens().train)
    scores = calibrate(failing, strains(*NINE), 0.8).scores
    assert np.isinf(scores).sum() == 6
    assert np.isinf(calibrate(failing, strains(*NINE), 0.9).factors()).all()


def test_a_state_that_few_calibration_strains_have_is_unbounded_and_said_to_be() -> None:
    made = []
    for index, one in enumerate(strains(*NINE)):
        states = one.states.copy()
        if index < 5:
            states[:, 1] = np.nan
        made.append(replace(one, states=states))
    honest = recalibrate(tens(), Dataset(tuple(made), STATES, ("p",)))
    prediction = honest.predict(strains(0.0, prefix="N"))
    _, high = prediction.interval("N0")
    assert np.isfinite(high[:, 0]).all()
    assert np.isinf(high[:, 1]).all()
    (note,) = prediction.notes
    assert "interval of 1 state(s) is unbounded: fewer than 9 of the 9" in note


def test_too_few_strains_for_a_level() -> None:
    with pytest.raises(
        ExperimentError,
        match=r"level of 0.9 needs 9 calibration strains, and there are 8: the highest level of 8 "
        r"strain\(s\) is 0.889",
    ):
        recalibrate(tens(), strains(*NINE[:8]))


def test_replicates_are_one_strain() -> None:
    replicates = Dataset(tuple(strain(f"C{i}", 0.1, of="S") for i in range(9)), STATES, ("p",))
    with pytest.raises(ExperimentError, match="needs 9 calibration strains, and there are 1"):
        recalibrate(tens(), replicates)


def test_options_that_are_not_known() -> None:
    nine = strains(*NINE)
    with pytest.raises(ValueRangeError, match=r"level=90: .* between 0 and 1"):
        recalibrate(tens(), nine, level=90)
    with pytest.raises(ValueRangeError, match=r"guarantee='points'.*Did you mean 'point'\?"):
        recalibrate(tens(), nine, guarantee="points")  # type: ignore[arg-type]
    with pytest.raises(ValueRangeError, match="scale='none': choose one of auto, sd, ensemble"):
        recalibrate(tens(), nine, scale="none")  # type: ignore[arg-type]
    with pytest.raises(ColumnError, match="different states"):
        recalibrate(tens(), nine.keep(states=["x"]))


def test_calibration_strains_are_neither_trained_nor_tested_on(
    result: FitResult, strains: Dataset
) -> None:
    with pytest.raises(ExperimentError, match="Calibration strain 'S1' was trained on"):
        result.recalibrated(strains.select(["S1"]), 0.5)
    with pytest.raises(ExperimentError, match="Calibration strain 'S5' was held out to test"):
        result.recalibrated(strains.select(["S5"]), 0.5)
    identity = replace(result, protocol="identity", test=None)
    with pytest.raises(DataError, match="identity protocol"):
        identity.recalibrated(strains.select(["S5"]), 0.5)


def test_a_recalibrated_fit_is_saved_with_its_intervals(
    result: FitResult, strains: Dataset, tmp_path
) -> None:
    alone = replace(result, test=None)
    honest = alone.recalibrated(strains.select(["S5"]), 0.5, guarantee="course")
    assert "50 % conformal band of a state's course, calibrated on 1 strain" in repr(honest)
    again = FitResult.load(honest.save(tmp_path / "fit"))
    new = strains.select(["S6"])
    loaded, kept = again.predict(new), honest.predict(new)
    np.testing.assert_array_equal(loaded.interval("S6"), kept.interval("S6"))
    assert again.intervals == honest.intervals
    np.testing.assert_array_equal(honest.predict(new)["S6"], alone.predict(new)["S6"])
    assert FitResult.load(alone.save(tmp_path / "raw")).calibration is None


def test_a_report_names_the_interval_and_what_it_promises(
    result: FitResult, strains: Dataset, tmp_path
) -> None:
    honest = replace(result, test=None).recalibrated(strains.select(["S5"]), 0.5)
    tested = replace(honest, test=strains.select(["S6"]))
    text = write_report(tmp_path / "report.html", tested).read_text(encoding="utf-8")
    assert "The band is the 50 % conformal interval, calibrated on 1 strain." in text
    assert "nothing is promised for one given strain" in text
    assert "no confidence interval" not in text


def test_conformal_forecaster_says_what_it_is() -> None:
    honest = recalibrate(tens(), strains(*NINE))
    assert repr(honest) == (
        "ConformalForecaster: tens, 90 % conformal interval, calibrated on 9 strains"
    )
