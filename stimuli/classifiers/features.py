"""Hidden representations of a classifier: its penultimate layer, or any by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from stimuli.classifiers.outputs import unwrap
from stimuli.classifiers.user_function import naming_failures
from stimuli.errors import ClassifierError

PENULTIMATE: Final = "penultimate"

Pooling = Literal["mean", "flatten"]

_N_LISTED: Final = 60


class Network(Protocol):
    """What is needed of a classifier; `stimuli.classifiers.loading.Classifier` has it."""

    @property
    def module(self) -> nn.Module:
        """In evaluation mode."""

    @property
    def prepare(self) -> Callable[[Tensor], Tensor]:
        """uint8 `(n, 3, height, width)` to the module's input."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    @property
    def origin(self) -> str:
        """Where it came from, for messages."""


def extract_features(
    network: Network,
    batches: Iterable[NDArray[np.uint8]],
    *,
    layer: str = PENULTIMATE,
    pooling: Pooling = "mean",
) -> NDArray[np.float32]:
    """What a layer says of every image.

    Args:
        network: A classifier.
        batches: `(n, height, width, 3)` uint8 RGB each, the bytes shown; their
            size bounds the memory.
        layer: A name from `list_layers` for that layer's output, or
            "penultimate": the input of the last layer with weights that ran
            (the classification head), found anew for every network.
        pooling: What becomes of `(n, channels, height, width)`: "mean" over
            positions, or "flatten". `(n, tokens, width)` is averaged over
            tokens, or flattened.

    Returns:
        `(n_images, d)`.

    Raises:
        ClassifierError: If there is no such layer, it does not run, gives no
            tensor per image, or gives values that are not finite.
    """
    parts: list[NDArray[np.float32]] = []
    with _listen(network, layer) as heard, torch.inference_mode():
        for pixels in batches:
            heard.clear()
            batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
            _run(network, batch.to(network.device))
            tensor = heard.take(len(pixels), layer=layer, origin=network.origin)
            flat = _pool(tensor, pooling)
            n_before = sum(map(len, parts))
            _check_finite(flat, n_before, f"{network.origin}: layer {layer!r}")
            parts.append(flat.float().cpu().numpy())
    if not parts:
        raise ValueError("expected at least one batch of images, got none")
    return np.concatenate(parts)


def _run(network: Network, batch: Tensor) -> None:
    with naming_failures(network.origin, tuple(batch.shape)):
        network.module(network.prepare(batch))


def list_layers(module: nn.Module) -> tuple[str, ...]:
    """Every name that `layer` may have, in the order of the module."""
    return tuple(name for name, _ in module.named_modules() if name)


@dataclass(kw_only=True)
class _Heard:
    """What hooks caught in one forward pass.

    Attributes:
        tensor: The layer's last output, or the last head's input.
        calls: How often a hook fired.
    """

    tensor: object = None
    calls: int = 0
    handles: list[RemovableHandle] = field(default_factory=list)

    def clear(self) -> None:
        self.tensor, self.calls = None, 0

    def keep(self, tensor: object) -> None:
        self.tensor = tensor
        self.calls += 1

    def take(self, n_images: int, *, layer: str, origin: str) -> Tensor:
        where = f"{origin}: layer {layer!r}"
        if not self.calls:
            raise ClassifierError(
                f"{where} does not run in a forward pass; name one that does"
            )
        if not isinstance(self.tensor, Tensor):
            raise ClassifierError(
                f"{where} gives {type(self.tensor).__name__}, expected one tensor; "
                "name a layer inside it"
            )
        if self.tensor.ndim < 2 or len(self.tensor) != n_images:
            raise ClassifierError(
                f"{where} gives shape {tuple(self.tensor.shape)}, expected "
                f"({n_images}, ...) with at least two dimensions"
            )
        return self.tensor


@contextmanager
def _listen(network: Network, layer: str) -> Iterator[_Heard]:
    """Hooks while the block runs; none is left however it ends."""
    heard = _Heard()
    try:
        if layer == PENULTIMATE:
            _hook_heads(network, heard)
        else:
            _hook_layer(network, heard, layer)
        yield heard
    finally:
        for handle in heard.handles:
            handle.remove()


def _hook_heads(network: Network, heard: _Heard) -> None:
    def before(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        heard.keep(inputs[0] if inputs else None)

    for module in unwrap(network.module).modules():
        # Norms have one-dimensional weights; heads multiply by a matrix.
        own = module.parameters(recurse=False)
        if any(parameter.ndim >= 2 for parameter in own):
            heard.handles.append(module.register_forward_pre_hook(before))
    if not heard.handles:
        raise ClassifierError(
            f"{network.origin}: no layer with weights; name a layer of "
            f"{_names(unwrap(network.module))}"
        )


def _hook_layer(network: Network, heard: _Heard, layer: str) -> None:
    known = list_layers(unwrap(network.module))
    if layer not in known:
        near = get_close_matches(layer, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ClassifierError(
            f"{network.origin}: no layer {layer!r}; {hint}"
            f"Layers are {PENULTIMATE}, {_names(unwrap(network.module))}"
        )

    def after(_: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        heard.keep(output)

    module = unwrap(network.module).get_submodule(layer)
    heard.handles.append(module.register_forward_hook(after))


def _names(module: nn.Module) -> str:
    known = list_layers(module)
    more = len(known) - _N_LISTED
    return ", ".join(known[:_N_LISTED]) + (f" and {more} more" if more > 0 else "")


def _pool(tensor: Tensor, pooling: Pooling) -> Tensor:
    if tensor.ndim == 2 or pooling == "flatten":
        return tensor.flatten(1)
    if tensor.ndim == 3:
        return tensor.mean(1)
    return tensor.flatten(2).mean(2)


def _check_finite(flat: Tensor, n_before: int, where: str) -> None:
    is_finite = torch.isfinite(flat).all(1)
    if not bool(is_finite.all()):
        bad = (~is_finite).nonzero()[:, 0]
        raise ClassifierError(
            f"{where} gives values that are not finite for {len(bad)} images, first "
            f"image {n_before + int(bad[0])}"
        )
