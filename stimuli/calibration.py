"""The batch size at which this machine predicts fastest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers import Classifier
from stimuli.cores import one_core_each
from stimuli.images import Display

_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)


def calibrate_batch_size(classifiers: Sequence[Classifier], display: Display) -> int:
    """The fastest of a few sizes, on one core, as a worker runs.

    Args:
        classifiers: All run on every batch.
        display: The crop.
    """
    with one_core_each():
        return _fastest(classifiers, display)


def _fastest(classifiers: Sequence[Classifier], display: Display) -> int:
    best, best_rate = 1, 0.0
    for size in _SIZES:
        pixels = np.zeros((size, display.crop, display.crop, 3), dtype=np.uint8)
        rate = max(_rate(classifiers, pixels) for _ in range(3))
        if rate > best_rate:
            best, best_rate = size, rate
        elif rate < 0.8 * best_rate:
            # Past the best size it only gets slower.
            break
    return best


def _rate(classifiers: Sequence[Classifier], pixels: NDArray[np.uint8]) -> float:
    start = time.perf_counter()
    for classifier in classifiers:
        classifier.logits(pixels)
    return len(pixels) / (time.perf_counter() - start)
