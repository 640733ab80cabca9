"""What every recruiter must keep to, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import study_server.recruiters
from study_server.errors import IdentityError
from study_server.recruiters.base import (
    Admits,
    GiveBack,
    Identity,
    PostForm,
    Redirect,
    ShowCode,
    ThankYou,
    Visit,
)
from study_server.recruiters.lab.section import LabSection
from study_server.recruiters.link.section import LinkSection
from study_server.recruiters.mturk.section import MTurkSection
from study_server.recruiters.registry import RECRUITERS, get_recruiter
from study_server.recruiters.sections import RecruiterSection
from study_server.recruiters.simulated.section import SimulatedSection

PROLIFIC = LinkSection.model_validate(
    {"profile": "prolific", "completion_code": "C1ABCDEF"}
)
MTURK = MTurkSection.model_validate(
    {
        "title": "Look at images",
        "description": "Say what you see",
        "reward": "1.20",
        "minutes": 6.0,
        "cap": "100",
    }
)
ACCEPTED = {
    "assignmentId": "3AAA",
    "hitId": "3HHH",
    "workerId": "A1",
    "turkSubmitTo": "https://www.mturk.com",
}
OWN = LinkSection.model_validate({"id_parameter": "pid", "completion_code": "THANKS"})

# Recruiter, section, a visit of one person, the same person again, another person.
CASES: list[tuple[str, RecruiterSection, Visit, Visit, Visit]] = [
    (
        "lab",
        LabSection(),
        Visit(parameters={"visit": "a" * 20}),
        Visit(parameters={"visit": "a" * 20, "utm": "x"}),
        Visit(parameters={"visit": "b" * 20}),
    ),
    (
        "lab",
        LabSection(link="personal", n_links=2),
        Visit(parameters={}, personal="one"),
        Visit(parameters={"visit": "c" * 20}, personal="one"),
        Visit(parameters={}, personal="two"),
    ),
    (
        "link",
        PROLIFIC,
        Visit(parameters={"PROLIFIC_PID": "p1", "SESSION_ID": "s1", "STUDY_ID": "x"}),
        Visit(parameters={"PROLIFIC_PID": " p1 ", "SESSION_ID": "s2"}),
        Visit(parameters={"PROLIFIC_PID": "p2", "SESSION_ID": "s1"}),
    ),
    (
        "link",
        OWN,
        Visit(parameters={"pid": "17"}),
        Visit(parameters={"pid": "17"}),
        Visit(parameters={"pid": "18"}),
    ),
    (
        "mturk",
        MTURK,
        Visit(parameters=ACCEPTED),
        Visit(parameters={**ACCEPTED, "assignmentId": "3BBB", "hitId": "3III"}),
        Visit(parameters={**ACCEPTED, "workerId": "A2"}),
    ),
    (
        "simulated",
        SimulatedSection(),
        Visit(parameters={"participant": "s1", "competence": "careful"}),
        Visit(parameters={"participant": "s1", "competence": "careful"}),
        Visit(parameters={"participant": "s2", "competence": "robot"}),
    ),
]


def test_every_package_is_listed_and_every_entry_has_its_section():
    folder = Path(study_server.recruiters.__file__).parent
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert set(RECRUITERS.own) == packages
    # More than ours: the recruiter of another package is tried by a case of its own.
    assert {case[0] for case in CASES} >= packages
    for name, recruiter in RECRUITERS.own.items():
        assert isinstance(recruiter, Admits)
        assert recruiter.name == name
        assert issubclass(recruiter.section_type, RecruiterSection)
        assert recruiter.section_type.__module__.startswith(type(recruiter).__module__)
        assert recruiter.environments


@pytest.mark.parametrize(("name", "section", "visit", "again", "other"), CASES)
def test_a_person_is_the_same_at_every_visit_and_nobody_else(
    name, section, visit, again, other
):
    recruiter = get_recruiter(name)
    first = recruiter.identify(section, visit)
    assert first.external_id
    assert len(first.external_id) <= 220
    assert recruiter.identify(section, again).external_id == first.external_id
    assert recruiter.identify(section, other).external_id != first.external_id
    assert recruiter.identify(section, other).issuer == first.issuer


@pytest.mark.parametrize(("name", "section", "visit", "again", "other"), CASES)
def test_ids_of_the_visit_never_name_the_person(name, section, visit, again, other):
    identity = get_recruiter(name).identify(section, visit)
    assert set(identity.visit_ids) <= {"session", "study", "site"}
    assert identity.external_id not in identity.visit_ids.values()


@pytest.mark.parametrize(("name", "section", "visit", "again", "other"), CASES)
def test_going_back_works_and_works_again(name, section, visit, again, other):
    recruiter = get_recruiter(name)
    ids = recruiter.identify(section, visit).visit_ids
    handoff = recruiter.finish(section, ids)
    assert isinstance(handoff, PostForm | Redirect | ShowCode | ThankYou)
    assert recruiter.finish(section, ids) == handoff


@pytest.mark.parametrize(("name", "section", "visit", "again", "other"), CASES)
def test_leaving_early_never_hands_out_a_code(name, section, visit, again, other):
    recruiter = get_recruiter(name)
    ids = recruiter.identify(section, visit).visit_ids
    leaving = recruiter.leave(section, ids)
    assert isinstance(leaving, GiveBack | ThankYou)
    code = getattr(section, "completion_code", None)
    assert code is None or code not in repr(leaving)


def test_people_of_a_market_are_told_to_return_their_submission():
    link = get_recruiter("link")
    assert link.leave(PROLIFIC, {}) == GiveBack(site="Prolific")
    assert link.leave(OWN, {}) == GiveBack(site=None)


@pytest.mark.parametrize(("name", "section", "visit", "again", "other"), CASES)
def test_nobody_without_an_identity_gets_a_made_up_one(
    name, section, visit, again, other
):
    recruiter = get_recruiter(name)
    if recruiter.is_open(section):
        identity = recruiter.identify(section, Visit(parameters={}))
        assert identity == Identity(issuer=identity.issuer, external_id=None)
        return
    with pytest.raises(IdentityError, match=r"\w+ .{20,}"):
        recruiter.identify(section, Visit(parameters={}))


@pytest.mark.parametrize(
    "value",
    ["{{%PROLIFIC_PID%}}", "a b", "x" * 201, "<script>", "a\x00b", "%7B%7B"],
)
def test_a_placeholder_or_garbage_is_no_id(value):
    with pytest.raises(IdentityError, match="PROLIFIC_PID"):
        get_recruiter("link").identify(
            PROLIFIC, Visit(parameters={"PROLIFIC_PID": value})
        )


def test_prolific_people_go_back_with_the_code():
    link = get_recruiter("link")
    assert link.finish(PROLIFIC, {}) == Redirect(
        url="https://app.prolific.com/submissions/complete?cc=C1ABCDEF",
        code="C1ABCDEF",
    )
    assert link.finish(OWN, {}) == ShowCode(code="THANKS")


def test_a_code_of_its_own_goes_back_where_the_site_takes_any():
    link = get_recruiter("link")
    own = LinkSection(
        id_parameter="pid", codes="personal", redirect="https://m.example/?cc={code}"
    )
    assert link.finish(own, {}, code="MINE") == Redirect(
        url="https://m.example/?cc=MINE", code="MINE"
    )
    # A market that knows one code only never gets another.
    assert link.finish(OWN, {}, code="MINE") == ShowCode(code="THANKS")


@pytest.mark.parametrize(
    "more", [{"profile": "prolific"}, {"id_parameter": "p", "completion_code": "DONE"}]
)
def test_personal_codes_go_with_no_shared_one(more):
    with pytest.raises(ValueError, match=r"personal|shared"):
        LinkSection.model_validate({"codes": "personal", **more})


def test_the_same_profile_names_the_same_people_in_every_study():
    link = get_recruiter("link")
    other = LinkSection.model_validate(
        {"profile": "prolific", "completion_code": "OTHER123"}
    )
    visit = Visit(parameters={"PROLIFIC_PID": "p1"})
    assert link.identify(PROLIFIC, visit) == link.identify(other, visit)
    own = link.identify(OWN, Visit(parameters={"pid": "p1"}))
    assert own.issuer != link.identify(PROLIFIC, visit).issuer


@pytest.mark.parametrize("competence", ["", "expert", "Careful"])
def test_a_simulated_person_has_a_stated_competence(competence):
    visit = Visit(parameters={"participant": "s1", "competence": competence})
    with pytest.raises(IdentityError, match="careful, hasty"):
        get_recruiter("simulated").identify(SimulatedSection(), visit)
