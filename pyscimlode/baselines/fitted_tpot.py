"""What TPOT found, as a baseline that forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyscimlode.baselines.derivative_regression import FittedDerivativeRegression
from pyscimlode.baselines.tpot_worker import Found

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class FittedTPOT(FittedDerivativeRegression):
    """What TPOT found; printing it shows the pipelines.

    Attributes:
        found: state -> its pipeline, with its cross-validated error and how it was found.
    """

    found: Mapping[str, Found]

    @property
    def pipelines(self) -> dict[str, str]:
        """State -> the pipeline, as Python writes it."""
        return {state: one.text for state, one in self.found.items()}

    @property
    def cv_rmse(self) -> dict[str, float]:
        """State -> cross-validated error, in the unit of the derivative; NaN if it has none."""
        return {state: one.rmse for state, one in self.found.items()}

    @property
    def finished(self) -> dict[str, bool]:
        """State -> whether TPOT came to an end by itself; False if its process was ended."""
        return {state: one.final for state, one in self.found.items()}

    def table(self) -> pd.DataFrame:
        """Return a row a metabolite: what was found, how good it is, what it was compared with."""
        import pandas as pd

        return pd.DataFrame(
            {
                "state": list(self.found),
                "steps": [" + ".join(step_names(one.pipeline)) for one in self.found.values()],
                "cv_rmse": [one.rmse for one in self.found.values()],
                "generations": [one.count.generations for one in self.found.values()],
                "evaluated": [one.count.evaluated for one in self.found.values()],
                "seconds": [one.seconds for one in self.found.values()],
                "finished": [one.final for one in self.found.values()],
                "stand_in": [one.stand_in for one in self.found.values()],
            }
        )

    def __repr__(self) -> str:
        """Return the table of what was found."""
        strains = ", ".join(self.train.strains)
        return f"{self.name}, trained on {strains}\n{self.table().to_string(index=False)}"


def step_names(pipeline: Any) -> tuple[str, ...]:
    """Return the names of the classes of a pipeline's steps, in order, nested ones too.

    Steps that pass everything on are left out.
    """
    inner = getattr(pipeline, "steps", None) or getattr(pipeline, "transformer_list", None)
    if inner is None:
        name = type(pipeline).__name__
        return () if name in ("Passthrough", "str", "SkipTransformer") else (name,)
    return tuple(name for _, step in inner for name in step_names(step))
