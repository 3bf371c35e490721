from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pyscimlode
from pyscimlode import Adam, HybridODE
from pyscimlode.errors import ModelError
from pyscimlode.models import limonene_pathway, permuted_enzymes, simulated_pathway

QUICK = (
    pyscimlode.Collocation(120, lr=2e-2, weight_decay=1e-3),
    Adam(40, lr=1e-2, weight_decay=1e-3),
)


def test_pathway_model_learns_and_wrong_enzymes_are_worse(tmp_path: Path) -> None:
    train, test = pyscimlode.datasets.benchmark("sim-sparse", n=5)
    scores = []
    for pathway in (simulated_pathway(), permuted_enzymes(simulated_pathway())):
        result = pyscimlode.fit(
            train, test=test, model=HybridODE(pathway), stages=QUICK, ensemble=1, progress=False
        )
        scores.append(result.scores.value(result.name))
    right, wrong = scores
    assert right < 0.75
    assert wrong > right + 0.2
    assert right < min(result.scores.value(name) for name in ("persistence", "geometric mean"))

    again = pyscimlode.load(result.save(tmp_path / "hybrid"))
    assert again.model == result.model
    np.testing.assert_array_equal(again.scaling.control_max, result.scaling.control_max)
    name = test.names[0]
    np.testing.assert_allclose(again.predict(test)[name], result.predict(test)[name])


def test_a_pathway_that_the_data_do_not_have() -> None:
    with pytest.raises(ModelError, match=r"species 'IPP/DMAPP', which is not among the states"):
        pyscimlode.fit(model=HybridODE(limonene_pathway()), ensemble=1, progress=False)


def test_measured_strains_in_a_sweep(measured_data: Path) -> None:
    del measured_data
    result = pyscimlode.sweep(
        "limonene",
        test=["L2"],
        model=HybridODE(limonene_pathway(), widths=(4,)),
        stages=[pyscimlode.Collocation(5), Adam(3)],
        ensemble=2,
        progress=False,
    )
    ((_, fitted),) = result
    assert fitted.theta.shape[0] == 2
    assert np.isfinite(fitted.scores.value(fitted.name))
    assert fitted.model.state_names == fitted.train.state_names
