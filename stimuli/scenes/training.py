"""Training of the demo world's network, repeatable bit for bit."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import scipy
import torch
from torch.nn import functional

from stimuli.scenes.classes import IMAGE_SIZE
from stimuli.scenes.classifier import (
    WEIGHTS_PATH,
    SceneNetwork,
    build_network,
    load_network,
    save_network,
)
from stimuli.scenes.evaluation import (
    Evaluation,
    Progress,
    SceneBatch,
    collect,
    evaluate,
    normalised,
)

SEED: Final = 2019
N_TRAIN: Final = 6400
N_EPOCHS: Final = 8
N_VALIDATION: Final = 800
VALIDATION_SEED: Final = 7
ACCURACY_TOLERANCE: Final = 0.05
RECORD_PATH: Final = WEIGHTS_PATH.with_suffix(".json")

BATCH: Final = 48
_PEAK_RATE: Final = 4e-3
_THREADS: Final = 2


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A trained network, in evaluation mode, and its loss per epoch."""

    network: SceneNetwork
    losses: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RetrainingResult:
    """What `retrain` wrote.

    Attributes:
        path: The weights file.
        sha256: Its hash.
        evaluation: How the stored (float16) weights do on validation scenes.
    """

    path: Path
    sha256: str
    evaluation: Evaluation


def train(
    *,
    seed: int = SEED,
    epochs: int = N_EPOCHS,
    n_train: int = N_TRAIN,
    progress: Progress | None = None,
    workers: int = _THREADS,
) -> TrainingResult:
    """Draw training scenes and fit the network to their labels.

    The same arguments give the same weights on one machine: every draw comes
    from `seed`, and the number of threads is fixed during the run.

    Args:
        seed: Of the scenes, the first weights, the order and the augmentation.
        epochs: Passes over the scenes.
        n_train: Scenes.
        progress: Called with a stage, how much is done, and of how much.
        workers: Processes that draw; they change nothing but the time.
    """
    scenes = collect(
        n_train,
        seed=seed,
        split="training",
        size=112,
        workers=workers,
        progress=progress,
    )
    return fit(scenes, seed=seed, epochs=epochs, progress=progress)


def fit(
    scenes: SceneBatch, *, seed: int, epochs: int, progress: Progress | None = None
) -> TrainingResult:
    """Fit a new network to scenes of 112 pixels; see `train`.

    Raises:
        ValueError: If there are fewer scenes than one batch holds.
    """
    if len(scenes.labels) < BATCH or epochs < 1:
        raise ValueError(
            f"training needs at least {BATCH} scenes and 1 epoch, "
            f"got {len(scenes.labels)} scenes and {epochs} epochs"
        )
    generator = torch.Generator().manual_seed(seed)
    n_steps, losses = epochs * (len(scenes.labels) // BATCH), []
    with repeatable():
        network = build_network(generator=generator)
        # A quarter faster on CPUs.
        network = network.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=_PEAK_RATE, total_steps=n_steps + 1, cycle_momentum=False
        )
        batches = batches_of(len(scenes.labels), epochs=epochs, generator=generator)
        for step, rows in enumerate(batches, start=1):
            losses.append(
                _learn(network, optimizer, scenes, rows=rows, generator=generator)
            )
            schedule.step()
            if progress is not None:
                progress("training", step, n_steps)
    per_epoch = np.reshape(losses, (epochs, -1)).mean(axis=1)
    return TrainingResult(network=network.eval(), losses=tuple(per_epoch.tolist()))


def batches_of(
    n: int, *, epochs: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Rows of each full batch, in a new order each epoch."""
    for _ in range(epochs):
        order = torch.randperm(n, generator=generator)
        for start in range(0, n - BATCH + 1, BATCH):
            yield order[start : start + BATCH]


def _learn(
    network: SceneNetwork,
    optimizer: torch.optim.Optimizer,
    scenes: SceneBatch,
    *,
    rows: torch.Tensor,
    generator: torch.Generator,
) -> float:
    """One step on the given scenes; gives the loss."""
    images = augmented(normalised(scenes.images[rows]), generator=generator)
    images = images.to(memory_format=torch.channels_last)
    loss = functional.cross_entropy(
        network.classify_halved(images), scenes.labels[rows]
    )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def augmented(images: torch.Tensor, *, generator: torch.Generator) -> torch.Tensor:
    """Mirrored, shifted by up to 8 pixels, and tinted at random."""
    n, size = images.shape[0], images.shape[-1]
    mirrored = torch.rand(n, generator=generator) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    down, right = (int(v) for v in torch.randint(0, 17, (2,), generator=generator))
    padded = functional.pad(images, (8, 8, 8, 8), mode="replicate")
    shifted = padded[:, :, down : down + size, right : right + size]
    gain = 1 + 0.12 * torch.randn(n, 3, 1, 1, generator=generator)
    offset = 0.2 * torch.randn(n, 3, 1, 1, generator=generator)
    return shifted * gain + offset


@contextmanager
def repeatable(*, threads: int = _THREADS) -> Iterator[None]:
    """A fixed number of threads and deterministic kernels, then as before."""
    threads = torch.get_num_threads()
    was_strict = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(was_strict)


def retrain(
    out: Path, *, seed: int = SEED, progress: Progress | None = None
) -> RetrainingResult:
    """Train the demo network as it was shipped and write its weights to `out`.

    A record beside them (`.json`) says how good they are and what made them.

    With the default seed, the library versions and the kind of processor that
    made the shipped file, the bytes are the same; elsewhere the accuracy agrees
    within `ACCURACY_TOLERANCE`.

    Args:
        out: The weights file; an existing one is replaced once all is done.
        seed: Another one gives another network of about the same accuracy.
        progress: As in `train`.
    """
    trained = train(seed=seed, progress=progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(out.name + ".part")
    sha256 = save_network(trained.network, draft)
    scenes = collect(
        N_VALIDATION,
        seed=VALIDATION_SEED,
        split="validation",
        size=IMAGE_SIZE,
        workers=_THREADS,
        progress=progress,
    )
    evaluation = evaluate(load_network(draft), scenes)
    draft.replace(out)
    _write_record(out.with_suffix(".json"), sha256, evaluation=evaluation)
    return RetrainingResult(path=out, sha256=sha256, evaluation=evaluation)


def environment() -> dict[str, str]:
    """What can change the bytes of trained weights, beside the arguments."""
    return {
        "machine": platform.machine(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


def _write_record(path: Path, sha256: str, *, evaluation: Evaluation) -> None:
    record = {
        "sha256": sha256,
        "accuracy": round(evaluation.accuracy, 4),
        "present_share": round(evaluation.present_share, 4),
        "n_validation": evaluation.n,
        "environment": environment(),
    }
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
