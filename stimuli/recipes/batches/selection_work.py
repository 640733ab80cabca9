"""One batch of what prototypes and criticisms are chosen by."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers.features import extract_features
from stimuli.methods.selection import SELECTIONS
from stimuli.recipes.assignment.near_duplicates import hash_images
from stimuli.recipes.batches.attacking import AttackedImage, BatchAttack
from stimuli.recipes.batches.image_work import JudgedImage, WorkBench
from stimuli.recipes.method_options import SelectingSection
from stimuli.records.classified_images import ClassifiedImage
from stimuli.sources.class_or_group import kind_of, probability_of


@dataclass(frozen=True, kw_only=True)
class SelectionWork:
    """Attack trajectory, features, probability and perceptual hash per image.

    Attributes:
        section: The recipe's options.
        selections: Which are used; others' work is not done.
    """

    section: SelectingSection
    selections: frozenset[str]

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[ClassifiedImage]:
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

    def _attack(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> dict[int, AttackedImage]:
        if "adversarial" not in self.selections:
            return {}
        right = [p for p, s in enumerate(subjects) if is_right(bench, s.seen)]
        assault = BatchAttack(attack=self.section.attack.attack())
        found = assault(bench, [subjects[place] for place in right])
        return dict(zip(right, found, strict=True))

    def _features(self, bench: WorkBench, subjects: Sequence[JudgedImage]) -> list[str]:
        needs = {n for name in self.selections for n in SELECTIONS[name]().needs}
        if "features" not in needs:
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
        bench: WorkBench,
        subject: JudgedImage,
        *,
        attacked: AttackedImage | None,
        features: str,
        bits: NDArray[np.bool_],
    ) -> ClassifiedImage:
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


def is_right(bench: WorkBench, seen: ClassifiedImage) -> bool:
    """Whether the first classifier names the label, or its group."""
    first = seen.predictions[0].classes[0]
    return seen.label is not None and bench.classes.is_right(first, seen.label)


def read_features(seen: ClassifiedImage) -> NDArray[np.float32]:
    """The features noted by `SelectionWork`, `(d,)`."""
    return np.frombuffer(base64.b85decode(seen.features), dtype="<f4")


def read_hash(seen: ClassifiedImage) -> NDArray[np.bool_]:
    """The perceptual hashes noted by `SelectionWork`, `(2, 64)`."""
    packed = np.frombuffer(bytes.fromhex(str(seen.facts["hash"])), dtype=np.uint8)
    return np.unpackbits(packed).astype(bool).reshape(2, 64)
