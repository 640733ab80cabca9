"""Tables and figures of the attributes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements import figures
from analysis.elements.sections import DataTable, Drawing
from analysis.elements.wording import (
    NOTHING,
    class_list,
    count,
    estimate_numbers,
    interval,
    p_text,
    percent,
    points,
)
from analysis.measures.representation.numbers import (
    ROLES,
    AttributeDifference,
    AttributeShare,
    RaterAgreement,
    attributes_of,
)
from analysis.statistics.intervals import Estimate, no_estimate


def share_table(bundle: Bundle, shares: Sequence[AttributeShare]) -> DataTable:
    """The share of images with each attribute, by kind of image."""
    found = {(s.class_id, s.attribute, s.role): s.share for s in shares}
    kinds = list(dict.fromkeys((s.class_id, s.attribute) for s in shares))
    roles = [role for role in ROLES if role in {s.role for s in shares}]
    rows = [
        {
            "class": class_list([class_id], bundle.class_names),
            "perceived": attribute_wording(bundle, attribute),
            **{
                ROLES[role]: _said(found.get((class_id, attribute, role)))
                for role in roles
            },
        }
        for class_id, attribute in kinds
    ]
    shown = pd.DataFrame(rows)
    is_one = shown["class"].nunique() < 2
    sizes = ", ".join(f"{ROLES[role]} n = {_sizes(shares, role)}" for role in roles)
    return DataTable(
        name="attribute_shares",
        caption="Share of images in which most raters perceive the attribute (95 % "
        f"intervals for images like these and other raters); {sizes} images.",
        shown=shown.drop(columns="class") if is_one else shown,
        numbers=pd.DataFrame(
            [
                {
                    "class": each.class_id,
                    "attribute": each.attribute,
                    "role": each.role,
                    **estimate_numbers(each.share, "share"),
                    "n_images": each.share.n,
                    "n_raters": each.share.n_people,
                }
                for each in shares
            ]
        ),
        text_columns=1 if is_one else 2,
    )


def share_drawing(
    bundle: Bundle, shares: Sequence[AttributeShare], class_id: str
) -> Drawing:
    """The same of one class as a figure."""
    found = {(each.attribute, each.role): each.share for each in shares}
    attributes = list(dict.fromkeys(each.attribute for each in shares))
    roles = [role for role in ROLES if role in {each.role for each in shares}]
    missing = no_estimate(target="images like these")
    name = class_list([class_id], bundle.class_names)
    said = "; ".join(
        f"{attribute_wording(bundle, each.attribute)}, {ROLES[each.role]}: {interval(each.share)}"
        for each in shares
    )
    return Drawing(
        name=f"attributes_{class_id}",
        caption=f"{name}: share of images in which most raters perceive an attribute "
        "(95 % intervals).",
        alt=f"{said}.",
        figure=figures.grouped_shares(
            [attribute_wording(bundle, attribute) for attribute in attributes],
            {
                ROLES[role]: [found.get((a, role), missing) for a in attributes]
                for role in roles
            },
            quantity="share of images",
        ),
    )


def difference_table(
    bundle: Bundle, differences: Sequence[AttributeDifference]
) -> DataTable:
    """Differences between kinds of images, with tests."""
    shown = pd.DataFrame(
        {
            "class": [
                class_list([d.class_id], bundle.class_names) for d in differences
            ],
            "perceived": [attribute_wording(bundle, d.attribute) for d in differences],
            "comparison": [comparison_words(d) for d in differences],
            "difference": [points(d.difference, digits=0) for d in differences],
            "p": [p_text(d.p_value) for d in differences],
            "p (Holm)": [p_text(d.p_holm) for d in differences],
        }
    )
    is_one = shown["class"].nunique() < 2
    return DataTable(
        name="attribute_differences",
        caption="Differences of the shares of images, percentage points (95 % "
        "intervals, uncorrected), with their p values.",
        shown=shown.drop(columns="class") if is_one else shown,
        numbers=pd.DataFrame(
            [
                {
                    "class": d.class_id,
                    "attribute": d.attribute,
                    "first": d.first,
                    "second": d.second,
                    **estimate_numbers(d.difference, "difference"),
                    "p_value": d.p_value,
                    "p_holm": d.p_holm,
                }
                for d in differences
            ]
        ),
        text_columns=2 if is_one else 3,
    )


def rater_table(bundle: Bundle, agreements: Sequence[RaterAgreement]) -> DataTable:
    """How much raters agree on each attribute."""
    shown = pd.DataFrame(
        {
            "perceived": [
                attribute_wording(bundle, each.attribute) for each in agreements
            ],
            "alpha": [
                NOTHING if isnan(each.alpha) else f"{each.alpha:.2f}"
                for each in agreements
            ],
            "cannot tell": [percent(each.cannot_tell) for each in agreements],
            "images split": [count(each.n_split) for each in agreements],
            "ratings": [count(each.n_ratings) for each in agreements],
        }
    )
    return DataTable(
        name="rater_agreement",
        caption="Agreement of raters per attribute: Krippendorff's alpha (nominal) of "
        "those who could tell; images whose raters are evenly split count half.",
        shown=shown,
        numbers=pd.DataFrame([vars(each) for each in agreements]),
    )


def _sizes(shares: Sequence[AttributeShare], role: str) -> str:
    sizes = sorted({each.share.n for each in shares if each.role == role})
    return count(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"


def _said(share: Estimate | None) -> str:
    return NOTHING if share is None else interval(share, digits=0)


def attribute_wording(bundle: Bundle, attribute: str) -> str:
    """What people read of an attribute."""
    found = {each.id: each.wording for each in attributes_of(bundle)}
    return found.get(attribute, attribute)


def comparison_words(each: AttributeDifference) -> str:
    """Which kind of image is compared with which."""
    return f"{ROLES[each.first]} − {ROLES[each.second]}"
