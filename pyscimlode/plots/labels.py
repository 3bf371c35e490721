"""Names at the ends of lines, kept from lying on one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from matplotlib.transforms import Bbox

FloatArray = npt.NDArray[np.float64]

SIZE = 8.5
"""Points of the letters."""

LINE = 1.35 * SIZE
"""Points from one label to the next."""


@dataclass(frozen=True)
class EndLabel:
    """A name beside the end ``(x, y)`` of a line, in data units."""

    text: str
    x: float
    y: float
    colour: str


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> FloatArray:
    """Return positions near the wanted ones, at least ``gap`` apart, between ``low`` and ``high``.

    The order is kept; the sum of squared moves is least, up to the limits (pool adjacent
    violators). With too little room the positions go beyond ``high``.
    """
    order = np.argsort(np.asarray(wanted, dtype=np.float64), kind="stable")
    steps = gap * np.arange(len(order))
    blocks: list[tuple[float, int]] = []
    for value in np.asarray(wanted, dtype=np.float64)[order] - steps:
        total, count = float(value), 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    moved = np.array([total / count for total, count in blocks for _ in range(count)])
    room = high - (steps[-1] if len(steps) else 0.0)
    placed = np.empty(len(order))
    placed[order] = np.maximum(np.minimum(moved, room), low) + steps
    return placed


def end_labels(axis: Axes, labels: Sequence[EndLabel], height: float) -> None:
    """Write labels to the right of the axes, each tied to the end of its line.

    Args:
        axis: with its final limits.
        labels: what to write.
        height: of the axes, in points.
    """
    bottom, top = axis.get_ylim()
    wanted = [height * (label.y - bottom) / (top - bottom) for label in labels]
    for label, place in zip(labels, spread(wanted, LINE, 0.0, height), strict=True):
        axis.annotate(
            label.text,
            (label.x, label.y),
            xytext=(1.06, place / height),
            textcoords="axes fraction",
            fontsize=SIZE,
            va="center",
            ha="left",
            color=darker(label.colour),
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": label.colour,
                "linewidth": 0.6,
                "alpha": 0.8,
                "shrinkA": 1.0,
                "shrinkB": 2.0,
                "relpos": (0.0, 0.5),
            },
            gid="label",
        )


def letters(label: Text) -> Bbox:
    """Return the box of a label in pixels, without the line that ties it to its curve."""
    label.get_window_extent()  # puts an annotation in its place
    return Text.get_window_extent(label)


def darker(colour: str, share: float = 0.72) -> str:
    """Return a colour that is dark enough for letters on white."""
    red, green, blue = to_rgb(colour)
    return to_hex((share * red, share * green, share * blue))
