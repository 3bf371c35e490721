"""The folder of a run: model, tables, figures, report, and the request that made them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode._version import __version__
from pyscimlode.errors import ArtifactError, TrainingError

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.results import FitResult

REQUEST = "run.json"
KIND = "pyscimlode run"


@dataclass(frozen=True)
class RunFolder:
    """A folder that ``pyscimlode fit`` writes into.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def model(self) -> Path:
        """The saved model."""
        return self.path / "model"

    @property
    def checkpoint(self) -> Path:
        """The state of a training that is not finished."""
        return self.path / "checkpoint.safetensors"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    @classmethod
    def start(cls, path: Path, request: Mapping[str, Any], *, force: bool) -> RunFolder:
        """Take a folder for a new run.

        Raises:
            ArtifactError: when it is a file, holds what is no run, or an interrupted run, and
                ``force`` is not given.
        """
        run = cls(path)
        if path.exists() and not path.is_dir():
            raise ArtifactError(f"{path} is a file; name a folder with --out.")
        if path.is_dir() and any(path.iterdir()) and not force:
            run._check_replaceable()
        run.checkpoint.unlink(missing_ok=True)
        run._write_request(request)
        return run

    @classmethod
    def reopen(cls, path: Path) -> tuple[RunFolder, dict[str, Any]]:
        """Return an interrupted run and what was asked of it.

        Raises:
            TrainingError: when there is none.
        """
        run = cls(path)
        if not (path / REQUEST).is_file() or not run.checkpoint.is_file():
            raise TrainingError(
                f"There is no interrupted run in {path}. Name its folder with --out, or leave "
                "--resume out to start afresh."
            )
        return run, run.request()

    def request(self) -> dict[str, Any]:
        """Return what was asked of this run.

        Raises:
            ArtifactError: when the folder is no run, or its request is damaged.
        """
        file = self.path / REQUEST
        try:
            described = json.loads(file.read_text(encoding="utf-8"))
            if described["kind"] != KIND:
                raise KeyError("kind")
            return dict(described["request"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{file} does not describe a run of pyscimlode.") from error

    def write(self, result: FitResult, command: str) -> list[Path]:
        """Write everything about a finished fit; return what was written."""
        from pyscimlode.report import write_report

        result.save(self.model)
        written = [self.model, *write_tables(result, self.path)]
        figures = self.path / "figures"
        write_report(
            self.report,
            result,
            command=command,
            model_paths=[str(self.model)],
            figures=figures,
        )
        self.checkpoint.unlink(missing_ok=True)
        return [*written, figures, self.report]

    def _check_replaceable(self) -> None:
        if not (self.path / REQUEST).is_file():
            raise ArtifactError(
                f"{self.path} is not empty and is no run of pyscimlode. Choose another folder with "
                "--out, or add --force to write into it."
            )
        if self.checkpoint.is_file():
            raise ArtifactError(
                f"{self.path} holds an interrupted run. Continue it with "
                f"'pyscimlode fit --resume --out {self.path}', or add --force to start afresh."
            )

    def _write_request(self, request: Mapping[str, Any]) -> None:
        from pyscimlode.artifacts import atomic_write_text

        described = {"kind": KIND, "version": __version__, "request": dict(request)}
        atomic_write_text(self.path / REQUEST, json.dumps(described, indent=1, ensure_ascii=False))


def write_tables(result: FitResult, folder: Path) -> list[Path]:
    """Write ``scores.csv`` (where a strain was held out) and ``predictions.csv``."""
    from pyscimlode.artifacts import atomic_write_text

    written = []
    if result.test is not None:
        result.scores.to_csv(folder / "scores.csv")
        written.append(folder / "scores.csv")
    table = prediction_table(result, result.test or result.train)
    atomic_write_text(folder / "predictions.csv", table.to_csv(index=False))
    return [*written, folder / "predictions.csv"]


def prediction_table(result: FitResult, dataset: Any, times: list[float] | None = None) -> Any:
    """Return forecasts as rows, with the measured value, the unit, and what the interval is."""
    forecast = result.predict(dataset, times=times)
    frame: pd.DataFrame = forecast.to_frame()
    measured = {
        (e.name, float(time), state): value
        for e in dataset
        for time, row in zip(e.times, e.states, strict=True)
        for state, value in zip(dataset.state_names, row, strict=True)
    }
    keys = zip(frame["experiment"], frame["time"], frame["state"], strict=True)
    frame["measured"] = [measured.get((name, float(t), s), float("nan")) for name, t, s in keys]
    frame["unit"] = [dataset.units.get(state, "") for state in frame["state"]]
    frame["interval"] = forecast.interval_words()
    return frame


def model_folder(path: Path) -> Path:
    """Return the saved model that a path means: of a run, or the model's own folder."""
    return path / "model" if (path / "model").is_dir() else path
