"""What a visitor is told before and as they come in, and what is written of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from study_server.errors import (
    ExcludedError,
    IdentityError,
    ManyStartingError,
    NotOpenError,
    OtherBrowserError,
    StudyFullError,
    UnknownRecruitmentError,
)
from study_server.services import Services
from study_server.services.participation import admission, browser_binding, taking_steps
from study_server.services.participation.admission import Admission, Landing
from study_server.services.studies.life import (
    close_study,
    create_study,
    freeze_study,
    open_study,
)
from study_server.store.tables import (
    Block,
    Enrolment,
    Participant,
    Recruitment,
    Session,
)
from tests.study_server.conftest import open_things, write_study
from tests.study_server.walking import enter, go_all_the_way, recruitment

ADDRESS = "198.51.100.7"


@pytest.fixture
def names() -> list[str]:
    """Every unguessable name, in the order in which they were made."""
    return []


@pytest.fixture
def named(services: Services, names: list[str]) -> Services:
    """Services whose new names are known: name-0, name-1, ..."""

    def new_token() -> str:
        names.append(f"name-{len(names)}")
        return names[-1]

    return replace(services, new_token=new_token)


def look(services: Services, recruiter: str = "link", **given: object) -> Landing:
    link = recruitment(services, recruiter).token
    return admission.look_at(services, link, **{"incoming": {}, **given})  # type: ignore[arg-type]


def come(services: Services, recruiter: str = "link", **given: object) -> Admission:
    link = recruitment(services, recruiter).token
    return admission.enter(services, link, **{"incoming": {}, **given})  # type: ignore[arg-type]


ANNA = {"PROLIFIC_PID": "anna", "SESSION_ID": "v1", "visit": "annas-landing-page"}


def enrolments(services: Services) -> list[Enrolment]:
    with services.store.read() as tx:
        return list(tx.scalars(select(Enrolment).order_by(Enrolment.id)))


def say(services: Services, key: str, **places: object) -> str:
    text = look(services, incoming={"PROLIFIC_PID": "reader"}).texts[key]
    return text.format(**places)


def test_a_newcomer_sees_the_study_in_its_words_and_the_links_own_name(
    named, names, stimuli, tmp_path
):
    consent = '[consent]\ncontact = "lab@example.org"\nduration = "half an hour"\n'
    open_things(named, stimuli, folder=tmp_path, more=consent)
    landing = look(named, incoming={"PROLIFIC_PID": "anna"})
    assert (landing.study_title, landing.language) == ("Is it there?", "en")
    assert (landing.environment, landing.problem, landing.resumes) == (
        "live",
        None,
        "no",
    )
    assert landing.link == recruitment(named).token
    assert landing.visit_key == names[-1]
    assert "half an hour" in landing.expected.takes
    assert (landing.expected.has_practice, landing.expected.contact) == (
        True,
        "lab@example.org",
    )
    assert landing.texts["closed"].startswith("This study is closed")
    # The recruiter says who comes, so that the page may keep the key; elsewhere the
    # browser is the person.
    assert (landing.keeps_key, landing.offers_another) == (True, False)
    lab = look(named, "lab")
    assert (lab.keeps_key, lab.offers_another, lab.is_preview) == (False, False, False)
    # Nobody has come in by looking.
    assert enrolments(named) == []


def test_all_that_is_known_of_who_comes_in_is_written_down(
    named, names, clock, stimuli, tmp_path
):
    open_things(named, stimuli, folder=tmp_path)
    entered = come(named, incoming=ANNA, address=ADDRESS)
    assert (entered.is_new, entered.environment) == (True, "live")
    (anna,) = enrolments(named)
    assert entered.token == anna.token
    assert anna.token in names
    with named.store.read() as tx:
        participant = tx.scalars(select(Participant)).one()
        session = tx.scalars(select(Session)).one()
        block = tx.get_one(Block, session.block_id)
        link = tx.get_one(Recruitment, anna.recruitment_id)
    assert link.token == recruitment(named).token
    assert (anna.participant_id, anna.study_id) == (participant.id, block.study_id)
    assert (anna.environment, anna.step, anna.condition) == (
        "live",
        "consent",
        block.condition,
    )
    assert (anna.entered_at, participant.created_at) == (clock.now, clock.now)
    assert participant.public_id in names
    assert (anna.competence, anna.comprehension_wrong) == (None, [])
    assert anna.origin is not None
    assert ADDRESS not in anna.origin
    assert session.enrolment_id == anna.id
    assert session.recruiter_ids == {"session": "v1"}
    assert block.n_reserved == 1


def test_who_goes_on_is_told_so_and_is_no_newcomer(opened):
    anna = come(opened, incoming=ANNA)
    # The hidden field of the landing page, the cookie, or the page's own memory show
    # that it is the same browser.
    for given in (
        {"incoming": ANNA},
        {"incoming": {"PROLIFIC_PID": "anna"}, "resume": (anna.token,)},
        {"incoming": {"PROLIFIC_PID": "anna"}, "kept": (anna.token,)},
    ):
        again = come(opened, **given)
        assert again == Admission(token=anna.token, is_new=False, environment="live")
    assert len(enrolments(opened)) == 1
    landing = look(opened, incoming=ANNA)
    assert (landing.resumes, landing.problem) == ("running", None)
    assert landing.link == recruitment(opened).token


def test_in_another_browser_nothing_is_said_but_whom_to_ask(
    services, stimuli, tmp_path
):
    consent = '[consent]\ncontact = "lab@example.org"\n'
    open_things(services, stimuli, folder=tmp_path, more=consent)
    come(services, incoming=ANNA)
    thief = {"PROLIFIC_PID": "anna", "visit": "another-landing-page"}
    landing = look(services, incoming=thief)
    whom = say(services, "elsewhere_ask", contact="lab@example.org")
    assert (landing.resumes, landing.problem) == ("elsewhere", whom)
    assert (landing.link, landing.keeps_key) == (recruitment(services).token, True)
    assert landing.study_title == "Is it there?"
    assert not landing.is_preview
    with pytest.raises(OtherBrowserError) as refused:
        come(services, incoming=thief)
    assert str(refused.value) == f"{say(services, 'elsewhere')} {whom}"


def test_without_a_contact_one_asks_whoever_sent_the_link(opened):
    come(opened, incoming=ANNA)
    landing = look(opened, incoming={"PROLIFIC_PID": "anna"})
    assert landing.problem == say(opened, "elsewhere_ask_inviter")


def test_a_released_person_goes_on_in_the_browser_they_come_with(opened):
    anna = come(opened, incoming=ANNA)
    with opened.store.read() as tx:
        public_id = tx.scalars(select(Participant.public_id)).one()
    browser_binding.release(opened, public_id)
    other = {"PROLIFIC_PID": "anna", "visit": "a-new-landing-page"}
    released = come(opened, incoming=other).token
    assert released != anna.token
    assert come(opened, incoming=other).token == released
    with pytest.raises(OtherBrowserError):
        come(opened, incoming=ANNA)


def test_the_other_person_at_a_lab_computer_is_only_offered_a_free_place(opened):
    first = come(opened, "lab")
    landing = look(opened, "lab", resume=(first.token,))
    assert (landing.resumes, landing.offers_another) == ("running", True)
    somebody = look(opened, "lab", resume=(first.token,), incoming={"somebody": "else"})
    assert (somebody.resumes, somebody.offers_another) == ("no", False)
    with opened.store.write() as tx:
        tx.execute(
            update(Block).values(n_reserved=Block.n_wanted, n_admitted=Block.n_wanted)
        )
    full = look(opened, "lab", resume=(first.token,))
    assert (full.resumes, full.problem, full.offers_another) == ("running", None, False)


@pytest.mark.parametrize(
    ("devices", "device", "said"),
    [
        ('["desktop", "tablet"]', "phone", "desktop, tablet"),
        ('["desktop", "tablet"]', "tablet", None),
        ('["phone"]', "desktop", "phone"),
        ('["any"]', "phone", None),
    ],
)
def test_a_study_is_for_the_devices_it_names(
    services, stimuli, tmp_path, devices, device, said
):
    open_things(services, stimuli, folder=tmp_path, design=f"devices = {devices}")
    landing = look(services, incoming=ANNA, device=device)
    if said is None:
        assert landing.problem is None
        assert come(services, incoming=ANNA, device=device).is_new
        return
    expected = landing.texts["excluded_device"].format(devices=said)
    assert landing.problem == expected
    with pytest.raises(ExcludedError) as refused:
        come(services, incoming=ANNA, device=device)
    assert str(refused.value) == expected
    assert enrolments(services) == []


def test_who_is_in_may_change_the_device_they_came_with(services, stimuli, tmp_path):
    open_things(services, stimuli, folder=tmp_path, design='devices = ["desktop"]')
    anna = come(services, incoming=ANNA)
    assert come(services, incoming=ANNA, device="phone").token == anna.token


def test_a_full_study_says_so_before_and_at_the_door(opened):
    with opened.store.write() as tx:
        tx.execute(
            update(Block).values(n_reserved=Block.n_wanted, n_admitted=Block.n_wanted)
        )
    expected = say(opened, "full")
    assert look(opened, incoming=ANNA).problem == expected
    with pytest.raises(StudyFullError):
        come(opened, incoming=ANNA)


def test_a_closed_study_says_so_before_and_at_the_door(opened):
    anna = come(opened, incoming=ANNA)
    close_study(opened, "things")
    late = {"PROLIFIC_PID": "late"}
    assert look(opened, incoming=late).problem == say(opened, "closed")
    with pytest.raises(NotOpenError) as refused:
        come(opened, incoming=late)
    assert str(refused.value) == say(opened, "closed")
    # Who is in goes on.
    assert look(opened, incoming=ANNA).problem is None
    assert come(opened, incoming=ANNA).token == anna.token


def test_many_from_one_address_are_told_to_wait_and_others_come_in(opened):
    crowd = 0
    expected = say(opened, "many_starting")
    while look(opened, incoming={"PROLIFIC_PID": "x"}, address=ADDRESS).problem is None:
        come(opened, incoming={"PROLIFIC_PID": f"p{crowd}"}, address=ADDRESS)
        crowd += 1
    landing = look(opened, incoming={"PROLIFIC_PID": "x"}, address=ADDRESS)
    assert landing.problem == expected
    with pytest.raises(ManyStartingError) as refused:
        come(opened, incoming={"PROLIFIC_PID": "x"}, address=ADDRESS)
    assert str(refused.value) == expected
    elsewhere: dict[str, Any] = {
        "incoming": {"PROLIFIC_PID": "x"},
        "address": "203.0.113.9",
    }
    assert look(opened, **elsewhere).problem is None
    assert come(opened, **elsewhere).is_new
    # Programs and people with links of their own are not counted by address.
    simulated = recruitment(opened, "simulated", environment="simulated").token
    for number in range(crowd + 1):
        admission.enter(
            opened,
            simulated,
            incoming={"participant": f"s{number}", "competence": "careful"},
            address=ADDRESS,
        )
    assert {one.origin for one in enrolments(opened) if one.competence} == {None}


def test_links_of_one_person_each_count_no_address(services, stimuli, tmp_path):
    path = write_study(tmp_path)
    text = path.read_text("utf-8")
    path.write_text(
        text.replace('link = "open"', 'link = "personal"\nn_links = 2'), "utf-8"
    )
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    for url in recruitment(services, "lab").personal_urls:
        own = {"personal": url.rsplit("/", 1)[1], "address": ADDRESS}
        assert look(services, "lab", **own).problem is None
        assert come(services, "lab", **own).is_new
    assert [one.origin for one in enrolments(services)] == [None, None]
    with pytest.raises(UnknownRecruitmentError, match="nobody's"):
        look(services, "lab", personal="guessed")
    with pytest.raises(UnknownRecruitmentError, match="leads to no study"):
        admission.look_at(services, "nowhere", incoming={})


def test_whatever_goes_wrong_is_said_in_the_words_of_the_study(
    services, stimuli, tmp_path
):
    more = '[consent]\ncontact = "lab@example.org"\n[texts]\nclosed = "Over."\n'
    open_things(services, stimuli, folder=tmp_path, more=more)
    for ask in (look, come):
        with pytest.raises(IdentityError) as refused:
            ask(services)
        error = refused.value
        assert error.texts["closed"] == "Over."
        assert (error.language, error.contact) == ("en", "lab@example.org")
    close_study(services, "things")
    with pytest.raises(NotOpenError, match=r"^Over\.$") as closed:
        come(services, incoming=ANNA)
    assert closed.value.contact == "lab@example.org"


def test_who_did_everything_is_told_how_it_ended(opened):
    token = go_all_the_way(opened, "anna")
    taking_steps.take_step(opened, token, "survey", {})
    taking_steps.take_step(opened, token, "debriefing")
    mine = {"PROLIFIC_PID": "anna", "SESSION_ID": "visit-anna"}
    landing = look(opened, incoming=mine, resume=(token,))
    assert (landing.resumes, landing.problem) == ("ended", None)
    # A new visit begins no further block where work is not posted block by block.
    other = {**mine, "SESSION_ID": "next-visit"}
    assert look(opened, incoming=other, resume=(token,)).resumes == "ended"
    assert come(opened, incoming=other, resume=(token,)).token == token
    withdrawn = enter(opened, "ben")
    taking_steps.withdraw(opened, withdrawn)
    ben = {"PROLIFIC_PID": "ben"}
    assert look(opened, incoming=ben, resume=(withdrawn,)).resumes == "ended"


def test_work_that_is_only_looked_at_shows_the_study_and_lets_nobody_in(
    services, stimuli, tmp_path
):
    posted = """
[recruiter.mturk]
title = "Look at images"
description = "Say what you see"
reward = "1.20"
minutes = 6.0
cap = "10.00"
"""
    open_things(services, stimuli, folder=tmp_path, more=posted)
    not_yet = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "hit"}
    landing = look(services, "mturk", incoming=not_yet)
    assert (landing.is_preview, landing.resumes, landing.problem) == (True, "no", None)
    assert (landing.study_title, landing.environment) == ("Is it there?", "live")
    close_study(services, "things")
    closed = look(services, "mturk", incoming=not_yet)
    assert (closed.is_preview, closed.problem) == (True, closed.texts["closed"])
