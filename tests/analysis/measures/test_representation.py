from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.bundles.reading import Bundle
from analysis.elements.sections import DataTable, Prose
from analysis.errors import AnalysisError
from analysis.measures.representation.numbers import (
    attribute_differences,
    attribute_shares,
    attributes_of,
    differing_attributes,
    portrayed_images,
    rater_agreement,
    ratings,
)
from analysis.measures.representation.section import RepresentationMeasure
from tests.analysis.frames_maker import put_together

HELD = {"field": "attribute_1", "id": "ball", "wording": "a ball, held"}
NIGHT = {"field": "attribute_2", "id": "night", "wording": "taken at night"}


def _portrait(
    images: dict[str, tuple[str, ...]],
    said: dict[str, dict[str, str]],
    *,
    attributes: tuple[dict[str, str], ...] = (HELD,),
) -> Bundle:
    """Image to its roles; image to field to one word per rater (p, a or c)."""
    words = {"p": "present", "a": "absent", "c": "cannot-tell"}
    trials = [
        {"trial": image, "question": "attributes", "classes": "7"} for image in images
    ]
    uses = [
        {
            "trial": image,
            "classifier": "net",
            "shows": role,
            "source_sha256": image,
            "label": "7",
            "predicted": "7",
        }
        for image, roles in images.items()
        for role in roles
    ]
    responses: list[dict[str, Any]] = []
    for image, fields in said.items():
        for place in range(len(next(iter(fields.values())))):
            responses += [
                {
                    "response": f"{image}-{place}",
                    "trial": image,
                    "participant": f"p{place}",
                    "field": field,
                    "value": words[letters[place]],
                    "is_counted": True,
                }
                for field, letters in fields.items()
            ]
    return put_together(
        trials=trials,
        uses=uses,
        responses=responses,
        n=50,
        head={
            "design": {
                "responses_per_trial": 3,
                "agreement": 1,
                "attributes": list(attributes),
            }
        },
    )


BY_HAND = _portrait(
    {
        "i1": ("prototype", "random"),
        "i2": ("prototype",),
        "i3": ("criticism",),
        "i4": ("criticism", "random"),
    },
    {
        "i1": {"attribute_1": "ppa"},
        "i2": {"attribute_1": "ppp"},
        "i3": {"attribute_1": "aca"},
        "i4": {"attribute_1": "pac"},
    },
)


def test_shares_by_hand():
    shares = attribute_shares(ratings(BY_HAND), portrayed_images(BY_HAND))
    found = {each.role: each.share.value for each in shares}
    # The raters of i4 are split, so it counts half: prototypes 2 of 2, criticisms
    # a half of 2, the draw one and a half of 2.
    assert found == pytest.approx({"prototype": 1.0, "criticism": 0.25, "random": 0.75})


def test_agreement_by_hand():
    found = rater_agreement(ratings(BY_HAND))[0]
    assert found.cannot_tell == pytest.approx(2 / 12)
    assert (found.n_split, found.n_ratings) == (1, 12)


def test_two_attributes_of_one_name_are_refused():
    head = {**BY_HAND.head}
    head["design"] = {**head["design"], "attributes": [HELD, {**NIGHT, "id": "ball"}]}
    with pytest.raises(AnalysisError, match="two attributes have the id ball"):
        attributes_of(replace(BY_HAND, head=head))


def test_a_set_without_a_plain_draw_says_so():
    bundle = _portrait(
        {"i1": ("prototype",), "i2": ("criticism",)},
        {"i1": {"attribute_1": "ppp"}, "i2": {"attribute_1": "aaa"}},
    )
    sections = RepresentationMeasure().sections(bundle)
    words = " ".join(
        block.text
        for section in sections
        for block in section.blocks
        if isinstance(block, Prose)
    )
    assert "no plain draw" in words
    differences = attribute_differences(ratings(bundle), portrayed_images(bundle))
    assert [(d.first, d.second) for d in differences] == [("prototype", "criticism")]


def test_everything_excluded_gives_words_and_no_numbers():
    responses = BY_HAND.responses.assign(is_counted=False, is_valid=False)
    bundle = replace(BY_HAND, responses=responses)
    sections = RepresentationMeasure().sections(bundle)
    blocks = [block for section in sections for block in section.blocks]
    assert not any(isinstance(block, DataTable) for block in blocks)
    assert (
        "None of the 12 ratings counts" in RepresentationMeasure().headline(bundle)[0]
    )


def _rate(
    rng: np.random.Generator, truth: dict[str, float], *, n: int, n_raters: int = 25
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Portraits of n images each; `role/attribute` to its true share, raters err."""
    attributes = sorted({key.split("/")[1] for key in truth})
    roles = ("prototype", "criticism", "random")
    bias = rng.normal(0, 0.3, n_raters)
    rows, images = [], []
    for role in roles:
        for number in range(n):
            image = f"{role}{number}"
            images.append({"class": "7", "role": role, "image": image})
            for attribute in attributes:
                is_there = rng.random() < truth[f"{role}/{attribute}"]
                for rater in rng.choice(n_raters, 5, replace=False):
                    latent = (1.6 if is_there else -1.6) + bias[rater]
                    says = rng.normal(latent) > 0
                    rows.append(
                        (image, rater, attribute, "present" if says else "absent")
                    )
    columns = ["image", "participant", "attribute", "value"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(images)


def test_a_planted_attribute_is_named_and_another_is_not():
    truth = {f"{role}/night": 0.3 for role in ("prototype", "criticism", "random")}
    truth |= {"prototype/books": 0.6, "criticism/books": 0.1, "random/books": 0.1}
    rng = np.random.default_rng(2)
    rated, images = _rate(rng, truth, n=40)
    found = differing_attributes(attribute_differences(rated, images))
    assert {each.attribute for each in found} == {"books"}
    assert {(each.first, each.second) for each in found} == {
        ("prototype", "random"),
        ("prototype", "criticism"),
    }


def test_p_values_are_those_of_the_intervals():
    truth = {"prototype/books": 0.7, "criticism/books": 0.4, "random/books": 0.4}
    rated, images = _rate(np.random.default_rng(4), truth, n=25)
    found = attribute_differences(rated, images)
    assert {each.p_value < 0.05 for each in found} == {True, False}
    for each in found:
        is_out = each.difference.low > 0 or each.difference.high < 0
        assert is_out == (each.p_value < 0.05)
        assert each.p_holm >= each.p_value


# Of these four studies, two name something where comparisons are not corrected.
@pytest.mark.parametrize("n_studies", [4, pytest.param(300, marks=pytest.mark.slow)])
def test_equal_portraits_name_nothing_at_the_stated_rate(n_studies):
    names = [
        f"{role}/{a}" for role in ("prototype", "criticism", "random") for a in "abcd"
    ]
    rng = np.random.default_rng(8)
    wrong = 0
    for _ in range(n_studies):
        rated, images = _rate(rng, dict.fromkeys(names, 0.3), n=30)
        wrong += bool(differing_attributes(attribute_differences(rated, images)))
    assert wrong / n_studies <= 0.05 + 3 * (0.05 * 0.95 / n_studies) ** 0.5
