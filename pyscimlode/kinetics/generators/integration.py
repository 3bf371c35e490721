"""Measured KM among generated ones: intervals, and how the other KM move."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError, did_you_mean
from pyscimlode.kinetics.generators.generator import KineticGenerator
from pyscimlode.kinetics.networks.network import KineticNetwork

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
SPREAD = 0.2
QUANTILES = (0.05, 0.95)
"""A generated interval holds the middle 90 % of the models."""
OTHER = "other"
"""Subsystem of reactions that none is given for."""


def measured_intervals(
    reports: Mapping[str, float | Iterable[float]], spread: float = SPREAD
) -> dict[str, tuple[float, float]]:
    """Return KM name -> (low, high) in ln mM: the geometric mean of its reports -+ a share.

    What ``KineticGenerator(measured=...)`` takes: values are drawn uniformly in ln between the two
    (the published code does so as well).

    Args:
        reports: KM name -> one or more measured values in mM.
        spread: of the mean, on both sides.

    Raises:
        DataError: a KM without values, one that is not positive, or a spread outside [0, 1).
    """
    if not 0 <= spread < 1:
        raise DataError(f"spread={spread!r} must be at least 0 and below 1.")
    result = {}
    for name, given in reports.items():
        values = _values(name, given)
        if not values:
            raise DataError(f"The measured KM {name!r} has no value.")
        for value in values:
            if not (math.isfinite(value) and value > 0):
                raise DataError(f"The measured KM {name!r} is {value!r} mM; it must be positive.")
        mean = math.fsum(math.log(value) for value in values) / len(values)
        result[name] = (mean + math.log1p(-spread), mean + math.log1p(spread))
    return result


def _values(name: str, given: Any) -> list[float]:
    try:
        if isinstance(given, Iterable) and not isinstance(given, str):
            return [float(value) for value in given]
        return [float(given)]
    except (TypeError, ValueError) as error:
        message = f"The measured KM {name!r} is {given!r}; numbers in mM are expected."
        raise DataError(message) from error


def with_measured(
    generator: KineticGenerator,
    reports: Mapping[str, float | Iterable[float]],
    spread: float = SPREAD,
) -> KineticGenerator:
    """Return the generator with measured KM in place of generated ones, in training and sampling.

    Args:
        generator: theta of it stays usable.
        reports: KM name -> measured values in mM; KM that it has already are replaced.
        spread: see :func:`measured_intervals`.

    Raises:
        DataError: values that are no KM.
        ModelError: a KM that the generator does not make.
    """
    measured = {**generator.measured, **measured_intervals(reports, spread)}
    return replace(generator, measured=measured)


def overlap(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """Return the overlap score and the coverage of two intervals (low, high).

    The score is length(A and B) / length(A or B), the coverage length(A and B) / length(B). Where B
    is one point, the coverage says whether it lies in A, and so does the score where A is one too.
    """
    common = min(a[1], b[1]) - max(a[0], b[0])
    union = (a[1] - a[0]) + (b[1] - b[0]) - max(common, 0.0)
    inside = float(common >= 0)
    score = max(common, 0.0) / union if union > 0 else inside
    width = b[1] - b[0]
    return score, max(common, 0.0) / width if width > 0 else inside


def overlap_table(
    network: KineticNetwork,
    ln_km: npt.ArrayLike,
    measured: Mapping[str, tuple[float, float]],
    subsystems: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Compare generated KM with measured ones, both in log10 mM, one row for each measured KM.

    Generated intervals are the 5-95 % quantiles of the models. The published code has no overlap
    score; it is computed here as the article describes it.

    Args:
        network: the kinetic network.
        ln_km: ``(models, KM)`` ln mM.
        measured: KM name -> (low, high) in ln mM, see :func:`measured_intervals`; as a rule those
            that were *not* given to the generator.
        subsystems: reaction id -> subsystem.

    Returns:
        Columns ``km``, ``reaction``, ``subsystem``, ``generated_low``, ``generated_high``,
        ``measured_low``, ``measured_high``, ``overlap``, ``coverage``; group by ``subsystem`` for
        its mean.

    Raises:
        DataError: a KM that the network does not have, or another number of columns.
    """
    import pandas as pd

    low, high = _intervals(network, ln_km)
    owners = _owners(network)
    rows = []
    for name, bounds in measured.items():
        if name not in owners:
            raise DataError(f"The measured KM {name!r} is not known." + did_you_mean(name, owners))
        column = network.km_names.index(name)
        wanted = (bounds[0] / math.log(10.0), bounds[1] / math.log(10.0))
        found = (float(low[column]), float(high[column]))
        score, coverage = overlap(found, wanted)
        subsystem = (subsystems or {}).get(owners[name], OTHER)
        rows.append((name, owners[name], subsystem, *found, *wanted, score, coverage))
    columns = ["km", "reaction", "subsystem", "generated_low", "generated_high"]
    return pd.DataFrame(
        rows, columns=[*columns, "measured_low", "measured_high", "overlap", "coverage"]
    )


def uncertainty_reduction(
    network: KineticNetwork,
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    measured: Iterable[str] = (),
    subsystems: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return how the interval of each KM changed when measured values were integrated.

    Inert KM are left out.

    Args:
        network: the kinetic network.
        before: ``(models, KM)`` ln mM, generated without the measured KM.
        after: ``(models, KM)`` ln mM, generated with them.
        measured: KM that were integrated.
        subsystems: reaction id -> subsystem.

    Returns:
        Columns ``km``, ``reaction``, ``subsystem``, ``measured``, ``width_before`` and
        ``width_after`` (5-95 % in log10), ``reduction`` (1 - after/before), ``shift`` (of the
        median, in log10); the largest reduction of an unmeasured KM first.

    Raises:
        DataError: an unknown KM, or another number of columns.
    """
    import pandas as pd

    owners = _owners(network)
    given = set(measured)
    for name in given:
        if name not in owners:
            raise DataError(f"The measured KM {name!r} is not known." + did_you_mean(name, owners))
    first, second = _intervals(network, before), _intervals(network, after)
    widths = first[1] - first[0], second[1] - second[0]
    middle = [np.median(np.asarray(x, dtype=np.float64), axis=0) for x in (before, after)]
    shift = (middle[1] - middle[0]) / math.log(10.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        reduction = np.where(widths[0] > 0, 1.0 - widths[1] / widths[0], 0.0)
    frame = pd.DataFrame(
        {
            "km": network.km_names,
            "reaction": [owners[name] for name in network.km_names],
            "subsystem": [(subsystems or {}).get(owners[n], OTHER) for n in network.km_names],
            "measured": [name in given for name in network.km_names],
            "width_before": widths[0],
            "width_after": widths[1],
            "reduction": reduction,
            "shift": shift,
        }
    )
    active = frame[network.km_active]
    order = ["measured", "reduction"]
    return active.sort_values(order, ascending=[True, False]).reset_index(drop=True)


def _owners(network: KineticNetwork) -> dict[str, str]:
    return {p.km: r.id for r in network.reactions for p in r.participants if p.km is not None}


def _intervals(network: KineticNetwork, ln_km: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    array = np.asarray(ln_km, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != len(network.km_names) or not len(array):
        raise DataError(
            f"ln_km has the shape {array.shape}; it must be (models, {len(network.km_names)})."
        )
    low, high = np.quantile(array, QUANTILES, axis=0) / math.log(10.0)
    return low, high
