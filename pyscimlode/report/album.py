"""The pictures of a report: inside the document, and as files for those who want them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pyscimlode.report import html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 130.0


@dataclass
class Album:
    """Pictures by file name, in the order in which they were added."""

    pictures: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, figure: Figure, caption: str) -> str:
        """Keep a figure and return the HTML that shows it."""
        from pyscimlode.plots.style import png

        picture = png(figure, DPI)
        self.pictures[self._unused(name)] = picture
        return html.picture(picture, caption)

    def save(self, folder: Path) -> Path:
        """Write all pictures into a folder, in place of the pictures that were there.

        Raises:
            ArtifactError: when the folder holds anything but pictures, or cannot be written.
        """
        from pyscimlode.artifacts import atomic_directory
        from pyscimlode.errors import ArtifactError

        if folder.is_dir():
            others = [item.name for item in folder.iterdir() if item.suffix != ".png"]
            if others:
                raise ArtifactError(
                    f"{folder} also holds {', '.join(sorted(others)[:3])}, which is no figure; "
                    "move it, or choose another folder."
                )
        with atomic_directory(folder, overwrite=True) as part:
            for name, picture in self.pictures.items():
                (part / name).write_bytes(picture)
        return folder

    def _unused(self, name: str) -> str:
        stem = re.sub(r"[^\w.-]+", "_", name).strip("._") or "figure"
        candidate, count = f"{stem}.png", 1
        while candidate in self.pictures:
            count += 1
            candidate = f"{stem}-{count}.png"
        return candidate
