"""Training of the demo zoo's variants, repeatable bit for bit, with their records."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch

from stimuli.errors import StimuliError
from stimuli.scenes.classes import IMAGE_SIZE
from stimuli.scenes.classifier import (
    NETWORKS,
    WEIGHTS_PATH,
    SceneNetwork,
    load_network,
    save_network,
)
from stimuli.scenes.evaluation import (
    Evaluation,
    Progress,
    SceneBatch,
    collect,
    evaluate,
)
from stimuli.scenes.training import RECORD_PATH, VALIDATION_SEED, environment
from stimuli.zoo.fitting import fit_further
from stimuli.zoo.measuring import (
    Decisions,
    Stress,
    attack_hard,
    count_right,
    decide,
)
from stimuli.zoo.variants import EPSILON, SEED, VARIANTS, Variant

N_VALIDATION: Final = 160
N_ATTACKED: Final = 48
STRESS: Final = Stress(epsilon=EPSILON)

_TRAINING_SIZE: Final = IMAGE_SIZE // 2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How a network of the zoo does on validation scenes.

    Attributes:
        evaluation: On scenes as they are.
        decisions: On objects in another class's surface.
        n_attacked: Scenes attacked, the first ones.
        n_right: Of these, right before.
        n_robust: Right still, after every attack.
    """

    evaluation: Evaluation
    decisions: Decisions
    n_attacked: int
    n_right: int
    n_robust: int

    def describe(self) -> dict[str, Any]:
        """For a record."""
        seen = self.decisions
        return {
            "accuracy": round(self.evaluation.accuracy, 4),
            "present_share": round(self.evaluation.present_share, 4),
            "n_validation": self.evaluation.n,
            "robust_accuracy": round(self.n_robust / self.n_attacked, 4),
            "robust_share_kept": round(self.n_robust / max(self.n_right, 1), 4),
            "n_attacked": self.n_attacked,
            "attack": {"norm": "l2", **asdict(STRESS)},
            "surface_swapped": {
                "accuracy": round(seen.n_shape / seen.n, 4),
                "shape_bias": round(seen.shape_bias, 4),
                **asdict(seen),
            },
        }


@dataclass(frozen=True, kw_only=True)
class TrainedVariant:
    """What `train_variant` wrote.

    Attributes:
        path: The weights; the record lies beside them.
        sha256: Their hash.
        measured: How the stored (float16) weights do.
    """

    path: Path
    sha256: str
    measured: Measured


def find_variant(name: str) -> Variant:
    """The variant called `name`.

    Raises:
        StimuliError: If there is none.
    """
    if name not in VARIANTS:
        raise StimuliError(
            f"no network {name!r} in the demo zoo; there are {', '.join(NETWORKS)}"
        )
    return VARIANTS[name]


def train_variant(
    name: str, out: Path, *, seed: int = SEED, progress: Progress | None = None
) -> TrainedVariant:
    """Train a variant from the standard network on, and write weights and record.

    With the default seed, the library versions and the kind of processor that made
    the shipped file, the bytes are the same.

    Args:
        name: "robust" or "stylised".
        out: The weights file; an existing one is replaced once all is done.
        seed: Of order, augmentation and the attacks of training.
        progress: Called with a stage, how much is done, and of how much.

    Raises:
        StimuliError: If there is no such variant.
    """
    variant = find_variant(name)
    scenes = training_scenes(variant, progress=progress)
    return fit_and_record(variant, scenes, out, seed=seed, progress=progress)


def fit_and_record(
    variant: Variant,
    scenes: SceneBatch,
    out: Path,
    *,
    seed: int,
    progress: Progress | None = None,
) -> TrainedVariant:
    """The same, on scenes drawn already by `training_scenes`."""
    trained = fit_further(load_network(), scenes, variant, seed=seed, progress=progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(out.name + ".part")
    sha256 = save_network(trained.network, draft)
    measured = measure(load_network(draft), progress=progress)
    draft.replace(out)
    record = {
        "sha256": sha256,
        **measured.describe(),
        "training": _describe(variant, seed),
        "losses": [round(loss, 4) for loss in trained.losses],
        "environment": environment(),
    }
    out.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return TrainedVariant(path=out, sha256=sha256, measured=measured)


def train_and_say(
    name: str, out: Path, *, seed: int | None = None, progress: Progress | None = None
) -> str:
    """The same, with what came out in words, for the command line."""
    chosen = SEED if seed is None else seed
    done = train_variant(name, out, seed=chosen, progress=progress)
    clean, swapped = done.measured.evaluation, done.measured.decisions
    return (
        f"{done.path}  sha256 {done.sha256}\n"
        f"{clean.n} validation scenes: top-1 accuracy {clean.accuracy:.1%}\n"
        f"{done.measured.n_robust} of {done.measured.n_right} right ones of "
        f"{done.measured.n_attacked} stay right under attack (l2, epsilon "
        f"{STRESS.epsilon:g}, {STRESS.n_steps} steps, {STRESS.n_restarts} starts)\n"
        f"{swapped.n} objects in another class's surface: {swapped.n_shape} named by "
        f"shape, {swapped.n_surface} by surface; shape bias {swapped.shape_bias:.1%}"
    )


def training_scenes(
    variant: Variant, *, n: int | None = None, progress: Progress | None = None
) -> SceneBatch:
    """What a variant is trained on: its sets of scenes one after the other.

    Args:
        variant: Which surfaces, and from which seed.
        n: Scenes per set; None takes the variant's own number.
        progress: Called with a stage, how much is done, and of how much.
    """
    sets = [
        collect(
            n or variant.n_train,
            seed=variant.scene_seed,
            split="training",
            size=_TRAINING_SIZE,
            progress=progress,
            surfaces=surfaces,
        )
        for surfaces in variant.surfaces
    ]
    return SceneBatch(
        images=torch.cat([each.images for each in sets]),
        labels=torch.cat([each.labels for each in sets]),
        present=torch.cat([each.present for each in sets]),
    )


def measure(network: SceneNetwork, *, progress: Progress | None = None) -> Measured:
    """How `network` does on validation scenes: clean, attacked, in others' surfaces."""
    scenes = collect(
        N_VALIDATION,
        seed=VALIDATION_SEED,
        split="validation",
        size=IMAGE_SIZE,
        progress=progress,
    )
    first = SceneBatch(
        images=scenes.images[:N_ATTACKED],
        labels=scenes.labels[:N_ATTACKED],
        present=scenes.present[:N_ATTACKED],
    )
    moved = attack_hard(network, first, stress=STRESS, progress=progress)
    return Measured(
        evaluation=evaluate(network, scenes),
        decisions=decide(network, n=N_VALIDATION, seed=VALIDATION_SEED),
        n_attacked=len(first.labels),
        n_right=count_right(network, first.images.float() / 255, first.labels),
        n_robust=count_right(network, moved, first.labels),
    )


def _describe(variant: Variant, seed: int) -> dict[str, Any]:
    standard = json.loads(RECORD_PATH.read_text("utf-8"))["sha256"]
    return {
        **asdict(variant),
        "norm": "l2",
        "seed": seed,
        "starts_from": f"{WEIGHTS_PATH.name} {standard}",
    }
