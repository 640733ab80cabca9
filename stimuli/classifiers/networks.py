"""A network with its preprocessing, as its source gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stimuli.classifiers.outputs import Form, Gives
from stimuli.sources.images import Display


@dataclass(frozen=True, kw_only=True)
class LoadedNetwork:
    """A network as its source gives it, not yet checked.

    Attributes:
        module: The network.
        prepare: uint8 `(n, 3, height, width)` to its input.
        display: The crop it was made for.
        classes: (name, gloss) per output, if known.
        origin: Where it came from, in words for messages.
        code_sha256: Hash of the user's code, where there is some.
        form: What it is.
        gives: What it answers with; None finds out.
        has_gradients: Whether its answer leads back to its pixels.
    """

    module: nn.Module
    prepare: Callable[[Tensor], Tensor]
    display: Display
    classes: tuple[tuple[str, str], ...] | None
    origin: str
    code_sha256: str = ""
    form: Form = "module"
    gives: Gives | None = None
    has_gradients: bool = True


@dataclass(frozen=True)
class Normalise:
    """Pixels to [0, 1], minus the mean, over the standard deviation, per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, batch: Tensor) -> Tensor:
        """The input for a network.

        Args:
            batch: `(n, 3, height, width)` uint8.

        Returns:
            The same shape, float32.
        """
        mean = torch.tensor(self.mean, device=batch.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=batch.device).view(1, 3, 1, 1)
        return batch.float().div_(255).sub_(mean).div_(std)
