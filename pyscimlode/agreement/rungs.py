"""What a cross-check found: one rung a level and engine, and the lowest that fails."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyscimlode.errors import EngineError, PyscimlodeError

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["agrees", "differs", "failed", "not run"]
"""An engine has failed that runs here and gave no answer: its process died, or took too long."""

WRONG = ("differs", "failed")


@dataclass(frozen=True)
class Where:
    """The place of the largest disagreement; fields that do not apply are empty.

    Attributes:
        member: index of the ensemble member.
        experiment: id of the experiment.
        time: in the data set's time unit.
        state: name of the state.
        parameter: block and index of the parameter.
        quantity: what was compared, where that is not clear from the level.
        ours: the engine's value.
        theirs: the judge's.
    """

    member: int | None = None
    experiment: str = ""
    time: float | None = None
    state: str = ""
    parameter: str = ""
    quantity: str = ""
    ours: float | None = None
    theirs: float | None = None

    def __str__(self) -> str:
        parts = [
            self.quantity,
            f"state {self.state!r}" if self.state else "",
            f"parameter {self.parameter}" if self.parameter else "",
            f"experiment {self.experiment!r}" if self.experiment else "",
            f"time {self.time:g}" if self.time is not None else "",
            f"member {self.member}" if self.member is not None else "",
        ]
        place = ", ".join(part for part in parts if part)
        if self.ours is None or self.theirs is None:
            return place
        return f"{place}: {self.ours:.15g} against {self.theirs:.15g}"


@dataclass(frozen=True)
class Rung:
    """One level of one engine.

    Attributes:
        level: ``"field"``, ``"trajectory"``, ``"loss"``, ``"gradient"``, ...
        backend: the engine that was compared with the judge.
        verdict: how it went.
        error: the largest error in units of what the level says, NaN where there is none.
        tolerance: up to which error the engines agree.
        where: where the error is largest (trajectory: where it first exceeds the tolerance).
        note: what must be known to read it, such as why there is no answer.
        seconds: wall time of both engines.
        judge: the engine that judged this level, where it is not the ladder's.
    """

    level: str
    backend: str
    verdict: Verdict
    error: float
    tolerance: float
    where: Where | None = None
    note: str = ""
    seconds: float = 0.0
    judge: str = ""


@dataclass(frozen=True, eq=False)
class Agreement:
    """The ladder of a problem, level by level.

    Attributes:
        judge: the engine that the others were compared with.
        rungs: from the lowest level to the highest, for each engine.
        problem: what was checked, in words.
        versions: of the engines' libraries.
        settings: solver and tolerances of every engine.
    """

    judge: str
    rungs: tuple[Rung, ...]
    problem: str = ""
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether no engine differs, and none failed."""
        return all(rung.verdict not in WRONG for rung in self.rungs)

    @property
    def backends(self) -> tuple[str, ...]:
        """The engines that were compared with the judge."""
        return tuple(dict.fromkeys(rung.backend for rung in self.rungs))

    def lowest_failing(self, backend: str) -> Rung | None:
        """Return the lowest level at which an engine differs or failed; the rest follows."""
        for rung in self.rungs:
            if rung.backend == backend and rung.verdict in WRONG:
                return rung
        return None

    @property
    def table(self) -> pd.DataFrame:
        """One row a level and engine."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "level": rung.level,
                    "engine": rung.backend,
                    "verdict": rung.verdict,
                    "error": rung.error,
                    "tolerance": rung.tolerance,
                    "where": str(rung.where or ""),
                    "note": rung.note,
                    "judge": rung.judge or self.judge,
                    "seconds": rung.seconds,
                }
                for rung in self.rungs
            ]
        )

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the ladder as JSON, and write it if a path is given."""
        data = {
            "judge": self.judge,
            "problem": self.problem,
            "agree": bool(self),
            "versions": {name: dict(found) for name, found in self.versions.items()},
            "settings": dict(self.settings),
            "rungs": [_finite(asdict(rung)) for rung in self.rungs],
        }
        text = json.dumps(data, indent=1) + "\n"
        if path is not None:
            from pyscimlode.artifacts import atomic_write_text

            atomic_write_text(Path(path), text)
        return text

    @classmethod
    def from_json(cls, path: str | Path) -> Agreement:
        """Read what :meth:`to_json` wrote."""
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(
            data["judge"],
            tuple(_read_rung(rung) for rung in data["rungs"]),
            data["problem"],
            data["versions"],
            data["settings"],
        )

    def plot(self, **options: Any) -> Any:
        """Plot errors beside tolerances; see ``pyscimlode.plots.plot_agreement``."""
        from pyscimlode import plots

        return plots.plot_agreement(self, **options)

    def __repr__(self) -> str:
        width = max((len(rung.level) for rung in self.rungs), default=0)
        lines = [f"Cross-check of {self.problem}; judge: {self.judge}"]
        for backend in self.backends:
            lines.append(f"{backend}:")
            for rung in self.rungs:
                if rung.backend == backend:
                    lines.append("  " + _line(rung, max(width, 12)))
            failing = self.lowest_failing(backend)
            if failing is not None and failing.verdict == "failed":
                lines.append(f"  Lowest level without an answer: {failing.level}.")
            elif failing is not None:
                lines.append(
                    f"  Lowest level that differs: {failing.level}"
                    + (f", {failing.where}" if failing.where else "")
                    + ". What is above it follows from it."
                )
        return "\n".join(lines)


def without_answer(
    level: str, backend: str, tolerance: float, failure: PyscimlodeError, judge: str = ""
) -> Rung:
    """Return the rung of an engine that did not answer, and why."""
    verdict: Verdict = "failed" if isinstance(failure, EngineError) else "not run"
    return Rung(level, backend, verdict, math.nan, tolerance, note=str(failure), judge=judge)


def _line(rung: Rung, width: int) -> str:
    if rung.verdict in ("failed", "not run"):
        return f"{rung.level:<{width}} {rung.verdict}: {rung.note}"
    sign = "<=" if rung.verdict == "agrees" else "> "
    judge = f"judge: {rung.judge}" if rung.judge else ""
    notes = "; ".join(text for text in (judge, rung.note) if text)
    line = f"{rung.level:<{width}} {rung.verdict}  {rung.error:8.1e} {sign} {rung.tolerance:.0e}"
    return line + (f"  ({notes})" if notes else "")


def _finite(value: Any) -> Any:
    """Return JSON data: NaN becomes null and infinity a word, since JSON knows neither."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _read_rung(data: Mapping[str, Any]) -> Rung:
    where = data["where"]
    error = math.nan if data["error"] is None else float(data["error"])
    place = None if where is None else Where(**where)
    return Rung(**{**data, "error": error, "where": place})
