"""What a reproduction returns: the published tables beside our own, and what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.boards.published import CITATION
from pyscimlode.boards.reproduction_notes import notes
from pyscimlode.boards.reproduction_parts import COLUMNS, by_column, frame
from pyscimlode.boards.reproduction_tables import tables
from pyscimlode.errors import ArtifactError

if TYPE_CHECKING:
    import pandas as pd

KIND = "pyscimlode reproduction"
VERSION = 1
DESCRIPTION = "reproduction.json"
TITLE = "Tables III, IV and V of the paper, reproduced"


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The published tables, made again. Nothing in it is ranked.

    Attributes:
        table: long table of scores; columns strain, task (``"identity"``: input = target, over
            the 200 rows; ``"forecast"``: over measured points after t0), kind (``"ours"``,
            ``"published"``, ``"control"``, ``"baseline"``), model, variant, pir, seed, state,
            points (0 where not known), rmse (the state's unit), nrmse (in units of the standard
            deviation over the pathway's measured points; forecasts alone), excluded (copied from
            another strain, or at the detection limit).
        stages: how every stage ended for every net.
        weights: largest difference of each net's weights to those of the net with the first
            penalty and the same seed, after Adam and at the end.
        times: wall and CPU seconds on this machine; of training, for so many nets as one batch.
        settings: what was asked for, versions, seconds in all.
    """

    table: pd.DataFrame
    stages: pd.DataFrame
    weights: pd.DataFrame
    times: pd.DataFrame
    settings: Mapping[str, Any]

    @property
    def strains(self) -> tuple[str, ...]:
        """The held-out strains."""
        return tuple(self.settings["strains"])

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return title -> wide table, ready to print.

        Tables III and IV for every variant, the same nets as true forecasts, the means, the
        spread over seeds, how the stages ended, and Table V.
        """
        return tables(self)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the numbers say, in words; computed from them."""
        return notes(self)

    def to_markdown(self) -> str:
        """Return all notes and tables as Markdown."""
        lines = [f"# {TITLE}", "", f"{CITATION}.", ""]
        lines += [*(f"- {note}" for note in self.notes), ""]
        for title, table in self.tables().items():
            lines += [f"## {title}", "", *_markdown(table), ""]
        when = "since it was resumed" if self.settings.get("resumed") else "in all"
        return "\n".join([*lines, f"{self.settings['seconds']:.0f} s {when}."]) + "\n"

    def to_csv(self, path: str | Path) -> None:
        """Write the long table of scores."""
        from pyscimlode.artifacts import atomic_write_text

        atomic_write_text(Path(path), self.table.to_csv(index=False))

    def to_json(self, path: str | Path) -> None:
        """Write everything, such that :meth:`load` can read it."""
        from pyscimlode.artifacts import atomic_write_text

        described = {
            "kind": KIND,
            "version": VERSION,
            "settings": dict(self.settings),
            "notes": list(self.notes),
            **{name: by_column(self._frames()[name]) for name in COLUMNS},
        }
        text = json.dumps(described, ensure_ascii=False, allow_nan=False)
        atomic_write_text(Path(path), text + "\n")

    def save(self, folder: str | Path) -> Path:
        """Write ``table.csv``, ``tables.md`` and ``reproduction.json`` into a folder."""
        from pyscimlode.artifacts import atomic_write_text

        place = Path(folder)
        self.to_csv(place / "table.csv")
        atomic_write_text(place / "tables.md", self.to_markdown())
        self.to_json(place / DESCRIPTION)
        return place

    @classmethod
    def load(cls, path: str | Path) -> Reproduction:
        """Read what :meth:`save` or :meth:`to_json` wrote; a folder or a file.

        Raises:
            ArtifactError: when it is missing, damaged or of another version.
        """
        from pyscimlode.artifacts import read_description

        described = read_description(
            Path(path) / DESCRIPTION if Path(path).is_dir() else Path(path),
            kind=KIND,
            version=VERSION,
            what="reproduction",
            made_by="save() or reproduce(out=...)",
            again="reproduce again",
        )
        try:
            frames = {name: frame(name, described[name]) for name in COLUMNS}
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path} is damaged: {error}.") from error
        return cls(
            table=frames["scores"],
            stages=frames["stages"],
            weights=frames["weights"],
            times=frames["times"],
            settings=described["settings"],
        )

    def plot(self, strain: str | None = None) -> Any:
        """Plot published errors, ours, and the true forecasts; see ``plots.reproduction``."""
        from pyscimlode import plots

        return plots.plot_reproduction(self, strain)

    def __repr__(self) -> str:
        strains = ", ".join(self.strains)
        nets = len(self.settings["pir"]) * int(self.settings["seeds"])
        head = f"Reproduction of {strains}: {nets} nets in each of {len(self.settings['variants'])}"
        return "\n".join([f"{head} variants. Nothing is ranked.", *(f"- {n}" for n in self.notes)])

    def _frames(self) -> dict[str, pd.DataFrame]:
        return {
            "scores": self.table,
            "stages": self.stages,
            "weights": self.weights,
            "times": self.times,
        }


def _markdown(table: pd.DataFrame) -> list[str]:
    """Return the lines of a table whose cells are text already."""
    header = [str(table.index.name or ""), *(str(name) for name in table.columns)]
    rows = [
        [str(label), *(str(cell) for cell in row)]
        for label, row in zip(table.index, table.to_numpy(dtype=object), strict=True)
    ]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return [lines[0], "|---|" + "---:|" * (len(header) - 1), *lines[1:]]
