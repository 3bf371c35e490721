"""One model at a time with compiled symbolic derivatives, as large kinetic models are often built.

SKiMpy (Weilandt et al., Bioinformatics 39:btac787, 2023) makes compiled functions of symbolic
elasticities and calls them for one parameter set after the other. This stands in for it: formulas
of the rates, derived by sympy, compiled by the C compiler (or made Python functions where there is
none), then dense products and LAPACK's eigenvalues.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import sympy

from pyscimlode.kinetics import KineticCase, balances
from pyscimlode.kinetics.formats.formulas import rate_formulas

Function = Callable[[np.ndarray], np.ndarray]


class Symbolic:
    """KM -> lambda_max with compiled derivatives of the rates.

    Attributes:
        compiler: ``"C"``, or ``"Python"`` without a C compiler.
        seconds: that deriving and compiling took, elapsed.
    """

    def __init__(self, case: KineticCase) -> None:
        started = time.perf_counter()
        network, state, of = case.network, case.state, balances(case.network)
        names = {name: f"c{i}" for i, name in enumerate(network.species_ids)}
        names |= {name: f"k{i}" for i, name in enumerate(network.km_names)}
        names |= {f"vmax_{r}": f"v{j}" for j, r in enumerate(network.reaction_ids)}
        names |= {f"keq_{r}": f"q{j}" for j, r in enumerate(network.reaction_ids)}
        symbols = {s: sympy.Symbol(s) for s in names.values()}
        texts = rate_formulas(network, names).values()
        rates = [sympy.sympify(text.replace("^", "**"), locals=symbols) for text in texts]
        species = [symbols[names[name]] for name in network.species_ids]
        self.entries = [
            (j, i) for j, rate in enumerate(rates) for i, one in enumerate(species) if rate.has(one)
        ]
        slopes = [rates[j].diff(species[i]) for j, i in self.entries]
        order = [s for kind in "ckvq" for s in symbols.values() if s.name[0] == kind]
        self.compiler = "C" if shutil.which("cc") else "Python"
        make = _compiled if self.compiler == "C" else _lambdified
        self.rates, self.slopes = make(order, rates), make(order, slopes)
        rows = np.isin(of.dynamic, of.independent)
        self.matrix, self.of, self.state = of.matrix[rows], of, state
        self.kms = len(network.km_names)
        self.seconds = time.perf_counter() - started

    def jacobian(self, ln_km: np.ndarray) -> np.ndarray:
        """Return the reduced Jacobian ``(n, n)`` of one model; scaled by concentrations."""
        of, state = self.of, self.state
        values = np.concatenate(
            [state.concentrations, np.exp(ln_km), np.ones(len(state.keq)), state.keq]
        )
        first = len(state.concentrations) + self.kms
        values[first : first + len(state.keq)] = state.fluxes_mM_h / self.rates(values)
        by_species = np.zeros((len(state.keq), len(state.concentrations)))
        by_species[tuple(np.array(self.entries).T)] = self.slopes(values)
        independent = by_species[:, of.independent] + by_species[:, of.dependent] @ of.link
        c = state.concentrations[of.independent]
        return self.matrix @ independent * (c / c[:, None])

    def lambda_max(self, ln_km: np.ndarray) -> np.ndarray:
        """Return the largest real part ``(models,)``, one model after the other."""
        return np.array([np.linalg.eigvals(self.jacobian(row)).real.max() for row in ln_km])


def _lambdified(symbols: list[sympy.Symbol], expressions: list[sympy.Expr]) -> Function:
    function = sympy.lambdify(symbols, expressions, modules="math", cse=True)
    return lambda values: np.array(function(*values.tolist()))


def _compiled(symbols: list[sympy.Symbol], expressions: list[sympy.Expr]) -> Function:
    """Return a C function of the expressions, with common parts computed once."""
    with_index = {s: sympy.Symbol(f"in[{i}]") for i, s in enumerate(symbols)}
    common, results = sympy.cse(expressions, symbols=sympy.numbered_symbols("t"))
    lines = [f"double {s} = {sympy.ccode(e.xreplace(with_index))};" for s, e in common]
    lines += [f"out[{i}] = {sympy.ccode(e.xreplace(with_index))};" for i, e in enumerate(results)]
    body = "\n".join(["#include <math.h>", "void f(const double *in, double *out) {", *lines, "}"])
    with TemporaryDirectory() as folder:
        source, library = Path(folder) / "f.c", Path(folder) / "f.so"
        source.write_text(body, encoding="utf-8")
        command = ["cc", "-O2", "-shared", "-fPIC", str(source), "-o", str(library), "-lm"]
        subprocess.run(command, check=True, capture_output=True)
        function = ctypes.CDLL(str(library)).f
    pointer = ctypes.POINTER(ctypes.c_double)

    def call(values: np.ndarray) -> np.ndarray:
        result = np.empty(len(expressions))
        function(values.ctypes.data_as(pointer), result.ctypes.data_as(pointer))
        return result

    return call
