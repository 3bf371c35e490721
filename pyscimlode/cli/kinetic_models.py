"""What the commands of ``pyscimlode kinetics`` share: cases, models, progress, cultures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.cli.console import note
from pyscimlode.errors import DataError, ModelError, did_you_mean

if TYPE_CHECKING:
    from pyscimlode.kinetics import BatchCulture, KineticCase, KineticEvaluator, Robustness

FloatArray = npt.NDArray[np.float64]
SBML = (".xml", ".sbml")
MOST_DRAWS = 50
"""Batches of models that are drawn at most in search of valid ones."""
NEVER_VALID = (
    "No model is valid. KM far below the concentrations saturate enzymes, and saturated enzymes do "
    "not bring a state back: narrow the KM towards the concentrations with --km, such as "
    "--km 1e-3:2e4; try the other --recipe; or choose another steady state."
)


def find_case(
    name: str, density: float | None = None, *, for_cultures: bool = False
) -> KineticCase:
    """Return an own example by name, or the case of a JSON or SBML file.

    Args:
        name: of the example or file.
        density: gDW/L in place of the state's.
        for_cultures: fluxes in mM/h are left as they are, and the density is the cultures' alone.

    Raises:
        DataError: there is no such example and no such file, or an SBML file without a state.
    """
    from pyscimlode.kinetics import KineticCase, example_pathway, read_case, read_sbml, toy6

    own = {"toy6": toy6, "example_pathway": example_pathway}
    if name in own:
        case = own[name]()
    elif not Path(name).exists():
        raise DataError(
            f"{name} is no file, and no example: there are {', '.join(own)}."
            + did_you_mean(name, own)
        )
    elif Path(name).suffix.lower() in SBML:
        found = read_sbml(name)
        if found.state is None:
            raise DataError(
                f"{name} has no steady state, as pyscimlode did not write it: read_sbml gives its "
                "network, sample_steady_states its states, and write_case makes a case of one."
            )
        case = KineticCase(found.network, found.state)
    else:
        case = read_case(name)
    if density is None or (for_cultures and case.state.flux_unit == "mM/h"):
        return case
    return KineticCase(case.network, case.state.with_density(density))


def evaluator_of(case: KineticCase) -> KineticEvaluator:
    """Return the evaluator of a case."""
    from pyscimlode.kinetics import KineticEvaluator

    return KineticEvaluator(case.network, case.state)


def two_numbers(text: str) -> tuple[float, float]:
    """Return the numbers of LOW:HIGH; NaN where it is anything else."""
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        return float("nan"), float("nan")
    return low, high


def km_bounds(text: str | None) -> tuple[float, float]:
    """Return the bounds in ln mM of LOW:HIGH in mM; the published ones for None.

    Raises:
        ModelError: anything but two positive numbers in order.
    """
    from pyscimlode.kinetics.generators.generator import BOUNDS

    if text is None:
        return BOUNDS
    low, high = two_numbers(text)
    if not 0 < low < high < float("inf"):
        raise ModelError(f"--km {text!r}: give two positive numbers in mM, such as 1e-3:2e4.")
    return float(np.log(low)), float(np.log(high))


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """Yield that many processes; None for one, which is this one."""
    if workers == 1:
        yield None
        return
    with ProcessPoolExecutor(workers) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def generated_models(
    evaluator: KineticEvaluator, file: Path, models: int, seed: int, *, any_models: bool
) -> FloatArray:
    """Return ln KM of models of a generator ``(models, KM)``; valid ones, or any.

    Raises:
        DataError: the generator is of another network, or hardly any of its models is valid.
    """
    from pyscimlode.kinetics import load_generator

    generator, theta = load_generator(file)
    if generator.km_names != evaluator.network.km_names:
        raise DataError(
            f"{file} makes the KM of another network than {evaluator.network.name!r}; train a "
            "generator for this case."
        )
    if any_models:
        return generator.sample(theta, models, seed)
    found: list[FloatArray] = []
    batch = max(models, 100)
    draws = generator.batches(theta, MOST_DRAWS * batch, seed, batch=batch)
    for drawn, ln_km in enumerate(draws, 1):
        found.append(ln_km[evaluator.evaluate(ln_km, screened=True).valid])
        if sum(map(len, found)) >= models:
            note(f"{models} valid models, of {drawn * batch} that were drawn.")
            return np.concatenate(found)[:models]
    raise DataError(
        f"{sum(map(len, found))} of {MOST_DRAWS * batch} models of {file} are valid, and {models} "
        "are asked for: train it longer, or take --any models."
    )


def follow_perturbed(
    evaluator: KineticEvaluator,
    ln_km: FloatArray,
    *,
    perturbations: int,
    compartment: str,
    growth: str | None,
    seed: int,
    workers: int,
) -> Robustness:
    """Return what becomes of perturbed models, with progress."""
    from pyscimlode.kinetics import Watched, assess_robustness, compartment_species

    everything = compartment_species(evaluator.network, compartment)
    watched = [Watched(f"all of {compartment}", everything)]
    if growth:
        watched.insert(0, Watched("growth", reactions=(growth,)))
    with processes(workers) as executor:
        return assess_robustness(
            evaluator,
            ln_km,
            watched,
            perturbations=perturbations,
            seed=seed,
            executor=executor,
            progress=True,
        )


def follow_cultures(
    evaluator: KineticEvaluator,
    ln_km: FloatArray,
    growth: str,
    held: Sequence[str],
    workers: int,
    density: float | None = None,
) -> tuple[BatchCulture, ...]:
    """Return a culture of each model, with progress."""
    from pyscimlode.kinetics import batch_cultures

    with processes(workers) as executor:
        return batch_cultures(
            evaluator, ln_km, growth, held=held, density=density, executor=executor, progress=True
        )


def culture_rows(cultures: Sequence[BatchCulture]) -> list[dict[str, object]]:
    """Return a row for each culture: growth, what is exhausted first, the lowest concentration."""
    rows = []
    for number, culture in enumerate(cultures):
        gone = {name: culture.exhausted_h(name) for name in culture.medium}
        first = min(gone, key=lambda name: gone[name])
        ended = np.isfinite(gone[first])
        reached = np.isfinite(culture.biomass)
        rows.append(
            {
                "model": number,
                "reached (h)": f"{culture.reached_h:.4g}",
                "growth at start (1/h)": f"{culture.growth_rate[0]:.3g}",
                "biomass at end (gDW/L)": f"{culture.biomass[reached][-1]:.3g}",
                "first exhausted": f"{first} at {gone[first]:.1f} h" if ended else "nothing",
                "lowest concentration (mM)": f"{np.nanmin(culture.concentrations):.2g}",
            }
        )
    return rows
