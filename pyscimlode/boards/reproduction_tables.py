"""The wide tables of a reproduction; every cell is text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyscimlode.boards.published import SCORES, TABLE_V, improvement
from pyscimlode.boards.reproduction_batch import ADAM, END, VARIANTS
from pyscimlode.boards.reproduction_numbers import (
    Column,
    errors,
    mean_and_sd,
    means,
    number,
    of_task,
    printed,
    text,
)
from pyscimlode.boards.reproduction_scores import NET, PUBLISHED_NET, PUBLISHED_TPOT, UNTRAINED
from pyscimlode.results.scoring import ZERO_FIELD

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards.reproduction import Reproduction

MEAN = "mean"
CLEAN_MEAN = "mean without †"
IMPROVEMENT = "improvement %"


def tables(result: Reproduction) -> Mapping[str, pd.DataFrame]:
    """Return title -> table; see :meth:`Reproduction.tables`."""
    found: dict[str, pd.DataFrame] = {}
    for strain, pathway in result.settings["strains"].items():
        roman = SCORES[pathway].table
        for variant in result.settings["variants"]:
            title = f"Table {roman} ({strain}), RMSE: {VARIANTS[variant].meaning}"
            found[title] = identity_table(result, strain, variant)
    for strain in result.strains:
        for value in ("rmse", "nrmse"):
            title = f"{strain}, {value.upper()}: the same nets as a true forecast"
            found[title] = forecast_table(result, strain, value)
    found["Means over metabolites"] = means_table(result)
    found["Spread over seeds, and what the penalty changes"] = spread_table(result)
    found["How the stages ended"] = stages_table(result)
    found["Table V: time, measured on this machine"] = times_table(result)
    return found


def identity_table(result: Reproduction, strain: str, variant: str) -> pd.DataFrame:
    """Return one of Tables III and IV: published, ours, zero field; the baseline is a forecast."""
    rows = of_task(result.table, strain, "identity")
    columns: dict[str, pd.DataFrame] = {}
    for pir in result.settings["pir"]:
        columns[f"λ={pir:g} published"] = Column(PUBLISHED_NET, "", pir).of(rows)
        columns[f"λ={pir:g} ours"] = Column(NET, variant, pir).of(rows)
    columns["zero field"] = Column(ZERO_FIELD).of(rows)
    columns["untrained nets"] = Column(UNTRAINED).of(rows)
    columns["TPOT published (a forecast)"] = Column(PUBLISHED_TPOT).of(
        of_task(result.table, strain, "forecast")
    )
    return _by_state(columns, "rmse", baseline_mean(result, strain))


def forecast_table(result: Reproduction, strain: str, value: str) -> pd.DataFrame:
    """Return the nets of the first variant as forecasts, beside controls and baselines."""
    rows = of_task(result.table, strain, "forecast")
    variant = result.settings["variants"][0]
    columns = {
        f"λ={pir:g} ours": Column(NET, variant, pir).of(rows) for pir in result.settings["pir"]
    }
    for model in _others(rows):
        if model != PUBLISHED_TPOT:
            columns[model] = Column(model).of(rows)
        elif value == "rmse":
            columns["TPOT published"] = Column(model).of(rows)
    return _by_state(columns, value, baseline_mean(result, strain))


def means_table(result: Reproduction) -> pd.DataFrame:
    """Return one row a strain, model, variant and penalty; both tasks."""
    rows = []
    for strain in result.strains:
        identity, forecast = (of_task(result.table, strain, t) for t in ("identity", "forecast"))
        baseline = baseline_mean(result, strain)
        everything = [*nets(result), *published_nets(result)]
        everything += [Column(ZERO_FIELD), *(Column(name) for name in _others(forecast))]
        for column in everything:
            own, of_forecast = column.of(identity), column.of(forecast)
            label = [column.model, column.variant]
            if column.pir is not None:
                label.append(f"λ={column.pir:g}")
            rows.append(
                {
                    "strain": strain,
                    "whose": " ".join(part for part in label if part),
                    "identity RMSE": _mean_text(own),
                    IMPROVEMENT: _improvement(own, baseline),
                    "forecast RMSE": _mean_text(of_forecast),
                    "NRMSE clean": text(_finite_unit(of_forecast, clean=True)),
                    "NRMSE all": text(_finite_unit(of_forecast, clean=False)),
                }
            )
    return _frame(rows, "strain")


def spread_table(result: Reproduction) -> pd.DataFrame:
    """Return the mean RMSE of every seed, and how far nets of one seed differ by penalty."""
    rows = []
    for strain in result.strains:
        identity = of_task(result.table, strain, "identity")
        for column in nets(result):
            found = errors(column.of(identity)).mean(axis=0)
            seeds = {f"seed {seed}": number(float(value)) for seed, value in found.items()}
            first = Column(NET, column.variant, result.settings["pir"][0]).of(identity)
            change = (errors(column.of(identity)) - errors(first)).abs().to_numpy().max()
            rows.append(
                {
                    "strain": strain,
                    "variant": column.variant,
                    "λ": f"{column.pir:g}",
                    **seeds,
                    "sd": number(mean_and_sd(found.to_numpy())[1]),
                    "RMSE moved by λ": number(float(change)),
                    "weights moved, after Adam": _moved(result, strain, column, ADAM),
                    "weights moved, at the end": _moved(result, strain, column, END),
                }
            )
    return _frame(rows, "strain")


def stages_table(result: Reproduction) -> pd.DataFrame:
    """Return iterations, evaluations and endings over the seeds."""
    rows = []
    labels = ["strain", "variant", "pir", "stage"]
    for (strain, variant, pir, stage), group in result.stages.groupby(labels, sort=False):
        endings = group["message"].value_counts()
        rows.append(
            {
                "strain": strain,
                "variant": variant,
                "λ": f"{pir:g}",
                "stage": stage,
                "iterations": span(group["iterations"]),
                "evaluations": span(group["evaluations"]),
                "loss": text(group["loss"].to_numpy()),
                "ending": "; ".join(f"{count} x {ending}" for ending, count in endings.items()),
            }
        )
    return _frame(rows, "strain")


def times_table(result: Reproduction) -> pd.DataFrame:
    """Return Table V: published minutes on a T4, and minutes and seconds here."""
    rows = []
    for published in TABLE_V:
        strain = SCORES[published.pathway].strain
        if strain not in result.strains:
            continue
        rows.append(
            _time_row(f"{published.step}, {strain}: TPOT (published, T4)", published.baseline)
        )
        rows.append(_time_row(f"{published.step}, {strain}: NODE (published, T4)", published.net))
        here = result.times
        here = here[(here["strain"] == strain) & (here["step"] == published.step)]
        for _, row in here.iterrows():
            what = str(row["what"])
            if row["nets"] > 1:
                what = f"{row['nets']} {what}, one batch"
            label = f"{published.step}, {strain}: {what} (here)"
            rows.append(_time_row(label, float(row["seconds"]) / 60.0, float(row["cpu"])))
    return _frame(rows, "what")


def baseline_mean(result: Reproduction, strain: str) -> float:
    """Return the printed mean RMSE of the published baseline."""
    return SCORES[result.settings["strains"][strain]].tpot_mean


def nets(result: Reproduction) -> list[Column]:
    """Return the columns of our nets."""
    variants, penalties = result.settings["variants"], result.settings["pir"]
    return [Column(NET, variant, pir) for variant in variants for pir in penalties]


def published_nets(result: Reproduction) -> list[Column]:
    """Return the columns of the published nets with our penalties."""
    printed = result.table[result.table["model"] == PUBLISHED_NET]["pir"]
    return [Column(PUBLISHED_NET, "", p) for p in result.settings["pir"] if p in set(printed)]


def span(values: pd.Series[Any]) -> str:
    """Return the least and the largest of whole numbers, or the one there is."""
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"


def _by_state(columns: Mapping[str, pd.DataFrame], value: str, baseline: float) -> pd.DataFrame:
    columns = {name: rows for name, rows in columns.items() if not rows.empty}
    first = next(iter(columns.values()))
    marked = {s for rows in columns.values() for s in rows.loc[rows["excluded"], "state"]}
    table: dict[str, dict[str, str]] = {}
    for name, rows in columns.items():
        found = errors(rows, value)
        show = printed if (rows["kind"] == "published").all() else text
        cells = {
            f"{state} †" if state in marked else str(state): show(found.loc[state].to_numpy())
            for state in found.index
        }
        cells[MEAN] = show(means(rows, value))
        if value == "nrmse":
            cells[CLEAN_MEAN] = text(means(rows, value, clean=True))
        else:
            cells[IMPROVEMENT] = _improvement(rows, baseline)
        table[name] = cells
    return _ordered(table, list(dict.fromkeys(first["state"])))


def _ordered(table: Mapping[str, Mapping[str, str]], states: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    labels = dict.fromkeys(label for cells in table.values() for label in cells)
    place = {state: index for index, state in enumerate(states)}
    order = sorted(labels, key=lambda label: place.get(label.removesuffix(" †"), len(place)))
    frame = pd.DataFrame(
        {name: [cells.get(label, "") for label in order] for name, cells in table.items()},
        index=pd.Index(order, name="metabolite"),
    )
    return frame


def _improvement(rows: pd.DataFrame, baseline: float) -> str:
    """Return the published improvement, two decimals; as printed, of a mean with two decimals."""
    if rows.empty:
        return ""
    mean = float(means(rows).mean())
    is_printed = (rows["kind"] == "published").all()
    return f"{improvement(round(mean, 2) if is_printed else mean, baseline):.2f}"


def _mean_text(rows: pd.DataFrame) -> str:
    is_printed = not rows.empty and (rows["kind"] == "published").all()
    return (printed if is_printed else text)(means(rows))


def _finite_unit(rows: pd.DataFrame, *, clean: bool) -> Any:
    """Return mean NRMSEs; nothing for published numbers, which have no unit here."""
    return (
        []
        if rows["nrmse"].isna().all() and rows["rmse"].notna().all()
        else means(rows, "nrmse", clean=clean)
    )


def _others(rows: pd.DataFrame) -> list[str]:
    """Return the models of a forecast that are not nets."""
    return [str(name) for name in dict.fromkeys(rows["model"]) if name != NET]


def _moved(result: Reproduction, strain: str, column: Column, after: str) -> str:
    rows = result.weights
    same = (rows["strain"] == strain) & (rows["variant"] == column.variant)
    found = rows[same & (rows["after"] == after) & (rows["pir"] == column.pir)]["difference"]
    return number(float(found.max())) if len(found) else ""


def _time_row(what: str, minutes: float, cpu: float | None = None) -> dict[str, str]:
    known = minutes == minutes
    return {
        "what": what,
        "minutes": f"{minutes:.3g}" if known else "interrupted",
        "seconds": _seconds(60.0 * minutes) if known else "",
        "CPU seconds": "" if cpu is None or not known else _seconds(cpu),
    }


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 60.0 else f"{value:.3g}"


def _frame(rows: Sequence[Mapping[str, Any]], index: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows)).fillna("").set_index(index)
