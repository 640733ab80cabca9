from __future__ import annotations

import doctest
from dataclasses import replace

import pytest

import analysis.measures.published_numbers.stock_cisse_2018
from analysis.elements.sections import DataTable, Prose
from analysis.measures.published_numbers.numbers import published_comparisons
from analysis.measures.published_numbers.section import PublishedNumbersMeasure
from analysis.measures.published_numbers.stock_cisse_2018 import (
    PUBLISHED,
    UNKNOWN,
    false_rejection,
    published_number,
)
from tests.analysis.bundle_maker import Plan
from tests.analysis.measures.test_adversarial import BY_HAND
from tests.analysis.measures.test_assignment import _bundle as assigned


def test_the_examples_are_true():
    assert (
        doctest.testmod(analysis.measures.published_numbers.stock_cisse_2018).failed
        == 0
    )


def test_false_rejection_by_hand():
    # Top-1 errors are 22.69 % of all images and top-5 errors 6.44 %: 16.25 % have
    # the label second to fifth. 1.94 - 1.37 = 0.57 % of all images are rejected
    # among those, 0.57 / 16.25 = 3.5 %.
    assert false_rejection() == pytest.approx(0.0057 / 0.1625)
    assert round(100 * false_rejection(), 1) == 3.5


def test_every_number_has_a_definition_or_says_what_is_unknown():
    assert len({each.id for each in PUBLISHED}) == len(PUBLISHED)
    for each in PUBLISHED:
        assert bool(each.definition) != bool(each.unknown), each.id
        assert 0 < each.value < 1


def test_the_bar_of_four_of_five_follows_from_the_published_numbers():
    # 1 - 9.47 / 22.69 = 58.3 % of the errors are accepted.
    standard = published_number("top1/standard", classifier="resnet101")
    rectified = published_number("top1/rectified", classifier="resnet101")
    assert standard is not None
    assert rectified is not None
    assert 1 - rectified.value / standard.value == pytest.approx(0.5826, abs=1e-4)


def test_a_study_of_the_same_network_and_rule_has_its_numbers_beside(make_bundle):
    bundle = make_bundle(Plan(classifiers=("resnet101",), has_images=False))
    rows = {each.what: each.published.value for each in published_comparisons(bundle)}
    assert rows["resnet101: standard top-1 error"] == 0.2269
    assert rows["resnet101: rectified top-1 error"] == 0.0947
    assert rows["resnet101: errors that all five accept"] == 0.3976
    table = PublishedNumbersMeasure().sections(bundle)[0].blocks[-1]
    assert isinstance(table, DataTable)
    assert "50,000 ImageNet" in table.shown["the published number is"].iloc[0]


def test_another_rule_gives_no_rectified_number_and_says_why(make_bundle):
    bundle = make_bundle(Plan(classifiers=("resnet101",), k=3, has_images=False))
    assert [each.what for each in published_comparisons(bundle)] == [
        "resnet101: standard top-1 error"
    ]
    blocks = PublishedNumbersMeasure().sections(bundle)[0].blocks
    words = " ".join(block.text for block in blocks if isinstance(block, Prose))
    assert "counts at 3 of 5" in words


def test_another_network_has_nothing_beside_it(make_bundle):
    bundle = make_bundle(Plan(classifiers=("net-a",), has_images=False))
    assert not PublishedNumbersMeasure().applies(bundle)


def test_numbers_without_a_definition_say_so():
    rows = {each.what: each.published for each in published_comparisons(BY_HAND)}
    assert rows["whole image: agreement of votes"].value == 0.2201
    assert rows["explanation only: agreement of images"].value == 0.3080
    assert all(each.defined.startswith(UNKNOWN) for each in rows.values())


def test_drawn_scenes_have_nothing_published_beside_them():
    head = {
        **BY_HAND.head,
        "stimuli": {**BY_HAND.head["stimuli"], "is_demo_world": True},
    }
    assert not PublishedNumbersMeasure().applies(replace(BY_HAND, head=head))


def test_assignments_stand_beside_the_two_published_conditions():
    found = published_comparisons(assigned({"adversarial-6": 6, "random-6": 3}))
    assert [(each.what, each.published.value) for each in found] == [
        ("right, adversarial, 6 prototypes", 0.5502)
    ]


def test_both_top5_numbers_give_the_free_estimate(make_bundle):
    bundle = make_bundle(
        Plan(
            classifiers=("resnet101",),
            shows="top5-of-top1-errors",
            ask="any",
            has_images=False,
        )
    )
    blocks = PublishedNumbersMeasure().sections(bundle)[0].blocks
    assert isinstance(blocks[-1], Prose)
    assert "3.5 % in the publication" in blocks[-1].text
