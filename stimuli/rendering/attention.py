"""The attention image: an explanation's top superpixels, the rest hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stimuli.errors import StimuliError
from stimuli.methods.segmentation import Pixels, Segments

Colour = tuple[int, int, int]

BLACK: Final[Colour] = (0, 0, 0)
_N_TRIES: Final = 400


class RenderingError(StimuliError):
    """A picture that cannot be drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionImage:
    """What is left of an image, and how much that is.

    Attributes:
        pixels: `(height, width, 3)` uint8, RGB.
        superpixels: Those shown, most important first.
        n_wanted: How many there should have been; fewer have positive weight
            where `superpixels` is shorter.
        area: Share of the image that is shown, in [0, 1].
    """

    pixels: Pixels
    superpixels: tuple[int, ...]
    n_wanted: int
    area: float

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "superpixels": list(self.superpixels),
            "n_shown": len(self.superpixels),
            "n_wanted": self.n_wanted,
            "area": self.area,
        }


def draw_attention(
    pixels: Pixels,
    segments: Segments,
    *,
    weights: NDArray[np.floating],
    k: int = 8,
    colour: Colour = BLACK,
) -> AttentionImage:
    """The k superpixels of largest positive weight; fewer where there are fewer.

    Args:
        pixels: `(height, width, 3)` uint8, the bytes shown elsewhere.
        segments: `(height, width)`, 0..d-1.
        weights: `(d,)` of one class.
        k: How many to show.
        colour: Of what is hidden, 0 to 255; the paper's images are black there.

    Raises:
        RenderingError: If the sizes do not fit together.
    """
    _check(pixels, segments, n_weights=len(weights))
    order = np.argsort(-np.asarray(weights), kind="stable")[:k]
    shown = tuple(int(place) for place in order if weights[place] > 0)
    return show_superpixels(pixels, segments, shown=shown, n_wanted=k, colour=colour)


def draw_random_attention(
    pixels: Pixels,
    segments: Segments,
    *,
    like: AttentionImage,
    rng: np.random.Generator,
    colour: Colour = BLACK,
) -> AttentionImage:
    """As many superpixels of about the same area, chosen by chance.

    The control for "any eight superpixels would do". Of many random sets of the
    right number, other than the one matched, the nearest in area is taken.

    Args:
        pixels: `(height, width, 3)` uint8.
        segments: `(height, width)`, 0..d-1.
        like: The attention image to match.
        rng: Chooses.
        colour: Of what is hidden, 0 to 255.

    Raises:
        RenderingError: If no other set of that size exists.
    """
    _check(pixels, segments, n_weights=None)
    areas = np.bincount(segments.ravel()) / segments.size
    n_shown, taken = len(like.superpixels), set(like.superpixels)
    if not 0 < n_shown < len(areas):
        raise RenderingError(
            f"no random superpixels to compare with: {n_shown} of {len(areas)} are "
            "shown; expected some, and not all"
        )
    tries = [rng.permutation(len(areas))[:n_shown] for _ in range(_N_TRIES)]
    others = [chosen for chosen in tries if set(chosen.tolist()) != taken]
    if not others:
        raise RenderingError(f"no other {n_shown} of {len(areas)} superpixels found")
    best = min(others, key=lambda chosen: abs(float(areas[chosen].sum()) - like.area))
    shown = tuple(int(place) for place in best)
    return show_superpixels(
        pixels, segments, shown=shown, n_wanted=like.n_wanted, colour=colour
    )


def show_superpixels(
    pixels: Pixels,
    segments: Segments,
    *,
    shown: Sequence[int],
    n_wanted: int,
    colour: Colour = BLACK,
) -> AttentionImage:
    """Exactly these superpixels, the rest in `colour`."""
    is_shown = np.isin(segments, np.asarray(shown, dtype=np.int64))
    hidden = np.asarray(colour, dtype=np.uint8)
    return AttentionImage(
        pixels=np.where(is_shown[..., None], pixels, hidden),
        superpixels=tuple(shown),
        n_wanted=n_wanted,
        area=float(is_shown.mean()),
    )


def pick_foil(
    probabilities: NDArray[np.floating],
    *,
    taken: Sequence[int],
    rng: np.random.Generator,
    max_probability: float = 1e-4,
) -> int:
    """A class that the network does not see in the image, to explain instead.

    The control for "any explanation looks convincing".

    Args:
        probabilities: `(n_classes,)` of the image.
        taken: Classes that it must not be: the true and the predicted one.
        rng: Chooses.
        max_probability: Classes below this are equally good; without any, the
            least probable is taken.

    Raises:
        RenderingError: If every class is taken.
    """
    free = np.setdiff1d(np.arange(len(probabilities)), np.asarray(taken))
    if not len(free):
        raise RenderingError(
            f"no foil class: all {len(probabilities)} classes are taken"
        )
    far = free[probabilities[free] < max_probability]
    if len(far):
        return int(rng.choice(far))
    return int(free[np.argmin(probabilities[free])])


def _check(pixels: Pixels, segments: Segments, *, n_weights: int | None) -> None:
    if pixels.dtype != np.uint8 or pixels.shape != (*segments.shape, 3):
        raise RenderingError(
            f"pixels must be uint8 of shape {(*segments.shape, 3)}, got "
            f"{pixels.dtype} of shape {pixels.shape}"
        )
    n_superpixels = int(segments.max()) + 1
    if n_weights is not None and n_weights != n_superpixels:
        raise RenderingError(
            f"{n_superpixels} superpixels, but {n_weights} weights; give the weights "
            "of one class that were found with these segments"
        )
