"""What a classifier owes, tried on a few of the recipe's own images before all others.

The same image has the same answer, whenever it comes and whatever else is in the
batch. Where a recipe needs gradients, the answer leads back to the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode

from stimuli.classifiers.loading import Classifier
from stimuli.classifiers.outputs import are_shares, unwrap
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.errors import ClassifierError, UnreadableImageError
from stimuli.methods.segmentation import Pixels
from stimuli.sources.images import Display, careful_reading, read_picture

# Of the spread of an image's scores. Rounding differs between batch sizes, and more
# where convolutions are done in TF32 or half precision; dropout and batch norm differ
# by whole parts of the spread.
REPEAT_TOLERANCE: Final = 0.001
BATCH_TOLERANCE: Final = 0.01

_N_CROPS: Final = 2
_N_TRIED: Final = 8


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a recipe wants of its classifiers beside scores.

    Attributes:
        kind: Of the recipe, for messages.
        has_gradients: Whether it attacks them.
        dtypes: What it computes in, by their names in torch, beside float32.
    """

    kind: str
    has_gradients: bool = False
    dtypes: tuple[str, ...] = ()


def check_contract(
    classifiers: Sequence[Classifier],
    images: Sequence[Path],
    *,
    display: Display,
    needs: Needs,
) -> list[str]:
    """What is worth knowing of the classifiers, in words.

    Args:
        classifiers: Loaded.
        images: The files that will be shown to them; two are used.
        display: The crop that is shown.
        needs: What the recipe wants.

    Raises:
        ClassifierError: If one breaks the contract, with what breaks it.
    """
    crops = _read_crops(images, display)
    notes: list[str] = []
    for classifier in classifiers:
        _check_steadiness(classifier, crops)
        _check_dtypes(classifier, crops, needs)
        if needs.has_gradients:
            _check_gradients(classifier, crops, needs)
        notes += _describe(classifier, crops)
    return notes


