"""What a fit says when its training went wrong."""

from __future__ import annotations

import numpy as np
import pytest

import pyscimlode
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import TrainingWarning


def test_a_fit_whose_strains_cannot_be_solved_warns() -> None:
    data = pyscimlode.datasets.simulate(n=2, times=[0, 4, 12, 24])
    with pytest.warns(TrainingWarning, match=r"2 of 2 members cannot be solved .*max_steps=1\)"):
        result = pyscimlode.fit(
            data,
            solver=SolverSpec("tsit5", max_steps=1),
            stages=[pyscimlode.Adam(2)],
            ensemble=2,
            progress=False,
        )
    assert np.isnan(result.final_loss).all()
