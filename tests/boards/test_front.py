from __future__ import annotations

from pathlib import Path

import pytest

import pyscimlode
from pyscimlode import DerivativeRegression
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import DataError, DownloadError, TrainingError
from pyscimlode.training import Adam, Collocation

TREES = {"trees": DerivativeRegression("extra-trees", points=15, order=1, window=3)}
STAGES = (Collocation(2), Adam(2))


def test_strains_of_ones_own_are_held_out_once_each(tmp_path: Path) -> None:
    strains = simulate(n=4, times=(0, 6, 24, 72)).keep(["GPP", "Limonene"], ["GPPS", "LS"])
    path = tmp_path / "strains.csv"
    strains.to_frame().drop(columns="experiment").to_csv(path, index=False)
    roles = {"states": ["GPP", "Limonene"], "controls": ["GPPS", "LS"]}
    from_file = pyscimlode.compare(path, models=TREES, progress=False, **roles)
    from_data = pyscimlode.compare(strains, models=TREES, progress=False)
    assert list(from_file.tasks) == [f"folds/S{k}" for k in (1, 2, 3, 4)]
    assert from_file.summary().round(9).equals(from_data.summary().round(9))
    two = pyscimlode.compare(strains, models=TREES, test=["S2", "S3"], progress=False)
    assert list(two.tasks) == ["folds/S2", "folds/S3"]


def test_simulated_strains_are_the_default() -> None:
    comparison = pyscimlode.compare(
        models="hybrid", n=2, draws=1, seeds=1, stages=STAGES, progress=False
    )
    assert list(comparison.tasks) == ["sim-sparse/n=2/draw=0"]
    assert comparison.models[0] == "hybrid"
    assert {"persistence", "mean", "geometric mean", "nearest strain"} < set(comparison.models)


def test_measured_strains_of_both_pathways(measured_data: Path) -> None:
    comparison = pyscimlode.compare(
        protocols=["own", "pooled7"],
        models=["hybrid+geometric"],
        seeds=1,
        stages=STAGES,
        progress=False,
    )
    summary = comparison.summary().set_index(["protocol", "model"])
    assert summary.loc["own", "n"].unique().tolist() == [2]
    assert summary.loc["pooled7", "n"].unique().tolist() == [7]
    assert set(summary["tasks"]) == {6}
    for strain in ("L1", "L2", "L3", "I1", "I2", "I3"):
        # What needs no training strains has the same score under both protocols.
        scores = [
            comparison.by_task(protocol).loc[f"{protocol}/{strain}", "persistence"]
            for protocol in ("own", "pooled7")
        ]
        assert scores[0] == pytest.approx(scores[1], rel=1e-12)
    # As published in the results of the measured boards.
    assert summary.loc[("own", "geometric mean"), "NRMSE clean"] == pytest.approx(1.044, abs=5e-4)
    assert summary.loc[("own", "persistence"), "NRMSE clean"] == pytest.approx(1.426, abs=5e-4)
    assert any("not in the clean mean" in str(w) for w in comparison.warnings)


def test_wrong_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    strains = simulate(n=3, times=(0, 6))
    with pytest.raises(DataError, match=r"No protocol reads your data: own have .* Add 'folds'"):
        pyscimlode.compare(strains, protocols="own")
    with pytest.raises(DataError, match="'folds' holds your own strains out: give data"):
        pyscimlode.compare(protocols="folds")
    with pytest.raises(TrainingError, match="seeds=0: at least one member"):
        pyscimlode.compare(seeds=0)
    with pytest.raises(DataError, match="draws=0"):
        pyscimlode.compare(draws=0)
    with pytest.raises(DataError, match="n is 321; the benchmark has 1 to 320"):
        pyscimlode.compare(n=(2, 321))
    with pytest.raises(DataError, match="There is no option 'sttes'"):
        pyscimlode.compare(strains, sttes=["GPP"])

    with pytest.raises(DataError, match="test, time: what is said about strains of your own needs"):
        pyscimlode.compare(test="S1", time="Hour")
    with pytest.raises(DataError, match=r"seed: what .*Did you mean 'seeds'\?"):
        pyscimlode.compare(seed=3)

    def missing(file: object) -> Path:
        raise DownloadError("not here")

    monkeypatch.setattr("pyscimlode.data.costello2018.locate", missing)
    with pytest.raises(DownloadError, match="not here"):
        pyscimlode.compare(protocols="own")
