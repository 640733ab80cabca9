"""Where an attacked image may be: between black and white, inside a ball.

The one place that knows bounds, balls and norms; attacks step with it, and what any
of them returns is held to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

Norm = Literal["linf", "l2"]

# What foolbox divides by at least; keeps a zero gradient from becoming NaN.
TINY: Final = 1e-12
# Float32 that was put on the edge of a ball lies this far from it at most.
_ROUNDING: Final = 1e-5
# 8 / 255 times 255 is not quite 8.
_LEVEL_ROUNDING: Final = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """Images that lie where they may.

    Attributes:
        images: `(n, 3, height, width)` in [0, 1], inside the ball.
        was_outside: `(n,)` which had to be brought back.
    """

    images: Tensor
    was_outside: Tensor


@dataclass(frozen=True, kw_only=True)
class Ball:
    """What a change of an image may amount to.

    Attributes:
        norm: "linf": the largest change of a value; "l2": the change's Euclidean
            length over all values of the image.
        epsilon: Its radius, where white is 1; None for [0, 1] alone.
    """

    norm: Norm
    epsilon: float | None

    def keep(self, images: Tensor, clean: Tensor) -> Tensor:
        """The nearest images inside; `images` is overwritten.

        Args:
            images: `(n, 3, height, width)`.
            clean: The sources in [0, 1], the same shape.
        """
        if self.epsilon is None:
            return images.clamp_(0, 1)
        if self.norm == "linf":
            low, high = clean - self.epsilon, clean + self.epsilon
            return images.clamp_(low, high).clamp_(0, 1)
        change = images.sub_(clean)
        factor = (self.epsilon / lengths(change).clamp_(min=TINY)).clamp_(max=1)
        return change.mul_(factor).add_(clean).clamp_(0, 1)

    def hold(self, images: Tensor, clean: Tensor) -> Held:
        """The images as they are, but for those that lie outside."""
        outside = (images.amin((1, 2, 3)) < 0) | (images.amax((1, 2, 3)) > 1)
        if self.epsilon is not None:
            limit = self.epsilon * (1 + _ROUNDING) + _ROUNDING / 10
            outside |= self.measure(images - clean) > limit
        if bool(outside.any()):
            images = images.clone()
            images[outside] = self.keep(images[outside], clean[outside])
        return Held(images=images, was_outside=outside)

    def measure(self, change: Tensor) -> Tensor:
        """`(n,)` how much a change amounts to, by this norm."""
        return largest(change) if self.norm == "linf" else lengths(change).flatten()

    def store(self, images: Tensor, clean: Tensor) -> Tensor:
        """The uint8 pixels that store the images, inside the ball themselves.

        Values are rounded, half to even. Where that alone takes the bytes further
        from the source's bytes than epsilon, values are rounded towards the source
        instead: under "linf" those that are too far, under "l2" those that
        rounding took out furthest, until the length fits.

        Args:
            images: `(n, 3, height, width)` in [0, 1].
            clean: The sources, the same shape.
        """
        pixels = to_bytes(images)
        if self.epsilon is None:
            return pixels
        levels = self.epsilon * 255 + _LEVEL_ROUNDING
        own = to_bytes(clean).to(torch.int16)
        change = pixels.to(torch.int16) - own
        if self.norm == "linf":
            change.clamp_(-math.floor(levels), math.floor(levels))
        else:
            wanted = images * 255 - own
            for row in (squares(change) > levels**2).nonzero()[:, 0].tolist():
                change[row] = _shorten(change[row], wanted[row], limit=levels)
        return (own + change).to(torch.uint8)


def largest(change: Tensor) -> Tensor:
    """`(n,)` the largest change of a value of each image."""
    return change.abs().amax((1, 2, 3))


def lengths(change: Tensor) -> Tensor:
    """Euclidean length of each image's change, `(n, 1, 1, 1)`."""
    found: Tensor = torch.linalg.vector_norm(change, dim=(1, 2, 3), keepdim=True)
    return found


def squares(change: Tensor) -> Tensor:
    """`(n,)` float64 sums of squares of whole numbers, exact."""
    return change.to(torch.int64).square().sum((1, 2, 3)).double()


def to_bytes(images: Tensor) -> Tensor:
    """The uint8 pixels nearest to images in [0, 1], half to even."""
    return images.mul(255).round_().to(torch.uint8)


def from_bytes(pixels: Tensor, *, dtype: torch.dtype) -> Tensor:
    """What a network gets when the stored pixels are read back."""
    return pixels.to(dtype).div_(255)


def _shorten(change: Tensor, wanted: Tensor, *, limit: float) -> Tensor:
    """A change in whole levels, no longer than `limit`.

    Args:
        change: `(3, height, width)` int16, `wanted` rounded.
        wanted: The change in levels before rounding.
        limit: In levels.
    """
    sizes = change.abs().flatten().long()
    # How far out rounding took a value; one level back takes 2 size - 1 off the
    # sum of squares.
    further = sizes - wanted.abs().flatten()
    order = further.argsort(descending=True, stable=True)
    order = order[(further[order] > 0) & (sizes[order] > 0)]
    saved = (2 * sizes[order] - 1).cumsum(0)
    excess = float(sizes.square().sum()) - limit**2
    n_back = int((saved < excess).sum()) + 1
    sizes[order[:n_back]] -= 1
    length = float(sizes.square().sum()) ** 0.5
    if length > limit:
        # The source lies between two levels, so that its own rounding is in it.
        sizes = (sizes * (limit / length)).long()
    signed: Tensor = sizes.view_as(change).to(change.dtype) * change.sign()
    return signed
