"""What the report of an imported study says: every answer, every condition."""

from __future__ import annotations

from math import isnan

import pytest

from analysis.importing import ImportOptions, import_frame
from analysis.measures.imported_responses.numbers import (
    AS_NO_YES,
    AS_YES,
    LEFT_OUT,
    answer_shares,
    condition_contrasts,
    confusion,
    readings,
    response_shares,
)
from analysis.measures.imported_responses.section import (
    ImportedResponsesMeasure,
    contrast_section,
)
from analysis.reporting.report import report_sections
from tests.analysis.importing.files import MODEL_VS_HUMAN, frame_of, imported, written

# Three people on three images: yes yes maybe, yes maybe no, no no no.
MAYBE = frame_of(
    [
        ("ann", "a", "yes"),
        ("bob", "a", "yes"),
        ("cyd", "a", "maybe"),
        ("ann", "b", "Yes"),
        ("bob", "b", "maybe"),
        ("cyd", "b", "no"),
        ("ann", "c", "no"),
        ("bob", "c", "no"),
        ("cyd", "c", "no"),
    ]
)
SAID = ImportOptions(yes=("yes",), no=("no",), other=("maybe",))


@pytest.fixture(scope="module")
def maybe():
    return import_frame(MAYBE, SAID)


def test_every_answer_is_named_with_its_share(maybe):
    shares = answer_shares(maybe)
    assert list(shares) == ["no", "yes", "maybe"]  # "Yes" is the same answer
    assert [each.value for each in shares.values()] == pytest.approx(
        [4 / 9, 3 / 9, 2 / 9]
    )
    # Of the seven that are yes or no three are yes.
    (yes,) = response_shares(maybe)
    assert yes.share.value == pytest.approx(3 / 7)
    assert yes.share.n == 7


def test_what_two_of_three_makes_of_maybe_is_said_in_three_ways(maybe):
    # Left out with their trials: of c alone, none. No yes: a has two of three, b one, c
    # none: one of three. Had they said yes: a and b.
    found = {each.words: each.accepted for each in readings(maybe)}
    assert list(found) == [LEFT_OUT, AS_NO_YES, AS_YES]
    values = [each.value for each in found.values()]
    assert values == pytest.approx([0, 1 / 3, 2 / 3])
    assert [each.n for each in found.values()] == [1, 3, 3]


def test_where_all_is_yes_or_no_nothing_is_said_of_others():
    frame = MAYBE.replace({"response": {"maybe": "no"}})
    sections = ImportedResponsesMeasure().sections(import_frame(frame, ImportOptions()))
    names = {getattr(each, "name", "") for each in sections[0].blocks}
    assert "answers" not in names


def test_the_report_has_the_answers_that_are_neither(maybe):
    (result,) = [
        section
        for section in ImportedResponsesMeasure().sections(maybe)
        if section.id == "result"
    ]
    names = [getattr(block, "name", "") for block in result.blocks]
    said = " ".join(getattr(block, "text", "") for block in result.blocks)
    assert "2 of 9 counted responses, on 2 trials, are neither yes nor no" in said
    assert {"responses", "answers", "answers_that_are_neither"} <= set(names)


def test_categories_are_told_by_what_was_right(tmp_path):
    path = written(tmp_path, MODEL_VS_HUMAN)
    bundle = imported(path, format_name="model-vs-human")
    found = confusion(bundle).set_index(["key", "response"])
    # dog: dog, cat; cat: na, cat.
    assert found["n"].to_dict() == {
        ("cat", "cat"): 1,
        ("cat", "na"): 1,
        ("dog", "cat"): 1,
        ("dog", "dog"): 1,
    }
    assert found["share"].unique().tolist() == [0.5]
    sections = {section.id for section in report_sections(bundle)}
    assert {"confusion", "contrasts"} <= sections


def test_votes_have_no_confusions(maybe):
    assert confusion(maybe).empty


def conditions_of(cells):
    """Eight people on eight images: the share right in each condition is given."""
    rows = [
        (f"w{person}", f"i{image}", "x", condition, int((image + person) % 8 < n_right))
        for person in range(8)
        for image in range(8)
        for condition, n_right in cells.items()
    ]
    frame = frame_of([row[:3] for row in rows])
    frame["condition"] = [row[3] for row in rows]
    frame["is_right"] = [row[4] for row in rows]
    return import_frame(
        frame, ImportOptions(columns={"condition": "condition", "is_right": "is_right"})
    )


def test_conditions_are_compared_with_each_other():
    # 6, 4 and 4 of 8 right.
    found = condition_contrasts(conditions_of({"clean": 6, "noise": 4, "blur": 4}))
    values = {each.name: each.difference.estimate.value for each in found}
    assert values == pytest.approx(
        {"blur − clean": -0.25, "blur − noise": 0.0, "clean − noise": 0.25}
    )
    assert {each.response for each in found} == {"right"}
    # The interval lies around the difference, and Holm's p values are never smaller;
    # everybody responded to blur as to noise, which says nothing of what could differ.
    for each in found:
        difference = each.difference.estimate
        if each.name == "blur − noise":
            assert difference.method.startswith("no interval: no spread")
            assert isnan(each.p_holm)
            continue
        assert difference.low < difference.value < difference.high
        assert each.p_holm >= each.difference.p_value


def test_many_conditions_are_compared_with_the_others():
    cells = {f"level {number}": 4 for number in range(9)} | {"level 9": 8}
    found = condition_contrasts(conditions_of(cells))
    assert len(found) == 10
    (last,) = [each for each in found if each.name == "level 9 − the others"]
    assert last.difference.estimate.value == pytest.approx(0.5)


def test_one_condition_is_not_compared(maybe):
    assert condition_contrasts(maybe) == []
    assert contrast_section(maybe) is None
