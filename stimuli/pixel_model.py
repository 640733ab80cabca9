"""A classifier that takes what people see: pixels in [0, 1], preprocessing inside."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Final, Self

import torch
from torch import Tensor, nn

from stimuli.classifiers import Classifier
from stimuli.errors import ClassifierError
from stimuli.networks import Normalise

_PROBE_SIDE: Final = 8


class PixelModel(nn.Module):
    """Images in [0, 1] to logits; attacks and explanations work in that space.

    Attributes:
        module: The network itself, in evaluation mode.
        std: Standard deviation per channel that the preprocessing divides by;
            None where it is not of that kind.
        is_channels_last: Whether the network takes that memory layout.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
        transform: Callable[[Tensor], Tensor] | None = None,
        is_channels_last: bool = True,
    ) -> None:
        """Wrap a network.

        Args:
            module: Takes what the preprocessing gives, returns logits.
            mean: Per channel, for pixels in [0, 1].
            std: Per channel, for pixels in [0, 1].
            transform: Instead of mean and std: from `(n, 3, height, width)` in
                [0, 1] to the module's input, differentiable.
            is_channels_last: Whether the network takes that memory layout.
        """
        super().__init__()
        self.module = module
        self.std = None if transform else tuple(float(value) for value in std)
        self.is_channels_last = is_channels_last
        self._transform = transform
        self._is_identity = not any(mean) and all(value == 1 for value in std)
        device = _device_of(module)
        shape = (1, len(mean), 1, 1)
        for name, values in (("_mean", mean), ("_std", std)):
            tensor = torch.tensor(tuple(values), device=device).view(shape)
            self.register_buffer(name, tensor, persistent=False)
        # A new parent module starts in training mode; its child decides.
        self.training = module.training

    @classmethod
    def of(cls, classifier: Classifier) -> Self:
        """The network of a recipe's classifier, sharing its parameters.

        Raises:
            ClassifierError: If its preprocessing cannot be differentiated.
        """
        prepare = classifier.prepare
        inner = getattr(prepare, "inner", prepare)
        is_channels_last = not getattr(prepare, "is_contiguous", False)
        if isinstance(inner, Normalise):
            return cls(
                classifier.module,
                mean=inner.mean,
                std=inner.std,
                is_channels_last=is_channels_last,
            )
        transform = _differentiable(inner, classifier)
        return cls(
            classifier.module, transform=transform, is_channels_last=is_channels_last
        )

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return _device_of(self.module)

    @property
    def is_pointwise(self) -> bool:
        """Whether preprocessing treats every pixel alike and alone."""
        return self._transform is None

    def prepare(self, images: Tensor) -> Tensor:
        """The module's input for images in [0, 1]."""
        if self._transform is not None:
            return self._transform(images)
        if self._is_identity:
            return images
        mean, std = self.get_buffer("_mean"), self.get_buffer("_std")
        return (images - mean) / std

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, n_classes)` of images `(n, 3, height, width)` in [0, 1]."""
        logits: Tensor = self.module(self.prepare(images))
        return logits

    def arrange(self, images: Tensor) -> Tensor:
        """The same images on the network's device, in the layout it likes."""
        layout = (
            torch.channels_last if self.is_channels_last else torch.contiguous_format
        )
        return images.to(self.device, memory_format=layout)

    def twin(self, *, dtype: torch.dtype | None = None) -> PixelModel:
        """A copy for inference; what is done to it leaves this one alone.

        Args:
            dtype: Of the copy's parameters; None keeps them.
        """
        twin = copy.deepcopy(self).requires_grad_(requires_grad=False)
        if dtype is not None:
            twin.module = twin.module.to(dtype)
        if self.is_channels_last:
            twin.module = twin.module.to(memory_format=torch.channels_last)
        return twin


def _device_of(module: nn.Module) -> torch.device:
    for tensor in (*module.parameters(), *module.buffers()):
        return tensor.device
    return torch.device("cpu")


def _differentiable(
    transform: Callable[[Tensor], Tensor], classifier: Classifier
) -> Callable[[Tensor], Tensor]:
    """The user's preprocessing of bytes, as a function of [0, 1].

    Some take floats to be bytes, some to be in [0, 1] already; the one that
    agrees with what they make of real bytes is right.
    """
    side = max(classifier.display.crop, _PROBE_SIDE)
    ramp = torch.arange(3 * side * side, device=classifier.device) % 256
    bytes_ = ramp.view(1, 3, side, side).to(torch.uint8)
    expected = transform(bytes_)
    for candidate in (_Scaled(transform, 255.0), _Scaled(transform, 1.0)):
        if _agrees(candidate, bytes_.float() / 255, expected=expected):
            return candidate
    raise ClassifierError(
        f"{classifier.origin}: its transform cannot be differentiated (it needs "
        "8-bit input, or detaches it); return mean and std instead, or a transform "
        "that takes floats and keeps their gradient"
    )


class _Scaled:
    def __init__(self, transform: Callable[[Tensor], Tensor], scale: float) -> None:
        self.transform = transform
        self.scale = scale

    def __call__(self, images: Tensor) -> Tensor:
        # A product is never the caller's tensor, so in-place transforms are safe.
        return self.transform(images * self.scale)


def _agrees(
    transform: Callable[[Tensor], Tensor], images: Tensor, *, expected: Tensor
) -> bool:
    try:
        with torch.enable_grad():
            found = transform(images.clone().requires_grad_())
        is_close = torch.allclose(found, expected.to(found.dtype), atol=1e-4)
    except (RuntimeError, TypeError, ValueError):
        return False
    return is_close and found.requires_grad
