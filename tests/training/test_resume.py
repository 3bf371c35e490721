from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyscimlode.errors import ArtifactError, TrainingError, TrainingInterrupted
from pyscimlode.training import (
    BFGS,
    LBFGS,
    Adam,
    Collocation,
    Event,
    Stage,
    TrainState,
    Validation,
    train,
)
from pyscimlode.training.checkpoints import load_checkpoint, save_checkpoint
from tests.training.toy_session import FloatArray, ToySession, start, toy_session

STAGES: tuple[Stage, ...] = (
    Collocation(4),
    Adam(5, lr=0.05, weight_decay=0.01),
    Adam(2, lr=0.05, batches="strain"),
    BFGS(6, gtol=1e-9, ftol=0.0),
    LBFGS(5, gtol=1e-9, ftol=0.0, weight_decay=0.01),
)


class Stop(Exception):
    pass


def some_fail(theta: FloatArray) -> np.ndarray:
    """The third experiment fails in a shell that trajectories pass through."""
    size = np.linalg.norm(theta, axis=1)
    return ((size > 1.5) & (size < 2.0))[:, None] & np.array([False, False, True, False])


def new_session(freeze: int) -> ToySession:
    return toy_session(freeze=freeze, fails=some_fail)


def stop_after(count: int, error: BaseException) -> Any:
    seen = [0]

    def on_event(event: Event) -> None:
        seen[0] += 1
        if seen[0] == count:
            raise error

    return on_event


def same(a: TrainState, b: TrainState) -> None:
    np.testing.assert_array_equal(a.theta, b.theta)
    assert a.stage_results() == b.stage_results()
    assert set(a.history) == set(b.history)
    for name in a.history:
        np.testing.assert_array_equal(a.history[name], b.history[name])


