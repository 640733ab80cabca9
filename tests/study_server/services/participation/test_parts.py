"""A person's way through a session in parts, with breaks, reloads and feedback."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from study_server.errors import LeaseEndedError
from study_server.services.bundles.exporting import export_study
from study_server.services.participation import responding, taking_steps
from study_server.services.studies.block_composition import recut_missing
from study_server.services.studies.life import study_progress
from study_server.services.studies.preregistration import preregistration
from study_server.store.tables import Session, SessionTrial, Trial
from tests.study_server.part_sets import PARTS, open_in_parts
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_to_practice,
    payload,
)

THREE = """
{order}
[[design.parts]]
name = "one"
n_trials = 2
[[design.parts]]
name = "two"
n_trials = 1
[[design.parts]]
name = "three"
n_trials = 1
"""


def step(services, token) -> Any:
    return taking_steps.current_step(services, token)


def go_to_break(services, person: str) -> str:
    token = enter(services, person)
    go_to_practice(services, token)
    do_block(services, token)
    return token


def end_break(services, clock, token) -> None:
    clock.move(seconds=30)
    taking_steps.take_step(services, token, "break")


def go_through(services, clock, person: str) -> str:
    token = go_to_break(services, person)
    end_break(services, clock, token)
    do_block(services, token)
    do_block(services, token)
    return token


def orders(services) -> list[str | None]:
    with services.store.read() as tx:
        return list(tx.scalars(select(Session.part_order).order_by(Session.id)))


def test_parts_come_one_after_the_other_with_a_break_and_practice_between(
    both_services, clock, tmp_path
):
    services = open_in_parts(both_services, tmp_path)
    token = enter(services)
    go_to_practice(services, token)
    first = step(services, token)
    # Two main trials and one of the session's two catches; no practice in this part.
    assert first.name == "trials"
    assert (first.n_trials, first.part.number, first.part.n_parts) == (3, 1, 2)
    assert first.part.instructions == "These are **plain**."
    do_block(services, token)
    pause = step(services, token)
    assert pause.name == "break"
    assert (pause.contents, pause.seconds_left) == (("Rest your *eyes*.",), 30)
    end_break(services, clock, token)
    practice = step(services, token)
    assert practice.name == "practice"
    assert (practice.n_trials, practice.part.number) == (2, 2)
    do_block(services, token)
    second = step(services, token)
    assert second.name == "trials"
    assert (second.n_trials, second.n_done) == (3, 0)
    do_block(services, token)
    assert step(services, token).name == "survey"
    with services.store.read() as tx:
        session = tx.scalars(select(Session)).one()
        assert (session.state, session.validity) == ("completed", "valid")
        rows = tx.execute(
            select(SessionTrial.part, Trial.condition, Trial.role).join(
                Trial, Trial.id == SessionTrial.trial_id
            )
        ).all()
    assert {(row.part, row.condition) for row in rows if row.role == "main"} == {
        (0, "a"),
        (1, "b"),
    }


def test_a_break_lasts_as_long_as_it_says_through_reloads(services, clock, tmp_path):
    token = go_to_break(open_in_parts(services, tmp_path), "anna")
    clock.move(seconds=10)
    taking_steps.take_step(services, token, "break")
    assert step(services, token).seconds_left == 20
    clock.move(seconds=19.5)
    taking_steps.take_step(services, token, "break")
    assert step(services, token).name == "break"
    with pytest.raises(LeaseEndedError):
        responding.load_block(services, token)
    clock.move(seconds=0.5)
    taking_steps.take_step(services, token, "break")
    taking_steps.take_step(services, token, "break")
    assert step(services, token).name == "practice"


def test_whoever_reloads_within_a_part_goes_on_where_they_stopped(services, tmp_path):
    open_in_parts(services, tmp_path)
    token = enter(services)
    go_to_practice(services, token)
    page = responding.load_block(services, token)
    receipt = responding.take_response(services, token, payload(page.trials[0].token))
    assert (receipt.n_done, receipt.n_trials) == (1, 3)
    again = responding.load_block(services, token)
    assert [t.token for t in again.trials] == [t.token for t in page.trials]
    assert [t.is_done for t in again.trials] == [True, False, False]


def test_a_trial_of_a_later_part_is_not_taken_before_its_turn(services, tmp_path):
    open_in_parts(services, tmp_path)
    token = enter(services)
    go_to_practice(services, token)
    with services.store.read() as tx:
        later = tx.scalars(
            select(SessionTrial.token).where(
                SessionTrial.part == 1, SessionTrial.kind == "trials"
            )
        ).first()
    with pytest.raises(LeaseEndedError):
        responding.take_response(services, token, payload(later))


def test_feedback_is_given_in_the_parts_that_say_so(services, clock, tmp_path):
    design = PARTS.replace("n_practice = 2", "feedback = true")
    open_in_parts(services, tmp_path, design, has_keys=True)
    token = enter(services)
    go_to_practice(services, token)
    assert not responding.load_block(services, token).has_feedback
    assert [receipt.feedback for receipt in do_block(services, token)] == [None] * 3
    end_break(services, clock, token)
    assert step(services, token).part.has_feedback
    assert responding.load_block(services, token).has_feedback
    told = [receipt.feedback for receipt in do_block(services, token)]
    assert [each and each.is_right for each in told] == [True] * 3


def test_every_trial_gets_its_n_responses_and_is_topped_up(
    both_services, clock, tmp_path
):
    services = open_in_parts(both_services, tmp_path)
    for number in range(3):
        go_through(services, clock, f"p{number}")
    token = go_to_break(services, "last")
    end_break(services, clock, token)
    do_block(services, token)
    page = responding.load_block(services, token)
    with services.store.read() as tx:
        tokens = [trial.token for trial in page.trials]
        main = tx.scalars(
            select(SessionTrial.token)
            .join(Trial, Trial.id == SessionTrial.trial_id)
            .where(SessionTrial.token.in_(tokens), Trial.role == "main")
            .limit(1)
        ).one()
    responding.take_response(services, token, failed_payload(main))
    do_block(services, token)
    # 8 main trials with 2 responses each, but one whose image failed to show.
    assert study_progress(services, "things").responses_per_trial == {1: 1, 2: 7}
    assert recut_missing(services, "things").n_blocks == 1
    token = enter(services, "extra")
    go_to_practice(services, token)
    # Nothing is missing of the first part: it begins with the second, without a break.
    assert orders(services)[-1] == "1"
    assert step(services, token).part.n_parts == 1
    do_block(services, token)
    do_block(services, token)
    assert study_progress(services, "things").responses_per_trial == {2: 8}


def test_the_latin_square_is_filled_by_people_who_count(both_services, tmp_path):
    services = open_in_parts(
        both_services, tmp_path, THREE, order='part_order = "counterbalanced"'
    )
    tokens = [enter(services, f"p{number}") for number in range(4)]
    square = ["0,1,2", "1,2,0", "2,0,1", "2,1,0", "0,2,1", "1,0,2"]
    assert orders(services) == square[:4]
    taking_steps.withdraw(services, tokens[1])
    enter(services, "next")
    # The order of whoever left is free again.
    assert orders(services)[4] == square[1]


def test_by_parity_every_other_person_goes_the_other_way_round(services, tmp_path):
    open_in_parts(services, tmp_path, order='part_order = "parity"')
    for number in range(4):
        enter(services, f"p{number}")
    assert orders(services) == ["0,1", "1,0", "0,1", "1,0"]


def test_a_study_without_parts_stores_none(opened):
    enter(opened)
    assert orders(opened) == [None]


def test_the_bundle_says_part_and_place_of_every_response(services, clock, tmp_path):
    open_in_parts(services, tmp_path, order='part_order = "parity"')
    go_through(services, clock, "anna")
    enter(services, "bob")
    out = export_study(services, "things", out=tmp_path / "bundle", environment="live")
    found = rows(out / "responses.csv")
    places = sorted(
        (row["part_number"], row["part"], row["part_position"])
        for row in found
        if row["position"] and int(row["position"]) < 6
    )
    # 3 trials of the first part, 2 practice trials and 3 trials of the second.
    assert Counter((number, part) for number, part, _ in places) == {
        ("1", "plain"): 3,
        ("2", "masked"): 5,
    }
    assert {place for number, _, place in places if number == "1"} == {"0", "1", "2"}
    assert [row["part_order"] for row in rows(out / "sessions.csv")] == [
        "plain|masked",
        "masked|plain",
    ]


def test_the_preregistration_lists_the_parts(services, tmp_path):
    open_in_parts(services, tmp_path, order='part_order = "counterbalanced"')
    text = preregistration(study_progress(services, "things").study)
    assert "A session has 2 parts, in an order that a Latin square" in text
    assert (
        "- part 2, masked: 2 main trials of b; 2 practice trials first; a break of at "
        "least 30 s before it" in text
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
