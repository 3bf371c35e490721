from __future__ import annotations

import pytest

from pyscimlode.errors import DataError, LeakError
from pyscimlode.leaks import LeakFinding, LeakReport

LEAK = LeakFinding("scaler", "leak", "It was.", "Do not.", ("S1", "S2"), "GPP", (0.0, 2.5))
WARNING = LeakFinding("copied column", "warning", "It is.", "Leave it out.")


def test_the_worst_come_first_and_once() -> None:
    report = LeakReport((WARNING, LEAK, WARNING), ("scales",))
    assert report.findings == (LEAK, WARNING)
    assert len(report) == 2
    assert report
    assert report.leaks == (LEAK,)
    assert report.kinds == ("scaler", "copied column")
    assert report.of_kind("scaler") == (LEAK,)


def test_reports_add_up() -> None:
    both = LeakReport((WARNING,), ("a", "b")) + LeakReport((LEAK,), ("b", "c"))
    assert both == LeakReport((LEAK, WARNING), ("a", "b", "c"))


def test_where_and_table() -> None:
    assert LEAK.where == "GPP, S1, S2, at 0, 2.5"
    many = LeakFinding("scaler", "leak", "", "", tuple(f"S{k}" for k in range(9)))
    assert many.where == "S0, S1, S2, S3, S4, S5 and 3 more"
    table = LeakReport((WARNING, LEAK)).to_frame()
    assert list(table.columns) == ["severity", "kind", "where", "message", "fix"]
    assert table["where"].tolist() == ["GPP, S1, S2, at 0, 2.5", ""]


def test_printed() -> None:
    assert repr(LeakReport((), ("scales",))) == ("LeakReport: nothing found.\n  looked at: scales")
    assert repr(LeakReport((WARNING, LEAK), ("scales",))).splitlines() == [
        "LeakReport: 1 leak(s), 1 warning(s).",
        "! scaler (GPP, S1, S2, at 0, 2.5)",
        "    It was.",
        "    Do not.",
        "  copied column",
        "    It is.",
        "    Leave it out.",
        "  looked at: scales",
    ]
    assert LeakReport((LEAK,))._repr_html_().startswith("<pre>LeakReport: 1 leak(s)")


def test_leaks_raise_and_warnings_on_request() -> None:
    LeakReport((WARNING,)).raise_if_any()
    with pytest.raises(LeakError, match=r"1 leak\(s\) were found:\n- scaler \(GPP, S1, S2, at 0"):
        LeakReport((LEAK, WARNING)).raise_if_any()
    with pytest.raises(DataError, match=r"copied column: It is\. Leave it out\."):
        LeakReport((WARNING,)).raise_if_any(warnings=True)
