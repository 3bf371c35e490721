"""One door to all leak audits."""

from __future__ import annotations

from collections.abc import Iterable

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError
from pyscimlode.leaks.fits import audit_fit
from pyscimlode.leaks.folds import Fold, audit_folds
from pyscimlode.leaks.report import LeakReport
from pyscimlode.leaks.runs import Workflow
from pyscimlode.leaks.split import audit_split
from pyscimlode.leaks.workflow import audit_workflow
from pyscimlode.results import FitResult


def audit_leaks(
    what: Dataset | FitResult,
    test: Dataset | None = None,
    *,
    validation: Dataset | None = None,
    folds: Iterable[Fold] | None = None,
    workflow: Workflow | None = None,
    quick: bool = False,
) -> LeakReport:
    """Look for ways in which held-out strains reach a model.

    Four questions, by what is given::

        audit_leaks(train, test)                    # is the answer in the training data?
        audit_leaks(data, folds=folds)              # do folds of rows keep strains whole?
        audit_leaks(result)                         # was this fit made without the test strains?
        audit_leaks(train, test, workflow=my_own)   # do held-out values move its forecasts?

    Args:
        what: the training strains, or a fit.
        test: the held-out strains; with a fit, those that it held out.
        validation: strains that decide when training stops.
        folds: ``(train, test)`` row numbers of cross-validation over the rows of ``what``; see
            :func:`pyscimlode.leaks.audit_folds`.
        workflow: all that you do, ``workflow(train, test)``, see
            :func:`pyscimlode.leaks.audit_workflow`; it runs several times.
        quick: run the workflow four times instead of nine times.

    Returns:
        The findings, which are false if there are none; ``report.raise_if_any()`` stops a script.

    Raises:
        DataError: when it is not said what is held out.
        ColumnError: when the data sets have different columns.

    >>> import pyscimlode
    >>> strains = pyscimlode.datasets.simulate(3, times=[0, 6, 24, 48, 72])
    >>> train, test = strains.drop("S3"), strains.select("S3")
    >>> pyscimlode.audit_leaks(train, test)
    LeakReport: nothing found.
      looked at: strains and experiments on both sides
      looked at: equal trajectories and columns under other names
      looked at: states that are interpolated
      looked at: controls that are an image of a state
    """
    if isinstance(what, FitResult):
        if workflow is not None or validation is not None or folds is not None:
            raise DataError(
                "A fit is audited by itself; give workflow=, validation= and folds= with strains: "
                "audit_leaks(train, test, workflow=...)."
            )
        return audit_fit(what, test)
    report = LeakReport() if folds is None else audit_folds(what, folds)
    if folds is not None and test is None:
        return report
    if test is None:
        raise DataError("Say what is held out: audit_leaks(train, test), or audit_leaks(result).")
    report += audit_split(what, test, validation=validation)
    if workflow is not None:
        report += audit_workflow(workflow, what, test, quick=quick)
    return report
