"""A classifier that takes what people see: pixels in [0, 1], preprocessing inside."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Final, Self

import torch
from torch import Tensor, nn

from stimuli.classifiers.loading import Classifier
from stimuli.classifiers.networks import Normalise
from stimuli.classifiers.user_function import ANYTHING, naming_failures
from stimuli.errors import ClassifierError, first_line

_PROBE_SIDE: Final = 8


class PixelModel(nn.Module):
    """Images in [0, 1] to logits; attacks and explanations work in that space.

    Attributes:
        module: The network itself, in evaluation mode.
        std: Standard deviation per channel that the preprocessing divides by;
            None where it is not of that kind.
        is_channels_last: Whether the network takes that memory layout.
        origin: Where it came from, in words for messages.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
        transform: Callable[[Tensor], Tensor] | None = None,
        is_channels_last: bool = True,
        origin: str = "the classifier",
    ) -> None:
        """Wrap a network.

        Args:
            module: Takes what the preprocessing gives, returns logits.
            mean: Per channel, for pixels in [0, 1].
            std: Per channel, for pixels in [0, 1].
            transform: Instead of mean and std: from `(n, 3, height, width)` in
                [0, 1] to the module's input, differentiable.
            is_channels_last: Whether the network takes that memory layout.
            origin: Where it came from, in words for messages.
        """
        super().__init__()
        self.module = module
        self.std = None if transform else tuple(float(value) for value in std)
        self.is_channels_last = is_channels_last
        self.origin = origin
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
    def of(cls, classifier: Classifier, *, needs_gradients: bool = True) -> Self:
        """The network of a recipe's classifier, sharing its parameters.

        Args:
            classifier: Loaded.
            needs_gradients: Whether its answer must lead back to its pixels; if not,
                preprocessing that takes nothing but bytes is given rounded ones.

        Raises:
            ClassifierError: If it must, and does not.
        """
        if needs_gradients and not classifier.has_gradients:
            raise ClassifierError(
                f"{classifier.origin}: has no gradients, which attacks need; give the "
                "network itself"
            )
        prepare = classifier.prepare
        inner = getattr(prepare, "inner", prepare)
        is_channels_last = not getattr(prepare, "is_contiguous", False)
        if isinstance(inner, Normalise):
            return cls(
                classifier.module,
                mean=inner.mean,
                std=inner.std,
                is_channels_last=is_channels_last,
                origin=classifier.origin,
            )
        transform = _on_floats(inner, classifier, needs_gradients=needs_gradients)
        return cls(
            classifier.module,
            transform=transform,
            is_channels_last=is_channels_last,
            origin=classifier.origin,
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
        with naming_failures(self.origin, tuple(images.shape)):
            inputs = self.prepare(images)
        return self.answer(inputs)

    def answer(self, inputs: Tensor) -> Tensor:
        """Logits `(n, n_classes)` of what `prepare` made of images."""
        with naming_failures(self.origin, tuple(inputs.shape)):
            logits: Tensor = self.module(inputs)
        return logits

    def gradient(self, loss: Tensor, images: Tensor) -> Tensor:
        """What the loss gains per pixel, of the images' shape.

        Raises:
            ClassifierError: If the network does not lead back to its pixels.
        """
        try:
            (gradient,) = torch.autograd.grad(loss, images)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise ClassifierError(
                f"{self.origin}: gives no gradient of its logits by its pixels "
                f"({first_line(error)}); attacks and gradients need a module without "
                "torch.no_grad, detach, rounding or NumPy on the way"
            ) from error
        found: Tensor = gradient
        return found

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


def list_image_problems(images: Tensor, *, may_be_empty: bool = True) -> list[str]:
    """Why these are no images for such a network, in words; empty where they are.

    Args:
        images: Ought to be `(n, 3, height, width)`, floats in [0, 1].
        may_be_empty: Whether none at all will do.
    """
    shape = tuple(images.shape)
    if images.ndim != 4 or shape[1] != 3:
        return [f"images must be (n, 3, height, width), got {shape}"]
    if not images.is_floating_point():
        return [f"images must be floats in [0, 1], got {images.dtype}; divide by 255"]
    if not len(images):
        return [] if may_be_empty else ["there are no images: expected at least one"]
    low, high = (float(value) for value in torch.aminmax(images))
    if not (low >= 0 and high <= 1):
        return [
            f"images must lie in [0, 1], got [{low:.3g}, {high:.3g}]; "
            "divide 8-bit images by 255, and leave normalisation to the model"
        ]
    return []


def list_mode_problems(model: nn.Module) -> list[str]:
    """Whether the network, or a part of it, is not in evaluation mode, in words."""
    if any(part.training for part in model.modules()):
        return ["the network is in training mode; call eval() on it"]
    return []


def _device_of(module: nn.Module) -> torch.device:
    for tensor in (*module.parameters(), *module.buffers()):
        return tensor.device
    return torch.device("cpu")


def _on_floats(
    transform: Callable[[Tensor], Tensor],
    classifier: Classifier,
    *,
    needs_gradients: bool,
) -> Callable[[Tensor], Tensor]:
    """The user's preprocessing of bytes, as a function of [0, 1].

    Some take floats to be bytes, some to be in [0, 1] already; the one that
    agrees with what they make of real bytes is right.
    """
    if classifier.form == "function":
        return _Rounded(transform)
    side = max(classifier.display.crop, _PROBE_SIDE)
    ramp = torch.arange(3 * side * side, device=classifier.device) % 256
    bytes_ = ramp.view(1, 3, side, side).to(torch.uint8)
    with naming_failures(classifier.origin, tuple(bytes_.shape)):
        expected = transform(bytes_)
    reasons = []
    for candidate in (_Scaled(transform, 255.0), _Scaled(transform, 1.0)):
        reason = _why_not(candidate, bytes_.float() / 255, expected=expected)
        if not reason:
            return candidate
        reasons.append(reason)
    if not needs_gradients:
        return _Rounded(transform)
    raise ClassifierError(
        f"{classifier.origin}: its transform cannot be differentiated: with floats "
        f"from 0 to 255 {reasons[0]}, from 0 to 1 {reasons[1]}; return mean and std "
        "instead, or a transform that takes floats and keeps their gradient"
    )


class _Rounded:
    """Preprocessing of bytes, given the bytes nearest to floats in [0, 1]."""

    def __init__(self, transform: Callable[[Tensor], Tensor]) -> None:
        self.transform = transform

    def __call__(self, images: Tensor) -> Tensor:
        return self.transform((images * 255).round().to(torch.uint8))


class _Scaled:
    def __init__(self, transform: Callable[[Tensor], Tensor], scale: float) -> None:
        self.transform = transform
        self.scale = scale

    def __call__(self, images: Tensor) -> Tensor:
        # A product is never the caller's tensor, so in-place transforms are safe.
        return self.transform(images * self.scale)


def _why_not(
    transform: Callable[[Tensor], Tensor], images: Tensor, *, expected: Tensor
) -> str:
    """Why these floats do not stand for the bytes; empty where they do."""
    try:
        with torch.enable_grad():
            found = transform(images.clone().requires_grad_())
        is_close = torch.allclose(found, expected.to(found.dtype), atol=1e-4)
    except torch.OutOfMemoryError:
        raise
    except ANYTHING as error:
        return f"it fails with {type(error).__name__}: {first_line(error)}"
    if not is_close:
        return "it gives something else than for the bytes"
    return "" if found.requires_grad else "it detaches them"
