"""What a leak audit found, and what it looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pyscimlode.errors import LeakError

if TYPE_CHECKING:
    import pandas as pd

LeakKind = Literal[
    "same strain",
    "same content",
    "copied column",
    "interpolated",
    "target as input",
    "shuffled folds",
    "scaler",
    "early stopping",
    "trained on test",
    "test targets",
    "other test strains",
    "calibration",
    "provenance",
    "not repeatable",
    "not checked",
]
Severity = Literal["leak", "warning"]


@dataclass(frozen=True)
class LeakFinding:
    """One way in which held-out strains reach a model, or seem to.

    Attributes:
        kind: what it is.
        severity: ``"leak"``: the score does not say how unseen strains are forecast;
            ``"warning"``: it may, but something should be looked at or left out.
        message: one sentence with names and numbers.
        fix: what to do about it.
        strains: the strains concerned.
        column: the state or control concerned, or an empty text.
        times: the times concerned; empty for all.
    """

    kind: LeakKind
    severity: Severity
    message: str
    fix: str
    strains: tuple[str, ...] = ()
    column: str = ""
    times: tuple[float, ...] = ()

    @property
    def where(self) -> str:
        """Strains, column and times in words; empty when it is about the whole."""
        at = f"at {_some([f'{time:g}' for time in self.times])}" if self.times else ""
        return ", ".join(part for part in (self.column, _some(self.strains), at) if part)

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        return f"{self.kind}{where}: {self.message} {self.fix}"


@dataclass(frozen=True)
class LeakReport:
    """All findings of an audit, the worst first; true when there are any.

    Attributes:
        findings: what was found.
        checks: what was looked at, in words. A report without findings says no more than that
            these checks found nothing.
    """

    findings: tuple[LeakFinding, ...] = ()
    checks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ranked = sorted(self.findings, key=lambda finding: finding.severity != "leak")
        object.__setattr__(self, "findings", tuple(dict.fromkeys(ranked)))

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[LeakFinding]:
        return iter(self.findings)

    def __add__(self, other: LeakReport) -> LeakReport:
        checks = tuple(dict.fromkeys((*self.checks, *other.checks)))
        return LeakReport((*self.findings, *other.findings), checks)

    @property
    def kinds(self) -> tuple[LeakKind, ...]:
        """Kinds of the findings, each once."""
        return tuple(dict.fromkeys(finding.kind for finding in self.findings))

    @property
    def leaks(self) -> tuple[LeakFinding, ...]:
        """The findings that are leaks, without warnings."""
        return tuple(finding for finding in self.findings if finding.severity == "leak")

    def of_kind(self, kind: LeakKind) -> tuple[LeakFinding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def raise_if_any(self, *, warnings: bool = False) -> None:
        """Raise when there is a leak.

        Args:
            warnings: raise for warnings as well.

        Raises:
            LeakError: with one line a finding.
        """
        serious = self.findings if warnings else self.leaks
        if serious:
            lines = [f"- {finding}" for finding in serious]
            raise LeakError("\n".join([f"{len(serious)} leak(s) were found:", *lines]))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a finding: ``severity, kind, where, message, fix``."""
        import pandas as pd

        rows = [(f.severity, f.kind, f.where, f.message, f.fix) for f in self.findings]
        return pd.DataFrame(rows, columns=["severity", "kind", "where", "message", "fix"])

    def __repr__(self) -> str:
        looked_at = [f"  looked at: {check}" for check in self.checks]
        if not self.findings:
            return "\n".join(["LeakReport: nothing found.", *looked_at])
        n_leaks = len(self.leaks)
        head = f"LeakReport: {n_leaks} leak(s), {len(self) - n_leaks} warning(s)."
        lines = []
        for finding in self.findings:
            mark = "!" if finding.severity == "leak" else " "
            where = f" ({finding.where})" if finding.where else ""
            lines += [
                f"{mark} {finding.kind}{where}",
                f"    {finding.message}",
                f"    {finding.fix}",
            ]
        return "\n".join([head, *lines, *looked_at])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


def _some(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
