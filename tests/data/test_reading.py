from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscimlode.data import Dataset, Experiment, from_frame, read_csv, read_excel
from pyscimlode.errors import MissingDependencyError

ROWS = [
    ("Strain", "Hour", "GPP", "HMGR"),
    ("A", "0", "0.5", "100"),
    ("A", "4", "", "200.5"),
    ("B", "0", "1e-3", "100"),
    ("B", "4", "NA", "300"),
]
EXPECTED = from_frame(
    pd.DataFrame(
        {
            "Strain": ["A", "A", "B", "B"],
            "Hour": [0, 4, 0, 4],
            "GPP": [0.5, np.nan, 1e-3, np.nan],
            "HMGR": [100, 200.5, 100, 300],
        }
    )
)


def text(separator: str = ",", decimal: str = ".") -> str:
    rows = [separator.join(cell.replace(".", decimal) for cell in row) for row in ROWS]
    return "\n".join(rows) + "\n"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "strains.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (text(), None),
        (text(";", ","), "decimal comma"),
        (text(";"), "separator: semicolon"),
        (text("\t"), "separator: tab"),
        (text("|"), "separator: bar"),
        (text().encode("utf-8-sig"), "byte order mark: read as utf-8-sig"),
        (text().encode("utf-16"), "byte order mark: read as utf-16"),
        (text().replace("\n", "\r\n"), None),
        ("# exported yesterday\n\n" + text(), None),
        (text() + "\n,,,\n", None),
        (text().replace("A,0,0.5", 'A,0,"0.5"'), None),
        (text().replace("Strain", " Strain "), None),
    ],
    ids=[
        *("comma", "decimal-comma", "semicolon", "tab", "bar", "bom", "utf-16", "crlf"),
        *("comments", "blank-rows", "quotes", "blanks-in-header"),
    ],
)
def test_dialects(tmp_path: Path, content: str | bytes, note: str | None) -> None:
    data = read_csv(write(tmp_path, content))
    assert data.content_hash == EXPECTED.content_hash
    if note is not None:
        assert note in data.provenance.history


def test_dialect_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, text(":", ",").encode("latin-1"))
    data = read_csv(path, sep=":", decimal=",", encoding="latin-1")
    assert data.content_hash == EXPECTED.content_hash


series = st.lists(st.one_of(st.just(np.nan), st.floats(0, 1e12)), min_size=3, max_size=3).filter(
    lambda values: np.isfinite(values).any()
)


@given(gpp=series, nadp=series, hmgr=series, start=st.floats(0, 10))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    gpp: list[float],
    nadp: list[float],
    hmgr: list[float],
    start: float,
) -> None:
    part = Experiment("A", [start, start + 1, start + 7], np.c_[gpp, nadp], np.c_[hmgr])
    data = Dataset((part,), ("GPP", "NADP"), ("HMGR",))
    path = tmp_path_factory.mktemp("round") / "trip.csv"
    data.to_frame().to_csv(path, index=False)
    assert read_csv(path).content_hash == data.content_hash


def test_three_digits_after_a_comma_can_be_said_to_be_decimals(tmp_path: Path) -> None:
    path = write(tmp_path, "Strain;Hour;GPP\nA;0;1,200\nA;4;2,345\n")
    assert read_csv(path, decimal=",")["A"].states.ravel().tolist() == [1.2, 2.345]


def test_index_column_of_a_saved_frame_is_left_out(tmp_path: Path) -> None:
    pd.DataFrame(ROWS[1:], columns=ROWS[0]).to_csv(tmp_path / "strains.csv")
    data = read_csv(tmp_path / "strains.csv")
    assert data.content_hash == EXPECTED.content_hash
    assert "1 column(s) without header left out" in data.provenance.history


def test_provenance_has_file_and_hash(tmp_path: Path) -> None:
    path = write(tmp_path, text())
    provenance = read_csv(path).provenance
    assert provenance.source == "strains.csv"
    assert provenance.details["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert provenance.details["file"] == str(path)


def test_roles_are_handed_on(tmp_path: Path) -> None:
    data = read_csv(
        write(tmp_path, text()), time="Hour", experiment="Strain", states=["HMGR"], controls=[]
    )
    assert data.state_names == ("HMGR",)
    assert data.provenance.history == ("columns not used: GPP",)


def test_excel_by_number_and_name(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame(ROWS[1:], columns=ROWS[0])
    path = tmp_path / "strains.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"note": ["nothing here"]}).to_excel(book, sheet_name="notes", index=False)
        frame.to_excel(book, sheet_name="strains", index=False)
    for sheet in (1, "strains"):
        data = read_excel(path, sheet=sheet)
        assert data.content_hash == EXPECTED.content_hash
        assert f"sheet {sheet!r}" in data.provenance.history


def test_excel_with_numbers_in_cells(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    EXPECTED.to_frame().to_excel(tmp_path / "t.xlsx", index=False)
    data = read_excel(tmp_path / "t.xlsx")
    np.testing.assert_array_equal(data["A"].states, EXPECTED["A"].states)


def test_without_openpyxl_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK\x03\x04")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pyscimlode\[excel\]'"):
        read_excel(path)
