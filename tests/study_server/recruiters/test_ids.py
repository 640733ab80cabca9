"""However an id is typed or copied, it is one person's; what is no id is refused."""

from __future__ import annotations

import pytest

from study_server.errors import IdentityError
from study_server.recruiters.base import Visit
from study_server.recruiters.ids import PLAIN
from study_server.recruiters.link.section import LinkSection
from study_server.recruiters.mturk.section import MTurkSection
from study_server.recruiters.registry import RECRUITERS, get_recruiter, id_rule_of
from study_server.recruiters.sections import RecruiterSection
from study_server.recruiters.simulated.section import SimulatedSection
from study_server.services.participation import admission
from study_server.services.participation.erasure import find_participant
from tests.study_server.recruiters.test_conformance import ACCEPTED, MTURK, PROLIFIC
from tests.study_server.walking import recruitment

PID = "5f1aabcdefabcdefabcdef01"
# An id, and the same one with a zero-width space, a byte order mark and a full-width
# digit in it.
DISGUISED = [
    (PID, "\u200b5f1aabcdefabcdefabcdef01\ufeff"),
    (PID, "\uff15f1aabcdefabcdefabcdef01"),
    (PID, PID.upper()),
    (PID, f" {PID}\u2060 "),
]


@pytest.mark.parametrize("given", ["", " ", "\u200b"])
def test_an_id_that_is_required_is_never_made_up_of_nothing(given):
    assert PLAIN.read(given, name="pid") is None
    with pytest.raises(IdentityError, match=r"pid .* missing: expected no spaces"):
        PLAIN.require(given, name="pid")
    assert PLAIN.require("\uff15a", name="pid") == "5a"


@pytest.mark.parametrize(("plain", "disguised"), DISGUISED)
def test_a_disguised_id_is_the_same_person(opened, plain, disguised):
    link = recruitment(opened).token
    names = {"SESSION_ID": "v", "visit": "one-and-the-same-page"}
    first, again = (
        admission.enter(opened, link, incoming={"PROLIFIC_PID": given, **names})
        for given in (plain, disguised)
    )
    assert first.token == again.token
    found = {
        find_participant(opened, "prolific", external_id=given)
        for given in (plain, disguised)
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "section", "parameters", "key", "given"),
    [
        ("link", PROLIFIC, {}, "PROLIFIC_PID", "{{%PROLIFIC_PID%}}"),
        ("link", PROLIFIC, {}, "PROLIFIC_PID", "two words"),
        ("mturk", MTURK, ACCEPTED, "workerId", "A1-B2"),
        ("mturk", MTURK, ACCEPTED, "assignmentId", "3\u0660X"),  # an Arabic digit
        (
            "simulated",
            SimulatedSection(),
            {"competence": "careful"},
            "participant",
            "é",
        ),
    ],
)
def test_what_is_no_id_is_refused_and_not_repeated(
    name: str,
    section: RecruiterSection,
    parameters: dict[str, str],
    key: str,
    given: str,
):
    with pytest.raises(IdentityError, match="expected") as refused:
        get_recruiter(name).identify(
            section, Visit(parameters={**parameters, key: given})
        )
    assert given not in str(refused.value)


def test_case_is_kept_where_ids_are_no_hexadecimal_numbers():
    assert PLAIN.normal("Anna") == "Anna"
    assert PLAIN.normal("ABCDEF") == "ABCDEF"  # too short to be one for certain
    assert PLAIN.normal("0F8FAD5B-D9CB-469F-A165-70867728950E").islower()
    assert id_rule_of("mturk").normal("A2B" + "C" * 21) == "A2B" + "C" * 21


def test_every_recruiter_states_the_rule_of_its_ids():
    for section in (PROLIFIC, LinkSection(id_parameter="pid", completion_code="DONE")):
        visit = Visit(parameters={section.id_parameter: "somebody"})
        issuer = get_recruiter("link").identify(section, visit).issuer
        assert get_recruiter("link").id_rule(issuer) is PLAIN
    for name in set(RECRUITERS) - {"link"}:
        assert get_recruiter(name).id_rule(name) is not None
        assert get_recruiter(name).id_rule("somebody else") is None
    assert isinstance(MTURK, MTurkSection)
