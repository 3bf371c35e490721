"""Checkpoints of an evolution and trained generators: safetensors with JSON, written atomically."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyscimlode.artifacts import load_arrays, save_arrays
from pyscimlode.errors import ArtifactError, TrainingError
from pyscimlode.kinetics.generators.generator import KineticGenerator

if TYPE_CHECKING:
    from pyscimlode.kinetics.generators.evolution import EvolutionResult
    from pyscimlode.kinetics.torch.training import GradientResult

    Training: TypeAlias = EvolutionResult | GradientResult | None

FloatArray = npt.NDArray[np.float64]
CHECKPOINT = "kinetic evolution"
GENERATOR = "kinetic generator"
COURSES = {
    "evolution": ("rewards", "incidence", "parent_incidence"),
    "gradient": ("loss", "incidence", "diversity"),
}
"""Arrays of the course of each kind of training."""


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
        for name in (*wanted, *found):
            if found.get(name) != wanted.get(name):
                raise TrainingError(
                    f"{path} is a checkpoint of another evolution: its {part} has "
                    f"{name}={found.get(name)!r}, not {wanted.get(name)!r}. Choose another file, "
                    "or start without resume=True."
                )
    return EvolutionState(generation=int(metadata["generation"]), **arrays)


def save_generator(
    path: str | Path, generator: KineticGenerator, theta: FloatArray, training: Training = None
) -> Path:
    """Write a generator with its weights, and the course of its training, as one file.

    Raises:
        ArtifactError: the file cannot be written.
    """
    arrays, metadata = {"theta": theta}, generator.to_json()
    if training is not None:
        kind = next(kind for kind, names in COURSES.items() if hasattr(training, names[0]))
        arrays |= {name: getattr(training, name) for name in COURSES[kind]}
        metadata["training"] = {"kind": kind, "settings": asdict(training.settings)}
    return save_arrays(path, arrays, metadata, kind=GENERATOR)


def load_generator(path: str | Path) -> tuple[KineticGenerator, FloatArray]:
    """Read the generator and its weights that :func:`save_generator` wrote.

    Raises:
        ArtifactError: the file is missing, damaged or of another kind.
    """
    generator, arrays, _ = _load(path)
    return generator, arrays["theta"]


def load_training(path: str | Path) -> Training:
    """Read the course of a generator's training; None where its file has none.

    Raises:
        ArtifactError: the file is missing, damaged or of another kind.
    """
    from pyscimlode.kinetics.generators.evolution import Evolution, EvolutionResult

    generator, arrays, training = _load(path)
    if training is None:
        return None
    theta, settings = arrays["theta"], training["settings"]
    try:
        course = {name: arrays[name] for name in COURSES[training["kind"]]}
    except KeyError as error:
        raise ArtifactError(f"{path} is damaged: it lacks {error}; train it anew.") from error
    if training["kind"] == "evolution":
        return EvolutionResult(generator, theta, settings=Evolution(**settings), **course)
    from pyscimlode.kinetics.torch import GradientResult, GradientTraining

    return GradientResult(generator, theta, settings=GradientTraining(**settings), **course)


def _load(path: str | Path) -> tuple[KineticGenerator, dict[str, Any], dict[str, Any] | None]:
    arrays, metadata = load_arrays(path, kind=GENERATOR)
    training = metadata.pop("training", None)
    generator = KineticGenerator.from_json(metadata)
    theta = arrays.get("theta", np.zeros(0))
    if theta.shape != (generator.layout.size,):
        raise ArtifactError(
            f"{path} is damaged: its weights have the shape {theta.shape}, and its generator "
            f"{generator.layout.size} weights."
        )
    return generator, dict(arrays), training
