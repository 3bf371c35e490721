"""How long an engine's process may take, and how much memory."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from pyscimlode.errors import SolverError

START = "PYSCIMLODE_JULIA_START_TIMEOUT"
CALL = "PYSCIMLODE_JULIA_TIMEOUT"
MEMORY = "PYSCIMLODE_JULIA_MEMORY_LIMIT"


@dataclass(frozen=True)
class Limits:
    """Limits of one call.

    A call that reports progress is given its time anew with every report.

    Attributes:
        start: seconds until the process is ready; the first time Julia compiles its packages. Also
            for the first call of a kind on a problem, which compiles.
        call: seconds of any later call.
        memory: resident bytes of the process; None for no limit.
    """

    start: float = 1800.0
    call: float = 600.0
    memory: float | None = None

    @classmethod
    def chosen(
        cls,
        start_timeout: float | None = None,
        timeout: float | None = None,
        memory_limit: float | None = None,
    ) -> Limits:
        """Return the limits asked for, else those of the environment, else the defaults.

        ``PYSCIMLODE_JULIA_START_TIMEOUT`` and ``PYSCIMLODE_JULIA_TIMEOUT`` are seconds,
        ``PYSCIMLODE_JULIA_MEMORY_LIMIT`` is in bytes.

        Raises:
            SolverError: one is no positive number.
        """
        start = _positive("start_timeout", START, start_timeout)
        call = _positive("timeout", CALL, timeout)
        memory = _positive("memory_limit", MEMORY, memory_limit)
        return cls(
            start=cls.start if start is None else start,
            call=cls.call if call is None else call,
            memory=memory,
        )


def _positive(option: str, variable: str, given: float | None) -> float | None:
    text = os.environ.get(variable, "") if given is None else given
    source = variable if given is None else option
    if text == "":
        return None
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not value > 0.0:
        raise SolverError(f"{source}={text!r} is not a positive number.")
    return value
