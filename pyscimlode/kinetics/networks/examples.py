"""Two own examples: a toy with exact answers, and a pathway of 34 reactions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pyscimlode.kinetics.formats.case_json import KineticCase
from pyscimlode.kinetics.networks.checks import log_displacement
from pyscimlode.kinetics.networks.network import Compartment, KineticNetwork, KineticSpecies
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.reactions import FIRST_ORDER, reaction


def toy6() -> KineticCase:
    """Return a toy of six reactions whose Vmax and Jacobian are rational numbers at KM = 1 mM.

    All concentrations are 1 mM and Keq = 2. At KM = 1 mM, V = (18, 36, 12, 12, 8, 4) mM/h, and the
    Jacobian over A, B, ATP and C has the characteristic polynomial
    s^4 + 481/12 s^3 + 4711/9 s^2 + 22681/9 s + 11924/3.
    """
    network = KineticNetwork(
        name="toy6",
        compartments=(Compartment("c"), Compartment("p", 2.0), Compartment("e")),
        species=(
            KineticSpecies("S_e", "e", fixed=True),
            KineticSpecies("A", "c"),
            KineticSpecies("ATP", "c"),
            KineticSpecies("B", "c"),
            KineticSpecies("ADP", "c"),
            KineticSpecies("P_e", "e", fixed=True),
            KineticSpecies("C", "p"),
            KineticSpecies("W_e", "e", fixed=True),
        ),
        reactions=(
            reaction("R1", "rev_mm", "S_e <-> A"),
            reaction("R2", "hill_nn", "A + ATP <-> B + ADP"),
            reaction("R3", "rev_mm", "B <-> P_e"),
            reaction("R4", "rev_mm", "ADP <-> ATP"),
            reaction("R5", "convenience", "A <-> 2 C"),
            reaction("R6", "irrev_mm", "C -> W_e"),
        ),
        moieties=({"ATP": 1.0, "ADP": 1.0},),
        dependent=("ADP",),
    )
    state = SteadyState(
        concentrations=np.ones(8),
        fluxes=np.array([3.0, 2.0, 2.0, 2.0, 1.0, 2.0]),
        keq=np.array([2.0, 2.0, 2.0, 2.0, 2.0, np.inf]),
        provenance={"source": "constructed; exact"},
    )
    return KineticCase(network, state)


DENSITY = 300.0
GROWTH_RATE = 0.1
# id, law, equation, ln(Gamma/Keq) of the net direction as drawn, modifiers
PATHWAY: tuple[tuple[str, str, str, float, tuple[tuple[str, float, str], ...]], ...] = (
    ("GLCtex", "mass_action", "glc_e <-> glc_p", -0.7, ()),
    ("GLCt", "rev_mm", "glc_p <-> glc_c", -2.0, ()),
    ("HEX", "hill_nn", "glc_c + atp_c <-> g6p_c + adp_c", -6.0, ()),
    ("PGI", "rev_mm", "g6p_c <-> f6p_c", -0.4, ()),
    ("PFK", "hill_nn", "f6p_c + atp_c <-> fdp_c + adp_c", -5.0, ()),
    ("FBA", "uni_bi", "fdp_c <-> dhap_c + g3p_c", -0.8, ()),
    ("TPI", "rev_mm", "dhap_c <-> g3p_c", -0.3, ()),
    ("GAPD", "convenience", "g3p_c + nad_c + pi_c <-> bpg_c + nadh_c", -0.6, ()),
    ("PGK", "hill_nn", "bpg_c + adp_c <-> 3pg_c + atp_c", -0.5, ()),
    ("PGM", "rev_mm", "2pg_c <-> 3pg_c", 0.3, ()),
    ("ENO", "rev_mm", "2pg_c <-> pep_c", -0.4, ()),
    ("PYK", "hill_nn", "pep_c + adp_c <-> pyr_c + atp_c", -5.0, (("h_c", -1.0, "displacement"),)),
    ("G6PDH", "hill_nn", "g6p_c + nadp_c <-> pgl_c + nadph_c", -4.0, ()),
    ("GND", "convenience", "pgl_c + nadp_c <-> ru5p_c + nadph_c + co2_c", -4.0, ()),
    ("RPE", "rev_mm", "ru5p_c <-> xu5p_c", -0.4, ()),
    ("RPI", "rev_mm", "ru5p_c <-> r5p_c", -0.4, ()),
    ("TKT1", "hill_nn", "xu5p_c + r5p_c <-> g3p_c + s7p_c", -0.5, ()),
    ("TALA", "hill_nn", "g3p_c + s7p_c <-> f6p_c + e4p_c", -0.5, ()),
    ("TKT2", "hill_nn", "xu5p_c + e4p_c <-> f6p_c + g3p_c", -0.5, ()),
    ("PDH", "hill_nn", "pyr_c + nad_c + coa_c <-> accoa_c + nadh_c + co2_c", -7.0, ()),
    ("PTA", "hill_nn", "accoa_c + pi_c <-> actp_c + coa_c", -0.9, ()),
    ("ACK", "hill_nn", "actp_c + adp_c <-> ac_c + atp_c", -1.5, ()),
    ("ACt", "rev_mm", "ac_c <-> ac_e", -1.0, (("h_c", -1.0, "displacement"),)),
    ("LDH", "hill_nn", "lac_c + nad_c <-> pyr_c + nadh_c", 2.0, (("h_c", 1.0, "displacement"),)),
    ("LACt", "rev_mm", "lac_c <-> lac_e", -1.0, ()),
    ("NOX", "irrev_mm", "2 nadh_c + o2_c -> 2 nad_c", -np.inf, (("h_c", -2.0, FIRST_ORDER),)),
    ("O2t", "mass_action", "o2_e <-> o2_c", -0.5, ()),
    ("ATPS", "bi_uni", "adp_c + pi_c <-> atp_c", -2.0, (("h_c", 3.0, "displacement"),)),
    ("ATPM", "irrev_mm", "atp_c -> adp_c + pi_c", -np.inf, ()),
    (
        "BIO",
        "irrev_mm",
        "0.9 r5p_c + 2.5 pyr_c + 3 accoa_c + 40 atp_c + 14 nadph_c"
        " -> 39 adp_c + amp_c + 41 pi_c + 14 nadp_c + 3 coa_c",
        -np.inf,
        (),
    ),
    ("ADK", "convenience", "atp_c + amp_c <-> 2 adp_c", -0.3, ()),
    ("CO2t", "mass_action", "co2_c <-> co2_e", -0.5, ()),
    ("PIt", "rev_mm", "pi_e <-> pi_c", -1.0, (("h_c", 1.0, "displacement"),)),
    ("THD", "hill_nn", "nadh_c + nadp_c <-> nad_c + nadph_c", -1.5, ()),
)
CONCENTRATIONS: Mapping[str, float] = {
    "glc_e": 5.0, "glc_p": 2.0, "glc_c": 0.3, "g6p_c": 2.0, "f6p_c": 0.6, "fdp_c": 1.5,
    "dhap_c": 0.8, "g3p_c": 0.2, "bpg_c": 0.03, "3pg_c": 1.2, "2pg_c": 0.2, "pep_c": 0.5,
    "pyr_c": 1.0, "pgl_c": 0.3, "ru5p_c": 0.2, "xu5p_c": 0.2, "r5p_c": 0.3, "s7p_c": 0.3,
    "e4p_c": 0.1, "accoa_c": 0.6, "coa_c": 0.4, "actp_c": 0.2, "ac_c": 2.0, "ac_e": 5.0,
    "lac_c": 1.0, "lac_e": 0.5, "atp_c": 4.0, "adp_c": 0.9, "amp_c": 0.25, "nad_c": 2.5,
    "nadh_c": 0.1, "nadp_c": 0.1, "nadph_c": 0.15, "pi_c": 10.0, "pi_e": 30.0, "co2_c": 0.8,
    "co2_e": 0.1, "o2_e": 0.2, "o2_c": 0.05, "h_c": 3e-5,
}  # fmt: skip
FIXED = ("glc_e", "ac_e", "lac_e", "pi_e", "co2_e", "o2_e", "h_c")


def example_pathway() -> KineticCase:
    """Return a pathway of 34 reactions with one steady state; it has all seven rate laws.

    Glycolysis, pentose phosphates, acetate and lactate, respiration and slow growth (0.1/h)
    of a bacterium on glucose, with four conserved moieties. Reactions are the textbook's.
    Concentrations, fluxes and displacements from equilibrium are round numbers of the usual size,
    made for this package; Keq follows from them. They are no measurements.
    """
    names = tuple(CONCENTRATIONS)
    volumes = {"c": 1 / 0.9, "p": 10.0, "e": 1.0}
    network = KineticNetwork(
        name="example_pathway",
        compartments=tuple(Compartment(*item) for item in volumes.items()),
        species=tuple(KineticSpecies(name, name[-1], name in FIXED) for name in names),
        reactions=tuple(reaction(id_, law, text, m) for id_, law, text, _, m in PATHWAY),
        moieties=(
            {"atp_c": 1.0, "adp_c": 1.0, "amp_c": 1.0},
            {"nad_c": 1.0, "nadh_c": 1.0},
            {"nadp_c": 1.0, "nadph_c": 1.0},
            {"coa_c": 1.0, "accoa_c": 1.0},
        ),
        dependent=("atp_c", "nad_c", "nadp_c", "coa_c"),
    )
    fluxes = _pathway_fluxes(uptake=2.0, oxidative=0.5, lactate=0.4, synthase=6.0)
    state = SteadyState(
        concentrations=np.array(list(CONCENTRATIONS.values())),
        fluxes=np.array([fluxes[id_] for id_ in network.reaction_ids]),
        keq=np.ones(len(PATHWAY)),
        flux_unit="mmol/gDW/h",
        density=DENSITY,
        provenance={"source": "constructed; round numbers of the usual size, not measured"},
    )
    return KineticCase(network, _with_displacement(network, state))


def _with_displacement(network: KineticNetwork, state: SteadyState) -> SteadyState:
    """Return the state with the Keq that give every reaction its ln(Gamma/Keq)."""
    wanted = np.array([row[3] for row in PATHWAY])
    log_gamma = np.where(np.isfinite(wanted), log_displacement(network, state), 0.0)
    return SteadyState(
        state.concentrations,
        state.fluxes,
        np.exp(log_gamma - wanted),
        state.flux_unit,
        state.density,
        state.provenance,
    )


def _pathway_fluxes(
    *, uptake: float, oxidative: float, lactate: float, synthase: float
) -> dict[str, float]:
    """Return all fluxes (mmol/gDW/h) from four of them and the growth rate."""
    growth = GROWTH_RATE
    shuffle = (oxidative - 0.9 * growth) / 3
    upper = uptake - oxidative + 2 * shuffle
    lower = 2 * upper + shuffle
    acetyl = lower - lactate - 2.5 * growth
    acetate = acetyl - 3 * growth
    transhydrogenated = 14 * growth - 2 * oxidative
    oxygen = (lower + acetyl - lactate - transhydrogenated) / 2
    maintenance = 2 * lower - uptake - upper + acetate - 41 * growth + synthase
    return {
        **dict.fromkeys(("GLCtex", "GLCt", "HEX"), uptake),
        "PGI": uptake - oxidative,
        **dict.fromkeys(("PFK", "FBA", "TPI"), upper),
        **dict.fromkeys(("GAPD", "PGK", "ENO", "PYK"), lower),
        "PGM": -lower,
        **dict.fromkeys(("G6PDH", "GND"), oxidative),
        "RPE": 2 * shuffle,
        "RPI": shuffle + 0.9 * growth,
        **dict.fromkeys(("TKT1", "TALA", "TKT2"), shuffle),
        "PDH": acetyl,
        **dict.fromkeys(("PTA", "ACK", "ACt"), acetate),
        "LDH": -lactate,
        "LACt": lactate,
        **dict.fromkeys(("NOX", "O2t"), oxygen),
        "ATPS": synthase,
        "ATPM": maintenance,
        "BIO": growth,
        "ADK": growth,
        "CO2t": oxidative + acetyl,
        "PIt": lower + acetate + synthase - maintenance - 41 * growth,
        "THD": transhydrogenated,
    }
