"""The look at quality while a study runs, on a study that programs did."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from study_server.errors import UnknownStudyError
from study_server.services.participation import taking_steps
from study_server.services.quality.study_quality import study_quality
from study_server.store.tables import Enrolment, Participant, Response, Session
from tests.study_server.serving import NAME
from tests.study_server.walking import go_all_the_way


def test_careful_and_careless_people_are_told_apart(ran):
    found = study_quality(ran, NAME, environment="simulated")
    with ran.store.read() as tx:
        kinds = dict(
            tx.execute(
                select(Participant.public_id, Enrolment.competence).join(
                    Enrolment, Enrolment.participant_id == Participant.id
                )
            ).all()
        )
        rejected = tx.scalars(select(Session.validity)).all().count("invalid")
    assert len(found.participants) == len(
        {each.participant for each in found.participants}
    )
    robots = [e for e in found.participants if kinds[e.participant] == "robot"]
    careful = [e for e in found.participants if kinds[e.participant] == "careful"]
    assert robots
    assert all(each.catch_no.value == 0.0 for each in robots)
    assert all(each.flags for each in robots)
    slowest_robot = max(each.median_s or 0.0 for each in robots)
    assert all((each.median_s or 0.0) > slowest_robot for each in careful)
    # Those with most flags come first, and looking changes nothing.
    n_flags = [len(each.flags) for each in found.participants]
    assert n_flags == sorted(n_flags, reverse=True)
    with ran.store.read() as tx:
        assert tx.scalars(select(Session.validity)).all().count("invalid") == rejected


def test_environments_are_looked_at_apart_and_one_rater_agrees_with_nobody(ran):
    alone = study_quality(ran, NAME, environment="live")
    assert len(alone.participants) == 1
    (person,) = alone.participants
    assert (person.agreement, person.yes_if_yes, person.n_compared) == (None, None, 0)
    assert all(trial.disagreement is None for trial in alone.trials)
    assert study_quality(ran, NAME, environment="pilot").participants == ()


def test_numbers_by_hand(opened_on_both):
    services = opened_on_both
    go_all_the_way(services, "anna")
    go_all_the_way(services, "bob", is_careful=False)
    found = study_quality(services, "things")
    # Six trials each, four of them main: 0.9 s and 12.5 ms before the onset.
    assert found.n_responses == 12
    assert [each.median_s for each in found.participants] == [0.9125, 0.9125]
    minutes = [each.minutes for each in found.participants]
    assert minutes == pytest.approx([6 * 0.9125 / 60] * 2)
    by_catch = {each.catch_yes.value: each for each in found.participants}
    assert by_catch[1.0].n_left_out == 0
    assert by_catch[0.0].n_left_out == 6  # the session failed the catches
    (condition,) = found.conditions
    assert (condition.n_responses, condition.left_out.n) == (8, 4)
    assert found.trials[0].classes
    assert found.trials[0].media_token


def test_people_who_withdrew_are_not_looked_at(opened):
    token = go_all_the_way(opened, "anna")
    assert len(study_quality(opened, "things").participants) == 1
    taking_steps.withdraw(opened, token)
    assert study_quality(opened, "things").participants == ()


def test_responses_without_times_of_older_databases_show_their_response_time(opened):
    go_all_the_way(opened, "anna")
    with opened.store.write() as tx:
        tx.execute(update(Response).values(wall_ms=None, visible_ms=None))
    (person,) = study_quality(opened, "things").participants
    assert person.median_s == pytest.approx(0.9)
    assert person.hidden_share is None


def test_an_unknown_study_is_said_in_words(opened):
    with pytest.raises(UnknownStudyError, match="no study 'nothing'"):
        study_quality(opened, "nothing")
