"""Confidence against what is right: how often, for how sure a classifier is.

People's votes are clustered by person and image, as everywhere. Calibration errors in
bins are sums of absolute values, so chance alone makes them positive: what chance
gives is told beside them, and the squared error has it taken off.

Source:
    Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks",
    eq. 3 (expected calibration error); Bröcker (2012), "Estimating reliability and
    resolution of probability forecasts through decomposition of the empirical score",
    and Kumar, Liang & Ma (2019), "Verified uncertainty calibration", section 4
    (the squared error without bias).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan, pi, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.contrasts import contrast
from analysis.statistics.frame_checks import FloatArray, check_columns, numbers_of
from analysis.statistics.intervals import LEVEL, Estimate, critical_value

N_BINS: Final = 10
# Images that a bin holds at least.
_PER_BIN: Final = 20


@dataclass(frozen=True, kw_only=True)
class ConfidenceBin:
    """Images about which a classifier is about as sure.

    Attributes:
        low: Lowest confidence.
        high: Highest.
        confidence: Mean confidence of its images.
        accepted: Share of votes that accept; its interval is for other people and
            images like these.
        n_images: Images.
    """

    low: float
    high: float
    confidence: float
    accepted: Estimate
    n_images: int


@dataclass(frozen=True, kw_only=True)
class CalibrationError:
    """How far confidence is from what is right, in bins of as many images.

    Attributes:
        error: Expected calibration error: mean over images of the absolute difference
            of mean confidence and share right in their bin; too high by chance.
        by_chance: What it would be on average if confidence were exactly right, in
            these bins.
        debiased: Root of the mean squared difference, with the part that chance adds
            taken off (0 where that is more than all of it).
        gap: Mean confidence minus share right: above zero is too sure.
        n_images: Images.
        n_bins: Bins.
    """

    error: float
    by_chance: float
    debiased: float
    gap: float
    n_images: int
    n_bins: int


def reliability_curve(
    frame: pd.DataFrame,
    *,
    confidence: str = "confidence",
    accepts: str = "accepts",
    participant: str = "participant",
    image: str = "image",
    clusters: Sequence[str] = (),
    n_bins: int = N_BINS,
    level: float = LEVEL,
) -> list[ConfidenceBin]:
    """Share of votes that accept, by how sure the classifier was.

    Args:
        frame: One row per vote.
        confidence: Column with the probability the classifier gave, 0 to 1; the same
            in all votes on an image.
        accepts: Column of 0 and 1.
        participant: Column that names the person.
        image: Column that names the image.
        clusters: Columns that name what images that are alike have in common.
        n_bins: Bins of as many images, fewer where a bin would have under 20.
        level: Nominal coverage.

    Returns:
        From the least sure to the surest; nothing for an empty frame.

    Raises:
        AnalysisError: If columns are missing or empty, a confidence is no
            probability or differs between votes on an image, or `n_bins` is under 1.

    >>> votes = pd.DataFrame({
    ...     "image": list("aabb"), "participant": list("pqpq"),
    ...     "confidence": [0.6, 0.6, 0.9, 0.9], "accepts": [1, 0, 1, 1]})
    >>> (found,) = reliability_curve(votes)
    >>> found.confidence, found.accepted.value, found.n_images
    (0.75, 0.75, 2)
    """
    check_columns(frame, [confidence, accepts, participant, image])
    if n_bins < 1:
        raise AnalysisError(f"at least one bin is needed, got n_bins = {n_bins}")
    sure = _confidences(frame, confidence, image=image)
    in_bin = pd.Series(_bins(sure.to_numpy(), n_bins), index=sure.index)
    of_vote = frame[image].map(in_bin).to_numpy()
    found = []
    for number, mine in sure.groupby(in_bin):
        accepted = clustered_mean(
            frame[of_vote == number],
            value=accepts,
            participant=participant,
            stimulus=image,
            clusters=clusters,
            level=level,
        )
        found.append(
            ConfidenceBin(
                low=float(mine.min()),
                high=float(mine.max()),
                confidence=float(mine.mean()),
                accepted=accepted,
                n_images=len(mine),
            )
        )
    return found


def confidence_gap(
    frame: pd.DataFrame,
    n_images: Mapping[str, int],
    *,
    stratum: str = "stratum",
    confidence: str = "confidence",
    accepts: str = "accepts",
    participant: str = "participant",
    image: str = "image",
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Mean confidence minus the share of people who accept, over all images.

    Args:
        frame: One row per vote.
        n_images: Images of each stratum (errors, right predictions) in the data set,
            of which those in the frame are a random draw.
        stratum: Column that says which one an image is of.
        confidence: Column with the probability the classifier gave.
        accepts: Column of 0 and 1.
        participant: Column that names the person.
        image: Column that names the image.
        clusters: Columns that name what images that are alike have in common.
        level: Nominal coverage.

    Returns:
        NaN with n = 0 where a stratum with images has no vote; no interval, and the
        reason in `method`, where there can be none. Images like these have other
        sizes of strata too, which is in the interval.

    Raises:
        AnalysisError: If columns are missing or empty, a confidence is no
            probability, or no stratum has images.

    >>> votes = pd.DataFrame({
    ...     "image": list("aabb"), "participant": list("pqpq"), "stratum": "all",
    ...     "confidence": [0.6, 0.6, 0.9, 0.9], "accepts": [1, 0, 1, 1]})
    >>> round(confidence_gap(votes, {"all": 2}).value, 3)
    0.0
    """
    check_columns(frame, [stratum, confidence, accepts, participant, image])
    total = sum(n_images.values())
    if total <= 0:
        raise AnalysisError("no stratum has images, so there is no share of them")
    sure = _confidences(frame, confidence, image=image)
    away = frame[image].map(sure) - numbers_of(frame, accepts)
    rows = frame.assign(away=away.to_numpy())
    shares = {name: n / total for name, n in n_images.items() if n}
    found = contrast(
        rows,
        shares,
        value="away",
        group=stratum,
        participant=participant,
        stimulus=image,
        clusters=clusters,
        level=level,
    ).estimate
    means = rows.groupby(stratum)["away"].mean()
    between = sum(
        share * (float(means.get(name, nan)) - found.value) ** 2
        for name, share in shares.items()
    )
    return _with_more(found, between / total)


