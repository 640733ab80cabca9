from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.elements.sections import DataTable, Prose
from analysis.errors import AnalysisError
from analysis.measures.adversarial.section import AdversarialMeasure
from analysis.reporting.people_overlap import (
    overlap_section,
    people_in_both,
    without_people_of,
)
from tests.analysis.frames_maker import put_together


def _study(name: str, people: dict[str, bool], *, recruiter: str = "link"):
    """One attacked image; each person says yes or no, in this order; n = 2."""
    trial = {
        "trial": "t",
        "condition": "whole",
        "question": "relevant",
        "classes": "3",
        "sources": "src",
    }
    use = {
        "trial": "t",
        "classifier": "net",
        "shows": "adversarial",
        "source_sha256": "src",
        "label": "1",
        "predicted": "3",
    }
    responses = [
        {"trial": "t", "participant": person, "accepts": accepts}
        for person, accepts in people.items()
    ]
    bundle = put_together(
        trials=[trial],
        uses=[use],
        responses=responses,
        n=2,
        k=2,
        head={"study": {"name": name, "title": name, "paradigm": "relevance"}},
    )
    return replace(bundle, sessions=bundle.sessions.assign(recruiter=recruiter))


def test_people_who_came_twice_are_left_out_and_the_next_ones_count():
    # n = 2: ann and ben count, both yes. Without ann, who knew the images, ben and
    # cem count: 1 yes of 2.
    later = _study("later", {"ann": True, "ben": True, "cem": False})
    earlier = _study("earlier", {"ann": False, "eve": True})
    assert people_in_both(later, earlier) == {"ann"}
    rest = without_people_of(later, earlier)
    assert set(rest.votes["participant"]) == {"ben", "cem"}
    said = {each.name: each.value for each in AdversarialMeasure().outcomes(rest)}
    assert said["agreement of votes, whole image"] == pytest.approx(0.5)
    fates = rest.sessions.set_index("participant")["exclusion_reason"]
    assert fates["ann"] == "took part in earlier"


def test_the_section_sets_both_results_beside_each_other():
    later = _study("later", {"ann": True, "ben": True, "cem": False})
    earlier = _study("earlier", {"ann": False})
    section = overlap_section(later, earlier, measures=[AdversarialMeasure()])
    text = next(b.text for b in section.blocks if isinstance(b, Prose))
    assert "1 of the 3 people" in text
    table = next(b for b in section.blocks if isinstance(b, DataTable))
    row = table.numbers.set_index("outcome").loc["agreement of votes, whole image"]
    assert row["everybody_value"] == pytest.approx(1.0)
    assert row["without_value"] == pytest.approx(0.5)


def test_people_nobody_named_cannot_be_found_again():
    later = _study("later", {"ann": True, "ben": True}, recruiter="lab")
    with pytest.raises(AnalysisError, match="names nobody"):
        people_in_both(later, _study("earlier", {"ann": True}))


def test_a_bundle_says_itself_whose_people_have_no_names():
    earlier = _study("earlier", {"ann": True})
    later = _study("later", {"ann": True}, recruiter="kiosk")
    named = replace(later, head={**later.head, "nameless_recruiters": []})
    assert people_in_both(named, earlier) == {"ann"}
    nameless = replace(later, head={**later.head, "nameless_recruiters": ["kiosk"]})
    with pytest.raises(AnalysisError, match="open link of the kiosk"):
        people_in_both(nameless, earlier)