@pytest.mark.parametrize("freeze", [1, 3])
def test_resumed_at_any_iteration_of_any_stage_the_end_is_the_same(
    freeze: int, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    theta = start(new_session(freeze))
    events: list[Event] = []
    whole = train(new_session(freeze), theta, STAGES, on_event=events.append)
    assert (whole.history["failures"] > 0).any()
    assert {e.stage for e in events} == {"collocation", "adam", "bfgs", "lbfgs"}
    threads = threading.active_count()
    for count in range(1, len(events) + 1):
        with pytest.raises(Stop):
            train(
                new_session(freeze),
                theta,
                STAGES,
                on_event=stop_after(count, Stop()),
                checkpoint=path,
            )
        saved = load_checkpoint(path)
        assert (saved.stage_index, saved.iteration) == (
            events[count - 1].stage_index,
            events[count - 1].iteration,
        )
        resumed = train(new_session(freeze), theta, STAGES, resume=path, checkpoint=path)
        same(resumed, whole)
    assert threading.active_count() == threads


def test_resumed_again_and_again_the_end_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    theta = start(new_session(2))
    whole = train(new_session(2), theta, STAGES)
    resume: Path | None = None
    for _ in range(100):
        try:
            state = train(
                new_session(2),
                theta,
                STAGES,
                on_event=stop_after(3, Stop()),
                checkpoint=path,
                resume=resume,
            )
        except Stop:
            resume = path
        else:
            break
    same(state, whole)


@pytest.mark.parametrize("call", [1, 2, 5, 9, 14, 20, 25])
def test_an_interrupt_inside_the_engine_is_resumed_from_memory(call: int) -> None:
    def interrupt(count: int) -> None:
        if count == call:
            raise KeyboardInterrupt

    theta = start(new_session(1))
    whole = train(new_session(1), theta, STAGES)
    broken = toy_session(fails=some_fail, on_call=interrupt)
    before = set(threading.enumerate())
    with pytest.raises(TrainingInterrupted) as caught:
        train(broken, theta, STAGES)
    assert set(threading.enumerate()) == before
    assert caught.value.path is None
    assert "train(..., resume=error.state)" in str(caught.value)
    same(train(new_session(1), theta, STAGES, resume=caught.value.state), whole)


def test_the_interruption_says_where_and_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    session = new_session(1)
    with pytest.raises(TrainingInterrupted) as caught:
        train(
            session,
            start(session),
            STAGES,
            on_event=stop_after(6, KeyboardInterrupt()),
            checkpoint=path,
        )
    text = str(caught.value)
    assert "in stage 2 of 5 (adam) after 2 iterations" in text
    assert f"resume={str(path)!r}" in text
    assert isinstance(caught.value, KeyboardInterrupt)
    assert isinstance(caught.value, TrainingError)
    assert caught.value.path == path
    assert load_checkpoint(path).iteration == 2


def test_early_stopping_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    stages = [Adam(60, lr=0.05, early_stopping=5), LBFGS(3)]

    def validation() -> Validation:
        return Validation(toy_session(seed=5, spread=0.6), every=2)

    theta = start(new_session(1))
    events: list[Event] = []
    whole = train(new_session(1), theta, stages, validation=validation(), on_event=events.append)
    assert len(events) > 20
    for count in range(1, len(events), 7):
        with pytest.raises(Stop):
            train(
                new_session(1),
                theta,
                stages,
                validation=validation(),
                on_event=stop_after(count, Stop()),
                checkpoint=path,
            )
        same(train(new_session(1), theta, stages, validation=validation(), resume=path), whole)


def test_an_error_names_the_checkpoint_it_leaves(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    session = new_session(1)
    with pytest.raises(Stop) as caught:
        train(session, start(session), STAGES, on_event=stop_after(6, Stop()), checkpoint=path)
    assert caught.value.__notes__ == [f"What was reached before is in {path}."]


def test_an_error_that_cannot_leave_a_checkpoint_stays_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    session = new_session(1)
    with pytest.raises(Stop) as caught:
        train(
            session,
            start(session),
            STAGES,
            on_event=stop_after(6, Stop()),
            checkpoint=tmp_path / "file" / "c.safetensors",
        )
    assert caught.value.__notes__[0].startswith("No checkpoint could be written: ")


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    session = new_session(1)
    theta = start(session)
    whole = train(session, theta, STAGES, checkpoint=path)
    again = new_session(1)
    state = train(again, theta, STAGES, resume=path)
    assert again.calls == []
    assert state.finished
    same(state, whole)


def test_checkpoints_are_written_while_training_runs(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    iterations: list[int] = []

    def look(event: Event) -> None:
        iterations.append(load_checkpoint(path).iteration if path.exists() else 0)

    session = new_session(1)
    train(
        session,
        start(session),
        [Adam(5)],
        on_event=look,
        checkpoint=path,
        checkpoint_seconds=0.0,
    )
    assert iterations[0] == 0
    assert iterations[1] == 1
    assert load_checkpoint(path).finished


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"stages": (*STAGES[:-1], LBFGS(7))}, "the stages differ"),
        ({"theta": 2.0}, "the initial parameters differ"),
        ({"session": {"members": 3, "groups": [1, 1, 2, 2]}}, "the data differ"),
        ({"session": {"trains": np.array([[1, 1, 1, 0]] * 3) > 0}}, "the members"),
        ({"freeze": 2}, "the solver differs"),
        ({"fingerprint": "other"}, "the settings of the fit differ"),
    ],
)
def test_resuming_something_else_says_what_differs(
    change: dict[str, Any], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.safetensors"
    theta = start(new_session(1))
    with pytest.raises(Stop):
        train(new_session(1), theta, STAGES, on_event=stop_after(2, Stop()), checkpoint=path)
    session = toy_session(
        fails=some_fail, freeze=change.get("freeze", 1), **change.get("session", {})
    )
    with pytest.raises(TrainingError, match=text) as caught:
        train(
            session,
            change.get("theta", 1.0) * theta,
            change.get("stages", STAGES),
            resume=path,
            fingerprint=change.get("fingerprint", ""),
        )
    assert str(path) in str(caught.value)
    assert "or start afresh" in str(caught.value)


@pytest.mark.parametrize("stage", [BFGS(8, ftol=0.0), LBFGS(8, ftol=0.0)])
def test_a_replay_that_takes_another_path_is_refused(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    theta = start(new_session(1))
    with pytest.raises(Stop):
        train(new_session(1), theta, [stage], on_event=stop_after(5, Stop()), checkpoint=path)
    saved = load_checkpoint(path)
    saved.stage_arrays["log/gradients"][...] *= 1.0 + 1e-14
    before = set(threading.enumerate())
    with pytest.raises(TrainingError, match=r"replaying stage.*took another path.*same machine"):
        train(new_session(1), theta, [stage], resume=saved)
    assert set(threading.enumerate()) == before


def test_a_missing_or_damaged_checkpoint_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    session = new_session(1)
    theta = start(session)
    with pytest.raises(ArtifactError, match="does not exist"):
        train(session, theta, STAGES, resume=path)
    state = train(session, theta, [Adam(1)], checkpoint=path)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match="is damaged"):
        train(session, theta, [Adam(1)], resume=path)
    path.write_bytes(bytes(data[: len(data) // 2]))
    with pytest.raises(ArtifactError, match="is damaged"):
        train(session, theta, [Adam(1)], resume=path)
    save_checkpoint(path, state)
    assert load_checkpoint(path).stage_results() == state.stage_results()
