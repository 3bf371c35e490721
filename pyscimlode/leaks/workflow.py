"""The audit of a whole workflow: change what a forecast must not see, and see whether it moves.

A forecast of a held-out strain may depend on the training strains, on that strain's first state and
on its controls p(t). It may depend on nothing else, whatever the workflow does inside: so later
states of held-out strains are changed, and the same forecast is demanded, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.validation import check_same_layout
from pyscimlode.leaks import perturbations as change
from pyscimlode.leaks.causes import Change, findings_of
from pyscimlode.leaks.report import LeakFinding, LeakReport
from pyscimlode.leaks.runs import Run, Workflow, moved_strains, perform, same_bits, same_nearly

QUICK = ("scaled", "shrunk")
VALUES: dict[str, Callable[[Dataset], Dataset]] = {
    "scaled": change.scaled,
    "shrunk": change.shrunk,
    "replaced by noise": change.noise,
    "hidden": change.hidden,
}
"""Changes of held-out states after the start, which must not move a forecast by a bit."""

COMPANY: dict[str, Callable[[Dataset], Dataset]] = {
    "in another order": change.reordered,
    "without one of them": change.reduced,
    "with one more": change.extended,
}
"""Changes of which strains are forecast together, which must not move the others' forecasts."""


def audit_workflow(
    workflow: Workflow, train: Dataset, test: Dataset, *, quick: bool = False
) -> LeakReport:
    """Run a workflow several times on changed held-out strains; its forecasts must not move.

    Args:
        workflow: ``workflow(train, test)`` does everything (scaling, filling, selection, early
            stopping, fitting) and returns a fitted model that answers ``predict(test)``, such as a
            :class:`~pyscimlode.results.FitResult`, or the forecast itself, a
            :class:`~pyscimlode.predictions.Prediction`. A fitted model tells more: whether a leak
            came with the fit or with the forecast.
        train: the training strains.
        test: the held-out strains; two or more tell more than one.
        quick: four runs: twice as it is, with held-out states a thousand times as large, and next
            to zero. Otherwise nine (seven with a single held-out strain). Up to three more tell
            the kind of a leak that was found.

    A workflow that is not repeatable cannot be audited so; the report says so. A report without
    findings says that these changes moved nothing, not that no change could.

    Raises:
        ExperimentError: the workflow does not forecast the held-out strains.
        ColumnError: when the data sets have different columns.

    >>> import pyscimlode
    >>> from sklearn.linear_model import Ridge
    >>> strains = pyscimlode.datasets.simulate(4, times=[0, 6, 24, 48, 72])
    >>> train, test = strains.drop(["S3", "S4"]), strains.select(["S3", "S4"])
    >>> def workflow(train, test):
    ...     return pyscimlode.DerivativeRegression(Ridge(), points=25).fit(train)
    >>> bool(audit_workflow(workflow, train, test, quick=True))
    False
    """
    check_same_layout(train, test)
    base = perform(workflow, train, test)
    audit = _Audit(workflow, train, test, base)
    if not same_bits(audit.run("repeated", test), base, test.names):
        return audit.report(_not_repeatable())
    audit.values(QUICK if quick else tuple(VALUES))
    if not quick:
        audit.company()
    return audit.report()


@dataclass
class _Audit:
    """The runs of one audit and what they showed."""

    workflow: Workflow
    train: Dataset
    test: Dataset
    base: Run
    names: list[str] = field(default_factory=lambda: ["as it is"])
    findings: list[LeakFinding] = field(default_factory=list)

    def run(self, name: str, test: Dataset) -> Run:
        self.names.append(name)
        return perform(self.workflow, self.train, test)

    def values(self, names: tuple[str, ...]) -> None:
        """Change held-out states; the first change that moves a forecast is followed up."""
        for name in names:
            changed, run = self._changed(name)
            if run is None or same_bits(run, self.base, self.test.names):
                continue
            self.findings += findings_of(
                Change(name, self.train, self.test, changed, self.base, run, self.run)
            )
            return

    def company(self) -> None:
        """Change which strains are forecast together."""
        for name, vary in COMPANY.items():
            if len(self.test.strains) < 2 and name != "with one more":
                continue
            changed = vary(self.test)
            common = tuple(e for e in self.test.names if e in changed.names)
            run = self._tried(name, changed)
            if run is not None and not same_nearly(run, self.base, common):
                moved = moved_strains(run, self.base, common, nearly=True)
                self.findings.append(_company(name, moved))
                return

    def report(self, *findings: LeakFinding) -> LeakReport:
        check = f"{len(self.names)} runs of the workflow, held-out strains {', '.join(self.names)}"
        return LeakReport((*self.findings, *findings), (check,))

    def _changed(self, name: str) -> tuple[Dataset, Run | None]:
        """Run on changed strains; where nothing to score is an error, one value is not hidden."""
        changed = VALUES[name](self.test)
        if name != "hidden":
            return changed, self._tried(name, changed)
        try:
            return changed, self.run(name, changed)
        except Exception:
            self.names.pop()
            changed = change.nearly_hidden(self.test)
            return changed, self._tried("hidden but for one value", changed)

    def _tried(self, name: str, changed: Dataset) -> Run | None:
        try:
            return self.run(name, changed)
        except Exception as error:
            self.findings.append(_failed(name, error))
            return None


def _not_repeatable() -> LeakFinding:
    return LeakFinding(
        "not repeatable",
        "warning",
        "Two runs on the same strains differ, so nothing can be said about leaks.",
        "Fix every seed in the workflow (models, shuffling, numpy.random) and use one thread.",
    )


def _company(name: str, moved: tuple[str, ...]) -> LeakFinding:
    return LeakFinding(
        "other test strains",
        "leak",
        f"Forecasts move when the held-out strains are given {name}: a forecast depends on the "
        "other held-out strains.",
        "Fit before the held-out strains are looked at, and forecast each of them by itself.",
        strains=moved,
    )


def _failed(name: str, error: Exception) -> LeakFinding:
    if name.startswith("hidden"):
        return LeakFinding(
            "test targets",
            "warning",
            "The workflow does not run when held-out states after the start are hidden "
            f"({_short(error)}): it reads them.",
            "Let it run on the first state and the controls of held-out strains alone, and score "
            "outside of it.",
        )
    return LeakFinding(
        "not checked",
        "warning",
        f"The workflow does not run with held-out strains {name} ({_short(error)}).",
        "Let it take any held-out strains with these columns.",
    )


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:150]}"
