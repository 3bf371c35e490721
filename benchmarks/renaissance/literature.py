"""KM from the literature for the full-size case, and the subsystems of its reactions."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from benchmarks.renaissance.literature_names import REACTIONS, SPECIES
from pyscimlode.data.registry import SourceFile, locate
from pyscimlode.kinetics import KineticNetwork

_NAME = "ecoli_ccm_aerobic_ProteinComposition_haverkorn_ECM_Model.tsv"
FILE = SourceFile(
    name=_NAME,
    sha256="cb4e4cca39a1e8f9bac8123b4f9020767882298a54cbd9333d5d028df63ff91d",
    url="https://raw.githubusercontent.com/eladnoor/enzyme-cost/"
    f"aae0392f19040e833d91c99b738789241b1c1a4f/data/{_NAME}",
    folder="noor2016",
)
"""SBtab model of Noor et al. (2016), by its authors."""
SOURCE = (
    "KM: balanced parameters of E. coli central metabolism, Noor et al., PLOS Comput. Biol. "
    "12:e1005167 (2016), model of aerobic growth (measured values made consistent with "
    "thermodynamics); values "
    "that occur twice there, which are the prior's, are left out."
)
TABLE = "!!SBtab TableName='Parameter'"
QUANTITY = "Michaelis constant"
DIGITS = 4
"""Significant digits of a KM that are kept."""
SUBSYSTEMS = {
    "glycolysis": "PGI PFK FBA FBP TPI GAPD PGK PGM ENO PYK PPS HEX1 GLCptspp",
    "pentose phosphate": "G6PDH2r PGL GND RPI RPE TKT1 TKT2 TALA PFK_3 FBA3 PRPPS",
    "citrate cycle": "PDH CS ACONTa ACONTb ICDHyr AKGDH SUCOAS SUCDi FUM MDH ICL MALS",
    "anaplerosis": "PPC PPCK ME1 ME2",
    "fermentation": "ACALD ALCD2x LDH_D PFL",
    "energy and redox": "ADK1 ATPM ATPS4rpp CYTBDpp CYTBO3_4pp NADH16pp NADH5 NADTRHD THD2pp "
    "FDH4pp",
    "amino acids": "ANS CHORM CHORS DDPA DHQS DHQTi GLNS GLUDy PGCD PHETA1 PPND PPNDH PSCVT PSERT "
    "PSP_L SHK3Dr SHKK TYRTA",
    "biomass": "LMPD_biomass_c_1_420",
}
TRANSPORT = "transport"
OF = {reaction: name for name, ids in SUBSYSTEMS.items() for reaction in ids.split()}


def literature_km(network: KineticNetwork) -> dict[str, float]:
    """Return KM name -> mM of the active KM of a network that the literature has.

    Values that occur twice there are left out; networks with other names have none. They come in
    the order of ``REACTIONS``, on which random draws within their intervals depend. The file is
    looked for and downloaded as :func:`pyscimlode.data.registry.locate` does.

    Raises:
        DownloadError: when the file is not here and cannot be downloaded, or is another file.
    """
    active = dict(zip(network.km_names, network.km_active, strict=True))
    names = {
        (reaction.id, participant.species): participant.km
        for reaction in network.reactions
        for participant in reaction.participants
        if participant.km is not None and active[participant.km]
    }
    rows = list(_michaelis_constants(locate(FILE)))
    times = Counter(row["!Value"] for row in rows)
    values = {}
    for row in rows:
        key = REACTIONS.get(row["!Reaction"], ""), SPECIES.get(row["!Compound"], "")
        if key in names and times[row["!Value"]] == 1:
            values[key] = float(f"{float(row['!Value']):.{DIGITS}g}")
    order = list(REACTIONS.values())
    return {
        names[key]: values[key] for key in sorted(values, key=lambda k: (order.index(k[0]), k[1]))
    }


def _michaelis_constants(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of the KM (mM) in the parameter table of an SBtab file."""
    with path.open(encoding="utf-8", newline="") as file:
        for line in file:
            if line.startswith(TABLE):
                break
        table = csv.DictReader(takewhile(_inside, file), delimiter="\t")
        yield from (row for row in table if row["!QuantityType"] == QUANTITY)


def _inside(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("%", "!!"))


def subsystems(network: KineticNetwork) -> dict[str, str]:
    """Return reaction -> subsystem; reactions between compartments are transport."""
    compartment = {species.id: species.compartment for species in network.species}
    result = {}
    for reaction in network.reactions:
        places = {compartment[p.species] for p in reaction.participants}
        result[reaction.id] = OF.get(reaction.id, TRANSPORT if len(places) > 1 else "other")
    return result
