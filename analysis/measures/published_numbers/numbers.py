"""Published numbers beside the study's own, with what each is a share of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Final

from analysis.bundles.clusters import image_clusters, trial_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.adversarial.numbers import are_attacked, display_results
from analysis.measures.assignment.numbers import (
    assignment_responses,
    condition_rates,
    is_assignment,
)
from analysis.measures.published_numbers.stock_cisse_2018 import (
    PublishedNumber,
    published_number,
    torchvision_name,
)
from analysis.measures.rectified_error.numbers import (
    ErrorResult,
    error_results,
    measured_shows,
)
from analysis.measures.representation.numbers import (
    attribute_shares,
    is_portrait,
    portrayed_images,
    ratings,
)
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import rejected_share

PUBLISHED_RULE: Final = (4, 5)


@dataclass(frozen=True, kw_only=True)
class PublishedComparison:
    """A number of this study and a published one."""

    what: str
    own: Estimate
    published: PublishedNumber


def published_comparisons(bundle: Bundle) -> list[PublishedComparison]:
    """Every pair of a number of this study and a published one of its kind."""
    found = [
        *(_of_errors(bundle) if measured_shows(bundle) else ()),
        *(_of_attacks(bundle) if are_attacked(bundle) else ()),
        *(_of_assignments(bundle) if is_assignment(bundle) else ()),
        *(_of_attributes(bundle) if is_portrait(bundle) else ()),
    ]
    return [each for each in found if each.own.n]


def _pair(
    what: str, own: Estimate, found: PublishedNumber | None
) -> Iterator[PublishedComparison]:
    if found is not None:
        yield PublishedComparison(what=what, own=own, published=found)


def _of_errors(bundle: Bundle) -> Iterator[PublishedComparison]:
    is_same_rule = (bundle.k, bundle.n) == PUBLISHED_RULE
    for result in error_results(bundle):
        network = torchvision_name(result.classifier)
        if not network:
            continue
        kind = "top1" if result.judged.n_classes == 1 else "top5"
        standard = published_number(f"{kind}/standard", classifier=network)
        yield from _pair(
            f"{result.classifier}: standard {_error_name(result)}",
            result.standard,
            standard,
        )
        if is_same_rule:
            yield from _rectified(bundle, result, network)


def _rectified(
    bundle: Bundle, result: ErrorResult, network: str
) -> Iterator[PublishedComparison]:
    suffix = result.shows.removeprefix("top5-")
    key = "top1/rectified" if result.shows == "top1" else f"top5/rectified-{suffix}"
    yield from _pair(
        f"{result.classifier}: rectified {_error_name(result)}",
        result.rectified,
        published_number(key, classifier=network),
    )
    if result.shows == "top1":
        unanimous = rejected_share(
            [result.judged.stratum],
            bundle.votes,
            k=bundle.n,
            clusters=image_clusters(bundle),
        ).complement()
        yield from _pair(
            f"{result.classifier}: errors that all five accept",
            unanimous,
            published_number("top1/unanimous", classifier=network),
        )


def _error_name(result: ErrorResult) -> str:
    if result.shows == "top1":
        return "top-1 error"
    return f"top-5 error ({result.shows.removeprefix('top5-of-').replace('-', ' ')})"


def _of_attacks(bundle: Bundle) -> Iterator[PublishedComparison]:
    for result in display_results(bundle):
        found = published_number(f"adversarial/{result.display}")
        yield from _pair(f"{result.name}: agreement of votes", result.of_votes, found)
        yield from _pair(f"{result.name}: agreement of images", result.of_images, found)


def _of_assignments(bundle: Bundle) -> Iterator[PublishedComparison]:
    for rate in condition_rates(bundle, assignment_responses(bundle)):
        found = published_number(f"criticism/{rate.condition}")
        yield from _pair(f"right, {rate.name}", rate.success, found)


def _of_attributes(bundle: Bundle) -> Iterator[PublishedComparison]:
    for share in attribute_shares(
        ratings(bundle), portrayed_images(bundle), clusters=trial_clusters(bundle)
    ):
        who = share.attribute.removesuffix("_person")
        found = published_number(f"bias/{share.role}/{who}")
        yield from _pair(f"{share.role}, {share.attribute}", share.share, found)


def false_rejections(bundle: Bundle) -> dict[str, float]:
    """Classifier to how often people fail to accept five classes of which one is right.

    Empty unless both top-5 numbers are there; NaN where no label is the second to
    fifth class. `false_rejection` says why their difference tells.
    """
    if "top5-of-top5-errors" not in measured_shows(bundle)[1:]:
        return {}
    results = error_results(bundle)
    found = {}
    for counts in bundle.classifiers:
        mine = {r.shows: r.rectified for r in results if r.classifier == counts.name}
        more, fewer = (
            mine[shows].value
            for shows in ("top5-of-top1-errors", "top5-of-top5-errors")
        )
        among_five = counts.n_top1_wrong - counts.n_top5_wrong
        own = (more - fewer) * counts.n_seen / among_five if among_five else nan
        found[counts.name] = own
    return found
