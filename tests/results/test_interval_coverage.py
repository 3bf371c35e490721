from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError, ExperimentError, ValueRangeError
from pyscimlode.results import FitResult, coverage, recalibrate
from tests.results.forecasters import Tens, strains, tens


def test_points_inside_are_counted_by_hand() -> None:
    """Members at 9, 10, 11: the 50 % interval is 9.5 to 10.5, the 80 % one 9.2 to 10.8."""
    found = coverage(tens(spread=1.0), strains(0.4, 0.7, 1.5, prefix="N"), levels=(0.5, 0.8))
    assert found.summary()["covered"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert found.covered(0.8) == pytest.approx(2 / 3)
    assert found.by_strain().loc["N1"].tolist() == [0.0, 1.0]
    assert found.by_state().index.tolist() == ["x", "y"]
    assert found.by_time().index.tolist() == [1.0, 2.0, 3.0]
    assert found.summary()["whole strains"].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_width_and_interval_score_are_those_of_gneiting_and_raftery() -> None:
    test = strains(0.4, 0.7, prefix="N")
    forecaster = tens(spread=1.0)
    everything = np.concatenate([e.states[:, 0] for e in (*forecaster.train, *test)])
    sd = everything.std()
    summary = coverage(forecaster, test, levels=(0.5,)).summary()
    assert summary["mean width"].item() == pytest.approx(1.0 / sd)
    assert summary["interval score"].item() == pytest.approx((1.0 + 4.0 * (0.7 - 0.5) / 2) / sd)


def test_the_standard_error_is_over_strains() -> None:
    found = coverage(tens(spread=1.0), strains(0.1, 0.2, 5.0, 6.0, prefix="N"), levels=(0.5,))
    error = np.std([1, 1, 0, 0], ddof=1) / 2
    assert found.summary()["standard error"].item() == pytest.approx(error)


def test_ensemble_intervals_are_said_to_cover_too_little() -> None:
    text = repr(coverage(tens(spread=1.0), strains(0.4, 0.7, prefix="N")))
    assert "ensemble interval of 3 member(s); 12 measured points of 2 held-out strain(s)" in text
    assert "not how far the truth may lie" in text
    assert "recalibrated(...)" in text


def test_conformal_intervals_name_their_strains() -> None:
    honest = recalibrate(tens(), strains(*[0.1 * k for k in range(1, 20)]))
    found = coverage(honest, strains(0.5, 3.0, prefix="N"))
    assert found.kind == "conformal"
    assert "calibrated on 19 strains" in repr(found)
    assert "cover too little" not in repr(found)
    assert found.covered(0.95) == pytest.approx(0.5)


def test_a_failed_forecast_is_outside_and_has_no_width() -> None:
    test = strains(0.1, 0.2, prefix="N")
    whole = tens(spread=1.0).predict(test)
    members = {**whole.members, "N0": np.full_like(whole.members["N0"], np.nan)}
    found = coverage(replace(whole, members=members), test, levels=(0.9,))
    assert found.covered(0.9) == 0.5
    assert np.isnan(found.summary()["mean width"].item())
    assert found.table["failed"].sum() == 6


def test_cells_that_were_not_measured_do_not_count() -> None:
    one = strains(0.0, prefix="N")
    states = one["N0"].states.copy()
    states[2, 1] = np.nan
    test = replace(one, experiments=(replace(one["N0"], states=states),))
    assert len(coverage(tens(), test, levels=(0.9,)).table) == 5


def test_excluded_states_are_left_out_of_the_clean_mean() -> None:
    found = coverage(tens(spread=1.0), strains(0.1, 0.9, prefix="N"), levels=(0.5,))
    table = found.table.assign(excluded=found.table["strain"] == "N1")
    marked = replace(found, table=table)
    assert marked.covered(0.5) == 1.0
    assert marked.covered(0.5, clean=False) == 0.5


def test_no_state_is_left_for_the_clean_mean() -> None:
    """Both strains have the same values, so every state is a copy."""
    found = coverage(tens(spread=1.0), strains(0.1, 0.1, prefix="N"), levels=(0.5,))
    assert np.isnan(found.covered(0.5))
    assert found.covered(0.5, clean=False) == 1.0
    assert "Without x, y in strains where they are copied" in repr(found)


def test_table_is_written(tmp_path: Path) -> None:
    found = coverage(tens(spread=1.0), strains(0.1, prefix="N"))
    found.to_csv(tmp_path / "coverage.csv")
    assert pd.read_csv(tmp_path / "coverage.csv").shape == found.table.shape


def test_strains_that_cannot_test(result: FitResult, strains: Dataset) -> None:
    with pytest.raises(ExperimentError, match="'S1' is a test strain and also a training strain"):
        coverage(result, strains.select(["S1"]))
    honest = replace(result, test=None).recalibrated(strains.select(["S5"]), 0.5)
    with pytest.raises(ExperimentError, match="calibrated on strain 'S5', so it cannot test them"):
        coverage(honest, strains.select(["S5"]))
    assert coverage(honest, strains.select(["S6"]), levels=(0.5,)).levels == (0.5,)


def test_forecasts_that_do_not_belong_to_the_measured_points(
    result: FitResult, strains: Dataset
) -> None:
    test = strains.select(["S6"])
    with pytest.raises(DataError, match="at other times than its measured points"):
        coverage(result.predict(test, times=[0.0, 24.0]), test)
    with pytest.raises(ExperimentError, match="no forecast of 'S6'; there are S5"):
        coverage(result.predict("S5"), test)
    with pytest.raises(DataError, match="identity protocol"):
        coverage(replace(result, protocol="identity"), test)


def test_levels_that_are_no_probabilities() -> None:
    forecaster: Tens = tens()
    with pytest.raises(ValueRangeError, match="levels is empty"):
        coverage(forecaster, strains(0.1, prefix="N"), levels=())
    with pytest.raises(ValueRangeError, match=r"level=90.0: .* is a probability"):
        coverage(forecaster, strains(0.1, prefix="N"), levels=(90,))
    found = coverage(forecaster, strains(0.1, prefix="N"))
    with pytest.raises(ValueRangeError, match=r"level=0.99 was not measured; there are 0.5, 0.8"):
        found.covered(0.99)
