"""The gradient of the loss with respect to the image, as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations._base import (
    Explained,
    Explanation,
    ExplanationError,
    check_request,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class GradientExplanation(Explanation):
    """The gradient of one image's loss, per class explained.

    Attributes:
        pictures: `(n_labels, height, width, 3)` uint8: mid grey (128) where the
            gradient is zero, brighter where more light raises the loss.
        losses: `(n_labels,)` cross entropy.
    """

    pictures: NDArray[np.uint8]
    losses: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class InputGradient:
    """How the loss of a class changes with every pixel.

    `maps` hold the gradient summed over channels with its sign turned, so that
    positive speaks for the class, as in every explanation.

    Attributes:
        clip_sd: Values beyond this many standard deviations of the image's
            gradient are drawn as if they were at it.
        batch_size: Images per pass.

    Raises:
        ExplanationError: If an option has no meaning.

    Source: Simonyan, Vedaldi and Zisserman (2014); the rendering is that of
        Tsipras et al. (2019).
    """

    clip_sd: float = 3.0
    batch_size: int = 8

    def __post_init__(self) -> None:
        if not (math.isfinite(self.clip_sd) and self.clip_sd > 0):
            raise ExplanationError(f"clip_sd must be above 0, got {self.clip_sd!r}")
        if self.batch_size < 1:
            raise ExplanationError(f"batch_size must be above 0, got {self.batch_size}")

    @property
    def name(self) -> str:
        """What recipes and manifests call it."""
        return "input_gradient"

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return asdict(self)

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Sequence[Sequence[int]],
        image_ids: Sequence[str],
        seed: int,
    ) -> Explained[GradientExplanation]:
        """Explain a batch.

        Args:
            model: In evaluation mode; left as it is.
            images: `(n, 3, height, width)` in [0, 1].
            labels: The classes to explain, per image.
            image_ids: What messages call the images.
            seed: Not used: nothing is drawn.

        Raises:
            ExplanationError: If the input does not fit.
            MemoryShortageError: If one image alone does not fit the device.
        """
        check_request(model, images, labels=labels, image_ids=image_ids)
        pairs = _Pairs.of(labels)
        batches = Batches(self.batch_size)
        pairs.run(model, images, batches=batches)
        made, failed = [], {}
        for number, image_id in enumerate(image_ids):
            found = pairs.found[number]
            if all(np.isfinite(one.gradient).all() for one in found):
                made.append(self._draw(image_id, labels[number], found=found))
            else:
                failed[image_id] = f"{image_id}: the gradient is not finite"
        return Explained.of(made, failed=failed, batches=batches)

    def _draw(
        self, image_id: str, labels: Sequence[int], *, found: Sequence[_Gradient]
    ) -> GradientExplanation:
        gradients = np.stack([one.gradient for one in found])
        return GradientExplanation(
            image_id=image_id,
            method=self.name,
            labels=tuple(labels),
            maps=-gradients.sum(axis=1, dtype=np.float32),
            pictures=np.stack(
                [draw_gradient(g, clip_sd=self.clip_sd) for g in gradients]
            ),
            losses=tuple(one.loss for one in found),
            facts={"is_zero": [not bool(g.any()) for g in gradients]},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class RawGradients:
    """Gradients of a batch, as they are.

    Attributes:
        gradients: `(n, 3, height, width)` float32, per unit of light (white is 1).
        losses: `(n,)` cross entropy.
        halved_to: Batch sizes the device's memory forced.
    """

    gradients: NDArray[np.float32]
    losses: NDArray[np.float64]
    halved_to: tuple[int, ...] = ()


def take_gradients(
    model: PixelModel,
    images: Tensor,
    *,
    labels: Sequence[int],
    of: Literal["loss", "score"] = "loss",
) -> RawGradients:
    """Of each image's loss, or of the score of its class, in one pass.

    Args:
        model: In evaluation mode; left as it is.
        images: `(n, 3, height, width)` in [0, 1].
        labels: The class of each image.
        of: "loss": cross entropy with the class. "score": its logit.

    Raises:
        ClassifierError: If the network does not lead back to its pixels.
        MemoryShortageError: If one image alone does not fit the device.
    """
    classes = torch.tensor(list(labels), device=model.device)
    batches = Batches(len(images))
    gradients: list[Tensor] = []
    losses: list[Tensor] = []

    def work(start: int, stop: int) -> None:
        batch = model.arrange(images[start:stop]).detach().clone().requires_grad_()
        wanted = classes[start:stop]
        with torch.enable_grad():
            logits = model(batch)
            loss = functional.cross_entropy(logits, wanted, reduction="none")
            score = logits.gather(1, wanted[:, None])
            gradient = model.gradient((loss if of == "loss" else score).sum(), batch)
        gradients.append(gradient.detach().float().cpu().contiguous())
        losses.append(loss.detach().double().cpu())

    batches.run(len(images), work)
    return RawGradients(
        gradients=torch.cat(gradients).numpy(),
        losses=torch.cat(losses).numpy(),
        halved_to=tuple(batches.halved_to),
    )


def share_inside(gradient: NDArray[np.float32], mask: NDArray[np.float64]) -> float:
    """The share of a gradient's absolute values that lies on an object.

    Args:
        gradient: `(3, height, width)`, not zero everywhere.
        mask: `(height, width)`, how much of each pixel the object fills, 0 to 1.

    >>> quarter = np.zeros((2, 2)); quarter[0, 0] = 1
    >>> share_inside(np.float32([[[-3, 1], [1, 1]]] * 3), quarter)
    0.5
    """
    sizes = np.abs(gradient).sum(axis=0, dtype=np.float64)
    return float((sizes * mask).sum() / sizes.sum())


def draw_gradient(
    gradient: NDArray[np.float32], *, clip_sd: float
) -> NDArray[np.uint8]:
    """A picture `(height, width, 3)` of a gradient `(3, height, width)`.

    Args:
        gradient: Zero becomes mid grey, 128.
        clip_sd: Standard deviations that become black and white.
    """
    spread = float(gradient.std(dtype=np.float64))
    scaled = gradient / (clip_sd * spread) if spread > 0 else gradient * 0
    shades = np.clip(127.5 + 127.5 * np.clip(scaled, -1, 1), 0, 255)
    picture: NDArray[np.uint8] = np.rint(shades).astype(np.uint8).transpose(1, 2, 0)
    return picture


@dataclass(frozen=True)
class _Gradient:
    gradient: NDArray[np.float32]
    loss: float


@dataclass(kw_only=True, eq=False)
class _Pairs:
    """Image and class pairs, each one row of a batch."""

    images: Tensor
    classes: Tensor
    found: dict[int, list[_Gradient]] = field(default_factory=dict)

    @classmethod
    def of(cls, labels: Sequence[Sequence[int]]) -> _Pairs:
        numbers = [number for number, wanted in enumerate(labels) for _ in wanted]
        classes = [label for wanted in labels for label in wanted]
        return cls(images=torch.tensor(numbers), classes=torch.tensor(classes))

    def run(self, model: PixelModel, images: Tensor, *, batches: Batches) -> None:
        def work(start: int, stop: int) -> None:
            numbers = self.images[start:stop]
            batch = model.arrange(images[numbers]).detach().clone().requires_grad_()
            wanted = self.classes[start:stop].to(model.device)
            with torch.enable_grad():
                losses = functional.cross_entropy(
                    model(batch), wanted, reduction="none"
                )
                gradient = model.gradient(losses.sum(), batch)
            self._keep(numbers, gradient, losses=losses)

        batches.run(len(self.images), work)

    def _keep(self, numbers: Tensor, gradient: Tensor, *, losses: Tensor) -> None:
        rows = gradient.float().cpu().contiguous().numpy()
        for number, row, loss in zip(
            numbers.tolist(), rows, losses.tolist(), strict=True
        ):
            self.found.setdefault(number, []).append(_Gradient(row, loss))
