"""Other ways from KM to the largest eigenvalue, to compare with."""

from __future__ import annotations

from benchmarks.kinetics.peers.autograd import Autograd
from benchmarks.kinetics.peers.symbolic import Symbolic

__all__ = ["Autograd", "Symbolic"]
