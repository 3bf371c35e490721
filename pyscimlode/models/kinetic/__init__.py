"""Mechanistic rate laws: what they are, and their values for a whole network at once.

:mod:`pyscimlode.kinetics` builds networks on these; :class:`pyscimlode.models.HybridODE` takes them
as a pathway.
"""
