"""Every notebook runs from top to bottom, warns of nothing, and is committed without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SECONDS = 900
"""A cell that takes longer hangs."""


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def executed(notebook: Any, folder: Path) -> list[Any]:
    """Run a notebook in a folder and return the outputs of all its cells."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def written(outputs: list[Any], stream: str) -> str:
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == stream)


def has_picture(outputs: list[Any]) -> bool:
    return any("image/png" in output.get("data", {}) for output in outputs)


@pytest.fixture
def nothing_to_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No measured data here, and no way to get them."""
    monkeypatch.setenv("PYSCIMLODE_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_quickstart",
        "02_your_own_data",
        "03_published_tables_revisited",
        "04_forecasting_held_out_strains",
        "05_solvers_compared",
        "06_backends_cross_checked",
        "07_generative_kinetic_models",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert cell.metadata == {}
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_in_the_list(path: Path) -> None:
    assert f"({path.name})" in path.with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Proactor", "ignore::DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(
    path: Path, tmp_path: Path, measured_data_if_any: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    outputs = executed(nbformat.read(path, as_version=4), tmp_path)
    assert written(outputs, "stderr") == ""
    assert has_picture(outputs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Proactor", "ignore::DeprecationWarning")
@pytest.mark.usefixtures("nothing_to_download")
def test_published_tables_without_the_measured_strains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same is shown on simulated strains."""
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(NOTEBOOKS[2], as_version=4)
    outputs = executed(notebook, tmp_path)
    assert "The measured strains are not here, so simulated ones" in written(outputs, "stdout")
    assert has_picture(outputs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Proactor", "ignore::DeprecationWarning")
@pytest.mark.usefixtures("nothing_to_download")
def test_forecasts_without_the_measured_strains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The imports, and what stands below the heading of the measured strains."""
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(NOTEBOOKS[3], as_version=4)
    headings = [cell.source.startswith("## Measured strains") for cell in notebook.cells]
    notebook.cells = [code_cells(notebook)[0], *notebook.cells[headings.index(True) :]]
    outputs = executed(notebook, tmp_path)
    assert "The measured strains are not here." in written(outputs, "stdout")
