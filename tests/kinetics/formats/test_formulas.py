from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel
from pyscimlode.kinetics.formats.formulas import rate_formulas
from pyscimlode.kinetics.formats.sbml_export import sbml_ids


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_formulas_are_the_rates_of_all_laws(own: KineticCase, spread: float) -> None:
    network, rng = own.network, np.random.default_rng(4)
    evaluator = KineticEvaluator(network, own.state)
    model = KineticModel.at_steady_state(evaluator, rng.normal(size=len(network.km_names)))
    names = [f"vmax_{r}" for r in network.reaction_ids] + [f"keq_{r}" for r in network.reaction_ids]
    ids = sbml_ids([*network.species_ids, *network.km_names, *names])
    c = own.state.concentrations * np.exp(rng.normal(size=len(network.species)) * spread)
    values = dict(zip(network.species_ids, c, strict=True))
    values |= dict(zip(network.km_names, np.exp(model.ln_km), strict=True))
    values |= dict(zip(names, [*np.exp(model.ln_vmax), *own.state.keq], strict=True))
    space = {ids[name]: float(value) for name, value in values.items()}
    formulas = rate_formulas(network, ids)
    found = [eval(formulas[r].replace("^", "**"), {}, space) for r in network.reaction_ids]
    wanted = model.rate_function.rates(c, model.ln_km, model.ln_vmax)[0]
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12 * scale)


def test_formulas_are_finite_where_concentrations_are_zero(toy: KineticCase) -> None:
    network = toy.network
    names = [f"{kind}_{r}" for r in network.reaction_ids for kind in ("vmax", "keq")]
    ids = sbml_ids([*network.species_ids, *network.km_names, *names])
    space = dict.fromkeys(ids.values(), 1.0) | {ids[s]: 0.0 for s in network.species_ids}
    for formula in rate_formulas(network, ids).values():
        assert eval(formula.replace("^", "**"), {}, space) == 0.0
