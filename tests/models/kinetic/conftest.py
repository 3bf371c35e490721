from __future__ import annotations

from tests.kinetics.conftest import kinetic_data, own, pathway, toy

__all__ = ["kinetic_data", "own", "pathway", "toy"]
