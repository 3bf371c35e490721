from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.baselines import DerivativeRegression, DirectGaussianProcess
from pyscimlode.data import split
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, ExperimentError, ValueRangeError
from pyscimlode.results import FitResult, score_forecasters


def test_a_fit_and_baselines_stand_in_one_table(result: FitResult, strains: Dataset) -> None:
    train, test = split(strains, ["S5", "S6"])
    neighbours = DerivativeRegression("k-nearest", points=20).fit(train)
    direct = DirectGaussianProcess(max_rows=15).fit(train)
    scores = score_forecasters({"node": result, "kNN": neighbours, "GP": direct}, train, test)
    assert scores.models[:3] == ("node", "kNN", "GP")
    assert scores.models[3:] == result.scores.models[1:]
    assert scores.value("node") == pytest.approx(result.scores.value(result.name), rel=1e-12)
    assert scores.value("kNN") == neighbours.score(test).value(neighbours.name)
    for control in result.scores.models[1:]:
        assert scores.value(control) == result.scores.value(control)


def test_the_unit_is_that_of_all_or_of_the_held_out_strains(strains: Dataset) -> None:
    train, test = split(strains, ["S5", "S6"])
    for scale, of in (("all", strains), ("test", test)):
        table = score_forecasters({}, train, test, score_scale=scale).table  # type: ignore[arg-type]
        sd = np.nanstd(np.concatenate([e.states for e in of]), axis=0)
        unit = dict(zip(strains.state_names, sd, strict=True))
        for row in table.itertuples():
            assert row.rmse / row.nrmse == pytest.approx(unit[row.state])


def test_the_unit_and_the_audit_can_be_those_of_other_strains(strains: Dataset) -> None:
    train, test = split(strains, ["S5", "S6"])
    family = strains.select(["S4", "S5", "S6"])
    copied = family["S4"].states.copy()
    copied[:, 0] = test["S5"].states[:, 0]
    family = replace(
        family,
        experiments=(replace(family["S4"], states=copied), *family.experiments[1:]),
    )
    scores = score_forecasters({}, train, test, unit_of=family)
    sd = np.nanstd(np.concatenate([e.states for e in family]), axis=0)
    unit = dict(zip(strains.state_names, sd, strict=True))
    for row in scores.table.itertuples():
        assert row.rmse / row.nrmse == pytest.approx(unit[row.state])
        assert row.excluded == (row.strain == "S5" and row.state == strains.state_names[0])
    assert "the strains S4, S5, S6" in scores.unit
    with pytest.raises(ExperimentError, match=r"unit_of lacks the held-out strain\(s\) S5, S6"):
        score_forecasters({}, train, test, unit_of=train)


def test_wrong_requests(strains: Dataset, result: FitResult) -> None:
    train, test = split(strains, ["S5", "S6"])
    with pytest.raises(ExperimentError, match="also a training strain"):
        score_forecasters({"node": result}, train.select(["S1"]), train.select(["S2"]))
    with pytest.raises(ExperimentError, match="name of a control"):
        score_forecasters({"mean": result}, train, test)
    with pytest.raises(ColumnError, match="different states"):
        score_forecasters({}, train, test.keep(states=test.state_names[:2]))
    with pytest.raises(ValueRangeError, match="'all' or 'test'"):
        score_forecasters({}, train, test, score_scale="both")  # type: ignore[arg-type]
