"""Where a market posts every block, the next one begins with the next acceptance."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from study_server.errors import NotOpenError, StudyFullError
from study_server.services import Services
from study_server.services.participation import admission, responding
from study_server.services.participation.admission import Landing
from study_server.services.studies.life import close_study, pause_study
from study_server.store.tables import Session, Study
from tests.study_server.conftest import open_things
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import do_block, go_to_practice, recruitment

POSTED = """
[recruiter.mturk]
title = "Look at images"
description = "Say what you see"
reward = "1.20"
minutes = 6.0
cap = "10.00"
"""
TWO_BLOCKS = "max_blocks_per_participant = 2"


@pytest.fixture
def posted(services: Services, tmp_path: Path) -> Services:
    """An open study whose people may do two blocks."""
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=20))
    open_things(services, stimuli, folder=tmp_path, more=POSTED, design=TWO_BLOCKS)
    return services


def accepted(number: int) -> dict[str, str]:
    """What the market sends with the worker's acceptance of that number."""
    return {
        "workerId": "ANNA",
        "assignmentId": f"ASSIGNMENT{number}",
        "hitId": f"HIT{number}",
        "turkSubmitTo": "https://workersandbox.mturk.com",
        "visit": "annas-landing-page",
    }


def look(services: Services, number: int) -> Landing:
    link = recruitment(services, "mturk").token
    return admission.look_at(services, link, incoming=accepted(number))


def come(services: Services, number: int) -> str:
    link = recruitment(services, "mturk").token
    return admission.enter(services, link, incoming=accepted(number)).token


def first_block(services: Services) -> str:
    token = come(services, 1)
    go_to_practice(services, token)
    do_block(services, token)
    do_block(services, token)
    return token


def visits(services: Services) -> list[str]:
    with services.store.read() as tx:
        sessions = tx.scalars(select(Session).order_by(Session.id))
        return [each.recruiter_ids["session"] for each in sessions]


def test_the_next_acceptance_begins_the_next_block(posted):
    token = first_block(posted)
    landing = look(posted, 2)
    assert (landing.resumes, landing.problem) == ("running", None)
    assert come(posted, 2) == token
    assert visits(posted) == ["ASSIGNMENT1", "ASSIGNMENT2"]
    page = responding.load_block(posted, token)
    assert (page.kind, page.n_done, len(page.trials) > 0) == ("trials", 0, True)
    # Whoever loads the page anew goes on with that block.
    assert come(posted, 2) == token
    assert visits(posted) == ["ASSIGNMENT1", "ASSIGNMENT2"]


def test_the_same_acceptance_shows_how_it_ended(posted):
    token = first_block(posted)
    assert look(posted, 1).problem is None
    assert come(posted, 1) == token
    assert visits(posted) == ["ASSIGNMENT1"]


def test_another_acceptance_in_the_middle_goes_on_with_the_block_begun(posted):
    token = come(posted, 1)
    go_to_practice(posted, token)
    assert look(posted, 2).resumes == "running"
    assert come(posted, 2) == token
    assert len(visits(posted)) == 1


def test_who_did_as_many_as_the_study_allows_is_told_before_and_at_the_door(posted):
    token = first_block(posted)
    come(posted, 2)
    do_block(posted, token)
    said = "This study allows 2 per person, and you have done 2. Thank you."
    landing = look(posted, 3)
    assert (landing.resumes, landing.problem) == ("running", said)
    with pytest.raises(StudyFullError) as full:
        come(posted, 3)
    assert str(full.value) == said
    assert visits(posted) == ["ASSIGNMENT1", "ASSIGNMENT2"]


@pytest.mark.parametrize(
    ("end", "said"), [(close_study, "closed"), (pause_study, "paused")]
)
def test_a_study_that_lets_nobody_in_gives_nobody_more_work(posted, end, said):
    first_block(posted)
    end(posted, "things")
    landing = look(posted, 2)
    assert landing.problem == landing.texts[said]
    with pytest.raises(NotOpenError) as closed:
        come(posted, 2)
    assert str(closed.value) == landing.texts[said]
    assert visits(posted) == ["ASSIGNMENT1"]


def test_who_has_seen_every_catch_is_told_that_nothing_is_left(services, tmp_path):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=4))
    open_things(services, stimuli, folder=tmp_path, more=POSTED, design=TWO_BLOCKS)
    token = first_block(services)
    come(services, 2)
    do_block(services, token)
    # As if a study made by an earlier version were still running.
    with services.store.write() as tx:
        study = tx.scalars(select(Study)).one()
        design = {**study.settings["design"], "max_blocks_per_participant": 3}
        study.settings = {**study.settings, "design": design}
    landing = look(services, 3)
    assert landing.problem == landing.texts["another_none"]
    with pytest.raises(StudyFullError, match="Nothing is left"):
        come(services, 3)
