"""Superpixels, here and in worker processes."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from lime.wrappers.scikit_image import (  # type: ignore[import-untyped]
    SegmentationAlgorithm,
)

from stimuli.methods.explanations.lime import to_pixels
from stimuli.methods.segmentation import (
    Quickshift,
    SegmentationPool,
    Slic,
    relabel,
    segment_groups,
)
from tests.stimuli.tiny_networks import eight_bit_images

PIXELS = [to_pixels(image) for image in eight_bit_images(4, side=32)]


def test_quickshift_is_that_of_the_package():
    package = SegmentationAlgorithm(
        "quickshift", kernel_size=4, max_dist=200, ratio=0.2, random_seed=17
    )
    np.testing.assert_array_equal(Quickshift()(PIXELS[0]), package(PIXELS[0]))


def test_labels_are_numbered_from_zero_without_gaps():
    assert relabel(np.array([[7, 7], [3, 9]])).tolist() == [[1, 1], [0, 2]]
    for segmenter in (Quickshift(), Slic(n_segments=9)):
        found = segmenter(PIXELS[1])
        assert np.unique(found).tolist() == list(range(found.max() + 1))


def test_workers_give_the_same_superpixels_even_after_one_is_killed():
    expected = [Quickshift()(pixels) for pixels in PIXELS]
    groups = [PIXELS[:2], PIXELS[2:]]
    with SegmentationPool(n_workers=1) as pool:
        for is_ahead in (True, False):
            found = segment_groups(groups, Quickshift(), pool=pool, is_ahead=is_ahead)
            for group, made in zip((expected[:2], expected[2:]), found, strict=True):
                np.testing.assert_array_equal(made, group)
        assert pool._executor is not None
        (worker,) = pool._executor._processes
        os.kill(worker, signal.SIGKILL)
        for _ in range(2):
            again = list(pool.submit(Quickshift(), PIXELS))
            np.testing.assert_array_equal(again, expected)


def test_a_pool_that_is_not_open_says_so():
    with pytest.raises(RuntimeError, match="with SegmentationPool"):
        SegmentationPool().submit(Quickshift(), PIXELS)
