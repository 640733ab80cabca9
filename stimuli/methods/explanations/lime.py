"""LIME for images: which superpixels speak for a class, many images at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stimuli.classifiers.batching import Batches, calibrate_batch, wait_for
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations._base import (
    Explained,
    ExplanationError,
    check_request,
)
from stimuli.methods.explanations._lime_inputs import (
    ArrayOrTensor,
    check_samples,
    check_segments,
)
from stimuli.methods.explanations._lime_run import (
    LimeExplanation,
    LimeRequest,
    LimeRun,
    Top,
)
from stimuli.methods.explanations._perturbation import Fill, Perturbation
from stimuli.methods.explanations._surrogate import Kernel
from stimuli.methods.segmentation import (
    Pixels,
    Quickshift,
    SegmentationPool,
    Segmenter,
    Segments,
    segment_groups,
)

Dtype = Literal["float32", "bfloat16"]

_LEAST: Final = {"n_samples": 2, "k": 1, "images_at_once": 1, "n_stability_seeds": 0}

_DTYPES: Final = {"float32": None, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, kw_only=True)
class Lime:
    """Ridge regression of a class's probability on which superpixels are shown.

    Attributes:
        n_samples: Perturbed images; the first is the image itself.
        sigma: Width of the kernel.
        kernel: "lime" as in the package; "paper" without its square root.
        k: How many superpixels count as the top.
        top: What "the top k" means, which the paper leaves open: "show" fits
            all superpixels and shows k, "select" selects k and fits those alone.
        fill: What a hidden superpixel shows: None for its mean colour, else a
            grey or an RGB colour in [0, 1].
        segmenter: Makes the superpixels of the 8-bit image.
        dtype: What the network computes in.
        batch_size: Samples per pass; None measures the best one first.
        images_at_once: Images segmented and explained together; bounds memory.
        n_stability_seeds: Explain with so many further seeds as well, and
            report how far the top k agree; 0 for not at all.

    Raises:
        ExplanationError: If an option has no meaning.

    Source: Ribeiro, Singh and Guestrin (2016); the `lime` package 0.2.0.1, with
        which it agrees to 1e-5 given the same samples.
    """

    n_samples: int = 1000
    sigma: float = 0.25
    kernel: Kernel = "lime"
    k: int = 8
    top: Top = "show"
    fill: Fill = None
    segmenter: Segmenter = field(default_factory=Quickshift)
    dtype: Dtype = "float32"
    batch_size: int | None = None
    images_at_once: int = 16
    n_stability_seeds: int = 0

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be at least {least}, got {getattr(self, name)!r}"
            for name, least in _LEAST.items()
            if getattr(self, name) < least
        ]
        for name, kind in (("kernel", Kernel), ("top", Top), ("dtype", Dtype)):
            if getattr(self, name) not in get_args(kind):
                known = ", ".join(get_args(kind))
                problems.append(
                    f"{name} must be one of {known}, got {getattr(self, name)!r}"
                )
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            problems.append(f"sigma must be above 0, got {self.sigma!r}")
        if self.batch_size is not None and self.batch_size < 1:
            problems.append(f"batch_size must be above 0, got {self.batch_size}")
        if problems:
            raise ExplanationError("; ".join(problems))

    @property
    def name(self) -> str:
        """What recipes and manifests call it."""
        return "lime"

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return {**asdict(self), "segmentation": type(self.segmenter).__name__.lower()}

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Sequence[Sequence[int]],
        image_ids: Sequence[str],
        seed: int,
        pool: SegmentationPool | None = None,
        segments: Sequence[ArrayOrTensor] | None = None,
        samples: Sequence[ArrayOrTensor] | None = None,
    ) -> Explained[LimeExplanation]:
        """Explain a batch.

        Args:
            model: In evaluation mode; left as it is.
            images: `(n, 3, height, width)` in [0, 1].
            labels: The classes to explain, per image; all cost as much as one.
            image_ids: Key the random numbers, and name images in messages.
            seed: Keys the random numbers.
            pool: Worker processes that segment; None segments in this process.
            segments: Superpixels made before, `(height, width)` per image: whole
                numbers from 0, from 1 or with gaps. The explanation counts them
                0..d-1, in the order of their numbers.
            samples: `(n_samples, d)` matrices of 0 and 1 to use, per image, with
                ones in the first row.

        Returns:
            Images that cannot be explained (one superpixel, no finite
            probabilities) are in `failed`; the others are not lost for them.

        Raises:
            ExplanationError: If the input does not fit.
            MemoryShortageError: If one sample alone does not fit the device.
        """
        check_request(model, images, labels=labels, image_ids=image_ids)
        requests = [
            LimeRequest(image_id=i, image=image, labels=tuple(wanted))
            for i, image, wanted in zip(image_ids, images, labels, strict=True)
        ]
        given = check_segments(segments, image_ids, size=images.shape[2:])
        run = LimeRun(
            lime=self,
            perturbation=self._perturbation(model, images),
            seed=seed,
            samples=check_samples(samples, image_ids),
        )
        for group, cut in self._cut(requests, pool=pool, given=given, model=model):
            run.explain(group, cut)
        return run.finish()

    def _cut(
        self,
        requests: Sequence[LimeRequest],
        *,
        pool: SegmentationPool | None,
        given: dict[str, Segments] | None,
        model: PixelModel,
    ) -> Iterator[tuple[Sequence[LimeRequest], list[Segments]]]:
        """Groups of images with their superpixels."""
        size = self.images_at_once
        groups = [requests[at : at + size] for at in range(0, len(requests), size)]
        if given is not None:
            yield from ((g, [given[r.image_id] for r in g]) for g in groups)
            return
        pixels = [[to_pixels(request.image) for request in g] for g in groups]
        made = segment_groups(
            pixels,
            self.segmenter,
            pool=pool,
            is_ahead=model.device.type != "cpu",
        )
        for group, found in zip(groups, made, strict=True):
            ids = [request.image_id for request in group]
            shape = group[0].image.shape[1:]
            checked = check_segments(found, ids, size=shape) or {}
            yield group, [checked[image_id] for image_id in ids]

    def _perturbation(self, model: PixelModel, images: Tensor) -> Perturbation:
        dtype = _DTYPES[self.dtype]
        twin = model.twin(dtype=dtype)
        used = dtype or images.dtype
        size = self.batch_size or calibrate_forward(twin, images.shape[2:], dtype=used)
        return Perturbation(
            model=twin, fill=self.fill, dtype=used, batches=Batches(size)
        )


def calibrate_forward(
    model: PixelModel, size: Sequence[int], *, dtype: torch.dtype
) -> int:
    """The batch with the least time per image in passes without gradients.

    Args:
        model: Images to logits.
        size: Height and width, in pixels.
        dtype: Of its input.
    """
    network = model.answer if model.is_pointwise else model

    def run(n: int) -> None:
        images = torch.zeros((n, 3, *size), dtype=dtype)
        with torch.inference_mode():
            network(model.arrange(images))
        wait_for(model.device)

    return calibrate_batch(run)


def to_pixels(image: Tensor) -> Pixels:
    """The bytes `(height, width, 3)` that store an image `(3, height, width)`."""
    rounded = image.detach().mul(255).round().to(torch.uint8)
    pixels: NDArray[np.uint8] = rounded.permute(1, 2, 0).contiguous().cpu().numpy()
    return pixels
