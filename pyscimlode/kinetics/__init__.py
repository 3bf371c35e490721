"""Generative kinetic models: which parameters give a network the dynamics that are observed?

A steady state and a set of KM fix every Vmax; the eigenvalues of the Jacobian say how fast the
model returns to the state. Generators of KM are trained until their models are as fast as the cell
(Choudhury et al., Nat. Mach. Intell. 2024, RENAISSANCE).

>>> from pyscimlode.kinetics import KineticEvaluator, toy6
>>> case = toy6()
>>> evaluator = KineticEvaluator(case.network, case.state)
>>> evaluator.eigenvalues([[0.0] * len(case.network.km_names)]).real.max().round(6)
np.float64(-3.487246)
"""

from __future__ import annotations

from pyscimlode.kinetics.case_json import (
    KineticCase,
    case_to_json,
    network_from_json,
    read_case,
    state_from_json,
    write_case,
)
from pyscimlode.kinetics.checks import check_state, log_displacement
from pyscimlode.kinetics.evaluator import THRESHOLD, Evaluation, KineticEvaluator
from pyscimlode.kinetics.evolution import (
    Evolution,
    EvolutionResult,
    Generation,
    evolve,
    mirrored,
    published,
)
from pyscimlode.kinetics.evolution_files import load_generator, save_generator
from pyscimlode.kinetics.examples import example_pathway, toy6
from pyscimlode.kinetics.generator import KineticGenerator
from pyscimlode.kinetics.moieties import Balances, balances, find_moieties, stoichiometry
from pyscimlode.kinetics.network import (
    Compartment,
    KineticNetwork,
    KineticSpecies,
)
from pyscimlode.kinetics.ode import KineticModel
from pyscimlode.kinetics.rates import RateFunction
from pyscimlode.kinetics.reactions import KineticReaction, Modifier, Participant, reaction
from pyscimlode.kinetics.rewards import fastest_reward, incidence_reward, window_reward
from pyscimlode.kinetics.state import SteadyState

__all__ = [
    "THRESHOLD",
    "Balances",
    "Compartment",
    "Evaluation",
    "Evolution",
    "EvolutionResult",
    "Generation",
    "KineticCase",
    "KineticEvaluator",
    "KineticGenerator",
    "KineticModel",
    "KineticNetwork",
    "KineticReaction",
    "KineticSpecies",
    "Modifier",
    "Participant",
    "RateFunction",
    "SteadyState",
    "balances",
    "case_to_json",
    "check_state",
    "evolve",
    "example_pathway",
    "fastest_reward",
    "find_moieties",
    "incidence_reward",
    "load_generator",
    "log_displacement",
    "mirrored",
    "network_from_json",
    "published",
    "reaction",
    "read_case",
    "save_generator",
    "state_from_json",
    "stoichiometry",
    "toy6",
    "window_reward",
    "write_case",
]
