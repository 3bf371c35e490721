"""Figures: data, forecasts, fields and rates, scores, comparisons, training history, kinetics.

Every function returns a figure that shows itself in notebooks and is saved with
``figure.savefig("name.png")``. None of them touches the state of ``matplotlib.pyplot``.
"""

from __future__ import annotations

from pyscimlode.plots.agreement import plot_agreement
from pyscimlode.plots.coverage import plot_coverage
from pyscimlode.plots.dataset import plot_dataset
from pyscimlode.plots.fields import plot_field
from pyscimlode.plots.forecast_panels import plot_forecast_panels
from pyscimlode.plots.forecasts import plot_forecast
from pyscimlode.plots.heatmap import plot_score_heatmap
from pyscimlode.plots.history import plot_history
from pyscimlode.plots.kinetic_use import plot_cultures, plot_landscape, plot_robustness
from pyscimlode.plots.kinetics import plot_eigenvalues, plot_incidence, plot_km_distributions
from pyscimlode.plots.learning_curves import plot_learning_curves
from pyscimlode.plots.rate_curves import rate_curves
from pyscimlode.plots.rates import plot_rates
from pyscimlode.plots.reproduction import plot_reproduction
from pyscimlode.plots.scores import plot_scores
from pyscimlode.plots.work_precision import plot_work_precision

__all__ = [
    "plot_agreement",
    "plot_coverage",
    "plot_cultures",
    "plot_dataset",
    "plot_eigenvalues",
    "plot_field",
    "plot_forecast",
    "plot_forecast_panels",
    "plot_history",
    "plot_incidence",
    "plot_km_distributions",
    "plot_landscape",
    "plot_learning_curves",
    "plot_rates",
    "plot_reproduction",
    "plot_robustness",
    "plot_score_heatmap",
    "plot_scores",
    "plot_work_precision",
    "rate_curves",
]
