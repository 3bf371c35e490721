"""The published numbers, as they stand in the paper: Tables III, IV and V.

U. Habaraduwa, A. Lixandru: Neural Ordinary Differential Equations for Simulating Metabolic Pathway
Dynamics from Time-Series Multiomics Data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CITATION = (
    "U. Habaraduwa, A. Lixandru: Neural Ordinary Differential Equations for Simulating Metabolic "
    "Pathway Dynamics from Time-Series Multiomics Data"
)

PENALTIES = (0.01, 1.0, 1000.0)
"""Factors lambda of the physiology-informed penalty, the columns of Tables III and IV."""


@dataclass(frozen=True)
class PublishedScores:
    """One of Tables III and IV: RMSE per metabolite in raw units, on the medium producer.

    Attributes:
        table: number of the table.
        pathway: name of the data set.
        strain: the held-out strain.
        rmse: metabolite -> RMSE of the published net for each of :data:`PENALTIES`.
        tpot: metabolite -> RMSE of the published baseline (regressors found by TPOT).
        mean: printed mean over metabolites, for each of :data:`PENALTIES`.
        tpot_mean: printed mean of the baseline.
        improvement: printed improvement over the baseline in percent.
    """

    table: str
    pathway: str
    strain: str
    rmse: Mapping[str, tuple[float, ...]]
    tpot: Mapping[str, float]
    mean: tuple[float, ...]
    tpot_mean: float
    improvement: tuple[float, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """Metabolites in the order of the table, named as in the data sets."""
        return tuple(self.rmse)

    def calculated_mean(self, penalty: float) -> float:
        """Return the mean of the printed RMSEs of one column."""
        column = PENALTIES.index(penalty)
        return sum(row[column] for row in self.rmse.values()) / len(self.rmse)

    def calculated_tpot_mean(self) -> float:
        """Return the mean of the baseline's printed RMSEs."""
        return sum(self.tpot.values()) / len(self.tpot)


@dataclass(frozen=True)
class PublishedMinutes:
    """A row of Table V: wall time in minutes on an NVIDIA T4, for one pathway.

    Attributes:
        pathway: name of the data set.
        step: ``"training"`` or ``"inference"``.
        baseline: TPOT and its regressors.
        net: the neural ODE.
    """

    pathway: str
    step: str
    baseline: float
    net: float


def _scores(
    table: str,
    pathway: str,
    strain: str,
    rows: Mapping[str, tuple[float, float, float, float]],
    mean: tuple[float, float, float, float],
    improvement: tuple[float, float, float],
) -> PublishedScores:
    return PublishedScores(
        table=table,
        pathway=pathway,
        strain=strain,
        rmse={state: row[:3] for state, row in rows.items()},
        tpot={state: row[3] for state, row in rows.items()},
        mean=mean[:3],
        tpot_mean=mean[3],
        improvement=improvement,
    )


TABLE_III = _scores(
    "III",
    "limonene",
    "L2",
    {
        "Acetyl-CoA": (0.20, 0.09, 1.07, 0.34),
        "HMG-CoA": (0.50, 0.20, 0.53, 0.02),
        "Mevalonate": (1.21, 0.37, 2.38, 1.07),
        "Mev-P": (1.30, 0.17, 0.23, 3.64),
        "IPP/DMAPP": (0.36, 0.37, 0.32, 75.43),
        "Limonene": (0.57, 0.32, 0.15, 0.30),
        "OD600": (0.91, 0.61, 2.25, 4.30),
        "GPP": (1.02, 0.54, 0.61, 0.07),
        "NAD": (0.63, 0.35, 0.16, 1.50),
        "NADP": (0.07, 0.50, 1.22, 1.26),
        "Acetate": (0.44, 0.60, 1.20, 1.89),
        "Pyruvate": (0.33, 0.15, 0.44, 0.14),
        "citrate": (0.28, 0.83, 0.70, 0.23),
    },
    (0.60, 0.39, 0.87, 6.94),
    (91.35, 94.38, 87.46),
)
"""Limonene, tested on L2."""

TABLE_IV = _scores(
    "IV",
    "isopentenol",
    "I2",
    {
        "Acetyl-CoA": (0.56, 0.74, 0.16, 9.02),
        "HMG-CoA": (0.70, 0.04, 0.34, 0.08),
        "Mevalonate": (1.03, 0.25, 0.63, 2.55),
        "Mev-P": (0.23, 0.20, 0.64, 126.19),
        "IPP/DMAPP": (0.22, 0.23, 0.65, 33.77),
        "OD600": (0.07, 0.31, 0.84, 2.13),
        "GPP": (0.03, 0.27, 1.24, 0.00),
        "NAD": (0.29, 0.61, 0.72, 1.96),
        "NADP": (1.03, 0.16, 0.74, 0.24),
        "Acetate": (0.25, 0.69, 0.10, 0.45),
        "Pyruvate": (0.85, 0.25, 0.56, 0.06),
        "citrate": (0.13, 0.37, 0.33, 0.29),
        "Isopentenol": (0.10, 0.08, 0.25, 0.32),
    },
    (0.42, 0.32, 0.55, 13.62),
    (96.92, 97.65, 95.96),
)
"""Isopentenol, tested on I2."""

SCORES: Mapping[str, PublishedScores] = {t.pathway: t for t in (TABLE_III, TABLE_IV)}
"""Tables III and IV by the name of the data set."""

TABLE_V = (
    PublishedMinutes("limonene", "training", 52.08, 5.61),
    PublishedMinutes("isopentenol", "training", 61.79, 5.40),
    PublishedMinutes("limonene", "inference", 4.83, 0.004),
    PublishedMinutes("isopentenol", "inference", 4.04, 0.004),
)
"""Training for a pathway and inference for its held-out strain."""


def improvement(mean: float, baseline: float) -> float:
    """Return the published improvement: how much lower a mean RMSE is, in percent.

    >>> round(improvement(0.60, 6.94), 2)
    91.35
    """
    return 100.0 * (baseline - mean) / baseline
