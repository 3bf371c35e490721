"""What all figures share: canvas, type sizes, colours that colour-blind readers can tell apart."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure

P = ParamSpec("P")
R = TypeVar("R")

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito, Color Universal Design (2008), without the yellow that white paper swallows."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FORECAST = PALETTE[0]
MEASURED = "#000000"
GREY = "#6e6e6e"

_RC: Any = {
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.formatter.limits": (-3, 4),
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "figure.titlesize": 11.0,
    "figure.dpi": 100.0,
    "savefig.dpi": 150.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}


class Figure(MatplotlibFigure):
    """A figure that notebooks show although pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        return png(self)


def png(figure: MatplotlibFigure, dpi: float = 110.0) -> bytes:
    """Return the figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under this package's settings, whatever the user's are."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_RC)
            return draw(*args, **kwargs)

    return drawn


def panels(
    n: int, *, columns: int | None = None, width: float = 2.5, height: float = 1.95
) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``n`` equal panels, filled row by row; at most five in a row."""
    per_row = columns or _columns(n)
    rows = -(-n // per_row)
    wider = 1.35 if per_row < 4 else 1.0
    size = (max(per_row * width * wider, 4.2), rows * height * wider + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = [figure.add_subplot(rows, per_row, index + 1) for index in range(n)]
    return figure, axes


def _columns(n: int) -> int:
    if n <= 3:
        return n
    if n == 4:
        return 2
    return min((4, 5, 3), key=lambda c: (-(-n // c) * c - n, abs(c - 4)))


def label_times(axes: Sequence[Axes], time_unit: str) -> None:
    """Give all panels one span of time, and a label where no panel stands below."""
    limits = [axis.get_xlim() for axis in axes]
    for axis in axes:
        axis.set_xlim(min(low for low, _ in limits), max(high for _, high in limits))
    for index, axis in enumerate(axes):
        specification = axis.get_subplotspec()
        per_row = specification.get_gridspec().ncols if specification else 1
        if index + per_row >= len(axes):
            axis.set_xlabel(f"time [{plain(time_unit)}]")


def plain(name: str) -> str:
    """Return a name that matplotlib shows as it is, dollar signs included."""
    return name.replace("$", r"\$")


def unit_label(unit: str) -> str:
    """Return the text of a value axis for a unit; a quantity without one has none."""
    return "" if unit == "1" else plain(unit)


def with_unit(name: str, unit: str) -> str:
    """Return ``name [unit]``, or the name alone where there is no unit."""
    return f"{plain(name)} [{plain(unit)}]" if unit not in ("", "1") else plain(name)


def figure_legend(figure: Figure, entries: Sequence[tuple[Artist, str]], *, most: int = 6) -> None:
    """Put one legend below all panels; names that begin with an underscore stay visible."""
    labels = [f" {plain(text)}" if text.startswith("_") else plain(text) for _, text in entries]
    width, height = figure.get_size_inches()
    longest = max(len(text) for text in labels)
    per_row = max(1, min(most, len(entries), int(width / (0.5 + 0.07 * longest))))
    figure.set_size_inches(width, height + 0.19 * -(-len(entries) // per_row))
    figure.legend(
        [artist for artist, _ in entries], labels, loc="outside lower center", ncols=per_row
    )
