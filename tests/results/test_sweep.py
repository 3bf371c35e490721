from __future__ import annotations

import numpy as np
import pytest

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError

STAGES = [pyscimlode.Collocation(5), pyscimlode.Adam(5)]


def test_folds_penalties_and_seeds_train_as_one_batch(strains: Dataset) -> None:
    """Each cell equals the fit that would have been made on its own."""
    sweep = pyscimlode.sweep(
        strains, test=["S1", "S2"], pir=[0.1, 10.0], ensemble=2, stages=STAGES, progress=False
    )
    assert len(sweep) == 4
    alone = pyscimlode.fit(strains, test="S2", pir=10.0, ensemble=2, stages=STAGES, progress=False)
    together = sweep.result(test="S2", pir=10.0)
    np.testing.assert_allclose(together.theta, alone.theta, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(together.scaling.state_scale, alone.scaling.state_scale)
    assert together.scores.value(together.name) == pytest.approx(
        alone.scores.value(alone.name), rel=1e-5
    )


def test_leave_one_strain_out_and_summary(strains: Dataset) -> None:
    sweep = pyscimlode.sweep(
        strains.select(["S1", "S2", "S3"]), ensemble=1, stages=STAGES, progress=False
    )
    assert [key["test"] for key, _ in sweep] == ["S1", "S2", "S3"]
    summary = sweep.summary()
    assert summary.columns.tolist()[:3] == ["test", "pir", "model"]
    assert (summary["model"] == "persistence").sum() == 3
    for key, result in sweep:
        assert result.test is not None
        assert result.test.names == (key["test"],)
        assert key["test"] not in result.train.names


def test_cells_are_named_in_errors(strains: Dataset) -> None:
    sweep = pyscimlode.sweep(strains, test=None, ensemble=1, stages=STAGES, progress=False)
    with pytest.raises(ExperimentError, match=r"0 cells are .*the cells are"):
        sweep.result(test="S9")
    with pytest.raises(ExperimentError, match="held no strain out"):
        sweep.summary()
    with pytest.raises(ExperimentError, match="at least one penalty"):
        pyscimlode.sweep(strains, pir=[], stages=STAGES, progress=False)
