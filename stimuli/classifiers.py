"""Classifiers from torchvision, a state dict file, a user's function, or the demo."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stimuli.errors import ClassifierError
from stimuli.images import Display
from stimuli.networks import Loaded, Normalise
from stimuli.recipe_file import ClassifierSection, RecipeFile
from stimuli.torchvision_models import load_torchvision
from stimuli.user_function import first_line, load_function


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A network with its preprocessing, ready to predict.

    Attributes:
        name: Unique within the recipe.
        origin: Where it came from, in words for messages.
        module: In evaluation mode, on `device`.
        prepare: uint8 `(n, 3, height, width)` to the module's input.
        display: The crop it was made for.
        classes: (name, gloss) per output, if it says.
        n_classes: Number of outputs.
        weights_sha256: Hash of its parameters and buffers.
        code_sha256: Hash of the user's code, where there is some.
        device: Where it runs.
    """

    name: str
    origin: str
    module: nn.Module
    prepare: Callable[[Tensor], Tensor]
    display: Display
    classes: tuple[tuple[str, str], ...] | None
    n_classes: int
    weights_sha256: str
    code_sha256: str
    device: torch.device

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network says.

        Args:
            pixels: `(n, height, width, 3)` uint8 RGB, the bytes shown.

        Returns:
            `(n, n_classes)` float32.

        Raises:
            ClassifierError: If what comes out is not finite logits.
        """
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device)
        with torch.inference_mode():
            output = self._forward(batch)
        problem = _output_problem(
            output, n_images=len(pixels), n_classes=self.n_classes
        )
        if problem:
            raise ClassifierError(f"{self.origin}: {problem}")
        scores: NDArray[np.float32] = output.float().cpu().numpy()
        return scores

    def _forward(self, batch: Tensor) -> Tensor:
        try:
            output: Tensor = self.module(self.prepare(batch))
        except torch.OutOfMemoryError:
            # A smaller batch may fit; whoever chose this one halves it.
            raise
        except Exception as error:
            # The module and its preprocessing may be anybody's code.
            raise ClassifierError(
                f"{self.origin}: fails on a batch of shape {tuple(batch.shape)} with "
                f"{type(error).__name__}: {first_line(error)}"
            ) from error
        return output

    def copy_for_thread(self) -> Classifier:
        """A twin that shares the parameters and nothing else.

        Modules may keep what they compute as attributes, so two threads must
        not call the same one.
        """
        tensors = [*self.module.parameters(), *self.module.buffers()]
        memo = {id(tensor): tensor for tensor in tensors}
        twin = copy.deepcopy(self.module, memo)
        return replace(self, module=twin)


def load_classifiers(recipe: RecipeFile, *, device: torch.device) -> list[Classifier]:
    """Every classifier of the recipe, in its order.

    Raises:
        ClassifierError: If one cannot be loaded or does not make sense.
    """
    return [_load(section, recipe, device=device) for section in recipe.classifiers]


def choose_device(name: str) -> torch.device:
    """The device the recipe's `[execution] device` means here.

    Raises:
        ClassifierError: If CUDA is asked for and there is none.
    """
    has_cuda = torch.cuda.is_available()
    if name == "cuda" and not has_cuda:
        raise ClassifierError('execution.device is "cuda", but no CUDA device is found')
    return torch.device("cuda" if has_cuda and name != "cpu" else "cpu")


def _load(
    section: ClassifierSection, recipe: RecipeFile, *, device: torch.device
) -> Classifier:
    if section.torchvision:
        loaded = load_torchvision(
            section.torchvision,
            weights=section.weights or "",
            file=None
            if section.weights_is_enum
            else recipe.locate(section.weights or ""),
        )
    elif section.function:
        loaded = load_function(section.function, recipe.path.parent)
    else:
        loaded = _load_demo()
    return _finish(section.label, loaded, device=device)


def _finish(name: str, loaded: Loaded, *, device: torch.device) -> Classifier:
    module = loaded.module.float().eval().to(device)
    module.requires_grad_(requires_grad=False)
    draft = Classifier(
        name=name,
        origin=loaded.origin,
        module=module,
        prepare=_Prepare(loaded.prepare, is_contiguous=False),
        display=loaded.display,
        classes=loaded.classes,
        n_classes=0,
        weights_sha256=_hash_parameters(module),
        code_sha256=loaded.code_sha256,
        device=device,
    )
    plain = replace(draft, prepare=_Prepare(loaded.prepare, is_contiguous=True))
    try:
        return _measure(draft)
    except ClassifierError:
        # Channels last is twice as fast on CPUs, but a module that uses `view`
        # refuses it.
        return _measure(plain)


def _measure(draft: Classifier) -> Classifier:
    """The classifier with its number of outputs, found by trying it."""
    crop = draft.display.crop
    blank = torch.zeros((2, crop, crop, 3), dtype=torch.uint8, device=draft.device)
    with torch.inference_mode():
        # The memory layout of a batch cut from images.
        output = draft._forward(blank.permute(0, 3, 1, 2))
    problem = _output_problem(output, n_images=2, n_classes=None)
    if problem:
        raise ClassifierError(f"{draft.origin}: {problem}")
    n_classes = int(output.shape[1])
    if draft.classes is not None and len(draft.classes) != n_classes:
        raise ClassifierError(
            f"{draft.origin}: names {len(draft.classes)} classes, but the module has "
            f"{n_classes} outputs"
        )
    return replace(draft, n_classes=n_classes)


@dataclass(frozen=True)
class _Prepare:
    """A classifier's preprocessing, with the memory layout it was found to take."""

    inner: Callable[[Tensor], Tensor]
    is_contiguous: bool

    def __call__(self, batch: Tensor) -> Tensor:
        return self.inner(batch.contiguous() if self.is_contiguous else batch)


def _output_problem(
    output: object, *, n_images: int, n_classes: int | None
) -> str | None:
    expected = f"expected logits of shape ({n_images}, {n_classes or 'n_classes'})"
    if not isinstance(output, Tensor):
        return f"{expected}, got {type(output).__name__}; return the logits alone"
    shape = tuple(output.shape)
    is_shape = output.ndim == 2 and shape[0] == n_images
    if not is_shape or shape[1] != (n_classes or shape[1]) or shape[1] < 2:
        return f"{expected}, got shape {shape}"
    if not output.is_floating_point():
        return f"{expected} as floating point, got {output.dtype}"
    finite = torch.isfinite(output)
    if not bool(finite.all()):
        n_bad = int((~finite).sum())
        what = "NaN" if bool(output.isnan().any()) else "infinite values"
        return f"{expected}, got {what} in {n_bad} of {output.numel()} values"
    return None


def _hash_parameters(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        if isinstance(tensor, Tensor):
            array = tensor.detach().cpu().contiguous()
            digest.update(f"{name}|{array.dtype}|{tuple(array.shape)}\0".encode())
            digest.update(array.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _load_demo() -> Loaded:
    from stimuli import scenes

    display = Display(resize=scenes.IMAGE_SIZE, crop=scenes.IMAGE_SIZE)
    return Loaded(
        module=scenes.load_network(),
        prepare=Normalise(tuple(scenes.MEAN), tuple(scenes.STD)),
        display=display,
        classes=tuple((c.name, c.gloss) for c in scenes.CLASSES),
        origin="the demo world's network",
    )
