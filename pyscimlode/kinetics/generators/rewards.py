"""What a batch of generated models is worth to evolution: one number from their eigenvalues."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import TrainingError, did_you_mean
from pyscimlode.kinetics.evaluation.evaluator import Evaluation

FASTEST = 10
Reward = Callable[[Evaluation], float]
"""``Evaluation`` of a batch -> reward; any picklable function will do."""


def incidence_reward(evaluation: Evaluation) -> float:
    """Return the share of valid models, or a small reward for the fastest if none is valid.

    0.01 / (1 + exp(lambda - threshold)) with the smallest lambda_max, as in the published code
    (Choudhury et al., Nat. Catal. 7:1086, 2024).
    """
    if evaluation.valid.any():
        return evaluation.incidence
    excess = float(np.min(evaluation.lambda_max)) - evaluation.threshold
    return float(0.01 * np.exp(-np.logaddexp(0.0, excess)))


def fastest_reward(evaluation: Evaluation) -> float:
    """Return 0.5 exp(-0.1 m), m the mean of the ten smallest lambda_max (1/h)."""
    return float(0.5 * np.exp(-0.1 * np.sort(evaluation.lambda_max)[:FASTEST].mean()))


def window_reward(low: float, high: float) -> Reward:
    """Return a reward: the share of models with ``low <= lambda_max <= high`` (1/h).

    Raises:
        TrainingError: low is not below high.
    """
    return _Window(low, high)


class _Window:
    """A function with two numbers that can be pickled."""

    def __init__(self, low: float, high: float) -> None:
        if not low < high:
            raise TrainingError(f"The window from {low} to {high} per hour is empty.")
        self.low, self.high = float(low), float(high)

    def __repr__(self) -> str:
        return f"window_reward({self.low:g}, {self.high:g})"

    def __call__(self, evaluation: Evaluation) -> float:
        value = evaluation.lambda_max
        inside = (value >= self.low) & (value <= self.high)
        if inside.any():
            return float(inside.mean())
        away = np.maximum(self.low - value, value - self.high).min()
        return float(0.01 / (1.0 + away))


REWARDS: dict[str, Reward] = {"incidence": incidence_reward, "fastest": fastest_reward}


def resolve_reward(reward: str | Reward) -> Reward:
    """Return a reward given as itself or by name.

    Raises:
        TrainingError: an unknown name.
    """
    if callable(reward):
        return reward
    if reward not in REWARDS:
        raise TrainingError(
            f"reward={reward!r} is not known; there are {', '.join(REWARDS)}, or give a function."
            + did_you_mean(reward, REWARDS)
        )
    return REWARDS[reward]


def reward_name(reward: Reward) -> str:
    """Return what a reward is called: its name, or its ``repr`` without an address."""
    name = getattr(reward, "__qualname__", None)
    return str(name) if name else re.sub(r" at 0x[0-9a-f]+", "", repr(reward))


def z_scores(rewards: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return rewards with mean 0 and standard deviation 1; zeros where all are alike."""
    spread = rewards.std()
    return np.asarray((rewards - rewards.mean()) / spread if spread > 0 else 0.0 * rewards)


def rank_utilities(rewards: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return centred ranks with standard deviation 1; ties share their mean rank.

    Shaping by rank follows Wierstra et al., JMLR 15:949 (2014).
    """
    from scipy.stats import rankdata

    return z_scores(np.asarray(rankdata(rewards), dtype=np.float64))
