"""What a class looks like to a classifier: attributes of the images it stands for.

Raters say which attributes they perceive in prototypes, criticisms and a plain
draw of a class, mixed and unlabelled. Where an attribute is more frequent among
prototypes than in the draw, the classifier has made it part of the class.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", section 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.statistics.agreement import krippendorff_alpha
from analysis.statistics.experiments.inverted import p_value_of
from analysis.statistics.intervals import Estimate
from analysis.statistics.majority_shares import (
    MajorityJudgments,
    majority_difference,
    majority_judgments,
    majority_share,
)
from analysis.statistics.multiplicity import holm
from hit_templates.questions import Field, Question

ROLES: Final[Mapping[str, str]] = {
    "prototype": "prototypes",
    "criticism": "criticisms",
    "random": "plain draw",
}
COMPARISONS: Final = (
    ("prototype", "random"),
    ("criticism", "random"),
    ("prototype", "criticism"),
)
PRESENT: Final = "present"
ABSENT: Final = "absent"
CANNOT_TELL: Final = "cannot-tell"
FAMILY_LEVEL: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """What raters were asked about, as perceived.

    Attributes:
        field: Its field of the response.
        id: The study file's name for it.
        wording: What raters read.
    """

    field: str
    id: str
    wording: str


@dataclass(frozen=True, kw_only=True)
class AttributeShare:
    """How many images of one kind show an attribute, by the raters' majority."""

    class_id: str
    attribute: str
    role: str
    share: Estimate


@dataclass(frozen=True, kw_only=True)
class AttributeDifference:
    """One attribute, two kinds of images, the first minus the second.

    Attributes:
        class_id: The class portrayed.
        attribute: Its id.
        first: A role.
        second: Another role.
        difference: Of the shares, images and raters drawn anew.
        p_value: That of the interval: images and raters drawn anew.
        p_holm: Corrected over all attributes, comparisons and classes.
    """

    class_id: str
    attribute: str
    first: str
    second: str
    difference: Estimate
    p_value: float
    p_holm: float


@dataclass(frozen=True, kw_only=True)
class RaterAgreement:
    """How much raters agree on one attribute.

    Attributes:
        attribute: Its id.
        alpha: Krippendorff's alpha (nominal) of those who could tell.
        cannot_tell: Share of ratings that say so.
        n_ratings: Ratings in all.
        n_split: Images whose raters are evenly split.
    """

    attribute: str
    alpha: float
    cannot_tell: float
    n_ratings: int
    n_split: int


