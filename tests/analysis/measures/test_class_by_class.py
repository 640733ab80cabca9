from __future__ import annotations

import pandas as pd
import pytest

from analysis.elements.sections import DataTable, Prose
from analysis.measures.class_by_class.numbers import by_class, by_rank, class_votes
from analysis.measures.class_by_class.section import IN_PAGE, ClassByClassMeasure
from analysis.reporting.report import headline_table, report_sections
from tests.analysis.bundle_maker import Plan

PLAN = Plan(
    n_images=50,
    shows="top5-of-top1-errors",
    ask="each",
    include_correct=0.2,
    has_images=False,
)


def test_each_rank_gets_the_votes_on_its_own_class(make_bundle):
    bundle = make_bundle(PLAN)
    votes = class_votes(bundle)
    # In these studies people who accept say yes to the first class stored, and the
    # stored order is not that of the ranks: the yes must follow the class.
    trials = bundle.trials.set_index("trial")["classes"].str.split("|")
    uses = bundle.uses[bundle.uses["shows"] == "top5-of-top1-errors"]
    counted = bundle.votes
    for rank in range(1, 6):
        hits = total = 0
        for trial, predicted in zip(uses["trial"], uses["predicted"], strict=True):
            mine = counted[counted["trial"] == trial]
            is_first = predicted.split("|")[rank - 1] == trials[trial][0]
            hits += int(mine["accepts"].sum()) if is_first else 0
            total += len(mine)
        row = by_rank(votes).set_index("rank").loc[rank]
        assert row["accepted"] == pytest.approx(hits / total)
        assert row["n_responses"] == total
    assert by_rank(votes)["accepted"].nunique() > 1


def test_right_predictions_and_a_second_measure_are_not_counted_again(make_bundle):
    bundle = make_bundle(PLAN)
    votes = class_votes(bundle)
    errors = bundle.uses.loc[bundle.uses["shows"] == "top5-of-top1-errors", "trial"]
    assert set(votes["trial"]) == set(errors)
    assert len(votes) == 5 * bundle.votes["trial"].isin(errors).sum()


def test_shares_by_class_by_hand():
    # Class a: yes of p, no of q, yes of r on another trial: 2 of 3. Class b: 0 of 1.
    votes = pd.DataFrame(
        {
            "classifier": "net",
            "rank": [1, 1, 2, 1],
            "class": ["a", "a", "a", "b"],
            "trial": ["t", "t", "u", "u"],
            "participant": ["p", "q", "r", "r"],
            "accepts": [True, False, True, False],
        }
    )
    table = by_class(votes)
    assert table["class"].to_list() == ["a", "b"]
    assert table["accepted"].to_list() == pytest.approx([2 / 3, 0])
    assert table[["n_responses", "n_trials"]].to_numpy().tolist() == [[3, 2], [1, 1]]


def test_the_report_has_both_tables_and_says_how_people_respond(make_bundle):
    bundle = make_bundle(PLAN)
    sections = {section.id: section for section in report_sections(bundle)}
    blocks = sections["class-by-class"].blocks
    tables = [block for block in blocks if isinstance(block, DataTable)]
    assert [table.name for table in tables] == ["accepted_by_rank", "accepted_by_class"]
    assert tables[0].shown["rank"].to_list() == ["1", "2", "3", "4", "5"]
    assert len(tables[1].shown) <= IN_PAGE
    assert set(tables[1].numbers["name"]) <= set(bundle.classes["name"])
    said = sections["asked"].blocks[0]
    assert isinstance(said, Prose)
    assert "the response is yes or no to each of the 5 classes" in said.text
    assert "accept the class of rank 1, 2, ..." in headline_table(bundle)


def test_nobody_yet_is_said(make_bundle):
    bundle = make_bundle(Plan(**{**vars(PLAN), "n_dropped": 10_000}))
    (section,) = ClassByClassMeasure().sections(bundle)
    last = section.blocks[-1]
    assert isinstance(last, Prose)
    assert last.text == "No vote counts yet."
    assert ClassByClassMeasure().headline(bundle) == []


def test_it_is_left_out_where_one_class_is_asked_about(small):
    assert not ClassByClassMeasure().applies(small)
