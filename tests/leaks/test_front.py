from __future__ import annotations

import pytest

import pyscimlode
from pyscimlode.errors import DataError
from pyscimlode.leaks import audit_fit, audit_split
from tests.leaks.test_fits import fit
from tests.leaks.workflows import scaler_on_all_strains, split


def test_a_split() -> None:
    train, test = split()
    assert pyscimlode.audit_leaks(train, test) == audit_split(train, test)
    early = pyscimlode.audit_leaks(train, test, validation=test.select("S7"))
    assert early.kinds == ("early stopping",)


def test_a_fit() -> None:
    result = fit(*split(), ensemble=1)
    assert pyscimlode.audit_leaks(result) == audit_fit(result)


def test_a_workflow_and_its_split() -> None:
    train, test = split()
    report = pyscimlode.audit_leaks(train, test, workflow=scaler_on_all_strains, quick=True)
    assert report.kinds == ("scaler",)
    assert len(report.checks) == 5


def test_what_is_held_out_must_be_said() -> None:
    train, test = split()
    with pytest.raises(DataError, match=r"Say what is held out: audit_leaks\(train, test\)"):
        pyscimlode.audit_leaks(train)
    with pytest.raises(DataError, match=r"A fit is audited by itself; give workflow=, validation="):
        pyscimlode.audit_leaks(fit(train, test, ensemble=1), workflow=scaler_on_all_strains)