def attributes_of(bundle: Bundle) -> tuple[Attribute, ...]:
    """The study's attributes, in its order.

    Raises:
        AnalysisError: If two attributes have the same id or field.
    """
    found = tuple(
        Attribute(field=each.name, id=each.about or each.name, wording=each.wording)
        for each in _perceived(bundle)
    )
    for what, values in (
        ("id", [each.id for each in found]),
        ("field", [each.field for each in found]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise AnalysisError(
                f"{bundle.name}: two attributes have the {what} {', '.join(twice)} in "
                "bundle.json; each attribute of the study file needs its own id, "
                "otherwise nobody can tell their ratings apart"
            )
    return found


def asks_what_is_perceived(question: Question) -> bool:
    """Whether people say yes or no to something, and judge no prediction by it."""
    return question.vote is None and any(each.is_judgment for each in question.fields)


def is_portrait(bundle: Bundle) -> bool:
    """Whether raters said what images chosen for what they are show."""
    is_main = bundle.trials["role"] == "main"
    is_asked = (is_main & bundle.asks(asks_what_is_perceived)).any()
    return bool(is_asked) and bool(bundle.uses["shows"].isin(list(ROLES)).any())


def _perceived(bundle: Bundle) -> list[Field]:
    return [
        each
        for question in bundle.questions.values()
        if asks_what_is_perceived(question)
        for each in question.fields
        if each.is_judgment
    ]


def portrayed_images(bundle: Bundle) -> pd.DataFrame:
    """Columns class, role, image: one row per image and reason it is there."""
    is_main = bundle.trials["role"] == "main"
    trials = bundle.trials[is_main & bundle.asks(asks_what_is_perceived)]
    uses = bundle.uses[bundle.uses["shows"].isin(list(ROLES))]
    found = uses[["trial", "shows"]].merge(trials[["trial", "classes"]], on="trial")
    named = found.rename(
        columns={"trial": "image", "shows": "role", "classes": "class"}
    )
    return named.drop_duplicates().reset_index(drop=True)


def ratings(bundle: Bundle, *, counted: bool = True) -> pd.DataFrame:
    """Columns image, participant, attribute (id), value (present, absent, …)."""
    fields = {each.field: each.id for each in attributes_of(bundle)}
    said = {
        (each.name, value): word
        for each in _perceived(bundle)
        for values, word in ((each.yes, PRESENT), (each.no, ABSENT))
        for value in values
    }
    known = bundle.single_responses["response"]
    found = bundle.responses
    found = found[found["field"].isin(fields) & found["response"].isin(known)]
    if counted:
        found = found[found["is_counted"]]
    return pd.DataFrame(
        {
            "image": found["trial"],
            "participant": found["participant"],
            "attribute": found["field"].map(fields),
            "value": [
                said.get((field, value), CANNOT_TELL if value else "")
                for field, value in zip(found["field"], found["value"], strict=True)
            ],
        }
    ).reset_index(drop=True)


def judgments(rated: pd.DataFrame, attribute: str) -> MajorityJudgments:
    """The majority's judgment of every image on one attribute."""
    mine = rated[
        (rated["attribute"] == attribute) & rated["value"].isin((PRESENT, ABSENT))
    ]
    return majority_judgments(mine.assign(says=mine["value"] == PRESENT))


def attribute_shares(
    rated: pd.DataFrame, images: pd.DataFrame, *, clusters: pd.DataFrame | None = None
) -> list[AttributeShare]:
    """The share of images with each attribute, per class and kind.

    Args:
        rated: From `ratings`.
        images: From `portrayed_images`.
        clusters: Index image (trial), a column per way in which they belong together.
    """
    found = []
    for attribute in rated["attribute"].unique():
        by = judgments(rated, attribute)
        found += [
            AttributeShare(
                class_id=class_id,
                attribute=attribute,
                role=role,
                share=majority_share(
                    by, _images(images, class_id, role), clusters=clusters
                ),
            )
            for class_id, role in product(images["class"].unique(), ROLES)
            if len(_images(images, class_id, role))
        ]
    return found


def attribute_differences(
    rated: pd.DataFrame, images: pd.DataFrame, *, clusters: pd.DataFrame | None = None
) -> list[AttributeDifference]:
    """Every comparison of every attribute, corrected over all; as `attribute_shares`."""
    raw: list[AttributeDifference] = []
    for attribute in rated["attribute"].unique():
        by = judgments(rated, attribute)
        for class_id, (first, second) in product(images["class"].unique(), COMPARISONS):
            one = _images(images, class_id, first)
            two = _images(images, class_id, second)
            if one.empty or two.empty:
                continue
            raw.append(
                AttributeDifference(
                    class_id=class_id,
                    attribute=attribute,
                    first=first,
                    second=second,
                    difference=majority_difference(by, one, two, clusters=clusters),
                    p_value=p_value_of(partial(_difference_at, by, one, two, clusters)),
                    p_holm=nan,
                )
            )
    return _corrected(raw)


def differing_attributes(
    differences: Sequence[AttributeDifference],
) -> list[AttributeDifference]:
    """Comparisons found at the family-wise level, the surest first."""
    found = [each for each in differences if each.p_holm < FAMILY_LEVEL]
    return sorted(found, key=lambda each: each.p_value)


def _difference_at(
    by: MajorityJudgments,
    first: pd.Index,
    second: pd.Index,
    clusters: pd.DataFrame | None,
    level: float,
) -> Estimate:
    return majority_difference(by, first, second, level=level, clusters=clusters)


def rater_agreement(rated: pd.DataFrame) -> list[RaterAgreement]:
    """Agreement per attribute."""
    found = []
    for attribute in rated["attribute"].unique():
        mine = rated[rated["attribute"] == attribute]
        told = mine[mine["value"].isin((PRESENT, ABSENT))]
        found.append(
            RaterAgreement(
                attribute=attribute,
                alpha=krippendorff_alpha(told, unit="image", value="value"),
                cannot_tell=float((mine["value"] == CANNOT_TELL).mean()),
                n_ratings=len(mine),
                n_split=int((judgments(rated, attribute).outcomes == 0.5).sum()),
            )
        )
    return found


def _images(images: pd.DataFrame, class_id: str, role: str) -> pd.Index:
    is_mine = (images["class"] == class_id) & (images["role"] == role)
    found: pd.Index = pd.Index(images.loc[is_mine, "image"].unique())
    return found


def _corrected(raw: Sequence[AttributeDifference]) -> list[AttributeDifference]:
    corrected = holm(pd.Series([each.p_value for each in raw], dtype=float))
    return [
        AttributeDifference(
            class_id=each.class_id,
            attribute=each.attribute,
            first=each.first,
            second=each.second,
            difference=each.difference,
            p_value=each.p_value,
            p_holm=float(p),
        )
        for each, p in zip(raw, corrected, strict=True)
    ]
