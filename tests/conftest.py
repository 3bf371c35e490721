"""What all tests share: one thread, no display, measured data where present, reasons for skips."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Set before any test imports torch or matplotlib; sub-processes inherit it.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MPLBACKEND"] = "Agg"

# A shell's background job ignores Ctrl-C and hands that on to its children; tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

CHECKOUT = Path(__file__).resolve().parent.parent
MEASURED_DATA = Path(os.environ.get("PYSCIMLODE_DATA", CHECKOUT.parent / "shared" / "data"))

# The same examples everywhere, however busy the machine is.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _cuda_is_available() -> bool:
    import torch

    return torch.cuda.is_available()


def _why_julia_is_missing() -> str:
    from pyscimlode.backends.registry import get_backend

    return get_backend("julia").capabilities().reason


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("julia") and (missing := _why_julia_is_missing()):
        pytest.skip(missing)
    if item.get_closest_marker("cuda") and not _cuda_is_available():
        pytest.skip("no CUDA device")


@pytest.fixture
def measured_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the measured data, to which PYSCIMLODE_DATA points during the test."""
    if not MEASURED_DATA.is_dir():
        pytest.skip("measured data not found (PYSCIMLODE_DATA)")
    monkeypatch.setenv("PYSCIMLODE_DATA", str(MEASURED_DATA))
    return MEASURED_DATA


@pytest.fixture
def measured_data_if_any(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PYSCIMLODE_DATA points to the measured data, or to nothing where they are not here."""
    found = MEASURED_DATA if MEASURED_DATA.is_dir() else tmp_path
    monkeypatch.setenv("PYSCIMLODE_DATA", str(found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in skipped
        if isinstance(report.longrepr, tuple | list)
    )
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason}")
