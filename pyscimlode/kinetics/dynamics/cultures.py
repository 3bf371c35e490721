"""What happened in a batch reactor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.status import Status
from pyscimlode.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BatchCulture:
    """What happened in the reactor.

    A culture that was given up has NaN after :attr:`reached_h`; how it ended is a value, and
    :attr:`message` says it in words.

    Attributes:
        hours: ``(times,)``.
        biomass: ``(times,)`` gDW/L.
        growth_rate: ``(times,)`` mu in 1/h.
        concentrations: ``(times, species)`` mM, of the cell or of the medium.
        species: ids.
        medium: ids of the species that were released.
        balance_error: species of the medium -> abs(gained - integral of X N v dt) over the
            integral of abs(X N v), by Simpson's rule on the solver's steps.
        moiety_error: largest relative change of a conserved total.
        status: of the integration.
        reached_h: last hour that was reached.
        instability: largest real part of the eigenvalues of the Jacobian in ln c at the end, 1/h.
        pace_h: length of its last step.
        steps: of the solver.
    """

    hours: FloatArray
    biomass: FloatArray
    growth_rate: FloatArray
    concentrations: FloatArray
    species: tuple[str, ...]
    medium: tuple[str, ...]
    balance_error: Mapping[str, float]
    moiety_error: float
    status: Status
    reached_h: float
    instability: float
    pace_h: float
    steps: int

    @property
    def survived(self) -> bool:
        """Whether the culture was followed to the end, with finite positive concentrations."""
        return self.status is Status.SUCCESS and bool((self.concentrations > 0).all())

    @property
    def message(self) -> str:
        """How it ended, in a sentence."""
        if self.status is Status.SUCCESS:
            return f"Followed for {self.hours[-1]:g} h."
        return (
            f"Given up at {self.reached_h:.4g} h of {self.hours[-1]:g} after {self.steps} steps "
            f"({self.status.name.lower()}). The state there changes within {self.pace_h:.0e} h, "
            f"and its largest eigenvalue is {self.instability:+.3g}/h: a cell without regulation "
            "may swing so fast for hours."
        )

    def __repr__(self) -> str:
        """Say how it ended."""
        return f"BatchCulture, {self.at_end():.3g} gDW/L at the end. {self.message}"

    def plot(self, species: Mapping[str, str] | None = None, **options: Any) -> Any:
        """Plot biomass and medium over time; see ``pyscimlode.plots.plot_cultures``."""
        from pyscimlode import plots

        return plots.plot_cultures([self], species, **options)

    def concentration(self, species: str) -> FloatArray:
        """Return the course of one species ``(times,)`` in mM.

        Raises:
            DataError: there is no such species.
        """
        if species not in self.species:
            raise DataError(f"The culture has no species {species!r}.")
        return self.concentrations[:, self.species.index(species)]

    def exhausted_h(self, species: str, share: float = 0.01) -> float:
        """Return the first hour at which less than a share of the start is left; inf if never."""
        course = self.concentration(species)
        below = np.flatnonzero(course < share * course[0])
        return float(self.hours[below[0]]) if len(below) else float("inf")

    def at_end(self, species: str | None = None) -> float:
        """Return biomass (gDW/L) or a species (mM) at the last time that was reached."""
        course = self.biomass if species is None else self.concentration(species)
        return float(course[np.isfinite(course)][-1])

    def to_frame(self, species: Sequence[str] | None = None) -> pd.DataFrame:
        """Return hours, biomass, growth rate and species (those of the medium by default)."""
        import pandas as pd

        chosen = self.medium if species is None else tuple(species)
        columns = {"hours": self.hours, "biomass": self.biomass, "growth_rate": self.growth_rate}
        return pd.DataFrame({**columns, **{name: self.concentration(name) for name in chosen}})


def cultures_table(
    cultures: Sequence[BatchCulture], substrate: str, products: Sequence[str] = ()
) -> pd.DataFrame:
    """Return how cultures ended, one row each.

    Args:
        cultures: of :func:`pyscimlode.kinetics.batch_cultures`.
        substrate: species whose end is looked for.
        products: species whose last concentrations are given, in mM.

    Returns:
        Columns ``survived``, ``reached_h``, ``biomass`` (gDW/L), ``exhausted_h`` (of the substrate;
        inf if never), one for each product, ``status`` and ``message``.

    Raises:
        DataError: no cultures, or an unknown species.
    """
    import pandas as pd

    if not cultures:
        raise DataError("A table of cultures needs one culture or more; none are given.")
    rows = [
        {
            "survived": culture.survived,
            "reached_h": culture.reached_h,
            "biomass": culture.at_end(),
            "exhausted_h": culture.exhausted_h(substrate),
            **{name: culture.at_end(name) for name in products},
            "status": culture.status.name,
            "message": culture.message,
        }
        for culture in cultures
    ]
    return pd.DataFrame(rows)
