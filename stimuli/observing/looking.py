"""A classifier looks at pictures, the bytes that people see, and responds to trials."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.features import extract_features
from stimuli.classifiers.loading import Classifier, choose_device, load_classifiers
from stimuli.engine.preparing import library_versions
from stimuli.errors import UnreadableImageError
from stimuli.observations import Observation
from stimuli.observing.rules import COMPARING, ObservingError, ResponseRule, decide
from stimuli.recipe_file import RecipeFile
from stimuli.sources.images import decode_png

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """A picture of the set, with the trials that are answered by looking at it.

    Attributes:
        stimulus: Its id.
        path: Where its bytes lie.
        asked: Ids of trials that show it as their target, each with its rule.
        needs_features: Whether it is compared with other pictures.
    """

    stimulus: str
    path: Path
    asked: tuple[tuple[str, ResponseRule], ...]
    needs_features: bool = False


@dataclass(frozen=True, kw_only=True)
class SeenPicture:
    """What came of it.

    Attributes:
        stimulus: Its id.
        observations: Of the trials whose rule needs nothing else.
        outputs: What is kept of the network's outputs.
        features: Float32 as base64; empty if nobody needs them.
    """

    stimulus: str
    observations: tuple[Observation, ...]
    outputs: dict[str, object]
    features: str = ""


@dataclass(frozen=True, kw_only=True)
class Onlooker:
    """Looks at pictures, a batch at a time.

    Attributes:
        classifier: Ready to predict.
        n_kept: Outputs of which the probabilities are kept; 0 keeps all.
    """

    classifier: Classifier
    n_kept: int

    def copy_for_thread(self) -> Onlooker:
        """A twin whose module no other thread calls."""
        return replace(self, classifier=self.classifier.copy_for_thread())

    def judge(self, items: Sequence[ShownPicture]) -> list[SeenPicture]:
        """Results in the order of `items`.

        Raises:
            ObservingError: If a picture cannot be read.
            ClassifierError: If the classifier's output makes no sense.
        """
        pixels = [_read(item) for item in items]
        seen: dict[int, SeenPicture] = {}
        for rows in _of_one_size(pixels):
            some = np.stack([pixels[row] for row in rows])
            found = self._look([items[row] for row in rows], some)
            seen |= dict(zip(rows, found, strict=True))
        return [seen[row] for row in range(len(items))]

    def _look(self, items: Sequence[ShownPicture], pixels: Pixels) -> list[SeenPicture]:
        probabilities = _softmax(self._logits(pixels))
        features = [""] * len(items)
        if any(item.needs_features for item in items):
            found = extract_features(self.classifier, [pixels])
            features = [_encode(row) for row in found]
        return [
            self._seen(item, row, features=text if item.needs_features else "")
            for item, row, text in zip(items, probabilities, features, strict=True)
        ]

    def _logits(self, pixels: Pixels) -> NDArray[np.float64]:
        batches, parts = Batches(len(pixels)), []
        batches.run(
            len(pixels), lambda a, b: parts.append(self.classifier.logits(pixels[a:b]))
        )
        return np.concatenate(parts).astype(np.float64)

    def _seen(
        self, item: ShownPicture, probabilities: NDArray[np.float64], *, features: str
    ) -> SeenPicture:
        outputs = self._kept(probabilities)
        observations = []
        for trial, rule in item.asked:
            if rule.name in COMPARING:
                continue
            decided = decide(rule, probabilities)
            observations.append(
                Observation(
                    trial=trial,
                    response=decided.response,
                    shares=decided.shares,
                    outputs=outputs,
                    rule=rule.name,
                )
            )
        return SeenPicture(
            stimulus=item.stimulus,
            observations=tuple(observations),
            outputs=outputs,
            features=features,
        )

    def _kept(self, probabilities: NDArray[np.float64]) -> dict[str, object]:
        order = np.argsort(-probabilities, kind="stable")
        n_kept = self.n_kept or len(order)
        return {
            "top": [[int(i), _short(float(probabilities[i]))] for i in order[:n_kept]],
            "rest": _short(float(probabilities[order[n_kept:]].sum())),
        }


@dataclass(frozen=True, kw_only=True)
class LoadOnlooker:
    """Loads an onlooker in another process; picklable, and refuses what would differ.

    Attributes:
        recipe: Says what the classifier is.
        device: "cpu" or "cuda".
        hashes: Of its weights and code.
        versions: Of the libraries.
        n_kept: See `Onlooker`.
        folder: The set, which must be seen from there.
    """

    recipe: RecipeFile
    device: str
    hashes: tuple[str, str]
    versions: tuple[tuple[str, str], ...]
    n_kept: int
    folder: Path

    def __call__(self) -> Onlooker:
        """The onlooker, with a classifier of this process.

        Raises:
            StimuliError: If this machine lacks something, or has another one.
        """
        host = socket.gethostname()
        if not self.folder.is_dir():
            raise ObservingError(
                f"{host} does not see {self.folder}: every node needs the set under the "
                "same path, for example on a shared file system"
            )
        if tuple(library_versions().items()) != self.versions:
            raise ObservingError(f"{host} has other versions of the libraries")
        (classifier,) = load_classifiers(self.recipe, device=choose_device(self.device))
        if (classifier.weights_sha256, classifier.code_sha256) != self.hashes:
            raise ObservingError(
                f"{host}: the code or weights of {classifier.name} are not those the "
                "work began with"
            )
        return Onlooker(classifier=classifier, n_kept=self.n_kept)


def to_text(seen: Sequence[SeenPicture]) -> str:
    """One shard's results."""
    return json.dumps([asdict(each) for each in seen], separators=(",", ":"))


def from_text(text: str) -> list[SeenPicture]:
    """Read one shard's results back."""
    return [
        SeenPicture(
            **{
                **raw,
                "observations": tuple(Observation(**o) for o in raw["observations"]),
            }
        )
        for raw in json.loads(text)
    ]


def decode_features(text: str) -> NDArray[np.float32]:
    """`(d,)` of what `SeenPicture.features` holds."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def _encode(row: NDArray[np.float32]) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def _read(item: ShownPicture) -> Pixels:
    try:
        return decode_png(item.path.read_bytes())
    except (OSError, UnreadableImageError) as error:
        raise ObservingError(
            f"the picture {item.path} of the set cannot be read: {error}; check the set "
            "with `secondlook stimuli check`"
        ) from error


def _of_one_size(pixels: Sequence[Pixels]) -> Iterator[list[int]]:
    sizes: dict[tuple[int, ...], list[int]] = {}
    for row, picture in enumerate(pixels):
        sizes.setdefault(picture.shape, []).append(row)
    yield from sizes.values()


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities


def _short(number: float) -> float:
    """Six figures: more would be noise between machines."""
    return float(f"{number:.6g}")
