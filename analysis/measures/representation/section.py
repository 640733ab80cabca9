"""The attributes' part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.bundles.clusters import trial_clusters
from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, Prose, Section
from analysis.elements.wording import class_list, count, points
from analysis.measures.base import MeasuredOutcome, Told
from analysis.measures.representation.numbers import (
    ROLES,
    AttributeDifference,
    AttributeShare,
    RaterAgreement,
    attribute_differences,
    attribute_shares,
    differing_attributes,
    is_portrait,
    portrayed_images,
    rater_agreement,
    ratings,
)
from analysis.measures.representation.tables import (
    attribute_wording,
    comparison_words,
    difference_table,
    rater_table,
    share_drawing,
    share_table,
)

_SAID: Final = 3
_INTRO: Final = (
    "Raters saw prototypes, criticisms and a plain draw of a class mixed and unlabelled "
    "and said which attributes they perceive. An attribute is in an image when most of "
    "those raters who could tell say so. Attributes are what people perceive in a "
    "picture; they say nothing of the persons in it."
)
_DIFFERENCES: Final = (
    "Intervals take images and raters as drawn anew, and so do the p values, which are "
    "those of the intervals; they are corrected by Holm over all attributes and "
    "comparisons, so that one false finding in the whole table has a chance of at most "
    "5 %. An image that is both prototype and part of the draw counts in both."
)


class RepresentationMeasure:
    """Attributes of prototypes, criticisms and a plain draw of a class."""

    name = "representation"
    tells: Final = frozenset({Told.JUDGMENTS})

    def applies(self, bundle: Bundle) -> bool:
        """Whether raters said which attributes a portrait shows."""
        return is_portrait(bundle)

    def headline(self, bundle: Bundle) -> list[str]:
        """The attributes that differ, by name."""
        rated, images = ratings(bundle), portrayed_images(bundle)
        if rated.empty:
            return [_nothing(bundle)]
        found = differing_attributes(
            attribute_differences(rated, images, clusters=trial_clusters(bundle))
        )
        if not found:
            return ["no attribute differs between kinds of images (Holm, 5 %)"]
        lines = ["attributes that differ (Holm, 5 %)"]
        lines += [
            f"{comparison_words(each)}: {attribute_wording(bundle, each.attribute)} "
            f"{points(each.difference)}"
            for each in found
        ]
        return lines

    def sentences(self, bundle: Bundle) -> list[str]:
        """How many attributes differ, and which first."""
        rated, images = ratings(bundle), portrayed_images(bundle)
        if rated.empty:
            return []
        found = differing_attributes(
            attribute_differences(rated, images, clusters=trial_clusters(bundle))
        )
        if not found:
            return ["No attribute differs between kinds of images (Holm, 5 %)."]
        told = "; ".join(
            f"{comparison_words(each)}, {attribute_wording(bundle, each.attribute)} "
            f"{points(each.difference)}"
            for each in found[:_SAID]
        )
        more = f"; and {len(found) - _SAID} more" if len(found) > _SAID else ""
        return [f"These attributes differ (Holm, 5 %): {told}{more}."]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The share of images with each attribute, per kind."""
        shares = attribute_shares(
            ratings(bundle), portrayed_images(bundle), clusters=trial_clusters(bundle)
        )
        return [
            MeasuredOutcome(
                name=f"{attribute_wording(bundle, each.attribute)}, {ROLES[each.role]}"
                + _of_class(bundle, each.class_id),
                value=each.share.value,
                low=each.share.low,
                high=each.share.high,
                n=each.share.n,
                unit="images",
            )
            for each in shares
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """Shares, differences with tests, and how much raters agree."""
        rated, images = ratings(bundle), portrayed_images(bundle)
        if rated.empty:
            warning = Prose(kind="warning", text=_nothing(bundle))
            return [
                Section(
                    id="result",
                    chapter=Chapter.RESULT,
                    title="Attributes",
                    blocks=[warning],
                )
            ]
        clusters = trial_clusters(bundle)
        shares = attribute_shares(rated, images, clusters=clusters)
        differences = attribute_differences(rated, images, clusters=clusters)
        return [
            _shares_section(bundle, shares),
            _differences_section(bundle, differences),
            _agreement_section(bundle, rater_agreement(rated)),
        ]


def _nothing(bundle: Bundle) -> str:
    n_given = len(ratings(bundle, counted=False))
    if n_given == 0:
        return "Nobody has rated an image yet, so there are no numbers."
    return (
        f"None of the {count(n_given)} ratings counts: every one was excluded, so there "
        "are no numbers. Exclusions are listed below with their reasons."
    )


def _shares_section(bundle: Bundle, shares: Sequence[AttributeShare]) -> Section:
    blocks: list[Block] = [Prose(text=_INTRO)]
    for class_id in dict.fromkeys(each.class_id for each in shares):
        mine = [each for each in shares if each.class_id == class_id]
        blocks.append(share_drawing(bundle, mine, class_id))
    blocks.append(share_table(bundle, shares))
    lacking = [n for role, n in ROLES.items() if role not in {s.role for s in shares}]
    if lacking:
        text = (
            f"The set has no {' and no '.join(lacking)}, so nothing is compared there."
        )
        blocks.append(Prose(kind="warning", text=text))
    return Section(
        id="result",
        chapter=Chapter.RESULT,
        title="Attributes of prototypes and criticisms",
        blocks=blocks,
    )


def _differences_section(
    bundle: Bundle, differences: Sequence[AttributeDifference]
) -> Section:
    title = "Which attributes differ"
    if not differences:
        text = "The set has one kind of image only, so nothing can be compared."
        blocks: list[Block] = [Prose(kind="warning", text=text)]
        return Section(
            id="contrasts", chapter=Chapter.CONTRASTS, title=title, blocks=blocks
        )
    found = differing_attributes(differences)
    words = "; ".join(
        f"{attribute_wording(bundle, each.attribute)} ({comparison_words(each)})"
        for each in found
    )
    verdict = f"Found: {words}." if found else "No attribute is found to differ."
    blocks = [Prose(text=verdict), Prose(text=_DIFFERENCES)]
    blocks.append(difference_table(bundle, differences))
    return Section(
        id="contrasts", chapter=Chapter.CONTRASTS, title=title, blocks=blocks
    )


def _agreement_section(bundle: Bundle, agreements: Sequence[RaterAgreement]) -> Section:
    return Section(
        id="rater-agreement",
        chapter=Chapter.AGREEMENT,
        title="How much raters agree",
        blocks=[rater_table(bundle, agreements)],
    )


def _of_class(bundle: Bundle, class_id: str) -> str:
    if portrayed_images(bundle)["class"].nunique() < 2:
        return ""
    return f" of {class_list([class_id], bundle.class_names)}"
