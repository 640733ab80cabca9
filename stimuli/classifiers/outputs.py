"""What strangers' classifiers answer, brought into the form of logits.

A network may answer with logits, with probabilities, or with an object or mapping
that holds logits. A function that only predicts becomes a module without gradients.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final, Literal, Self

import numpy as np
import torch
from torch import Tensor, nn

Form = Literal["module", "scripted", "exported", "function"]
Gives = Literal["logits", "probabilities"]

# How far the sum of a row of probabilities may be from 1, half precision included.
_SUM_TOLERANCE: Final = 2e-3
# Of probabilities that are zero in 32 bits, so that their logarithm is finite.
_LEAST: Final = float(np.finfo(np.float32).tiny)


class Answering(nn.Module):
    """A network whose answer is taken out of its wrapping, as logits.

    Attributes:
        inner: The network.
        gives: What its answer holds.
    """

    def __init__(self, inner: nn.Module, *, gives: Gives) -> None:
        """Wrap a network."""
        super().__init__()
        self.inner = inner
        self.gives = gives
        self.training = inner.training

    def forward(self, inputs: Tensor) -> object:
        """Logits `(n, n_classes)`; what is no tensor is left as it is."""
        answer = take_logits(self.inner(inputs))
        if self.gives == "logits" or not isinstance(answer, Tensor):
            return answer
        # Softmax gives the probabilities back.
        return answer.clamp_min(_LEAST).log()


class Predicting(nn.Module):
    """A function from bytes to scores, without parameters and without gradients.

    One call at a time: nothing is known of what it keeps.

    Attributes:
        function: Called with uint8 `(n, height, width, 3)`, the bytes shown.
    """

    def __init__(self, function: Callable[[np.ndarray], object]) -> None:
        """Wrap a function."""
        super().__init__()
        self.function = function
        self._turn = threading.Lock()

    def forward(self, batch: Tensor) -> object:
        """What the function answers, as a tensor on the batch's device.

        Args:
            batch: `(n, 3, height, width)` uint8.
        """
        pixels = batch.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        with self._turn:
            answer = take_logits(self.function(pixels))
        if not isinstance(answer, Tensor):
            array = np.asarray(answer)
            # Bytes are no scores; what is said of them names their type.
            if array.dtype.kind != "f":
                return answer if array.dtype.kind == "O" else torch.from_numpy(array)
            answer = torch.from_numpy(array.astype(np.float32))
        return answer.to(batch.device)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """The same function and the same turn."""
        return self


def take_logits(answer: object) -> object:
    """The logits of a mapping or object that holds them; else the answer itself."""
    if isinstance(answer, Tensor):
        return answer
    if isinstance(answer, Mapping):
        return answer.get("logits", answer)
    return getattr(answer, "logits", answer)


def unwrap(module: nn.Module) -> nn.Module:
    """The network itself, whose layers have the names its author gave them."""
    return module.inner if isinstance(module, Answering) else module


def are_probabilities(scores: Tensor) -> bool:
    """Whether every row `(n, n_classes)` is at least 0 and sums to 1."""
    rows = scores.detach().double()
    is_sum = (rows.sum(1) - 1).abs() <= _SUM_TOLERANCE
    return bool((rows >= 0).all()) and bool(is_sum.all())


def are_shares(scores: Tensor) -> bool:
    """Whether every value lies in [0, 1] though rows do not sum to 1."""
    is_within = bool(((scores >= 0) & (scores <= 1)).all())
    return is_within and not are_probabilities(scores)
