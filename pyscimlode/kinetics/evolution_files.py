"""Checkpoints of an evolution and trained generators: safetensors with JSON, written atomically."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.artifacts import load_arrays, save_arrays
from pyscimlode.errors import ArtifactError, TrainingError
from pyscimlode.kinetics.generator import KineticGenerator

FloatArray = npt.NDArray[np.float64]
CHECKPOINT = "kinetic evolution"
GENERATOR = "kinetic generator"


@dataclass(frozen=True, eq=False)
class EvolutionState:
    """Where an evolution stands.

    Attributes:
        theta: ``(size,)`` the parent's weights.
        generation: number of generations done.
        rewards: ``(generations, population)``.
        incidence: ``(generations, population)``.
        parent_incidence: ``(generations,)``.
    """

    theta: FloatArray
    generation: int
    rewards: FloatArray
    incidence: FloatArray
    parent_incidence: FloatArray


def save_evolution(path: Path, state: EvolutionState, identity: Mapping[str, Any]) -> Path:
    """Write a checkpoint; ``identity`` says whose.

    Raises:
        ArtifactError: the file cannot be written.
    """
    arrays = {
        "theta": state.theta,
        "rewards": state.rewards,
        "incidence": state.incidence,
        "parent_incidence": state.parent_incidence,
    }
    metadata = {"generation": state.generation, "identity": dict(identity)}
    return save_arrays(path, arrays, metadata, kind=CHECKPOINT)


def load_evolution(path: Path, identity: Mapping[str, Any]) -> EvolutionState:
    """Read a checkpoint of the evolution with this identity.

    Raises:
        ArtifactError: the file is missing, damaged or of another kind.
        TrainingError: it is of another evolution; the message names what differs.
    """
    arrays, metadata = load_arrays(path, kind=CHECKPOINT)
    for part, wanted in identity.items():
        found = metadata["identity"].get(part, {})
        for name, value in wanted.items():
            if found.get(name) != value:
                raise TrainingError(
                    f"{path} is a checkpoint of another evolution: its {part} has "
                    f"{name}={found.get(name)!r}, not {value!r}. Choose another file, or start "
                    "without resume=True."
                )
    return EvolutionState(generation=int(metadata["generation"]), **arrays)


def save_generator(path: str | Path, generator: KineticGenerator, theta: FloatArray) -> Path:
    """Write a generator with its weights as one file.

    Raises:
        ArtifactError: the file cannot be written.
    """
    return save_arrays(path, {"theta": theta}, generator.to_json(), kind=GENERATOR)


def load_generator(path: str | Path) -> tuple[KineticGenerator, FloatArray]:
    """Read what :func:`save_generator` wrote.

    Raises:
        ArtifactError: the file is missing, damaged or of another kind.
    """
    arrays, metadata = load_arrays(path, kind=GENERATOR)
    generator = KineticGenerator.from_json(metadata)
    theta = arrays.get("theta", np.zeros(0))
    if theta.shape != (generator.layout.size,):
        raise ArtifactError(
            f"{path} is damaged: its weights have the shape {theta.shape}, and its generator "
            f"{generator.layout.size} weights."
        )
    return generator, theta
