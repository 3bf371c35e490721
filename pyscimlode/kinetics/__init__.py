"""Generative kinetic models: which parameters give a network the dynamics that are observed?

A steady state and a set of KM fix every Vmax; the eigenvalues of the Jacobian say how fast the
model returns to the state. Generators of KM are trained until their models are as fast as the cell
(Choudhury et al., Nat. Catal. 7:1086, 2024, RENAISSANCE).

>>> from pyscimlode.kinetics import KineticEvaluator, toy6
>>> case = toy6()
>>> evaluator = KineticEvaluator(case.network, case.state)
>>> evaluator.eigenvalues([[0.0] * len(case.network.km_names)]).real.max().round(6)
np.float64(-3.487246)
"""

from __future__ import annotations

from pyscimlode.kinetics.dynamics.bioreactor import batch_culture, batch_cultures
from pyscimlode.kinetics.dynamics.cultures import BatchCulture, cultures_table
from pyscimlode.kinetics.dynamics.fitting import KineticFit, fit_parameters
from pyscimlode.kinetics.dynamics.ode import KineticModel
from pyscimlode.kinetics.dynamics.perturbation import perturbed
from pyscimlode.kinetics.dynamics.robustness import (
    Robustness,
    Watched,
    assess_robustness,
    compartment_species,
)
from pyscimlode.kinetics.dynamics.simulated import simulate_strains, with_levels
from pyscimlode.kinetics.evaluation.evaluator import THRESHOLD, Evaluation, KineticEvaluator
from pyscimlode.kinetics.evaluation.opinions import (
    EigenvalueComparison,
    EigenvalueOpinion,
    compare_eigenvalues,
)
from pyscimlode.kinetics.formats.case_json import (
    KineticCase,
    case_to_json,
    network_from_json,
    read_case,
    state_from_json,
    write_case,
)
from pyscimlode.kinetics.formats.cobra_models import network_from_cobra
from pyscimlode.kinetics.formats.imported import ImportedNetwork
from pyscimlode.kinetics.formats.parameter_sets import (
    ParameterSets,
    iterate_parameter_sets,
    read_parameter_sets,
    write_generated_sets,
    write_parameter_sets,
)
from pyscimlode.kinetics.formats.sbml_export import model_to_sbml, write_sbml
from pyscimlode.kinetics.formats.sbml_import import model_from_sbml, read_sbml
from pyscimlode.kinetics.formats.skimpy_yaml import read_skimpy_yaml
from pyscimlode.kinetics.formats.tfa_states import read_tfa_states
from pyscimlode.kinetics.generators.evolution import (
    Evolution,
    EvolutionResult,
    Generation,
    evolve,
    mirrored,
    published,
)
from pyscimlode.kinetics.generators.evolution_files import (
    load_generator,
    load_training,
    save_generator,
)
from pyscimlode.kinetics.generators.generator import KineticGenerator
from pyscimlode.kinetics.generators.integration import (
    measured_intervals,
    overlap_table,
    uncertainty_reduction,
    with_measured,
)
from pyscimlode.kinetics.generators.rewards import fastest_reward, incidence_reward, window_reward
from pyscimlode.kinetics.landscapes.landscape import (
    Landscape,
    embed,
    never_fast,
    polar_view,
    read_states,
    scan_landscape,
)
from pyscimlode.kinetics.landscapes.searches import EvolutionSearch, GeneratorSearch, UniformSearch
from pyscimlode.kinetics.networks.checks import check_state, log_displacement
from pyscimlode.kinetics.networks.examples import example_pathway, toy6
from pyscimlode.kinetics.networks.moieties import Balances, balances, find_moieties, stoichiometry
from pyscimlode.kinetics.networks.network import (
    Compartment,
    KineticNetwork,
    KineticSpecies,
)
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.kinetics.sampling.equilibrator_keq import EstimatedKeq, keq_from_equilibrator
from pyscimlode.kinetics.sampling.state_ranges import StateRanges
from pyscimlode.kinetics.sampling.steady_states import SteadyStateSample, sample_steady_states
from pyscimlode.models.kinetic.rates import RateFunction
from pyscimlode.models.kinetic.reactions import KineticReaction, Modifier, Participant, reaction

__all__ = [
    "THRESHOLD",
    "Balances",
    "BatchCulture",
    "Compartment",
    "EigenvalueComparison",
    "EigenvalueOpinion",
    "EstimatedKeq",
    "Evaluation",
    "Evolution",
    "EvolutionResult",
    "EvolutionSearch",
    "Generation",
    "GeneratorSearch",
    "ImportedNetwork",
    "KineticCase",
    "KineticEvaluator",
    "KineticFit",
    "KineticGenerator",
    "KineticModel",
    "KineticNetwork",
    "KineticReaction",
    "KineticSpecies",
    "Landscape",
    "Modifier",
    "ParameterSets",
    "Participant",
    "RateFunction",
    "Robustness",
    "StateRanges",
    "SteadyState",
    "SteadyStateSample",
    "UniformSearch",
    "Watched",
    "assess_robustness",
    "balances",
    "batch_culture",
    "batch_cultures",
    "case_to_json",
    "check_state",
    "compare_eigenvalues",
    "compartment_species",
    "cultures_table",
    "embed",
    "evolve",
    "example_pathway",
    "fastest_reward",
    "find_moieties",
    "fit_parameters",
    "incidence_reward",
    "iterate_parameter_sets",
    "keq_from_equilibrator",
    "load_generator",
    "load_training",
    "log_displacement",
    "measured_intervals",
    "mirrored",
    "model_from_sbml",
    "model_to_sbml",
    "network_from_cobra",
    "network_from_json",
    "never_fast",
    "overlap_table",
    "perturbed",
    "polar_view",
    "published",
    "reaction",
    "read_case",
    "read_parameter_sets",
    "read_sbml",
    "read_skimpy_yaml",
    "read_states",
    "read_tfa_states",
    "sample_steady_states",
    "save_generator",
    "scan_landscape",
    "simulate_strains",
    "state_from_json",
    "stoichiometry",
    "toy6",
    "uncertainty_reduction",
    "window_reward",
    "with_levels",
    "with_measured",
    "write_case",
    "write_generated_sets",
    "write_parameter_sets",
    "write_sbml",
]
