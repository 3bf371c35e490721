from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import TrainingError
from pyscimlode.kinetics import Evaluation, fastest_reward, incidence_reward, window_reward
from pyscimlode.kinetics.generators.rewards import (
    rank_utilities,
    resolve_reward,
    reward_name,
    z_scores,
)


def evaluation(*lambda_max: float) -> Evaluation:
    values = np.array(lambda_max)
    return Evaluation(values, values <= -2.5, -2.5)


def test_incidence_and_its_fallback() -> None:
    assert incidence_reward(evaluation(-3.0, -1.0, 5.0, 9.0)) == 0.25
    nearly = incidence_reward(evaluation(-2.4, 5.0))
    assert nearly == pytest.approx(0.01 / (1 + np.exp(0.1)))
    assert incidence_reward(evaluation(1e6)) == 0.0
    assert incidence_reward(evaluation(3.0)) < nearly < 0.01


def test_the_fastest_ten() -> None:
    values = [-12.0] * 10 + [100.0] * 90
    assert fastest_reward(evaluation(*values)) == pytest.approx(0.5 * np.exp(1.2))


def test_windows_count_inside_and_pull_from_outside() -> None:
    reward = window_reward(-10.0, -5.0)
    assert reward(evaluation(-7.0, -1.0)) == 0.5
    assert reward(evaluation(-4.0)) > reward(evaluation(0.0)) > 0.0


def test_empty_windows_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"window from -5.0 to -10.0 per hour is empty"):
        window_reward(-5.0, -10.0)


def test_names() -> None:
    assert reward_name(fastest_reward) == "fastest_reward"
    assert reward_name(window_reward(-10.0, -5.0)) == "window_reward(-10, -5)"


def test_shaping() -> None:
    rewards = np.array([0.1, 0.5, 0.5, 3.0])
    for shaped in (z_scores(rewards), rank_utilities(rewards)):
        assert shaped.mean() == pytest.approx(0.0, abs=1e-15)
        assert shaped.std() == pytest.approx(1.0)
    assert rank_utilities(rewards)[1] == rank_utilities(rewards)[2]
    assert rank_utilities(rewards).tolist() == rank_utilities(rewards**3).tolist()
    assert z_scores(np.ones(3)).tolist() == [0.0, 0.0, 0.0]


def test_unknown_rewards() -> None:
    with pytest.raises(TrainingError, match=r"'fast' is not known; .* Did you mean 'fastest'\?"):
        resolve_reward("fast")
