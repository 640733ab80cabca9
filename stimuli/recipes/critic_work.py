"""One batch of what prototypes and criticisms are chosen by."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stimuli.features import extract_features
from stimuli.findings import Seen
from stimuli.kinds import kind_of, probability_of
from stimuli.near_duplicates import hash_images
from stimuli.recipes.attacking import Assault, Attacked
from stimuli.recipes.options import SelectingSection
from stimuli.workup import Bench, Subject


@dataclass(frozen=True, kw_only=True)
class CriticWork:
    """Attack trajectory, features, probability and perceptual hash per image.

    Attributes:
        section: The recipe's options.
        selections: Which are used; others' work is not done.
    """

    section: SelectingSection
    selections: frozenset[str]

    def __call__(self, bench: Bench, subjects: Sequence[Subject]) -> list[Seen]:
        """Each subject with its facts."""
        attacked = self._attack(bench, subjects)
        features = self._features(bench, subjects)
        hashes = hash_images(s.pixels for s in subjects)
        return [
            self._note(
                bench,
                subject,
                attacked=attacked.get(place),
                features=features[place],
                bits=hashes[place],
            )
            for place, subject in enumerate(subjects)
        ]

    def _attack(self, bench: Bench, subjects: Sequence[Subject]) -> dict[int, Attacked]:
        if "adversarial" not in self.selections:
            return {}
        right = [p for p, s in enumerate(subjects) if is_right(bench, s.seen)]
        assault = Assault(attack=self.section.attack.attack())
        found = assault(bench, [subjects[place] for place in right])
        return dict(zip(right, found, strict=True))

    def _features(self, bench: Bench, subjects: Sequence[Subject]) -> list[str]:
        if "mmd_critic" not in self.selections:
            return [""] * len(subjects)
        rows = extract_features(
            bench.classifier,
            [np.stack([s.pixels for s in subjects])],
            layer=self.section.layer,
            pooling=self.section.pooling,
        )
        return [base64.b85encode(row.astype("<f4").tobytes()).decode() for row in rows]

    def _note(
        self,
        bench: Bench,
        subject: Subject,
        *,
        attacked: Attacked | None,
        features: str,
        bits: NDArray[np.bool_],
    ) -> Seen:
        seen = subject.seen
        kind = kind_of(bench.classes, str(seen.label))
        share = probability_of(bench.classes, kind, subject.probabilities)
        facts: dict[str, Any] = {
            "probability": float(f"{min(share, 1.0):.6g}"),
            "hash": np.packbits(bits).tobytes().hex(),
            # Wrong before the attack; the attack's own facts replace it.
            "steps_to_flip": 0,
            "margin": -seen.predictions[0].margin,
        }
        if attacked is None:
            return replace(seen, facts=facts, features=features)
        if attacked.trouble:
            facts["is_failed"] = True
        return replace(
            seen,
            facts=facts | attacked.facts,
            features=features,
            troubles=(attacked.trouble,) if attacked.trouble else (),
            halved_to=(*seen.halved_to, *attacked.halved_to),
        )


def is_right(bench: Bench, seen: Seen) -> bool:
    """Whether the first classifier names the label, or its group."""
    first = seen.predictions[0].classes[0]
    return seen.label is not None and bench.classes.is_right(first, seen.label)


def read_features(seen: Seen) -> NDArray[np.float32]:
    """The features noted by `CriticWork`, `(d,)`."""
    return np.frombuffer(base64.b85decode(seen.features), dtype="<f4")


def read_hash(seen: Seen) -> NDArray[np.bool_]:
    """The perceptual hashes noted by `CriticWork`, `(2, 64)`."""
    packed = np.frombuffer(bytes.fromhex(str(seen.facts["hash"])), dtype=np.uint8)
    return np.unpackbits(packed).astype(bool).reshape(2, 64)
