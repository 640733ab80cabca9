"""Superpixels, in this process or in workers; imports no torch, so workers start fast."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import quickshift, slic

Pixels = NDArray[np.uint8]
Segments = NDArray[np.int32]


class Segmenter(Protocol):
    """Cuts an image into superpixels; picklable, and a function of its input."""

    def __call__(self, pixels: Pixels) -> Segments:
        """Labels 0..d-1 `(height, width)` of RGB bytes `(height, width, 3)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Quickshift:
    """skimage's quickshift with the settings that the `lime` package uses.

    Attributes:
        kernel_size: Width of the density kernel, in pixels.
        max_dist: Cut-off of the tree's links.
        ratio: Weight of colour against place, in [0, 1].
        seed: Breaks ties. The package's own seed never arrives with a current
            skimage, which then takes 42.

    Source: Vedaldi and Soatto (2008); lime 0.2.0.1.
    """

    kernel_size: float = 4
    max_dist: float = 200
    ratio: float = 0.2
    seed: int = 42

    def __call__(self, pixels: Pixels) -> Segments:
        """Labels 0..d-1 `(height, width)` of RGB bytes `(height, width, 3)`."""
        labels = quickshift(  # type: ignore[no-untyped-call]
            pixels,
            kernel_size=self.kernel_size,
            max_dist=self.max_dist,
            ratio=self.ratio,
            rng=self.seed,
        )
        return relabel(labels)


@dataclass(frozen=True, kw_only=True)
class Slic:
    """skimage's SLIC: superpixels of about the same size, many times faster.

    Attributes:
        n_segments: About how many.
        compactness: Weight of place against colour.
        sigma: Width of the smoothing before, in pixels.

    Source: Achanta et al. (2012).
    """

    n_segments: int = 50
    compactness: float = 10.0
    sigma: float = 1.0

    def __call__(self, pixels: Pixels) -> Segments:
        """Labels 0..d-1 `(height, width)` of RGB bytes `(height, width, 3)`."""
        labels = slic(
            pixels,
            n_segments=self.n_segments,
            compactness=self.compactness,
            sigma=self.sigma,
            start_label=0,
        )
        return relabel(labels)


def relabel(labels: NDArray[np.integer]) -> Segments:
    """The same superpixels, numbered 0..d-1 without gaps in rising order.

    Masks are made by `segments == column`, so a gap or a start at one would
    hide nothing in one column and never hide the last superpixel.
    """
    _, places = np.unique(labels, return_inverse=True)
    numbered: Segments = places.reshape(labels.shape).astype(np.int32)
    return numbered


@dataclass
class SegmentationPool:
    """Worker processes that segment ahead; use it as a context.

    Attributes:
        n_workers: How many; None takes the cores this process may use, four
            at most.
    """

    n_workers: int | None = None
    _executor: ProcessPoolExecutor | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        self._executor = self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def submit(
        self, segmenter: Segmenter, images: Sequence[Pixels]
    ) -> Iterator[Segments]:
        """Start on all images now; the result gives their segments in order.

        Args:
            segmenter: Picklable.
            images: RGB bytes; callers bound the work ahead by how many they give.
        """
        if self._executor is None:
            raise RuntimeError("use the pool as a context: with SegmentationPool() ...")
        try:
            futures = [self._executor.submit(segmenter, image) for image in images]
        except BrokenProcessPool:
            self._executor = self._start()
            futures = [self._executor.submit(segmenter, image) for image in images]
        return self._collect(segmenter, images, futures=futures)

    def _collect(
        self,
        segmenter: Segmenter,
        images: Sequence[Pixels],
        *,
        futures: list[Future[Segments]],
    ) -> Iterator[Segments]:
        for image, future in zip(images, futures, strict=True):
            try:
                yield future.result()
            except BrokenProcessPool:
                # A worker was killed (memory, most often): the same function of
                # the same bytes gives the same segments here.
                yield segmenter(image)

    def _start(self) -> ProcessPoolExecutor:
        # Forking a process that runs torch's threads can hang; these do not.
        has_server = "forkserver" in multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if has_server else "spawn")
        if has_server:
            context.set_forkserver_preload([__name__])
        n_workers = self.n_workers or min(4, len(os.sched_getaffinity(0)))
        return ProcessPoolExecutor(n_workers, mp_context=context)


def segment_groups(
    groups: Sequence[Sequence[Pixels]],
    segmenter: Segmenter,
    *,
    pool: SegmentationPool | None,
    is_ahead: bool,
) -> Iterator[list[Segments]]:
    """The segments of one group of images after the other.

    Args:
        groups: What is segmented together; bounds what is kept in memory.
        segmenter: Picklable where there is a pool.
        pool: None segments in this process.
        is_ahead: Start on a group while its predecessor is being used. Right
            where the user's work is done by another device; where it is done by
            the same cores, working ahead only slows it down.
    """
    if pool is None:
        for group in groups:
            yield [segmenter(image) for image in group]
        return
    started: list[Iterator[Segments]] = []
    for number in range(len(groups)):
        for ahead in groups[len(started) : number + 1 + is_ahead]:
            started.append(pool.submit(segmenter, ahead))
        yield list(started[number])
