"""An abandoned place is free again: for whoever looks, comes, counts or waits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from study_server.errors import StudyFullError
from study_server.services import Services
from study_server.services.participation import admission, leases, taking_steps
from study_server.services.participation.steps import build_step, find_whereabouts
from study_server.services.studies.life import (
    create_study,
    freeze_study,
    list_studies,
    open_study,
    study_progress,
)
from study_server.services.studies.records import SessionCount
from study_server.services.upkeep import chores
from study_server.store.tables import Block, Session
from tests.study_server.conftest import write_study
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import enter, go_to_practice, recruitment


@pytest.fixture
def one_place(services, tmp_path):
    """A study that wants one person, who may take a minute."""
    return open_one_place(services, tmp_path)


@pytest.fixture
def one_place_on_both(both_services, tmp_path):
    """The same on a database of each kind."""
    return open_one_place(both_services, tmp_path)


def open_one_place(services: Services, folder: Path) -> Services:
    stimuli = write_set(folder / "set", SetSize(n_main=4))
    path = write_study(folder, design="lease_minutes = 1")
    text = path.read_text().replace(
        "responses_per_trial = 2", "responses_per_trial = 1"
    )
    path.write_text(text.replace("agreement = 2", "agreement = 1"))
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    return services


def problem(services: Services, person: str) -> str | None:
    link = recruitment(services).token
    incoming = {"PROLIFIC_PID": person}
    return admission.look_at(services, link, incoming=incoming).problem


def n_reserved(services: Services) -> int:
    with services.store.read() as tx:
        query = select(Block.n_reserved).where(Block.environment == "live")
        return sum(tx.scalars(query))


def test_the_page_behind_the_link_offers_an_abandoned_place_again(
    one_place_on_both, clock
):
    enter(one_place_on_both, "anna")
    assert "taken" in str(problem(one_place_on_both, "bob"))
    clock.move(minutes=1)
    assert problem(one_place_on_both, "bob") is None
    enter(one_place_on_both, "bob")
    assert "taken" in str(problem(one_place_on_both, "carl"))
    with pytest.raises(StudyFullError):
        enter(one_place_on_both, "carl")
    assert n_reserved(one_place_on_both) == 1


def test_what_is_shown_of_a_study_counts_an_ended_lease_as_ended(one_place, clock):
    enter(one_place, "anna")
    clock.move(minutes=1)
    progress = study_progress(one_place, "things")
    assert [block.n_reserved for block in progress.blocks] == [0]
    assert progress.sessions == (
        SessionCount(
            state="expired", validity="invalid", reason="expired", n_sessions=1
        ),
    )
    assert list_studies(one_place)[0].n_reserved == 0
    assert n_reserved(one_place) == 1  # nobody has noticed yet


def test_who_comes_back_too_late_does_not_push_the_next_one_out(one_place, clock):
    anna = enter(one_place, "anna")
    go_to_practice(one_place, anna)
    clock.move(minutes=1)
    enter(one_place, "bob")
    assert enter(one_place, "anna") == anna
    with one_place.store.read() as tx:
        step = build_step(tx, find_whereabouts(tx, anna), now=clock.now)
    assert (step.name, getattr(step, "can_return", None)) == ("expired", False)
    assert n_reserved(one_place) == 1


def test_who_comes_back_to_a_place_nobody_took_goes_on(one_place, clock):
    anna = enter(one_place, "anna")
    go_to_practice(one_place, anna)
    clock.move(minutes=1)
    expired = taking_steps.current_step(one_place, anna)
    assert (expired.name, getattr(expired, "can_return", None)) == ("expired", True)
    enter(one_place, "anna")
    assert taking_steps.current_step(one_place, anna).name == "practice"
    assert n_reserved(one_place) == 1


def test_the_chore_gives_places_back_without_a_visitor(one_place, clock):
    enter(one_place, "anna")
    assert chores.do_what_is_due(one_place) == ("sweep", "purge")
    clock.move(minutes=1)
    assert chores.do_what_is_due(one_place) == ("sweep",)
    assert chores.do_what_is_due(one_place) == ()
    with one_place.store.read() as tx:
        assert tx.scalars(select(Session.state)).all() == ["expired"]
    assert n_reserved(one_place) == 0


@pytest.mark.parametrize("was_done_before", [False, True])
def test_of_all_processes_one_does_a_chore(one_place_on_both, clock, was_done_before):
    if was_done_before:
        chores.do_what_is_due(one_place_on_both)
        clock.move(minutes=1)
    turns: list[str] = []
    counted = {"sweep": replace(chores.CHORES["sweep"], do=lambda _: turns.append("x"))}
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(
                lambda _: chores.do_what_is_due(one_place_on_both, counted), range(8)
            )
        )
    assert len(turns) == 1
    assert sorted(done) == [()] * 7 + [("sweep",)]


def test_sweeps_and_newcomers_at_once_keep_the_counters_right(one_place_on_both, clock):
    enter(one_place_on_both, "anna")
    clock.move(minutes=1)

    def come(number: int) -> bool:
        if number % 2:
            leases.sweep(one_place_on_both)
            return False
        try:
            enter(one_place_on_both, f"person-{number}")
        except StudyFullError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(16))) == 1
    assert n_reserved(one_place_on_both) == 1


def test_a_serving_process_looks_by_itself(opened):
    ahead = replace(opened, clock=lambda: opened.clock() + timedelta(hours=2))
    enter(opened, "anna")
    thread = chores.ChoreThread(ahead, every_s=0.01)
    thread.start()
    try:
        ends = time.monotonic() + 5
        while n_reserved(opened) and time.monotonic() < ends:
            time.sleep(0.01)
    finally:
        thread.stop()
    assert n_reserved(opened) == 0
