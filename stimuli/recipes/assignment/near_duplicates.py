"""Whether two images are the same picture: re-encoded, resized, trimmed, mirrored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stimuli.recipes.assignment.records import TrialImage

# Of the 499,500 pairs that 1,000 different photographs make, the nearest lie
# 12 bits apart; re-encoding, halving, noise and 30 % more light move a hash by
# at most 8, trimming 5 % by at most 10 in 95 of 100 photographs.
MAX_DISTANCE: Final = 10


def hash_images(images: Iterable[NDArray[np.uint8]]) -> NDArray[np.bool_]:
    """Perceptual hashes: the signs of an image's 64 lowest cosine frequencies.

    Args:
        images: `(height, width, 3)` each, RGB.

    Returns:
        `(n, 2, 64)`: of the image, and of its mirror image.

    Source: pHash (Zauner 2010), by the `imagehash` package.
    """
    found = [[_bits(pixels), _bits(pixels[:, ::-1])] for pixels in images]
    return np.array(found, dtype=bool).reshape(-1, 2, 64)


def find_near(
    images: NDArray[np.bool_],
    others: NDArray[np.bool_],
    *,
    max_distance: int = MAX_DISTANCE,
) -> NDArray[np.bool_]:
    """Which images are near-duplicates of which others.

    Args:
        images: `(n, 2, 64)` from `hash_images`.
        others: `(m, 2, 64)`.
        max_distance: Bits of 64 that may differ.

    Returns:
        `(n, m)`.
    """
    signs = images[:, 0] * 2.0 - 1
    distances = [(64 - signs @ (others[:, way] * 2.0 - 1).T) / 2 for way in (0, 1)]
    nearest: NDArray[Any] = np.minimum(*distances)
    return nearest <= max_distance


@dataclass(frozen=True, kw_only=True)
class NearDuplicates:
    """Tells targets that nearly are an image shown; for `cast_classes`.

    Attributes:
        hashes: Stimulus id to its `(2, 64)` hashes.
        max_distance: Bits of 64 that may differ.
    """

    hashes: Mapping[str, NDArray[np.bool_]]
    max_distance: int = MAX_DISTANCE

    def __call__(
        self, targets: Sequence[TrialImage], shown: Sequence[TrialImage]
    ) -> frozenset[str]:
        """Stimulus ids of the targets that are near any image shown."""
        if not targets or not shown:
            return frozenset()
        near = find_near(
            np.stack([self.hashes[target.stimulus] for target in targets]),
            np.stack([self.hashes[exhibit.stimulus] for exhibit in shown]),
            max_distance=self.max_distance,
        )
        hit = near.any(axis=1)
        return frozenset(
            targets[place].stimulus for place in np.flatnonzero(hit).tolist()
        )


def _bits(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    bits: NDArray[np.bool_] = imagehash.phash(Image.fromarray(pixels)).hash.ravel()
    return bits
