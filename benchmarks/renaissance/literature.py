"""KM from the literature for the full-size case, and the subsystems of its reactions."""

from __future__ import annotations

import csv
from pathlib import Path

from pyscimlode.kinetics import KineticNetwork

FILE = Path(__file__).with_name("literature_km.csv")
SOURCE = (
    "KM: balanced parameters of E. coli central metabolism, Noor et al., PLOS Comput. Biol. "
    "12:e1005167 (2016), model of aerobic growth (measured values made consistent with "
    "thermodynamics); values "
    "that occur twice there, which are the prior's, are left out."
)
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
    """Return KM name -> mM of the KM of a network that the file has; none for other networks."""
    names = {
        (reaction.id, participant.species): participant.km
        for reaction in network.reactions
        for participant in reaction.participants
        if participant.km is not None
    }
    found = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = names.get((row["reaction"], row["species"]))
            if name is not None:
                found[name] = float(row["km_mM"])
    return found


def subsystems(network: KineticNetwork) -> dict[str, str]:
    """Return reaction -> subsystem; reactions between compartments are transport."""
    compartment = {species.id: species.compartment for species in network.species}
    result = {}
    for reaction in network.reactions:
        places = {compartment[p.species] for p in reaction.participants}
        result[reaction.id] = OF.get(reaction.id, TRANSPORT if len(places) > 1 else "other")
    return result