def _with_more(found: Estimate, variance: float) -> Estimate:
    """The same with a variance added to its own, and the interval that gives."""
    if np.isnan(found.low) or variance <= 0:
        return found
    own = found.standard_error**2
    error = sqrt(own + variance)
    dof = found.dof * (1 + variance / own) ** 2
    half = critical_value(level=found.level, dof=dof) * error
    return replace(
        found,
        low=found.value - half,
        high=found.value + half,
        standard_error=error,
        dof=dof,
    )


def calibration_error(
    confidence: npt.ArrayLike,
    is_right: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    n_bins: int = N_BINS,
) -> CalibrationError:
    """Expected calibration error, beside what chance gives, and without it.

    It has no interval: near zero its distribution is that of a sum of absolute
    values. The gap has one in `confidence_gap`.

    Args:
        confidence: Probability given to what was said, shape (images,).
        is_right: 1 where that is right, else 0, shape (images,).
        weights: How many images of the data set each stands for; one unless given.
        n_bins: Bins of as many images, fewer where a bin would have under 20.

    Returns:
        NaN with n_images = 0 for no images.

    Raises:
        AnalysisError: If shapes differ, a confidence is no probability, or a weight
            is not above zero.

    >>> found = calibration_error([0.9] * 20 + [0.6] * 20, [1] * 16 + [0] * 4 + [1] * 12 + [0] * 8)
    >>> round(found.error, 3), round(found.gap, 3), found.n_bins    # .9 against .8, .6
    (0.05, 0.05, 2)
    """
    sure, right = np.asarray(confidence, dtype=float), np.asarray(is_right, dtype=float)
    own = np.ones(len(sure)) if weights is None else np.asarray(weights, dtype=float)
    if not len(sure) == len(right) == len(own):
        raise AnalysisError(
            f"one value per image was expected, got {len(sure)} confidences, "
            f"{len(right)} of what is right and {len(own)} weights"
        )
    _check_probabilities(sure)
    if not (own > 0).all():
        raise AnalysisError("weights must be above zero")
    if len(sure) == 0:
        return CalibrationError(
            error=nan, by_chance=nan, debiased=nan, gap=nan, n_images=0, n_bins=0
        )
    away, chance, share = _of_bins(sure, right, own, n_bins)
    squared = float(share @ (away**2 - chance))
    return CalibrationError(
        error=float(share @ np.abs(away)),
        by_chance=float(share @ np.sqrt(chance)) * sqrt(2 / pi),
        debiased=sqrt(max(squared, 0.0)),
        gap=float(share @ away),
        n_images=len(sure),
        n_bins=len(share),
    )


def _of_bins(
    sure: FloatArray, right: FloatArray, own: FloatArray, n_bins: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each bin: confidence less share right, its variance, and its share."""
    rows = []
    in_bin = _bins(sure, n_bins)
    for number in range(int(in_bin.max()) + 1):
        mine = in_bin == number
        weight = own[mine] / own[mine].sum()
        each = sure[mine] - right[mine]
        away = float(weight @ each)
        n_equal = 1 / float(weight @ weight)
        spread = float(weight @ (each - away) ** 2)
        # Of n draws; a bin of one kind only still could have had another.
        variance = max(spread, 0.25 / n_equal) / max(n_equal - 1, 1)
        rows.append((away, variance, own[mine].sum() / own.sum()))
    away_of, variance_of, share_of = np.array(rows).T
    return away_of, variance_of, share_of


def _bins(sure: FloatArray, n_bins: int) -> npt.NDArray[np.int_]:
    """Bin of each image from 0, as many in each; the same confidence, the same bin."""
    n = max(min(n_bins, len(sure) // _PER_BIN), 1)
    edges = np.quantile(sure, np.arange(1, n) / n) if len(sure) else np.zeros(0)
    found = np.searchsorted(np.unique(edges), sure, side="left")
    return np.unique(found, return_inverse=True)[1].reshape(-1)


def _confidences(frame: pd.DataFrame, column: str, *, image: str) -> pd.Series:
    """Confidence of each image."""
    values = numbers_of(frame, column)
    _check_probabilities(values)
    grouped = pd.Series(values, index=frame[image].to_numpy()).groupby(level=0)
    differs = grouped.nunique() > 1
    if differs.any():
        raise AnalysisError(
            f"image {differs.idxmax()} has {grouped.nunique().max()} values in column "
            f"{column}; one was expected, the classifier's"
        )
    return grouped.first()


def _check_probabilities(values: FloatArray) -> None:
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise AnalysisError(
            f"a confidence is a probability between 0 and 1, got "
            f"{values[int(bad.argmax())]:g} ({int(bad.sum())} such values); divide per "
            "cent by 100"
        )
