"""Controls that are an image of a state: the answer among the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Experiment
from pyscimlode.leaks.report import LeakFinding

FloatArray = npt.NDArray[np.float64]

MIN_CELLS = 8
"""Pairs of measured cells with which an image can be told from chance."""

MIN_TURNS = 6
"""Changes of direction, over all strains, with which a likeness is none of two rising curves."""

NEAR_ONE = 1e-4
"""A control is an image of a state when 1 - |correlation| is below this ..."""

EXACT = 1e-10
"""... or below this, where the state hardly changes direction."""


def image_findings(
    experiments: Iterable[Experiment],
    state_names: Sequence[str],
    control_names: Sequence[str],
) -> Iterator[LeakFinding]:
    """Yield controls that are an affine or monotone image of a state over all strains."""
    tables = list(experiments)
    for column, control in enumerate(control_names):
        for row, state in enumerate(state_names):
            pairs = [_pair(e.states[:, row], e.controls[:, column]) for e in tables]
            how = _image(pairs)
            if how:
                yield LeakFinding(
                    "target as input",
                    "leak",
                    f"The control {control!r} is {how} image of the state {state!r}: the model "
                    "is told at every time what it has to forecast.",
                    "Leave the control out: data.keep(controls=[...]).",
                    column=state,
                )


def _pair(state: FloatArray, control: FloatArray) -> FloatArray:
    both = np.isfinite(state) & np.isfinite(control)
    return np.stack([state[both], control[both]])


def _image(pairs: Sequence[FloatArray]) -> str:
    """Return ``"an affine"``, ``"a monotone"``, or an empty text where it is no image."""
    state, control = np.concatenate(pairs, axis=1)
    if len(state) < MIN_CELLS or not _varies(state) or not _varies(control):
        return ""
    turns = sum(_turns(pair[0]) for pair in pairs)
    if 1.0 - abs(_correlation(state, control)) < (NEAR_ONE if turns >= MIN_TURNS else EXACT):
        return "an affine"
    if turns >= MIN_TURNS and 1.0 - abs(_correlation(_ranks(state), _ranks(control))) < NEAR_ONE:
        return "a monotone"
    return ""


def _varies(values: FloatArray) -> bool:
    distinct = len(np.unique(values))
    return distinct >= MIN_CELLS // 2 and bool(np.ptp(values) > 1e-9 * np.abs(values).max())


def _turns(values: FloatArray) -> int:
    steps = np.sign(np.diff(values))
    steps = steps[steps != 0]
    return int((steps[1:] != steps[:-1]).sum())


def _correlation(one: FloatArray, other: FloatArray) -> float:
    a = (one - one.mean()) / np.abs(one - one.mean()).max()
    b = (other - other.mean()) / np.abs(other - other.mean()).max()
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def _ranks(values: FloatArray) -> FloatArray:
    """Return ranks, equal values having the mean of theirs."""
    _, position, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - 0.5 * (count - 1))[position], dtype=np.float64)
