"""A steady state of a network: concentrations, fluxes and equilibrium constants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import DataError

FloatArray = npt.NDArray[np.float64]
FLUX_UNITS = ("mM/h", "mmol/gDW/h")


@dataclass(frozen=True, eq=False)
class SteadyState:
    """One steady state, in the order of its network's species and reactions.

    Args:
        concentrations: ``(species,)`` mM.
        fluxes: ``(reactions,)`` in ``flux_unit``; negative where the net flux runs backwards.
        keq: ``(reactions,)`` equilibrium constants of concentrations in mM, products over
            substrates with the modifiers of kind ``displacement``; inf for irreversible laws,
            NaN where unknown.
        flux_unit: ``"mM/h"`` or ``"mmol/gDW/h"``.
        density: gDW per litre of cells, which turns mmol/gDW/h into mM/h; every eigenvalue
            scales with it (published code has both 1105 x 0.38 and 1200 x 0.25).
        provenance: where the state comes from; JSON data.

    Raises:
        DataError: arrays that are no vectors, an unknown unit, a density that is missing or not
            positive.
    """

    concentrations: FloatArray
    fluxes: FloatArray
    keq: FloatArray
    flux_unit: str = "mM/h"
    density: float | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("concentrations", "fluxes", "keq"):
            array = _numbers(name, getattr(self, name))
            if array.ndim != 1:
                raise DataError(f"{name} of a steady state must be a vector, not {array.shape}.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if self.fluxes.shape != self.keq.shape:
            raise DataError(
                f"A steady state has {len(self.fluxes)} fluxes and {len(self.keq)} equilibrium "
                "constants; give one of each for every reaction."
            )
        check_flux_unit(self.flux_unit)
        check_density(self.flux_unit, self.density)
        object.__setattr__(self, "provenance", FrozenDict(self.provenance))

    @property
    def fluxes_mM_h(self) -> FloatArray:
        """``(reactions,)`` fluxes in mM of cell volume per hour."""
        if self.flux_unit == "mM/h":
            return self.fluxes
        return self.fluxes * float(self.density or 1.0)

    def with_density(self, density: float) -> SteadyState:
        """Return the same specific fluxes at another density (gDW/L).

        Raises:
            DataError: the fluxes are not per gDW.
        """
        if self.flux_unit == "mM/h":
            raise DataError("Fluxes in mM/h do not depend on a density; give them in mmol/gDW/h.")
        return replace(self, density=density)


def check_flux_unit(unit: str) -> None:
    """Check the unit of fluxes.

    Raises:
        DataError: it is not known.
    """
    if unit not in FLUX_UNITS:
        raise DataError(f"flux_unit={unit!r} is not known; there are {', '.join(FLUX_UNITS)}.")


def check_density(unit: str, density: float | None) -> None:
    """Check that specific fluxes come with a density.

    Raises:
        DataError: they do not, or it is no positive number.
    """
    if unit == "mmol/gDW/h" and density is None:
        raise DataError("Fluxes in mmol/gDW/h need density=, the gDW per litre of cells.")
    if density is not None and not (math.isfinite(density) and density > 0):
        raise DataError(f"density={density!r} gDW/L must be a positive number.")


def _numbers(name: str, values: Any) -> FloatArray:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} of a steady state must be numbers: {error}.") from error
