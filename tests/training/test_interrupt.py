from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.training import train
from pyscimlode.training.checkpoints import load_checkpoint
from pyscimlode.training.interrupt import uninterrupted
from tests.training import interrupted
from tests.training.toy_session import start, toy_session

ROOT = Path(__file__).resolve().parents[2]
STOPS = [("collocation", 3), ("adam", 4), ("bfgs", 2), ("lbfgs", 3)]


def launch(folder: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "tests.training.interrupted"]
    arguments = [str(folder / "c.safetensors"), str(folder / "theta.npy"), str(seconds)]
    return subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], stage: str, iteration: int) -> None:
    if process.stdout is None:
        raise RuntimeError("no output to read")
    for line in process.stdout:
        if line.split() == [stage, str(iteration)]:
            return
    raise RuntimeError(f"{stage} {iteration} was never reached: {process.communicate()[1]}")


def same_as_uninterrupted(checkpoint: Path) -> None:
    session = toy_session()
    whole = train(session, start(session), interrupted.STAGES)
    session = toy_session()
    resumed = train(session, start(session), interrupted.STAGES, resume=checkpoint)
    np.testing.assert_array_equal(resumed.theta, whole.theta)


@pytest.mark.parametrize(("stage", "iteration"), STOPS)
def test_a_killed_process_is_resumed_bit_by_bit(stage: str, iteration: int, tmp_path: Path) -> None:
    with launch(tmp_path, 0.02) as process:
        wait_for(process, stage, iteration)
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    saved = load_checkpoint(tmp_path / "c.safetensors")
    assert not saved.finished
    same_as_uninterrupted(tmp_path / "c.safetensors")


@pytest.mark.parametrize(("stage", "iteration"), STOPS)
def test_ctrl_c_leaves_a_checkpoint_and_says_so(stage: str, iteration: int, tmp_path: Path) -> None:
    with launch(tmp_path, 0.02) as process:
        wait_for(process, stage, iteration)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert process.returncode == interrupted.INTERRUPTED, errors
    assert "Training was interrupted in stage" in output
    assert str(tmp_path / "c.safetensors") in output
    saved = load_checkpoint(tmp_path / "c.safetensors")
    kinds = [item.kind for item in interrupted.STAGES]
    assert (saved.stage_index, saved.iteration) >= (kinds.index(stage), iteration)
    same_as_uninterrupted(tmp_path / "c.safetensors")


def test_a_new_process_ends_where_the_first_would_have(tmp_path: Path) -> None:
    with launch(tmp_path, 0.02) as process:
        wait_for(process, "bfgs", 4)
        process.kill()
        process.wait()
    with launch(tmp_path, 0.0) as again:
        _, errors = again.communicate()
    assert again.returncode == 0, errors
    session = toy_session()
    whole = train(session, start(session), interrupted.STAGES)
    np.testing.assert_array_equal(np.load(tmp_path / "theta.npy"), whole.theta)


def test_ctrl_c_waits_for_the_end_of_a_short_block() -> None:
    done = []

    def block() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("block")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["block"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_block_in_another_thread_leaves_the_handler_alone() -> None:
    import threading

    seen = []

    def work() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
