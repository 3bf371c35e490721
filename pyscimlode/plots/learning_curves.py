"""Error against the number of training strains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from pyscimlode.plots.boards import BASELINE, CONTROL, Look, kinds, looks
from pyscimlode.plots.labels import LINE, EndLabel, end_labels, letters
from pyscimlode.plots.scores import score_text
from pyscimlode.plots.style import GREY, Figure, plain, styled

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards import Comparison

NRMSE_LABEL = "clean NRMSE\n(RMSE / sd of the metabolite)"
TOP = 1.6
"""The axis reaches at least this far before runaway models are cut."""

LEFT, BELOW, ABOVE, WIDTH, HEIGHT = 0.88, 0.62, 0.45, 4.4, 3.1
"""Inches: margins (the caption comes below), and the least size of the axes."""

BESIDE = 0.3
"""Inches between the axes and the labels."""


@styled
def plot_learning_curves(comparison: Comparison, protocol: str = "sim-sparse") -> Figure:
    """Plot the clean NRMSE of every model against the number of training strains.

    Points are means over the draws of the training strains (folds of measured strains, and
    seeds), bands and bars their standard deviation. Controls are grey and dashed, regressions
    without a mechanism have hollow points. A curve that leaves the axis is cut, and its label says
    where it went. With one number of training strains there are points instead of curves.

    Args:
        comparison: what ``compare`` returned.
        protocol: one of its protocols.

    Raises:
        DataError: for a protocol that the comparison does not have.
    """
    curve = comparison.learning_curve(protocol)
    known = kinds(comparison)
    sizes = sorted({int(n) for n in curve["n"]})
    scored = curve[np.isfinite(curve["mean"].to_numpy(dtype=np.float64))]
    names = [str(name) for name in dict.fromkeys(curve["model"])]
    finished = [name for name in names if (scored["model"] == name).any()]
    top = _top(scored, known)

    height = max(HEIGHT, (len(finished) * LINE + 6) / 72)
    figure = Figure(figsize=(LEFT + WIDTH, BELOW + height + ABOVE))
    axis = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    _dress(axis, sizes, top)
    places = _side_by_side(finished, known)
    labels = []
    for name in finished:
        look = looks(comparison)[name]
        rows = curve[curve["model"] == name].sort_values("n")
        if len(sizes) == 1:
            labels.append(_point(axis, name, rows.iloc[0], look, top, places.get(name)))
        else:
            labels.append(_curve(axis, name, rows, look, top))
    axis.set_title(f"{plain(protocol)}: {_asked(comparison, protocol)}", loc="left", pad=8)
    caption = _caption(comparison, protocol, scored, names, finished)
    note = figure.text(0.0, 0.0, caption, fontsize=8, color=GREY, va="bottom", gid="caption")
    end_labels(axis, labels, height * 72)
    _place(figure, axis, height, note)
    return figure


def _top(scored: pd.DataFrame, known: dict[str, str]) -> float:
    """Return the end of the axis: all that is drawn, unless a model is far above the controls."""
    if scored.empty:
        return TOP
    reach = (scored["mean"] + scored["sd"].fillna(0.0)).to_numpy(dtype=np.float64)
    control = reach[np.asarray(scored["model"].map(known) == CONTROL)]
    worst = max(TOP, 1.25 * float(control.max()) if len(control) else 0.0)
    return min(1.06 * float(reach.max()), worst)


def _dress(axis: Axes, sizes: list[int], top: float) -> None:
    axis.set_ylim(0.0, top)
    axis.set_ylabel(NRMSE_LABEL)
    axis.set_xlabel("number of training strains")
    if len(sizes) > 1:
        axis.set_xscale("log")
        axis.set_xlim(sizes[0] / 1.12, sizes[-1] * 1.12)
        axis.xaxis.set_major_locator(FixedLocator(sizes))
    else:
        axis.set_xlim(-0.5, 0.5)
        axis.xaxis.set_major_locator(FixedLocator([0.0]))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value if len(sizes) > 1 else sizes[0]:g}")
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="y", color="#e4e4e4", linewidth=0.6)
    axis.set_axisbelow(True)


def _side_by_side(names: list[str], known: dict[str, str]) -> dict[str, float]:
    """Return a place along the axis for each model where there is one number of strains."""
    models = [name for name in names if known[name] != CONTROL]
    places = np.linspace(-0.4, 0.4, len(models)) if len(models) > 1 else np.zeros(1)
    return dict(zip(models, places.tolist(), strict=False))


def _curve(axis: Axes, name: str, rows: pd.DataFrame, look: Look, top: float) -> EndLabel:
    """Draw one model over several n, and return the label of its last finite point."""
    x, mean, sd = (rows[column].to_numpy(dtype=np.float64) for column in ("n", "mean", "sd"))
    spread = np.where(np.isfinite(sd), sd, 0.0)
    last = int(np.flatnonzero(np.isfinite(mean))[-1])
    is_control = not look.marker
    if spread.any() and not is_control:
        axis.fill_between(
            x, mean - spread, mean + spread, color=look.colour, alpha=0.14, linewidth=0, gid="band"
        )
    axis.plot(
        x,
        mean,
        color=look.colour,
        linewidth=1.1 if is_control else 1.7,
        linestyle=look.dash,
        marker=look.marker or None,
        markersize=5.0,
        markerfacecolor=look.face,
        zorder=2 if is_control else 4,
        gid=f"curve:{name}",
    )
    failed = f" at n = {x[last]:g}; then failed" if last < len(mean) - 1 else ""
    return _label(name, float(x[last]), float(mean[last]), look, top, failed)


def _point(
    axis: Axes, name: str, row: pd.Series, look: Look, top: float, place: float | None
) -> EndLabel:
    """Draw one model at its place, or one control across, where there is one n."""
    mean, sd = float(row["mean"]), float(row["sd"])
    if place is None:
        axis.axhline(mean, color=look.colour, lw=1.0, linestyle=look.dash, gid=f"curve:{name}")
        return _label(name, axis.get_xlim()[1], mean, look, top)
    axis.errorbar(
        place,
        mean,
        sd if np.isfinite(sd) else 0.0,
        color=look.colour,
        linewidth=1.2,
        capsize=2.5,
        marker=look.marker,
        markersize=6.0,
        markerfacecolor=look.face,
        zorder=4,
        gid=f"curve:{name}",
    )
    return _label(name, place, mean, look, top)


def _label(name: str, x: float, y: float, look: Look, top: float, remark: str = "") -> EndLabel:
    text = f"{plain(name)}  {score_text(y)}{' (off scale)' if y > top else ''}{remark}"
    return EndLabel(text, x, min(y, top), look.colour)


def _asked(comparison: Comparison, protocol: str) -> str:
    strains = {
        strain
        for task in comparison.tasks.values()
        if task.protocol == protocol
        for strain in task.test.strains
    }
    if len(strains) == 1:
        return f"forecast of held-out strain {plain(min(strains))}"
    return f"forecast of {len(strains)} held-out strains"


def _caption(
    comparison: Comparison,
    protocol: str,
    scored: pd.DataFrame,
    names: list[str],
    finished: list[str],
) -> str:
    tasks = [task for task in comparison.tasks.values() if task.protocol == protocol]
    draws = len({task.draw for task in tasks})
    seeds = _seeds(comparison, protocol)
    words = []
    if scored["sd"].notna().any():
        over = f"{draws} draws of the training strains" if draws > 1 else f"{seeds} seeds"
        shape = "bars" if scored["n"].nunique() == 1 else "bands"
        words.append(f"{shape}: standard deviation over {over}")
    words.append("dashed: controls")
    if BASELINE in set(kinds(comparison).values()):
        words.append("hollow: regressions without a mechanism")
    text = "; ".join(words) + ". 0 is perfect."
    text = text[0].upper() + text[1:]
    failed = [name for name in names if name not in finished]
    if failed:
        text += f"\nNo score, a forecast failed: {plain(', '.join(failed))}."
    return text


def _seeds(comparison: Comparison, protocol: str) -> int:
    seeds = comparison.table.loc[comparison.table["protocol"] == protocol, "seed"].astype(str)
    return len({seed for seed in seeds if seed.isdigit()})


def _place(figure: Figure, axis: Axes, height: float, note: Text) -> None:
    """Give the axes their size in inches, and the labels and the caption the room they need."""
    labels = [letters(text).width / figure.dpi for text in axis.texts]
    caption = note.get_window_extent()
    below = BELOW + caption.height / figure.dpi
    width = LEFT + WIDTH + BESIDE + max(labels, default=0.0) + 0.1
    width = max(width, 1.04 * caption.width / figure.dpi + 0.2)
    whole = below + height + ABOVE
    figure.set_size_inches(width, whole)
    axis.set_position((LEFT / width, below / whole, WIDTH / width, height / whole))
    note.set_position((0.1 / width, 0.06 / whole))
