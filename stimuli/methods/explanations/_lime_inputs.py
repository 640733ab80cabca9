"""Superpixels and samples that a caller made before: right, or refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stimuli.methods.explanations._base import ExplanationError
from stimuli.methods.explanations._surrogate import Bits
from stimuli.methods.segmentation import Segments, relabel

ArrayOrTensor = NDArray[Any] | Tensor


def check_segments(
    given: Sequence[ArrayOrTensor] | None,
    image_ids: Sequence[str],
    *,
    size: Sequence[int],
) -> dict[str, Segments] | None:
    """Superpixels by image, numbered 0..d-1 in the order of the caller's numbers.

    Args:
        given: `(height, width)` whole numbers from 0 per image, gaps allowed; None
            where there are none.
        image_ids: Whose they are.
        size: Height and width of the images.

    Raises:
        ExplanationError: Naming every image whose superpixels do not fit.
    """
    if given is None:
        return None
    _check_count("segments", given, image_ids)
    arrays = [_array(one) for one in given]
    problems = [
        f"{image_id}: segments {words}"
        for image_id, array in zip(image_ids, arrays, strict=True)
        if (words := _segments_problem(array, tuple(size)))
    ]
    if problems:
        raise ExplanationError("; ".join(problems))
    return {i: relabel(array) for i, array in zip(image_ids, arrays, strict=True)}


def check_samples(
    given: Sequence[ArrayOrTensor] | None, image_ids: Sequence[str]
) -> dict[str, Bits]:
    """Samples by image; nothing where there are none.

    Args:
        given: `(n_samples, d)` of 0 and 1 per image, ones in the first row.
        image_ids: Whose they are.

    Raises:
        ExplanationError: Naming every image whose samples do not fit.
    """
    if given is None:
        return {}
    _check_count("samples", given, image_ids)
    arrays = [_array(one) for one in given]
    problems = [
        f"{image_id}: samples {words}"
        for image_id, array in zip(image_ids, arrays, strict=True)
        if (words := _samples_problem(array))
    ]
    n_rows = {len(array) for array in arrays if array.ndim == 2}
    if len(n_rows) > 1:
        listed = ", ".join(map(str, sorted(n_rows)))
        problems.append(f"samples must be as many for every image, got {listed}")
    if problems:
        raise ExplanationError("; ".join(problems))
    return {
        image_id: np.ascontiguousarray(array, dtype=np.uint8)
        for image_id, array in zip(image_ids, arrays, strict=True)
    }


def check_width(image_id: str, bits: Bits, n_superpixels: int) -> None:
    """Samples have a column for each superpixel.

    Raises:
        ExplanationError: If they have not.
    """
    if bits.shape[1] != n_superpixels:
        raise ExplanationError(
            f"{image_id}: samples have {bits.shape[1]} columns, but the image has "
            f"{n_superpixels} superpixels"
        )


def _check_count(
    name: str, given: Sequence[ArrayOrTensor], image_ids: Sequence[str]
) -> None:
    if len(given) != len(image_ids):
        raise ExplanationError(f"{len(image_ids)} images, but {len(given)} {name}")


def _array(given: ArrayOrTensor) -> NDArray[Any]:
    return given.cpu().numpy() if isinstance(given, Tensor) else np.asarray(given)


def _segments_problem(array: NDArray[Any], size: tuple[int, ...]) -> str:
    if array.shape != size:
        return (
            f"must be (height, width) = {size} as the image is, got {array.shape}; "
            "segment the image in the size that it is explained in"
        )
    if not _is_whole(array):
        return f"must be whole numbers, got {array.dtype}; one number per superpixel"
    if array.size and array.min() < 0:
        return (
            f"must be 0 or more, got {array.min()}; give pixels that belong to no "
            "superpixel one of their own"
        )
    return ""


def _samples_problem(array: NDArray[Any]) -> str:
    if array.ndim != 2 or len(array) < 2:
        return f"must be (n_samples, d) with two rows at least, got {array.shape}"
    if not np.isin(array, (0, 1)).all():
        return "must be 0 and 1: whether a superpixel is shown"
    if not (array[0] == 1).all():
        return "must have ones in the first row: the image itself"
    return ""


def _is_whole(array: NDArray[Any]) -> bool:
    """Whether every cell is a whole number, whatever its type."""
    if array.dtype.kind in "iub":
        return True
    is_float = array.dtype.kind == "f"
    return is_float and bool((np.isfinite(array) & (array == np.rint(array))).all())
