from __future__ import annotations

import pytest

from pyscimlode.objectives.lipschitz import lipschitz_bound
from tests.docs.programs import run


@pytest.mark.slow
# torch loads its rules of forward mode through what it has deprecated itself.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_program_runs_and_options_do_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    space = run("stiffness.md")
    printed = capsys.readouterr().out
    plain, bound, learned = (space[name] for name in ("plain", "bound", "learned"))
    assert f"{space['fastest'](plain, space['data']['S5']):.3g} per hour" in printed
    assert "['net.0.slope', 'net.1.slope']" in printed
    assert space["difference"] < 1e-3
    assert (bound.history["lipschitz"] > 0).all()
    assert (
        lipschitz_bound(bound.layout, bound.theta) < lipschitz_bound(plain.layout, plain.theta)
    ).all()
    assert learned.layout.unpack(learned.theta[0])["net.0.slope"] != 1.0
