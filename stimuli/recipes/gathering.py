"""Images by class, as selections take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stimuli.classes import ClassList
from stimuli.datasets import Source
from stimuli.findings import Findings, Seen
from stimuli.kinds import describe_kind, find_kinds, kind_of
from stimuli.recipes.critic_work import read_features
from stimuli.seeds import rng_for
from stimuli.selection import Candidates
from stimuli.workup import Work

_MANIFEST_FACTS = ("steps_to_flip", "n_steps", "labels", "margin", "probability")


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Images of one class or group.

    Attributes:
        kind: Class id, or "group:<name>".
        name: What messages call it.
        seen: Sorted by source, no two alike, none whose attack failed.
        n_copies: Images left out since their crop equals another's.
        n_failed: Images left out since the attack could not be made.
    """

    kind: str
    name: str
    seen: tuple[Seen, ...]
    n_copies: int = 0
    n_failed: int = 0

    def candidates(self, rows: Iterable[int], *, n_steps: int | None) -> Candidates:
        """What a selection chooses from; indices refer to `rows`."""
        chosen = [self.seen[row] for row in rows]
        facts = [s.facts for s in chosen]
        has_features = bool(chosen) and bool(chosen[0].features)
        return Candidates(
            n=len(chosen),
            name=self.name,
            features=np.stack([read_features(s) for s in chosen])
            if has_features
            else None,
            labels=np.array([int(str(s.label)) for s in chosen], dtype=np.int64),
            probabilities=np.array([f["probability"] for f in facts], dtype=float),
            steps_to_flip=np.array([f["steps_to_flip"] for f in facts], dtype=int),
            n_steps=n_steps,
            margins=np.array([f["margin"] for f in facts], dtype=float),
        )

    def survivors(self, n_steps: int) -> dict[str, int]:
        """How many images of the class are right, and withstand the attack."""
        steps = [int(s.facts["steps_to_flip"]) for s in self.seen]
        return {
            "n_images": len(steps),
            "n_right": sum(s > 0 for s in steps),
            "n_survivors": sum(s == n_steps + 1 for s in steps),
            "n_first_step_flips": sum(s == 1 for s in steps),
            "n_copies": self.n_copies,
            "n_failed": self.n_failed,
        }


def gather(findings: Findings, kinds: Sequence[str]) -> list[Gathered]:
    """The images worked on, by class, in the order of `kinds`."""
    piles: dict[str, list[Seen]] = {kind: [] for kind in kinds}
    for seen in findings.seen:
        if seen.facts and seen.label is not None:
            piles.setdefault(kind_of(findings.classes, seen.label), []).append(seen)
    gathered = []
    for kind, pile in piles.items():
        different = {s.pixels_sha256: s for s in reversed(pile)}
        sound = [s for s in different.values() if not s.facts.get("is_failed")]
        gathered.append(
            Gathered(
                kind=kind,
                name=f"class {describe_kind(findings.classes, kind).name}",
                seen=tuple(sorted(sound, key=lambda s: s.source)),
                n_copies=len(pile) - len(different),
                n_failed=len(different) - len(sound),
            )
        )
    return gathered


def choose_images(
    sources: Sequence[Source],
    classes: ClassList,
    *,
    names: Sequence[str] | None,
    per_class: int | None,
    seed: int,
) -> Work:
    """Images of the wanted classes, drawn before anything is predicted.

    Raises:
        RecipeError: If some name is no class, or has no image.
    """
    chosen: list[str] = []
    for kind in find_kinds(classes, names, sources=sources):
        own = [
            s.name
            for s in sources
            if s.label is not None and kind_of(classes, s.label) == kind
        ]
        own.sort(key=lambda name: float(rng_for(seed, "work", name).random()))
        chosen += own[:per_class]
    return Work(main=frozenset(chosen))


def find_n_steps(findings: Findings, usual: int) -> int:
    """M of the attack, as it was made."""
    made = (int(s.facts["n_steps"]) for s in findings.seen if "n_steps" in s.facts)
    return max(made, default=usual)


def manifest_facts(seen: Seen) -> dict[str, Any]:
    """What the manifest says of an image that was worked on."""
    return {key: seen.facts[key] for key in _MANIFEST_FACTS if key in seen.facts}


def describe_troubles(findings: Findings) -> list[str]:
    """Images that could not be worked on, with the reason."""
    return [trouble for seen in findings.seen for trouble in seen.troubles]


def describe_selection(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """One line per class: images, right, survivors, first-step flips."""
    return [
        f"{name}: {c['n_images']} images, {c['n_right']} right, "
        f"{c['n_survivors']} survive the attack, {c['n_first_step_flips']} flip at "
        "step 1"
        for name, c in counts.items()
    ]
