from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed.candidates import ENTRIES, PUBLISHED, TUNED, entry
from benchmarks.speed.measure import seconds_per_call, time_pair
from benchmarks.speed.reference import errors, make_reference
from benchmarks.speed.training import train
from benchmarks.speed.workloads import make

ROOT = Path(__file__).parents[2]


class FakeClock:
    """A clock that only moves when a call says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def takes(self, name: str, seconds: list[float]) -> object:
        durations = iter(seconds)

        def call() -> None:
            self.calls.append(name)
            self.now += next(durations)

        return call


def test_a_pair_reports_medians_of_ratios_of_interleaved_rounds() -> None:
    clock = FakeClock()
    candidate = clock.takes("candidate", [50.0, 2.0, 60.0, 9.0, 70.0, 4.0])
    base = clock.takes("base", [80.0, 1.0, 90.0, 3.0, 99.0, 8.0])
    pair = time_pair(candidate, base, budget=0.0, min_rounds=3, clock=clock)
    order = ["candidate", "base", "base", "candidate", "candidate", "base"]
    assert clock.calls == [name for name in order for _ in range(2)]
    assert pair.seconds == 4.0
    assert pair.base_seconds == 3.0
    assert pair.ratio == 2.0
    assert pair.ratio_quartiles == (1.25, 2.5)
    assert pair.rounds == 3


def test_rounds_go_on_until_the_budget_is_spent() -> None:
    clock = FakeClock()
    candidate, base = clock.takes("c", [1.0] * 99), clock.takes("b", [1.0] * 99)
    assert time_pair(candidate, base, budget=20.0, clock=clock).rounds == 5
    assert time_pair(candidate, base, budget=38.0, clock=clock).rounds == 10
    assert time_pair(candidate, base, budget=99.0, max_rounds=7, clock=clock).rounds == 7


def test_a_sample_is_the_mean_of_its_calls_after_a_warm_one() -> None:
    clock = FakeClock()
    assert seconds_per_call(clock.takes("c", [50.0, 1.0, 2.0, 6.0]), 3, clock) == 3.0


def test_workloads_are_the_stated_ones() -> None:
    identity, forecast = make("identity"), make("forecast")
    assert identity.initial.shape == (200, 23)
    assert identity.outputs.tolist() == [72.0]
    assert identity.n_controls == 0
    shapes = [weight.shape for weight, _ in identity.layers()]
    assert shapes == [(10, 23), (10, 10), (10, 10), (10, 10), (23, 10)]
    assert forecast.initial.shape == (3, 13)
    assert forecast.knot_values.shape == (3, 9, 10)
    assert len(forecast.outputs) == 200
    assert np.array_equal(make("identity").theta, identity.theta)
    with pytest.raises(ValueError, match="is not one of identity, forecast"):
        make("other")


@pytest.mark.parametrize("name", ["identity", "forecast"])
def test_torchdiffeq_agrees_with_the_reference(name: str) -> None:
    workload = make(name, quick=True)
    reference = make_reference(workload)
    assert reference.directional_error < 1e-5
    for key in (PUBLISHED, TUNED):
        found = errors(entry(key).make(workload), reference)
        assert found.trajectory < 1e-3
        assert found.gradient < 1e-3


def test_a_candidate_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="is not one of ours"):
        entry("other")
    assert len({item.key for item in ENTRIES}) == len(ENTRIES)


def test_training_is_adam() -> None:
    """On sum(theta) every gradient is 1, so that each step has the length of the rate."""

    class Sum:
        def __init__(self, theta: np.ndarray) -> None:
            self.theta = theta

        def loss_and_grad(self) -> tuple[float, np.ndarray]:
            return float(self.theta.sum()), np.ones_like(self.theta)

        def trajectory(self) -> np.ndarray:
            return np.zeros((1, 1, 1))

    theta = np.array([1.0, 2.0])
    result = train(Sum(theta), theta, 10, lr=0.01)
    assert np.allclose(theta, [0.9, 1.9], atol=1e-8)
    assert result.iterations == 10
    assert result.first_loss == 3.0
    assert result.last_loss == pytest.approx(3.0 - 9 * 0.02)


def test_the_quick_run_writes_both_reports(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.speed", "--quick", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "speed.json").read_text())
    assert [table["workload"] for table in report["workloads"]] == ["identity", "forecast"]
    for table in report["workloads"]:
        for row in table["rows"]:
            if not row["missing"]:
                assert row["errors"]["trajectory"] < 1e-3, row["key"]
                assert row["errors"]["gradient"] < 1e-3, row["key"]
                assert row["pair"]["ratio"] > 0.0
    assert report["training"]["ours"]["iterations"] == 5
    text = (tmp_path / "speed.md").read_text()
    assert text in result.stdout
    assert "torchdiffeq dopri8, default tolerances, 200 outputs" in text
