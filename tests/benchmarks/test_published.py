from __future__ import annotations

import pytest

from benchmarks.published.run import main


def test_without_the_measured_data_it_says_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pyscimlode.errors import DownloadError

    def missing(name: str) -> None:
        raise DownloadError("limonene_data.csv is not here")

    monkeypatch.setattr("pyscimlode.boards.reproduce.load", missing)
    assert main(["--quick"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    expected = "The published tables are left out: limonene_data.csv is not here"
    assert expected in printed.err
