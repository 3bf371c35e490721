from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from pyscimlode.errors import TrainingError
from pyscimlode.training import (
    BFGS,
    LBFGS,
    Adam,
    Collocation,
    Event,
    Validation,
    history_frame,
    train,
)
from tests.training.toy_session import start, toy_session


def test_events_tell_stage_iteration_loss_and_time() -> None:
    session = toy_session()
    events: list[Event] = []
    train(session, start(session), [Collocation(3), Adam(4), BFGS(5)], on_event=events.append)
    assert [(e.stage, e.iteration) for e in events[:7]] == [
        *(("collocation", k) for k in (1, 2, 3)),
        *(("adam", k) for k in (1, 2, 3, 4)),
    ]
    assert {e.stage for e in events[7:]} == {"bfgs"}
    assert {(e.stage_index, e.stages) for e in events} == {(0, 3), (1, 3), (2, 3)}
    assert all(e.total >= e.iteration for e in events)
    assert all(e.loss.shape == (3,) and np.isfinite(e.loss).all() for e in events)
    assert all(a.seconds <= b.seconds for a, b in itertools.pairwise(events))
    assert events[2].eta == 0.0
    assert all(e.eta >= 0.0 for e in events)
    assert not any(e.message for e in events)


def test_history_has_one_row_a_member_and_iteration() -> None:
    session = toy_session()
    state = train(session, start(session), [Collocation(2), Adam(3, schedule="constant", lr=0.1)])
    frame = history_frame(state)
    assert list(frame.columns) == [
        "stage",
        "stage_index",
        "iteration",
        "member",
        "total",
        "data",
        "pir",
        "lipschitz",
        "gradient_norm",
        "lr",
        "failures",
    ]
    assert len(frame) == 15
    adam = frame[frame["stage"] == "adam"]
    assert adam["iteration"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert adam["member"].tolist() == [0, 1, 2] * 3
    assert (adam["lr"] == 0.1).all()
    assert (frame["total"] == frame["data"]).all()
    assert (frame["failures"] == 0).all()


def test_history_grows_beyond_its_first_reserve() -> None:
    session = toy_session()
    state = train(session, start(session), [Adam(700, lr=0.01)])
    assert history_frame(state)["iteration"].max() == 700
    assert len(state.history["total"]) == 700


def test_history_without_stages_is_empty() -> None:
    session = toy_session()
    theta = start(session)
    state = train(session, theta, [])
    assert state.finished
    np.testing.assert_array_equal(state.theta, theta)
    assert history_frame(state).empty


def test_what_the_caller_passes_is_not_changed() -> None:
    session = toy_session()
    theta = start(session)
    copy = theta.copy()
    train(session, theta, [Collocation(3), Adam(3), LBFGS(3)])
    np.testing.assert_array_equal(theta, copy)


def test_a_display_is_closed_at_the_end_however_it_comes() -> None:
    class Display:
        closed = 0
        broken = False

        def __call__(self, event: Event) -> None:
            if self.broken:
                raise RuntimeError("screen is gone")

        def close(self) -> None:
            self.closed += 1

    session, display = toy_session(), Display()
    train(session, start(session), [Adam(2)], on_event=display)
    assert display.closed == 1
    display.broken = True
    with pytest.raises(RuntimeError, match="screen is gone"):
        train(session, start(session), [Adam(2)], on_event=display)
    assert display.closed == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda theta: theta[:2], r"shape \(2, 5\); the problem has 3 members with 5 parameters"),
        (lambda theta: theta[:, :4], r"shape \(3, 4\)"),
        (lambda theta: np.where(theta == theta[1, 2], np.nan, theta), "member 1, parameter 2 is"),
    ],
)
def test_theta_that_does_not_fit_is_refused(change: Any, text: str) -> None:
    session = toy_session()
    with pytest.raises(TrainingError, match=text):
        train(session, change(start(session)), [Adam(2)])


def test_stages_that_are_none_are_refused() -> None:
    session = toy_session()
    with pytest.raises(TrainingError, match=r"stages\[1\] is 'adam'"):
        train(session, start(session), [Adam(2), "adam"])  # type: ignore[list-item]
    with pytest.raises(TrainingError, match=r"stages\[0\]: early_stopping=5 needs"):
        train(session, start(session), [Adam(2, early_stopping=5)])


def test_early_stopping_restores_the_best_held_out_theta() -> None:
    session, held_out = toy_session(seed=0), toy_session(seed=5, spread=0.6)
    theta = start(session)
    seen: list[np.ndarray] = []

    class Watched(Validation):
        def loss(self, theta: np.ndarray) -> np.ndarray:
            loss = super().loss(theta)
            seen.append(loss)
            return loss

    validation = Watched(held_out, every=1, patience=5)
    state = train(session, theta, [Adam(400, lr=0.05)], validation=validation)
    best = np.min(seen, axis=0)
    np.testing.assert_allclose(held_out.loss(state.theta).total, best, rtol=1e-5)
    assert any("Stopped early" in report.message for report in state.reports)
    stopped = [r.iterations for r in state.reports if "Stopped early" in r.message]
    assert max(stopped) < 400


def test_members_stop_one_by_one() -> None:
    session, held_out = toy_session(seed=0), toy_session(seed=5, spread=0.6)
    validation = Validation(held_out, every=1)
    state = train(
        session, start(session), [Adam(400, lr=0.05, early_stopping=5)], validation=validation
    )
    counts = [report.iterations for report in state.reports]
    assert len(set(counts)) > 1
    assert np.isfinite(state.history["total"]).sum(axis=0).tolist() == counts


def test_bfgs_that_makes_the_held_out_loss_worse_is_undone() -> None:
    session, held_out = toy_session(seed=0), toy_session(seed=5, spread=0.6)
    validation = Validation(held_out, every=1)
    theta = start(session)
    good = train(session, theta, [Adam(400, lr=0.05)], validation=validation).theta
    state = train(session, good, [BFGS(100)], validation=validation)
    assert (held_out.loss(state.theta).total <= held_out.loss(good).total * (1 + 1e-5)).all()
    undone = ["held-out loss was lower at the start" in r.message for r in state.reports]
    assert any(undone)
    for member in np.flatnonzero(undone):
        np.testing.assert_array_equal(state.theta[member], good[member])


@pytest.mark.parametrize("name", ["every", "patience"])
def test_validation_counts_are_checked(name: str) -> None:
    with pytest.raises(TrainingError, match=f"Validation: {name}=0 is at least 1"):
        Validation(toy_session(), **{name: 0})


def test_a_frozen_grid_is_refreshed_as_often_as_the_solver_says() -> None:
    session = toy_session(freeze=4)
    train(session, start(session), [Adam(10)])
    assert [call[2] for call in session.calls] == [k % 4 == 0 for k in range(10)]


def test_a_frozen_grid_is_refreshed_when_the_members_change() -> None:
    session = toy_session(freeze=1000)
    train(session, start(session), [BFGS(50)])
    members = [call[0] for call in session.calls]
    changed = [k == 0 or members[k] != members[k - 1] for k in range(len(members))]
    assert [call[2] for call in session.calls] == changed
    assert sum(changed) > 1


def test_training_loads_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, pyscimlode.training; "
        "print([m for m in ('torch', 'matplotlib', 'sklearn', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
