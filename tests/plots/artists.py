"""Find what a figure draws."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D


def panel(figure: Figure, title: str) -> Axes:
    (found,) = [axis for axis in figure.axes if axis.get_title() == title]
    return found


def lines(axis: Axes, gid: str) -> list[Line2D]:
    return [line for line in axis.lines if line.get_gid() == gid]


def line(axis: Axes, gid: str) -> Line2D:
    (found,) = lines(axis, gid)
    return found


def legend_texts(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]
