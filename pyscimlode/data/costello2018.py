"""The measured strains of Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018).

Time-series proteomics and metabolomics of engineered *E. coli* (Brunk et al., Cell Systems 2
(2016) 335-346): isopentenol (I1-I3), limonene (L1-L3) and bisabolene (B1, B2) producers and the
wild type (DH1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyscimlode.data.dataset import Dataset, Provenance
from pyscimlode.data.registry import FILES, locate
from pyscimlode.data.table import from_frame

if TYPE_CHECKING:
    import pandas as pd

CITATION = (
    "Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018); measurements: Brunk et al., "
    "Cell Systems 2 (2016) 335-346"
)

PROTEINS = (
    "AtoB",
    "GPPS",
    "HMGR",
    "HMGS",
    "Idi",
    "Limonene Synthase",
    "MK",
    "NudB",
    "PMD",
    "PMK",
)
"""The ten proteins of the two pathway files, the controls of every data set here."""

RAW_COLUMNS = {
    "Acetyl-CoA (uM)": "Acetyl-CoA",
    "HMG-CoA (uM)": "HMG-CoA",
    "Intracellular Mevalonate (uM)": "Mevalonate",
    "Mev-P (uM)": "Mev-P",
    "IPP/DMAPP (uM)": "IPP/DMAPP",
    "Limonene g/L": "Limonene",
    "OD600": "OD600",
    "GPP (uM)": "GPP",
    "NAD (uM)": "NAD",
    "NADP (uM)": "NADP",
    "Acetate g/L": "Acetate",
    "Pyruvate g/L": "Pyruvate",
    "citrate (uM)": "citrate",
    "Isopentenol g/L": "Isopentenol",
    "Bisabolene g/L": "Bisabolene",
}
"""Columns of the raw metabolomics file, and the states they are."""

METABOLITES = tuple(RAW_COLUMNS.values())

UNITS = {name: "mM" for name in METABOLITES} | {
    "OD600": "1",
    **dict.fromkeys(("Limonene", "Acetate", "Pyruvate", "Isopentenol", "Bisabolene"), "g/L"),
    **dict.fromkeys(PROTEINS, "a.u."),
}
"""mM inside the cells, g/L in the medium, peak area (a.u.) for proteins. The raw file labels the
intracellular columns uM; they are used as mM, as the publication does."""

_UNIT_NOTE = "intracellular metabolites taken as mM, as published (the raw file labels them uM)"


def limonene() -> Dataset:
    """Return L1 (low), L2 (medium) and L3 (high producer): 13 states, 10 controls, 14 times."""
    return _pathway("limonene", "limonene_data.csv")


def isopentenol() -> Dataset:
    """Return I1 (low), I2 (medium) and I3 (high producer): 13 states, 10 controls, 14 times."""
    return _pathway("isopentenol", "isopentenol_data.csv")


def all_strains() -> Dataset:
    """Return the nine strains of the raw files: 15 states, 10 controls, 14 times.

    Proteins are the mean of ``ProteinArea`` over the rows of a strain, hour and protein, which
    reproduces the values of the two pathway files exactly; the extra samples ``72C`` are left
    out. Products of other strains (such as limonene in B1) are never measured.
    """
    import pandas as pd

    metabolites = pd.read_csv(locate(FILES["time_series_metabolomics.csv"]))
    table = metabolites[["Strain", "Hour", *RAW_COLUMNS]].rename(columns=RAW_COLUMNS)
    rows = pd.read_csv(locate(FILES["time_series_proteomics.csv"]), dtype={"Hour": str})
    rows = rows[rows["Protein"].isin(PROTEINS) & (rows["Hour"] != "72C")]
    rows = rows.assign(Hour=rows["Hour"].astype(float))
    areas = rows.groupby(["Strain", "Hour", "Protein"])["ProteinArea"].mean().unstack("Protein")
    table = table.merge(areas.reset_index(), on=["Strain", "Hour"], how="left")
    return _dataset(
        "costello2018-all",
        table,
        ("time_series_metabolomics.csv", "time_series_proteomics.csv"),
        (
            "proteins averaged per strain, hour and protein (ProteinArea; HMGR and HMGS over the "
            "two organisms they come from)",
            "proteomics samples '72C' left out",
        ),
    )


def _pathway(name: str, file: str) -> Dataset:
    import pandas as pd

    return _dataset(name, pd.read_csv(locate(FILES[file])), (file,), ())


def _dataset(
    name: str, table: pd.DataFrame, files: tuple[str, ...], history: tuple[str, ...]
) -> Dataset:
    present = [state for state in METABOLITES if state in table]
    states = [state for state in present if table[state].notna().any()]
    notes = [
        f"column {state!r} left out: it has no value" for state in present if state not in states
    ]
    details = {"citation": CITATION, "files": {file: FILES[file].sha256 for file in files}}
    return from_frame(
        table,
        time="Hour",
        experiment="Strain",
        states=states,
        controls=PROTEINS,
        units={column: UNITS[column] for column in (*states, *PROTEINS)},
        time_unit="h",
        provenance=Provenance(name, details, (*history, *notes, _UNIT_NOTE)),
    )
