from __future__ import annotations

import threading

import numpy as np
import pytest

from pyscimlode.training.rendezvous import Ask, Rendezvous


def worker_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t not in before]


def asks(times: int, results: dict[int, list[float]], member: int):  # type: ignore[no-untyped-def]
    def work(ask: Ask) -> None:
        for turn in range(times):
            value, _ = ask(np.array([float(member), float(turn)]))
            results.setdefault(member, []).append(value)

    return work


def test_questions_come_together_and_members_leave_when_done() -> None:
    before = set(threading.enumerate())
    results: dict[int, list[float]] = {}
    rendezvous = Rendezvous({m: asks(m, results, m) for m in (3, 1, 2)})
    rounds = []
    while asked := rendezvous.gather():
        rounds.append(sorted(asked))
        assert rendezvous.gather() == asked
        rendezvous.answer({m: (10.0 * m + theta[1], theta) for m, theta in asked.items()})
    rendezvous.close()
    assert rounds == [[1, 2, 3], [2, 3], [3]]
    assert results == {1: [10.0], 2: [20.0, 21.0], 3: [30.0, 31.0, 32.0]}
    assert worker_threads(before) == []


def test_an_error_of_a_worker_reaches_the_caller() -> None:
    before = set(threading.enumerate())

    def broken(ask: Ask) -> None:
        ask(np.zeros(1))
        raise ValueError("no more")

    results: dict[int, list[float]] = {}
    rendezvous = Rendezvous({0: asks(3, results, 0), 1: broken})
    asked = rendezvous.gather()
    rendezvous.answer({m: (0.0, theta) for m, theta in asked.items()})
    with pytest.raises(ValueError, match="no more"):
        rendezvous.gather()
    rendezvous.close()
    assert worker_threads(before) == []


def test_closing_ends_threads_that_wait_and_may_be_repeated() -> None:
    before = set(threading.enumerate())
    results: dict[int, list[float]] = {}
    rendezvous = Rendezvous({m: asks(5, results, m) for m in range(4)})
    rendezvous.gather()
    assert len(worker_threads(before)) == 4
    rendezvous.close()
    rendezvous.close()
    assert worker_threads(before) == []
    assert results == {}


def test_closing_without_gathering_ends_all_threads() -> None:
    before = set(threading.enumerate())
    rendezvous = Rendezvous({m: asks(5, {}, m) for m in range(4)})
    rendezvous.close()
    assert worker_threads(before) == []


def test_nobody_asks_nothing() -> None:
    rendezvous = Rendezvous({})
    assert rendezvous.gather() == {}
    rendezvous.close()
