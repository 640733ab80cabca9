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

from stimuli.classifiers.networks import LoadedNetwork, Normalise
from stimuli.classifiers.outputs import (
    Answering,
    Form,
    Gives,
    are_probabilities,
    take_logits,
)
from stimuli.classifiers.user_function import ANYTHING, load_function, naming_failures
from stimuli.errors import ClassifierError, first_line
from stimuli.recipe_file import ClassifierSection, RecipeFile
from stimuli.sources.images import Display


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
        form: What it is: a "module", a "scripted" or "exported" one, or a
            "function" that only predicts.
        gives: What it answers with itself; `logits` has logits in any case.
        has_gradients: Whether its answer leads back to its pixels, as far as it
            says; `stimuli.engine.classifier_contract` tries it.
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
    form: Form = "module"
    gives: Gives = "logits"
    has_gradients: bool = True

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
        """What comes out of a batch `(n, 3, height, width)` uint8 on `device`.

        Raises:
            ClassifierError: If its code fails.
        """
        with naming_failures(self.origin, tuple(batch.shape)):
            output: Tensor = self.module(self.prepare(batch))
        return output

    def copy_for_thread(self) -> Classifier:
        """A twin that shares the parameters and nothing else.

        Modules may keep what they compute as attributes, so two threads must
        not call the same one.
        """
        tensors = [*self.module.parameters(), *self.module.buffers()]
        memo = {id(tensor): tensor for tensor in tensors}
        try:
            twin = copy.deepcopy(self.module, memo)
        except ANYTHING as error:
            raise ClassifierError(
                f"{self.origin}: cannot be copied for each thread "
                f"({type(error).__name__}: {first_line(error)}); leave out of the module "
                "what cannot be copied (files, locks, connections), or say threads = 1 "
                "under [execution]"
            ) from error
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
        # It takes longer to import than most of what other classifiers do.
        from stimuli.classifiers.torchvision_models import load_torchvision

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
        loaded = _load_demo("standard" if section.demo is True else str(section.demo))
    return _finish(section.label, loaded, device=device)


def _finish(name: str, loaded: LoadedNetwork, *, device: torch.device) -> Classifier:
    module = _made_ready(loaded, device)
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
        form=loaded.form,
        has_gradients=loaded.has_gradients,
    )
    plain = replace(draft, prepare=_Prepare(loaded.prepare, is_contiguous=True))
    try:
        return _measure(draft, loaded.gives)
    except ClassifierError:
        # Channels last is twice as fast on CPUs, but a module that uses `view`
        # refuses it.
        return _measure(plain, loaded.gives)


def _made_ready(loaded: LoadedNetwork, device: torch.device) -> nn.Module:
    module = loaded.module
    try:
        if loaded.form == "exported":
            _mark_as_evaluating(module)
        else:
            module.eval()
        module = module.float().to(device)
        # Scripted modules have no switch for all of them.
        for parameter in module.parameters():
            parameter.requires_grad = False
    except torch.OutOfMemoryError:
        raise
    except ANYTHING as error:
        raise ClassifierError(
            f"{loaded.origin}: cannot be put into evaluation mode as float32 "
            f"({type(error).__name__}: {first_line(error)}); give the torch.nn.Module "
            "that was exported or compiled, with its state dict"
        ) from error
    awake = [name or "itself" for name, part in module.named_modules() if part.training]
    if awake:
        raise ClassifierError(
            f"{loaded.origin}: stays in training mode after eval(): "
            f"{', '.join(awake[:5])}{' ...' if len(awake) > 5 else ''}; let its eval "
            "and train reach every part"
        )
    return module


def _mark_as_evaluating(module: nn.Module) -> None:
    """An exported program has lost the switch; it is in the mode of its export."""
    for part in module.modules():
        part.training = False


def _measure(draft: Classifier, given: Gives | None) -> Classifier:
    """The classifier with what its outputs are, found by trying it.

    Args:
        draft: Without number of classes.
        given: What it answers with, if it says.
    """
    answer = _try(draft)
    output = _check_scores(draft, answer)
    if given == "probabilities" and not are_probabilities(output):
        raise ClassifierError(
            f"{draft.origin}: says that it gives probabilities, but its rows are not "
            f"at least 0 with the sum 1 (sums {_list(output.sum(1))})"
        )
    gives = given or ("probabilities" if are_probabilities(output) else "logits")
    n_classes = int(output.shape[1])
    if draft.classes is not None and len(draft.classes) != n_classes:
        raise ClassifierError(
            f"{draft.origin}: names {len(draft.classes)} classes, but the module has "
            f"{n_classes} outputs"
        )
    is_plain = gives == "logits" and output is answer
    module = draft.module if is_plain else Answering(draft.module, gives=gives)
    return replace(draft, module=module, n_classes=n_classes, gives=gives)


def _try(draft: Classifier) -> object:
    """What it answers to two pictures of noise.

    Raises:
        ClassifierError: If it fails, or has no memory for two.
    """
    side = draft.display.crop
    # Always the same, since every process that loads it must find the same.
    noise = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8)
    try:
        batch = torch.from_numpy(noise).to(draft.device)
        with torch.inference_mode():
            # The memory layout of a batch cut from images.
            return draft._forward(batch.permute(0, 3, 1, 2))
    except torch.OutOfMemoryError as error:
        raise ClassifierError(
            f"{draft.origin}: {draft.device} has no memory for two images of "
            f"{side} pixels; free it, or take a smaller crop"
        ) from error


def _check_scores(draft: Classifier, answer: object) -> Tensor:
    """The scores `(2, n_classes)` in an answer.

    Raises:
        ClassifierError: If there are none.
    """
    output = take_logits(answer)
    problem = _output_problem(output, n_images=2, n_classes=None)
    if problem or not isinstance(output, Tensor):
        raise ClassifierError(f"{draft.origin}: {problem}")
    return output


def _list(values: Tensor) -> str:
    return ", ".join(f"{value:.4g}" for value in values.tolist())


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
        return (
            f"{expected}, got {type(output).__name__}; return the logits alone, or an "
            "object or mapping with `logits`"
        )
    shape = tuple(output.shape)
    if shape in ((n_images, 1), (n_images,)):
        return (
            f"{expected}, got shape {shape}: one score for two classes; return one "
            "column for each, for example torch.stack([torch.zeros_like(x), x], 1)"
        )
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


def _load_demo(name: str) -> LoadedNetwork:
    from stimuli import scenes

    path = scenes.NETWORKS[name]
    if not path.exists():
        raise ClassifierError(
            f"the demo world's {name} network is not part of this installation"
        )
    words = "" if name == "standard" else f"{name} "
    display = Display(resize=scenes.IMAGE_SIZE, crop=scenes.IMAGE_SIZE)
    return LoadedNetwork(
        module=scenes.load_network(path),
        prepare=Normalise(tuple(scenes.MEAN), tuple(scenes.STD)),
        display=display,
        classes=tuple((c.name, c.gloss) for c in scenes.CLASSES),
        origin=f"the demo world's {words}network",
    )
