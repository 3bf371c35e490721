"""A worker without Julia: the reference engine answers, and faults come when they are asked for.

Run as a program. ``--fault KIND --on OP --at N --once FILE`` makes the N-th call of OP fail, if
FILE is not there yet; it is written first, so that the next worker does not fail again.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyscimlode.backends.julia.description import CONSTANTS
from pyscimlode.backends.julia.frames import MAGIC
from pyscimlode.backends.julia.serve import Pipe, serve
from pyscimlode.backends.julia.solvers import SOLVERS
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.models import ParameterLayout, Scaling, bound_to, model_from_json
from pyscimlode.problem import Objective, Problem

SCALING = ("state_scale", "control_shift", "control_scale", "control_max", "time_scale")
PROBLEM = (
    "times",
    "initial",
    "observed",
    "knot_times",
    "knot_values",
    "weights",
    "pir_weights",
    "pir",
    "loss_scale",
)


def rebuilt(meta: dict[str, Any], arrays: dict[str, Any]) -> tuple[Problem, SolverSpec]:
    """Return the problem and solver of a description."""
    problem = Problem(
        model=bound_to(model_from_json(meta["model"]), meta["state_names"], meta["control_names"]),
        scaling=Scaling(
            **{name: arrays[name] for name in SCALING}, control_transform=meta["control_transform"]
        ),
        state_names=tuple(meta["state_names"]),
        control_names=tuple(meta["control_names"]),
        experiment_names=tuple(meta["experiment_names"]),
        valid=arrays["valid"].astype(bool),
        control_interpolation=meta["control_interpolation"],
        objective=Objective(**meta["objective"]),
        **{name: arrays[name] for name in PROBLEM},
    )
    if problem.layout != ParameterLayout.from_json(meta["layout"]):
        raise ValueError("The layout is not the model's.")
    if meta["constants"] != CONSTANTS:
        raise ValueError("The constants are not pyscimlode's.")
    return problem, SolverSpec(**meta["solver"])


class StandIn:
    """Answers as the Julia package does, with the reference engine."""

    def __init__(self, pipe: Pipe, plan: argparse.Namespace) -> None:
        self.pipe = pipe
        self.plan = plan
        self.sessions: dict[int, Any] = {}
        self.opened = 0
        self.seen = 0

    def call(self, op: str, meta: Any, arrays: Any, progress: Any) -> Any:
        plan = self.plan
        if op == plan.on and not (plan.once and plan.once.exists()):
            self.seen += 1
            if self.seen == plan.at:
                if plan.once:
                    plan.once.write_text(op, encoding="utf-8")
                return self.fault({"kind": plan.fault}, progress)
        return getattr(self, op)(meta, arrays) if op not in TOLD else self.told(op, meta, progress)

    def told(self, op: str, meta: Any, progress: Any) -> Any:
        if op == "fault":
            return self.fault(meta, progress)
        if op == "state":
            torch = int("torch" in sys.modules)
            names = [name for name in os.environ if name.startswith(("PYTHON_JULIA", "JULIA"))]
            environ = {name: os.environ[name] for name in names}
            return {
                "open": len(self.sessions),
                "torch": torch,
                "pid": os.getpid(),
                "environ": environ,
            }, {}
        if op == "solvers":
            return {"names": list(SOLVERS)}, {}
        if op == "warm":
            for done in range(3):
                progress({"done": done + 1, "total": 3, "what": f"solver {done + 1}"})
            return {}, {}
        return {"julia": "0.0.0"}, {}

    def fault(self, meta: Any, progress: Any) -> Any:
        getattr(self, "fault_" + meta["kind"])(meta)
        return {"lived": True}, {}

    def fault_hang(self, meta: Any) -> None:
        time.sleep(meta.get("seconds", 60))

    def fault_kill(self, meta: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def fault_segv(self, meta: Any) -> None:
        print("what Julia says of segmentation faults", file=sys.stderr, flush=True)
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)

    def fault_exit(self, meta: Any) -> None:
        print("last words of the worker", flush=True)
        os._exit(3)

    def fault_raise(self, meta: Any) -> None:
        raise ValueError("a DimensionMismatch, say")

    def fault_ours(self, meta: Any) -> None:
        from pyscimlode.errors import SolverError

        raise SolverError("no such solver in Julia")

    def fault_memory_error(self, meta: Any) -> None:
        raise MemoryError

    def fault_print(self, meta: Any) -> None:
        print("printed where frames go")
        os.write(1, b"written where frames go\n")
        sys.stdout.flush()

    def fault_garbage(self, meta: Any) -> None:
        os.write(self.pipe.sink, b"Warning: this is no frame and never will be one\n")

    def fault_truncate(self, meta: Any) -> None:
        os.write(self.pipe.sink, MAGIC + (1000).to_bytes(8, "little") + b'{"id": 1')
        os._exit(0)

    def fault_not_json(self, meta: Any) -> None:
        os.write(self.pipe.sink, MAGIC + (4).to_bytes(8, "little") + b"nope")

    def fault_noise(self, meta: Any) -> None:
        for number in range(20_000):
            sys.stderr.write(f"line {number} " + 100 * "." + "\n")
        sys.stderr.write(3_000_000 * "x")
        sys.stderr.write("\nthe last line\n")
        sys.stderr.flush()

    def fault_allocate(self, meta: Any) -> None:
        held = []
        while True:
            held.append(np.ones(1 << 20))
            time.sleep(0.002)

    def fault_wrong_shape(self, meta: Any) -> None:
        """Nothing goes wrong but the answer."""

    def open(self, meta: Any, arrays: Any) -> Any:
        from pyscimlode.backends.reference.integrate import METHODS
        from pyscimlode.backends.reference.session import ReferenceSession

        self.opened += 1
        problem, solver = rebuilt(meta, arrays)
        if solver.method not in METHODS:
            solver = replace(solver, method="dopri8")
        self.sessions[self.opened] = ReferenceSession(problem, solver)
        return {"handle": self.opened}, {}

    def close(self, meta: Any, arrays: Any) -> Any:
        del self.sessions[meta["handle"]]
        return {}, {}

    def field(self, meta: Any, arrays: Any) -> Any:
        return {}, {"value": self.sessions[meta["handle"]].field(**arrays)}

    def field_vjp(self, meta: Any, arrays: Any) -> Any:
        return {}, {"gradient": self.sessions[meta["handle"]].field_vjp(**arrays)}

    def solve(self, meta: Any, arrays: Any) -> Any:
        found = self.sessions[meta["handle"]].solve(**arrays)
        names = ("z", "status", "failed_at", "nfev")
        return {"notes": ["solved"]}, {name: getattr(found, name) for name in names}

    def loss(self, meta: Any, arrays: Any) -> Any:
        session = self.sessions[meta["handle"]]
        if meta["gradient"]:
            parts, gradient = session.loss_and_grad(**arrays)
        else:
            parts, gradient = session.loss(**arrays), np.zeros_like(arrays["theta"])
        found = {"data": parts.data, "pir": parts.pir, "status": parts.status}
        return {"nfev": parts.nfev}, {**found, "gradient": gradient}

    def eigenvalues(self, meta: Any, arrays: Any) -> Any:
        values = np.linalg.eigvals(arrays["matrices"])
        return {}, {"real": values.real, "imaginary": values.imag}

    def train(self, meta: Any, arrays: Any) -> Any:
        """Plain gradient descent, to have something that trains."""
        session = self.sessions[meta["handle"]]
        theta, losses = arrays["theta"], []
        for stage in meta["stages"]:
            for _ in range(stage.get("steps", stage.get("max_iters"))):
                parts, gradient = session.loss_and_grad(theta)
                theta = theta - 1e-2 * gradient
                losses.append(parts.total)
        return {}, {"theta": theta, "losses": np.stack(losses, axis=1)}


TOLD = ("fault", "state", "solvers", "warm", "versions")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    parser.add_argument("--on", default="")
    parser.add_argument("--at", type=int, default=1)
    parser.add_argument("--once", type=Path)
    parser.add_argument("--at-start", default="")
    return parser.parse_args()


def main() -> None:
    plan = arguments()
    pipe = Pipe.claimed()

    def make() -> StandIn:
        handler = StandIn(pipe, plan)
        if plan.at_start:
            handler.fault({"kind": plan.at_start}, None)
        return handler

    serve(make, pipe)


if __name__ == "__main__":
    main()
