"""The tables as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADER = (
    "engine",
    "start s",
    "gradient ms (CPU)",
    "forecast ms (CPU)",
    "training s, shared loop (loss)",
    "training s, own loop (loss)",
    "peak MiB",
    "trajectory error",
    "gradient error",
)
NOTE = (
    "The same arrays, parameters, method and tolerances for every engine, in float64; errors are "
    "those against the reference engine (SciPy, rtol 1e-10) on some of the experiments: "
    "trajectories in units of a state's scale, gradients relative. **Start**: from the start of "
    "a process to its first gradient, imports included, median of processes. **Gradient** "
    "and **forecast**: warm, median of elapsed times of engines in turn, and of processor time "
    "with that of an engine's worker process. **Training**: Adam, then BFGS, from equal "
    "parameters, once; in the loop that all engines share and in the engine's own, with the final "
    "loss as the first engine computes it. **Peak**: largest resident memory of the process and "
    "its worker over six gradients. Where elapsed times are much longer than processor times, the "
    "machine did other things as well."
)


def markdown(found: Mapping[str, Any]) -> str:
    """Return the whole report."""
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    lines = ["# Engines beside each other", "", machine + ".", "", NOTE, ""]
    for name, reason in found["absent"].items():
        lines += [f"Not measured: `{name}`. {reason}", ""]
    for key, row in found["rows"].items():
        solver = row["solver"]
        lines += [
            f"## {key}",
            "",
            f"{row['problem']}; {solver['method']}, rtol {solver['rtol']:.0e}, atol "
            f"{solver['atol']:.0e}; errors on {row['judged']} experiment(s); training "
            f"{', then '.join(row['stages'])}.",
            "",
            _line(HEADER),
            _line(["---"] + ["---:"] * (len(HEADER) - 1)),
            *(_line(_cells(name, engine)) for name, engine in row["engines"].items()),
            "",
        ]
    return "\n".join(lines)


def _cells(name: str, engine: Mapping[str, Any]) -> list[str]:
    memory = engine.get("peak_mib")
    return [
        name,
        f"{engine['cold_s']:.1f}" if "cold_s" in engine else "",
        *(_time(engine[kind]) for kind in ("gradient", "forecast")),
        *(_training(engine["training"].get(loop)) for loop in ("shared", "native")),
        "" if memory is None else f"{memory:.0f}",
        f"{engine['trajectory_error']:.0e}",
        f"{engine['gradient_error']:.0e}",
    ]


def _time(timing: Mapping[str, Any]) -> str:
    return f"{timing['wall_ms']:.3g} ({timing['cpu_ms']:.3g})"


def _training(training: Mapping[str, Any] | None) -> str:
    if training is None:
        return "shared"
    return f"{training['wall_s']:.3g} ({training['last_loss']:.4g})"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
