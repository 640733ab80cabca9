"""`study judge` names the sessions of which the rules say something else now."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from study_server.config import load_settings
from study_server.services import open_services
from study_server.store import blocks
from study_server.store.tables import Enrolment, Participant, Session
from tests.study_server.serving import NAME

SIMULATED = ("study", "judge", NAME, "--environment", "simulated")


def spoil_one_verdict() -> tuple[str, str]:
    """A valid session of somebody is written down as inattentive; whose and which."""
    services = open_services(load_settings({}, folder=Path.cwd()), use="change")
    with services.store.write() as tx:
        session = tx.scalars(
            select(Session).where(Session.validity == "valid").limit(1)
        ).one()
        session.validity, session.reason = "invalid", "catch_accuracy"
        blocks.change_valid(tx, session.block_id, by=-1)
        enrolment = tx.get_one(Enrolment, session.enrolment_id)
        person = tx.get_one(Participant, enrolment.participant_id)
        names = person.public_id, session.public_id
    services.store.close()
    return names


def test_a_changed_verdict_is_named_and_kept_until_it_is_applied(ran, call, as_json):
    before = as_json(*SIMULATED)
    assert before["n_judged"] > 0
    assert (before["n_changed"], before["changes"]) == (0, [])
    participant, session = spoil_one_verdict()
    changed = {
        "session": session,
        "participant": participant,
        "stored": "catch_accuracy",
        "found": None,
        "n_responses": 0,
    }
    for _ in range(2):  # looking changes nothing
        found = as_json(*SIMULATED)
        assert (found["n_changed"], found["changes"]) == (1, [changed])
    # Where nobody says whose, it is the one live session, which the list counts.
    assert call("study", "judge", NAME).stdout.startswith("live: 1 completed sessions")
    told = call(*SIMULATED).stdout
    assert told.startswith("simulated: ")
    assert f"{participant}  {session}  catch_accuracy  valid" in told
    assert "nothing changed: --apply stores it" in told
    assert call(*SIMULATED, "--apply").stdout.endswith("stored now\n")
    # The verdict is as it was, and so is everything that follows from it.
    assert as_json(*SIMULATED) == before
    activity = as_json("db", "activity")
    assert "sessions judged again" in str(activity)


def test_a_study_that_is_not_there_is_not_judged(ran, call):
    told = call("study", "judge", "nothing", code=1)
    assert "nothing" in told.stderr
