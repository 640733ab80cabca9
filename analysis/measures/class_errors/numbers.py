"""Which classes a classifier gets wrong, and which of its confusions people accept.

Every class's standard and rectified error is shrunk towards those of all classes by
as much as it is unsure, so that classes of five images do not lead the table; and so
is the share of every confusion (label, prediction) that people accept.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import numpy as np
import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import (
    ErrorResult,
    JudgedImages,
    error_results,
    uses_of,
)
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import rejected_share, rejections_in, share_told
from analysis.statistics.parts.alike import Floats, alikeness_within
from analysis.statistics.parts.shrinkage import MIN_GROUPS, shrunken_shares

_TOP5: Final = 5


def class_errors(
    bundle: Bundle, results: Sequence[ErrorResult] | None = None
) -> pd.DataFrame:
    """Standard and rectified error of every class with an error, the worst first.

    Columns classifier, shows, class (the label), n_images, n_wrong, n_standard,
    n_judged, n_rejected; standard and rectified (as counted, shares of the class's
    images); standard_estimate and rectified_estimate (`Estimate`, shrunk); of
    ("images"). Where the bundle does not say how many images a class has, shares are
    of its errors (of = "errors"), and standard is NaN. Classes without an error are
    in it too. Empty with fewer than ten classes.

    >>> from analysis.bundles.example import example_bundle
    >>> class_errors(example_bundle()).empty             # two classes are too few
    True
    """
    tables = [_of_classes(bundle, result) for result in _resolved(bundle, results)]
    found = [table for table in tables if len(table) >= MIN_GROUPS]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def accepted_confusions(
    bundle: Bundle, results: Sequence[ErrorResult] | None = None
) -> pd.DataFrame:
    """Pairs of label and prediction, those that people accept most often first.

    Columns classifier, shows, class (the label), predicted, n_judged, n_accepted,
    accepted (as counted) and estimate (`Estimate`, shrunk towards all pairs). Only
    where one class was shown; empty with fewer than ten pairs.

    >>> from analysis.bundles.example import example_bundle
    >>> accepted_confusions(example_bundle()).empty
    True
    """
    tables = [
        _of_confusions(bundle, result)
        for result in _resolved(bundle, results)
        if result.judged.n_classes == 1
    ]
    found = [table for table in tables if len(table) >= MIN_GROUPS]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _resolved(
    bundle: Bundle, results: Sequence[ErrorResult] | None
) -> list[ErrorResult]:
    """Results with an error that has enough votes."""
    found = error_results(bundle) if results is None else results
    return [result for result in found if len(result.judged.resolved)]


def _of_classes(bundle: Bundle, result: ErrorResult) -> pd.DataFrame:
    judged = _judged(bundle, result)
    uses = uses_of(bundle, result.shows, classifier=result.classifier)
    by_class = judged.groupby("label")["rejected"].agg(["size", "sum"])
    counts = result.judged.classifier.by_label
    if counts:
        sizes, wrong, standard = (
            {label: each[key] for label, each in counts.items()}
            for key in ("n_seen", *_keys(result.judged))
        )
    else:
        n_uses = uses["label"].value_counts()
        sizes = wrong = standard = {str(key): int(n) for key, n in n_uses.items()}
    names = sorted(sizes)
    table = pd.DataFrame(
        {
            "class": names,
            "n_images": [sizes[name] for name in names],
            "n_wrong": [wrong[name] for name in names],
            "n_standard": [standard[name] for name in names],
            "n_judged": by_class["size"].reindex(names, fill_value=0).to_numpy(),
            "n_rejected": by_class["sum"].reindex(names, fill_value=0).to_numpy(),
        }
    )
    if len(table) < MIN_GROUPS:
        return table
    found = shrunken_errors(
        table,
        _whole(bundle, result, of_errors=not counts),
        has_sizes=bool(counts),
        per_draw=_per_draw(bundle, result, judged, groups=pd.Index(names)),
    )
    named = found.assign(classifier=result.classifier, shows=result.shows)
    return _sorted(named, by="rectified_estimate")


def _keys(judged: JudgedImages) -> list[str]:
    """Which counts are the errors put up, and which the error that stands beside."""
    return [
        "n_top5_wrong" if n == _TOP5 else "n_top1_wrong"
        for n in (judged.top_k, judged.n_classes)
    ]


def shrunken_errors(
    table: pd.DataFrame,
    whole: Estimate,
    *,
    has_sizes: bool = True,
    per_draw: Floats | None = None,
) -> pd.DataFrame:
    """The table with both errors of every class, as counted and shrunk.

    Args:
        table: Columns n_images, n_wrong, n_standard, n_judged, n_rejected (as in
            `class_errors`), one row per class.
        whole: The rectified error over all classes, whose design effect says what
            people add.
        has_sizes: Whether n_images are all images of a class, and not its errors.
        per_draw: Images of a class that are worth one independent one, where they
            belong together, shape (classes,); one unless given.

    Returns:
        The same with standard, rectified, standard_estimate, rectified_estimate, of.

    >>> counts = [6, *[20] * 5, *[8] * 6]
    >>> table = pd.DataFrame({
    ...     "n_images": [10, *[40] * 11], "n_wrong": counts, "n_standard": counts,
    ...     "n_judged": counts, "n_rejected": [6, *[10] * 5, *[4] * 6]})
    >>> whole = Estimate(value=0.2, low=0.15, high=0.26, n=450)
    >>> found = shrunken_errors(table, whole)
    >>> [found["rectified"][at].item() for at in (0, 1, 11)]
    [0.6, 0.25, 0.1]
    >>> [round(found["rectified_estimate"][at].value, 2) for at in (0, 1, 11)]
    [0.35, 0.23, 0.13]
    """
    n, n_wrong, n_standard, n_judged, n_rejected = (
        table[name].to_numpy(dtype=float)
        for name in ("n_images", "n_wrong", "n_standard", "n_judged", "n_rejected")
    )
    counted = n_wrong / np.maximum(n, 1) * n_rejected / np.maximum(n_judged, 1)
    # Of errors that were not judged the class says nothing.
    each = np.ones(len(table)) if per_draw is None else per_draw
    seen = np.where(n_wrong > 0, n * n_judged / np.maximum(n_wrong, 1), n) / each
    effective = _effective(seen, whole)
    shrunk = shrunken_shares(counted * effective, effective)
    standard = shrunken_shares(n_standard / each, n / each) if has_sizes else shrunk
    return table.assign(
        standard=n_standard / np.maximum(n, 1) if has_sizes else np.nan,
        rectified=np.where((n_wrong == 0) | (n_judged > 0), counted, np.nan),
        standard_estimate=pd.Series(standard, index=table.index, dtype=object),
        rectified_estimate=pd.Series(shrunk, index=table.index, dtype=object),
        of="images" if has_sizes else "errors",
    )


def _of_confusions(bundle: Bundle, result: ErrorResult) -> pd.DataFrame:
    judged = _judged(bundle, result)
    table = (
        judged.assign(accepted=~judged["rejected"])
        .groupby(["label", "predicted"])["accepted"]
        .agg(["size", "sum"])
        .reset_index()
        .set_axis(["class", "predicted", "n_judged", "n_accepted"], axis=1)
    )
    if len(table) < MIN_GROUPS:
        return table
    pairs = pd.MultiIndex.from_frame(judged[["label", "predicted"]])
    groups = pd.MultiIndex.from_frame(table[["class", "predicted"]])
    found = shrunken_confusions(
        table,
        _whole(bundle, result, of_errors=True),
        per_draw=_per_draw(
            bundle, result, judged.assign(label=pairs), groups=groups, is_told=True
        ),
    )
    named = found.assign(classifier=result.classifier, shows=result.shows)
    return _sorted(named, by="estimate")


def shrunken_confusions(
    table: pd.DataFrame, whole: Estimate, *, per_draw: Floats | None = None
) -> pd.DataFrame:
    """The table with the accepted share of every confusion, as counted and shrunk.

    Args:
        table: Columns n_judged, n_accepted, one row per confusion.
        whole: The accepted share of all errors, whose design effect says what people
            add.
        per_draw: As in `shrunken_errors`.

    Returns:
        The same with accepted and estimate.

    >>> table = pd.DataFrame({"n_judged": [4] * 10, "n_accepted": [4, 4, 0, *[2] * 7]})
    >>> whole = Estimate(value=0.5, low=0.4, high=0.6, n=40)
    >>> found = shrunken_confusions(table, whole)
    >>> found["accepted"][0].item(), round(found["estimate"][0].value, 2)
    (1.0, 0.74)
    """
    n, n_accepted = (
        table[name].to_numpy(dtype=float) for name in ("n_judged", "n_accepted")
    )
    effective = _effective(n if per_draw is None else n / per_draw, whole)
    shrunk = shrunken_shares(n_accepted / n * effective, effective)
    return table.assign(
        accepted=n_accepted / n,
        estimate=pd.Series(shrunk, index=table.index, dtype=object),
    )


def _whole(bundle: Bundle, result: ErrorResult, *, of_errors: bool) -> Estimate:
    """The share over all classes, whose design effect is that of people alone.

    Clusters are counted within classes (`_per_draw`).
    """
    if not bundle.cluster:
        return result.accepted if of_errors else result.rectified
    judged = result.judged
    strata = [judged.stratum] if of_errors else judged.strata
    found = rejected_share(strata, bundle.votes, k=bundle.k)
    return found.complement() if of_errors else found


def _per_draw(
    bundle: Bundle,
    result: ErrorResult,
    judged: pd.DataFrame,
    *,
    groups: pd.Index,
    is_told: bool = False,
) -> Floats | None:
    """Images of a group that are worth one independent one; None without clusters.

    Args:
        bundle: The study.
        result: The errors.
        judged: Columns image, label (its group), rejected.
        groups: The groups' names.
        is_told: Whether outcomes are all there is, and not which images are wrong too,
            which clusters as chances of being rejected do.
    """
    clusters = image_clusters(bundle)
    if clusters is None:
        return None
    outcomes = judged.set_index("image")["rejected"].astype(float)
    alike = alikeness_within(
        outcomes, groups.get_indexer(pd.Index(judged["label"])), len(groups), clusters
    )
    part = rejections_in(result.judged.stratum, bundle.votes, k=bundle.k)
    return alike.effects(told=1.0 if is_told else share_told([part], k=bundle.k))


def _judged(bundle: Bundle, result: ErrorResult) -> pd.DataFrame:
    """Columns image, label, predicted (the first class), rejected; resolved errors."""
    uses = uses_of(bundle, result.shows, classifier=result.classifier)
    resolved = result.judged.resolved
    both = resolved.merge(uses[["image", "label", "predicted"]], on="image")
    return both.assign(
        rejected=both["n_yes"] < bundle.k,
        predicted=both["predicted"].str.split("|").str[0],
    )


def _effective(n: np.ndarray, whole: Estimate) -> np.ndarray:
    """Independent images that a class's images are worth, with what people add.

    People push all classes alike, so what they add to the variance of the whole they
    add to that of every class.
    """
    alone = whole.value * (1 - whole.value)
    effect = whole.design_effect
    if isnan(effect) or isnan(whole.standard_error) or alone == 0:
        return n
    people = whole.standard_error**2 * max(1 - 1 / effect, 0.0)
    return np.asarray(alone / (alone / np.maximum(n, 1e-9) + people))


def _sorted(table: pd.DataFrame, *, by: str) -> pd.DataFrame:
    values = table[by].map(lambda estimate: estimate.value)
    order = values.sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)
