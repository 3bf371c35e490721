from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import pytest

from pyscimlode.data.simulate import simulate
from pyscimlode.plots import plot_dataset
from pyscimlode.plots.style import panels, unit_label, with_unit

PNG = b"\x89PNG\r\n\x1a\n"


def test_figures_show_themselves_in_notebooks_without_pyplot() -> None:
    program = (
        "import sys\n"
        "from pyscimlode.data.simulate import simulate\n"
        "figure = simulate(1, times=[0, 1]).plot(states=['GPP'])\n"
        "print(figure._repr_png_()[:8], 'matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{PNG!r} False"


def test_the_users_settings_are_neither_used_nor_changed() -> None:
    with mpl.rc_context({"font.size": 33.0}):
        figure = plot_dataset(simulate(1, times=[0, 1]), states=["GPP"])
        assert mpl.rcParams["font.size"] == 33.0
    assert figure.axes[0].title.get_fontsize() == 9.5


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (3, 3), (4, 2), (8, 4), (10, 5), (13, 5)])
def test_panels_fill_rows(n: int, columns: int) -> None:
    _, axes = panels(n)
    assert len(axes) == n
    specification = axes[0].get_subplotspec()
    assert specification is not None
    assert specification.get_gridspec().ncols == columns


def test_units_on_axes() -> None:
    assert (unit_label("mM"), unit_label("1"), unit_label("")) == ("mM", "", "")
    assert with_unit("OD600", "1") == "OD600"
    assert with_unit("a$", "g/L") == r"a\$ [g/L]"
