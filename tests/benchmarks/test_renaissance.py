from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.renaissance import cases, generators
from benchmarks.renaissance.kept import Kept
from benchmarks.renaissance.literature import literature_km, subsystems
from benchmarks.renaissance.report import plain
from benchmarks.renaissance.run import main
from benchmarks.renaissance.training import dimensions
from pyscimlode.data.registry import SourceFile
from pyscimlode.errors import DownloadError

NAMES = ("!QuantityType", "!Reaction", "!Compound", "!Value", "!Unit")
MADE_UP = (
    ("PGI_R02740", "D_Fructose_6_phosphate", "0.0123456"),
    ("PFK_R04779", "D_Fructose_6_phosphate", "0.5"),
    ("PFK_R04779", "ATP", "0.25"),
    ("PGH_R00658", "Phosphoenolpyruvate", "0.1"),
    ("PYK_R00200", "Phosphoenolpyruvate", "0.1"),
    ("PDH_R00209", "Pyruvate", "0.75"),
    ("PDH_R00209", "CoA", "0.004"),
    ("ABC_R00000", "Pyruvate", "2.0"),
    ("PFK_R04779", "Unobtainium", "3.0"),
)
"""KM (mM) by reaction and compound; one value occurs twice, two have no counterpart."""


def sbtab() -> str:
    """Return an SBtab file with the made-up KM between other quantities and other tables."""
    rows = [("standard chemical potential", "", "ATP", "1.0", "kJ/mol")]
    rows += [("Michaelis constant", *row, "mM") for row in MADE_UP]
    lines = ["!!SBtab TableName='Compound'", "!ID\t!Name", "ATP\tATP", "%\t"]
    lines += ["!!SBtab TableName='Parameter'", *("\t".join(row) for row in (NAMES, *rows)), "%\t\t"]
    lines += ["!!SBtab TableName='Flux'", "!QuantityType\t!Reaction", "flux\tPGI_R02740"]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def without_case_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYSCIMLODE_DATA", raising=False)


@pytest.fixture
def literature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the made-up file where the pinned one is looked for; return its path."""
    path = tmp_path / "data" / "made_up.tsv"
    path.parent.mkdir()
    path.write_text(sbtab(), encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = SourceFile(path.name, digest, "http://127.0.0.1:9/made_up.tsv", "noor2016")
    monkeypatch.setattr("benchmarks.renaissance.literature.FILE", file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYSCIMLODE_DATA", str(path.parent))
    return path


def quick(part: str, folder: Path) -> tuple[str, dict[str, Any]]:
    assert main(["--quick", "--part", part, "--out", str(folder)]) == 0
    text = (folder / f"renaissance-{part}.md").read_text(encoding="utf-8")
    data = json.loads((folder / f"renaissance-{part}.json").read_text(encoding="utf-8"))
    return text, data


def test_every_check_holds_on_the_own_cases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, data = quick("checks", tmp_path)
    assert text.strip() in capsys.readouterr().out
    assert "`varma65` is left out: the folder that the environment variable PYSCIMLODE_DATA" in text
    assert {row["case"] for row in data["rows"]} == {"toy6", "example_pathway"}
    assert [row["check"] for row in data["rows"] if row["reached"] > row["bound"]] == []
    assert re.search(r"\| toy6 \| reduced J, exact \| 1e-13 \| \S+ \| yes \|", text)


def test_trainings_stand_beside_controls(tmp_path: Path) -> None:
    text, data = quick("training", tmp_path)
    recipes = [row["recipe"] for row in data["rows"]]
    assert recipes[:3] == ["uniform", "untrained, batch", "untrained, entry"]
    assert recipes[3:] == ["published", "default", "gradient 3 steps"]
    trained = data["rows"][3]
    assert trained["population"]["1"] > 0.5
    assert trained["incidence"] >= data["rows"][1]["incidence"]
    assert "doi:10.1038/s41929-024-01220-6" in text
    shares = list(data["conditions"]["sampling"]["densities"].values())
    assert shares == sorted(shares)


@pytest.mark.usefixtures("literature")
def test_literature_km_are_integrated(tmp_path: Path) -> None:
    text, data = quick("integration", tmp_path)
    assert list(data["recipes"]) == ["published", "gradient"]
    row = data["recipes"]["gradient"]
    assert row["integrated"] == {"none": 0, "half": 3, "all": 5}
    lines = {(row["generator"], row["subsystem"]): row for row in row["overlap"]}
    assert lines["uniform", "all"]["coverage"] > 0.9 > lines["none", "all"]["coverage"]
    assert lines["half", "all"]["km"] == lines["none, KM not in half", "all"]["km"] == 2
    assert "Noor et al." in text


def test_sets_are_written_and_read_back(tmp_path: Path) -> None:
    _, data = quick("million", tmp_path)
    for row in data["rows"]:
        assert (row["sets"], row["checked"], row["columns"]) == (2000, 200, 14)
        assert row["bytes"] >= 2000 * 14 * 4
        assert row["valid"] > 0.9


def test_kept_rows_are_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.renaissance.kept.CACHE", tmp_path)
    path = tmp_path / "part.json"
    assert Kept(path)("a", lambda: {"x": 1}) == {"x": 1}
    assert Kept(path)("a", lambda: {"x": 2}) == {"x": 1}
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert Kept(None)("a", lambda: {"x": 3}) == {"x": 3}


def test_trained_generators_come_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.renaissance.kept.CACHE", tmp_path)
    for recipe in ("published", generators.GRADIENT):
        first = generators.trained(recipe, case="toy6", generations=1)
        again = generators.trained(recipe, case="toy6", generations=1)
        np.testing.assert_array_equal(first.sample(3), again.sample(3))
        np.testing.assert_array_equal(first.result.incidence, again.result.incidence)
        assert again.cpu_seconds == first.cpu_seconds > 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".json", ""}


def test_directions_that_share_the_variance() -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(4000, 5))
    assert dimensions(wide) == pytest.approx(5.0, rel=0.05)
    assert dimensions(wide[:, :1] @ np.ones((1, 5))) == pytest.approx(1.0)
    assert dimensions(np.ones((10, 5))) == 0.0


def test_numbers_of_numpy_become_json() -> None:
    found = plain({1: np.array([1.0, np.nan]), "b": (np.float64(2.0), np.int64(3), float("inf"))})
    assert found == {"1": [1.0, None], "b": [2.0, 3, None]}


@pytest.mark.usefixtures("literature")
def test_literature_km_have_the_names_of_the_network() -> None:
    network = cases.read("example_pathway").network
    assert list(literature_km(network).items()) == [
        ("km_f6p_c_PGI", 0.01235),
        ("km_atp_c_PFK", 0.25),
        ("km_f6p_c_PFK", 0.5),
        ("km_coa_c_PDH", 0.004),
        ("km_pyr_c_PDH", 0.75),
    ]
    assert literature_km(cases.read("toy6").network) == {}
    assert subsystems(network)["GLCt"] == "transport"


def test_without_the_literature_integration_is_left_out(
    literature: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    literature.unlink()
    assert main(["--quick", "--part", "integration", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("`integration` is left out: made_up.tsv is not on this machine")
    assert not (tmp_path / "out").exists()


def test_another_file_of_literature_is_an_error(literature: Path) -> None:
    literature.write_text(sbtab().replace("0.75", "0.76"), encoding="utf-8")
    with pytest.raises(DownloadError, match=r"made_up\.tsv is not the expected file"):
        literature_km(cases.read("example_pathway").network)
