"""The torch arithmetic of saturation against the NumPy one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyscimlode.backends.torch.saturation import TorchSaturation
from pyscimlode.kinetics import example_pathway, toy6
from pyscimlode.models.kinetic.compiled import compile_laws
from pyscimlode.models.kinetic.saturation import log_denominator, remaining_order


@pytest.mark.parametrize("make", [toy6, example_pathway])
def test_denominators_and_orders(make) -> None:  # type: ignore[no-untyped-def]
    laws = compile_laws(make().network)
    x = np.random.default_rng(0).lognormal(0.0, 3.0, (laws.terms, 6))
    wanted = log_denominator(laws, x)
    found = TorchSaturation(laws)
    log_d, remaining = found(torch.as_tensor(x).reshape(-1, 2, 3))
    np.testing.assert_allclose(log_d.reshape(-1, 6), wanted, rtol=1e-13)
    np.testing.assert_allclose(remaining.reshape(-1, 6), remaining_order(laws, x), rtol=1e-12)
    alone = found.log_denominators(torch.as_tensor(x))
    np.testing.assert_allclose(alone, wanted, rtol=1e-13)