def _read_crops(images: Sequence[Path], display: Display) -> list[Pixels]:
    """Two different pictures: of the data set, of noise where that has fewer."""
    places = np.unique(np.linspace(0, len(images) - 1, _N_TRIED).astype(int))
    crops: list[Pixels] = []
    with careful_reading():
        for place in places if images else ():
            try:
                pixels = read_picture(images[place], display).pixels
            except UnreadableImageError:
                continue  # counted by the build
            if not any(np.array_equal(pixels, other) for other in crops):
                crops.append(pixels)
            if len(crops) == _N_CROPS:
                return crops
    shape = (_N_CROPS, display.crop, display.crop, 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return [*crops, *noise][:_N_CROPS]


def _check_steadiness(classifier: Classifier, crops: Sequence[Pixels]) -> None:
    """The same image has the same answer, alone and in a batch."""
    first = crops[:1]
    try:
        alone, again = (_scores(classifier, first)[0] for _ in range(2))
    except ClassifierError as error:
        raise ClassifierError(f"{error}{_hint(classifier, crops)}") from error
    repeated = _Answers(
        alone, again, tolerance=REPEAT_TOLERANCE, when="the same image comes again"
    )
    _compare(classifier, repeated, crops)
    try:
        in_batch = [_scores(classifier, crops)[0]]
        in_batch.append(_scores(classifier, crops[::-1])[-1])
    except torch.OutOfMemoryError:
        return  # whoever predicts takes one at a time
    for found in in_batch:
        batched = _Answers(
            alone,
            found,
            tolerance=BATCH_TOLERANCE,
            when="an image comes in a batch rather than alone",
        )
        _compare(classifier, batched, crops)


def _scores(classifier: Classifier, crops: Sequence[Pixels]) -> NDArray[np.float64]:
    """What it answers with, `(n, n_classes)`."""
    scores = classifier.logits(np.stack(crops)).astype(np.float64)
    return np.exp(scores) if classifier.gives == "probabilities" else scores


def _each(classifier: Classifier, crops: Sequence[Pixels]) -> NDArray[np.float64]:
    """The same, one image at a time."""
    return np.concatenate([_scores(classifier, [crop]) for crop in crops])


@dataclass(frozen=True)
class _Answers:
    """Two answers to one image, `(n_classes,)`, that should be one."""

    one: NDArray[np.float64]
    other: NDArray[np.float64]
    tolerance: float
    when: str


def _compare(
    classifier: Classifier, answers: _Answers, crops: Sequence[Pixels]
) -> None:
    spread = float(np.ptp(answers.one))
    difference = float(np.abs(answers.one - answers.other).max())
    if difference <= answers.tolerance * spread + np.finfo(np.float32).eps:
        return
    culprits = list(find_culprits(classifier, crops))
    share = f", {difference / spread:.1%} of their spread" if spread else ""
    raise ClassifierError(
        f"{classifier.origin}: answers otherwise when {answers.when}: scores differ by "
        f"{difference:.3g}{share} (up to {answers.tolerance:.1%} is rounding). "
        f"{'. '.join(culprits) or 'What does it keep from call to call?'}"
    )


def find_culprits(classifier: Classifier, crops: Sequence[Pixels]) -> Iterator[str]:
    """What in a classifier depends on chance or on the rest of the batch.

    Args:
        classifier: Any.
        crops: At least one picture.
    """
    mixing = [
        name or "itself"
        for name, part in unwrap(classifier.module).named_modules()
        if isinstance(part, _BatchNorm) and part.running_mean is None
    ]
    if mixing:
        more = f" and {len(mixing) - 3} more" if len(mixing) > 3 else ""
        yield (
            f"Batch norm without running statistics (track_running_stats=False), which "
            f"mixes the images of a batch: {', '.join(mixing[:3])}{more}"
        )
    listener = _Listener()
    batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
    with torch.no_grad(), listener:
        classifier.module(classifier.prepare(batch.to(classifier.device)))
    yield from dict.fromkeys(listener.heard)


class _Listener(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Hears every operation of a pass, inside scripted and exported ones too."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.heard: list[str] = []

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's signature
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        given = kwargs or {}
        self._note(func, args, given)
        return func(*args, **given)

    def _note(self, func: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:  # noqa: ANN401
        name = func.overloadpacket.__name__
        arguments = func._schema.arguments
        values = {a.name: v for a, v in zip(arguments, args, strict=False)} | given
        if "batch_norm" in name and values.get("training"):
            self.heard.append(
                "It runs batch norm with training=True, which mixes the images of a "
                "batch"
            )
        if name in _DRAWS or (name == "native_dropout" and values.get("train")):
            self.heard.append(
                f"It draws random numbers ({name}), as dropout does where "
                "torch.nn.functional.dropout is not told training=self.training"
            )


_DRAWS: Final = frozenset(
    {"bernoulli", "bernoulli_", "rand", "rand_like", "randn", "randn_like"}
    | {"randint", "randint_like", "randperm", "normal", "normal_", "uniform_"}
    | {"multinomial", "exponential_", "rrelu_with_noise", "random_"}
)


def _hint(classifier: Classifier, crops: Sequence[Pixels]) -> str:
    """Why a single image may fail where two do not."""
    try:
        _scores(classifier, crops)
    except (ClassifierError, torch.OutOfMemoryError):
        return ""
    if classifier.form == "exported":
        return (
            "; it takes two images at a time, not one: export it with a batch "
            "dimension that may vary (dynamic_shapes)"
        )
    culprits = list(find_culprits(classifier, crops))
    return ". ".join(["; it takes two images at a time, not one", *culprits])


def _check_dtypes(
    classifier: Classifier, crops: Sequence[Pixels], needs: Needs
) -> None:
    for name in needs.dtypes:
        dtype = getattr(torch, name)
        model = PixelModel.of(classifier, needs_gradients=False).twin(dtype=dtype)
        images = model.arrange(_to_unit(crops[:1], classifier))
        with torch.inference_mode():
            # As explanations do, which prepare in float32 where they can.
            scores = (
                model.answer(model.prepare(images).to(dtype))
                if model.is_pointwise
                else model(images.to(dtype))
            )
        if not bool(torch.isfinite(scores).all()):
            raise ClassifierError(
                f'{classifier.origin}: gives no finite scores in dtype = "{name}"; '
                'take "float32"'
            )


def _check_gradients(
    classifier: Classifier, crops: Sequence[Pixels], needs: Needs
) -> None:
    """Its answer leads back to the pixels.

    Raises:
        ClassifierError: If it does not, or by nothing but zeros.
    """
    where = f'kind = "{needs.kind}" attacks the classifier, which needs gradients'
    if not classifier.has_gradients:
        what = (
            "is a function that only predicts"
            if classifier.form == "function"
            else "says has_gradients = False"
        )
        raise ClassifierError(
            f"{classifier.origin}: {what}; {where}: give the network itself, or take "
            '"misclassified", "predictions" or "explanation_path"'
        )
    try:
        gradients = [_gradient(classifier, crop) for crop in crops]
    except ClassifierError as error:
        raise ClassifierError(f"{where}: {error}") from error
    except torch.OutOfMemoryError:
        return  # the attack says so in words of its own
    if not any(np.isfinite(g).all() for g in gradients):
        raise ClassifierError(
            f"{classifier.origin}: its gradient is not finite on any of "
            f"{len(gradients)} images; {where}: look for a square root or a logarithm "
            "of zero in it"
        )
    if not any(g.any() for g in gradients):
        raise ClassifierError(
            f"{classifier.origin}: its gradient is zero everywhere on "
            f"{len(gradients)} images; {where}: look for rounding, argmax, or a softmax "
            "that is sure of itself (return logits)"
        )


def _gradient(classifier: Classifier, crop: Pixels) -> NDArray[np.float32]:
    """Of the largest score by the pixels."""
    model = PixelModel.of(classifier)
    images = model.arrange(_to_unit([crop], classifier)).requires_grad_()
    with torch.enable_grad():
        best = model(images).amax(1).sum()
        gradient = model.gradient(best, images)
    found: NDArray[np.float32] = gradient.float().cpu().numpy()
    return found


def _to_unit(crops: Sequence[Pixels], classifier: Classifier) -> torch.Tensor:
    batch = torch.from_numpy(np.stack(crops)).to(classifier.device)
    return batch.permute(0, 3, 1, 2).float() / 255


def _describe(classifier: Classifier, crops: Sequence[Pixels]) -> Iterator[str]:
    """Notes for the researcher."""
    if classifier.form == "function":
        yield (
            f"{classifier.name} is a function that only predicts: its weights are not "
            "known, so the set is bound to its code alone"
        )
    if classifier.gives == "probabilities":
        yield (
            f"{classifier.name} answers with probabilities (rows of at least 0 that "
            "sum to 1); they are used as they are, and margins are differences of "
            "their logarithms"
        )
    elif are_shares(torch.from_numpy(_each(classifier, crops))):
        yield (
            f"{classifier.name} answers with values in [0, 1] that do not sum to 1, as "
            "a sigmoid does; they are taken for logits, so that all classes look "
            "nearly as probable: return the logits"
        )
