from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pyscimlode.baselines.tpot_worker import describe

needs_tpot = pytest.mark.skipif(
    importlib.util.find_spec("tpot") is None, reason="TPOT is not installed (extra `tpot`)"
)


def test_a_pipeline_is_described_in_full() -> None:
    long = make_pipeline(*(StandardScaler() for _ in range(25)), DummyRegressor())
    text = describe(long)
    assert text.count("StandardScaler()") == 25
    assert "\n" not in text
    assert "..." not in text


IN_A_PROCESS = "import warnings; warnings.simplefilter('ignore')\n"
LIMIT = (
    IN_A_PROCESS
    + """
import time
from pyscimlode.baselines.tpot_worker import evaluate

def slow(individual, **settings):
    assert settings == {"X": 1}
    for _ in range(6000):
        time.sleep(0.01)
    return [1.0]

def quick(individual, **settings):
    return [2.0]

print(evaluate("one", [slow], timeout=0.2, X=1), evaluate("one", [quick], timeout=60.0, X=1))
print(evaluate("one", [slow], max_eval_time_mins=0.2 / 60, X=1))
"""
)
PORTS = (
    IN_A_PROCESS
    + """
import psutil
from pyscimlode.baselines.tpot_worker import _own_cluster

if __name__ == "__main__":
    client = _own_cluster(1)
    listening = [c for c in psutil.Process().net_connections() if c.status == "LISTEN"]
    print(sorted({c.laddr.ip for c in listening}), client.submit(int, 7).result())
"""
)


@needs_tpot
@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "printed"),
    [
        (LIMIT, "['TIMEOUT'] [2.]\n['TIMEOUT']\n"),
        (PORTS, "['127.0.0.1'] 7\n"),
    ],
    ids=["every pipeline has a limit of time", "ports are of this machine alone"],
)
def test_in_the_process_of_a_search(program: str, printed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.stdout == printed, run.stderr


def test_a_search_ends_when_whoever_waits_for_it_is_gone() -> None:
    searching = (
        "import os\n"
        "from types import SimpleNamespace\n"
        "from pyscimlode.baselines.tpot_worker import _Reporter\n"
        "reporter = _Reporter(SimpleNamespace(_evolver_instance=None), None, None)\n"
        "print(os.getpid(), flush=True)\n"
        "reporter.run()\n"
    )
    waiting = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {searching!r}], stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode(), flush=True)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", waiting], capture_output=True, text=True, check=True
    )
    assert eventually(lambda: not psutil.pid_exists(int(run.stdout)))


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False
