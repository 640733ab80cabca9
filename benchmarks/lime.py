"""LIME against the `lime` package, and against the bare forward passes it needs."""

from __future__ import annotations

import contextlib
import io
import statistics
import time

import numpy as np
import torch
from lime.lime_image import LimeImageExplainer  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.harness import Paired, Row, Skipped, time_pairs
from benchmarks.photographs import Photographs, load_photographs
from stimuli.classifiers.batching import wait_for
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations import Lime
from stimuli.methods.explanations.lime import calibrate_forward, to_pixels
from stimuli.methods.segmentation import Quickshift, SegmentationPool, Segments

N_SAMPLES, N_PHOTOGRAPHS, N_AT_ONCE, N_BY_PACKAGE = 1000, 16, 4, 1
OVERHEAD_BAR, END_TO_END_BAR = 1 / 12, 1.15
_N_CLASSES = 1000


class Null(nn.Module):
    """A network that takes no time and looks at nothing."""

    def forward(self, images: Tensor) -> Tensor:
        """The same logits for every image."""
        return images.new_zeros((len(images), _N_CLASSES))


def measure() -> list[Row]:
    """Everything but model and segmentation; then end to end."""
    image, segments = make_image()
    rows = [measure_overhead(image, segments)]
    try:
        photographs = load_photographs(N_PHOTOGRAPHS)
    except Skipped:
        return rows
    with SegmentationPool() as pool:
        return [*rows, *measure_end_to_end(photographs, pool)]


def make_image() -> tuple[Tensor, Segments]:
    """A 224 x 224 picture of noisy blocks, and its superpixels."""
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.random((7, 7, 3)), np.ones((32, 32, 1)))
    noisy = (blocks + rng.normal(0, 0.02, blocks.shape)).clip(0, 1)
    pixels = np.rint(noisy * 255).astype(np.uint8)
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    return image, Quickshift()(pixels)


def measure_overhead(image: Tensor, segments: Segments) -> Row:
    """What is left once model and segmentation cost nothing."""
    model = PixelModel(Null().eval())
    lime = Lime(n_samples=N_SAMPLES, batch_size=8)
    array = image.permute(1, 2, 0).double().numpy()

    def ours() -> None:
        lime(
            model,
            image[None],
            labels=[range(5)],
            image_ids=["image"],
            seed=0,
            segments=[segments],
        )

    def package() -> None:
        explain_by_package(array, lambda batch: _SHARES[: len(batch)], segments)

    paired = time_pairs(ours, package, n_pairs=5)
    d = int(segments.max()) + 1
    return _row(
        "LIME without model and segmentation",
        paired,
        peer="lime 0.2.0.1",
        bar=OVERHEAD_BAR,
        note=f"224 x 224, {N_SAMPLES} samples, {d} superpixels, 5 labels",
    )


def measure_end_to_end(photographs: Photographs, pool: SegmentationPool) -> list[Row]:
    """Sixteen photographs, four at a time in turn with the bare passes."""
    model, images = photographs.model, photographs.images
    size = calibrate_forward(model, images.shape[2:], dtype=images.dtype)
    lime = Lime(n_samples=N_SAMPLES, batch_size=size)
    explain(lime, model, images[:1], pool=pool, n_samples=50)
    run_bare(model, images, n=50, size=size)
    ours: list[float] = []
    bare: list[float] = []
    for at in range(0, len(images), N_AT_ONCE):
        some = images[at : at + N_AT_ONCE]
        for is_ours in (True, False) if (at // N_AT_ONCE) % 2 else (False, True):
            started = time.perf_counter()
            if is_ours:
                explain(lime, model, some, pool=pool)
            else:
                run_bare(model, some, n=N_SAMPLES * len(some), size=size)
            (ours if is_ours else bare).append(time.perf_counter() - started)
    paired = Paired(ours=tuple(ours), peer=tuple(bare))
    note = f"{N_PHOTOGRAPHS} photographs, {N_AT_ONCE} at once, batch {size}"
    peer = f"{N_AT_ONCE} x {N_SAMPLES} bare forward passes"
    row = _row(
        "LIME on SqueezeNet 1.1", paired, peer=peer, bar=END_TO_END_BAR, note=note
    )
    return [row, measure_package(photographs, lime, pool)]


def measure_package(
    photographs: Photographs, lime: Lime, pool: SegmentationPool
) -> Row:
    """The package as its documentation uses it."""
    model, images = photographs.model, photographs.images[:N_BY_PACKAGE]

    def classify(batch: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        pixels = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2)
        with torch.inference_mode():
            shares: NDArray[np.float32] = model(pixels.float() / 255).softmax(1).numpy()
        return shares

    started = time.perf_counter()
    explain(lime, model, images, pool=pool)
    ours_s = time.perf_counter() - started
    started = time.perf_counter()
    for image in images:
        explain_by_package(to_pixels(image), classify, None)
    package_s = time.perf_counter() - started
    return _row(
        "LIME on SqueezeNet 1.1, against the package",
        Paired(ours=(ours_s,), peer=(package_s,)),
        peer="lime 0.2.0.1 as documented",
        bar=None,
        note=f"{N_BY_PACKAGE} of the {N_PHOTOGRAPHS} photographs",
    )


def explain(
    lime: Lime,
    model: PixelModel,
    images: Tensor,
    *,
    pool: SegmentationPool,
    n_samples: int | None = None,
) -> None:
    """Explain the class that the package would: one label per image."""
    if n_samples is not None:
        lime = Lime(n_samples=n_samples, batch_size=lime.batch_size)
    result = lime(
        model,
        images,
        labels=[(number,) for number in range(len(images))],
        image_ids=[str(number) for number in range(len(images))],
        seed=0,
        pool=pool,
    )
    if result.failed:
        raise RuntimeError(f"not explained: {result.failed}")


def run_bare(model: PixelModel, images: Tensor, *, n: int, size: int) -> None:
    """`n` forward passes in batches of `size`, and nothing else."""
    batch = model.arrange(images[:1].expand(size, -1, -1, -1).contiguous())
    with torch.inference_mode():
        for start in range(0, n, size):
            model(batch[: min(size, n - start)])
    wait_for(model.device)


def explain_by_package(
    pixels: NDArray[np.generic], classify: object, segments: Segments | None
) -> None:
    """`explain_instance` as the package's tutorials call it."""
    explainer = LimeImageExplainer(random_state=0)
    cut = None if segments is None else (lambda _: segments)
    with contextlib.redirect_stderr(io.StringIO()):
        explainer.explain_instance(
            pixels,
            classify,
            top_labels=5,
            hide_color=None,
            num_samples=N_SAMPLES,
            segmentation_fn=cut,
        )


def _row(name: str, paired: Paired, *, peer: str, bar: float | None, note: str) -> Row:
    ours_s, peer_s = statistics.median(paired.ours), statistics.median(paired.peer)
    return Row(
        name=name,
        ours=f"{ours_s:.2f} s",
        peer=f"{peer_s:.2f} s {peer}",
        ratio=paired.ratio,
        bar=bar,
        note=f"{paired.note}; {note}; {torch.get_num_threads()} threads",
    )


_SHARES = np.full((64, _N_CLASSES), 1 / _N_CLASSES)
