"""Nobody reserves a whole study by opening its link many times."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from study_server.errors import ManyStartingError, StudyFullError
from study_server.services import Services
from study_server.services.participation import admission, taking_steps
from study_server.services.studies.life import create_study, freeze_study, open_study
from study_server.store.tables import Enrolment, Session
from tests.study_server.conftest import write_study
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import go_to_practice, recruitment

ATTACKER, SOMEBODY = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def five_places(services, tmp_path):
    """A study with five places."""
    return open_study_of(services, tmp_path, n_places=5)


@pytest.fixture
def five_places_on_both(both_services, tmp_path):
    """The same on a database of each kind."""
    return open_study_of(both_services, tmp_path, n_places=5)


def open_study_of(
    services: Services, folder: Path, *, n_places: int, design: str = ""
) -> Services:
    stimuli = write_set(folder / "set", SetSize(n_main=4))
    path = write_study(folder, design=design)
    n_old, n_new = "responses_per_trial = 2", f"responses_per_trial = {n_places}"
    text = path.read_text().replace(n_old, n_new)
    path.write_text(text.replace("agreement = 2", "agreement = 1"))
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    return services


def come(services: Services, person: str, *, address: str | None = ATTACKER) -> str:
    return admission.enter(
        services,
        recruitment(services).token,
        incoming={"PROLIFIC_PID": person},
        address=address,
    ).token


def n_in(services: Services, people: range, *, address: str | None = ATTACKER) -> int:
    def is_in(number: int) -> bool:
        try:
            come(services, f"person-{number}", address=address)
        except (ManyStartingError, StudyFullError):
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        return sum(pool.map(is_in, people))


def test_five_posts_from_one_address_hold_two_of_five_places_on_both(
    five_places_on_both, clock
):
    assert n_in(five_places_on_both, range(5)) == 2
    link = recruitment(five_places_on_both).token
    for address, word in ((ATTACKER, "few minutes"), (SOMEBODY, "None")):
        landing = admission.look_at(
            five_places_on_both, link, incoming={"PROLIFIC_PID": "new"}, address=address
        )
        assert word in str(landing.problem)
    come(five_places_on_both, "somebody", address=SOMEBODY)
    # Who does not agree within five minutes holds nothing.
    clock.move(minutes=5)
    assert n_in(five_places_on_both, range(10, 15), address=None) == 5


def test_who_has_agreed_no_longer_counts_and_leaves_no_address(five_places):
    for number in range(5):
        token = come(five_places, f"person-{number}")
        taking_steps.take_step(five_places, token, "consent", {"agree": "yes"})
    with five_places.store.read() as tx:
        assert tx.scalars(select(Enrolment.origin)).all() == [None] * 5
    with pytest.raises(StudyFullError):
        come(five_places, "late")


def test_an_address_is_kept_as_a_keyed_hash_and_only_while_it_counts(
    five_places, clock
):
    token = come(five_places, "anna")
    come(five_places, "bob")
    with five_places.store.read() as tx:
        found = set(tx.scalars(select(Enrolment.origin)))
    (kept,) = found
    assert ATTACKER not in str(kept)
    taking_steps.withdraw(five_places, token)
    clock.move(minutes=5)
    come(five_places, "carl", address=None)
    with five_places.store.read() as tx:
        assert set(tx.scalars(select(Enrolment.origin))) == {None}


def test_one_home_of_newer_addresses_is_one_address(five_places):
    homes = [f"2001:db8:0:{1 + n // 3}::{n}" for n in range(6)]
    came = [
        n_in(five_places, range(n, n + 1), address=home) for n, home in enumerate(homes)
    ]
    assert came == [1, 1, 0, 1, 0, 0]


def test_labs_start_together(services, tmp_path):
    lab = replace(services.settings, lab_addresses="203.0.113.0/24, 2001:db8::/32")
    at_lab = replace(services, settings=lab)
    open_study_of(at_lab, tmp_path, n_places=5)
    assert n_in(at_lab, range(4), address=SOMEBODY) == 4
    assert n_in(at_lab, range(4, 5), address="::ffff:203.0.113.1") == 1


def test_a_link_has_a_limit_too(services, tmp_path):
    open_study_of(services, tmp_path, n_places=5, design="holds_per_link = 3")
    assert n_in(services, range(5), address=None) == 3


def test_the_last_place_may_be_taken(services, tmp_path):
    open_study_of(services, tmp_path, n_places=1)
    assert n_in(services, range(2)) == 1


def test_who_reads_the_consent_text_for_long_goes_on_if_their_place_is_free(
    services, tmp_path, clock
):
    open_study_of(services, tmp_path, n_places=1)
    slow = come(services, "slow")
    clock.move(minutes=9)
    assert taking_steps.current_step(services, slow).name == "consent"
    go_to_practice(services, slow)
    assert taking_steps.current_step(services, slow).name == "practice"
    with services.store.read() as tx:
        session = tx.scalars(select(Session)).one()
    assert (session.lease_ends_at - clock.now).total_seconds() == 60 * 60


def test_who_reads_for_long_and_whose_place_is_taken_is_told(services, tmp_path, clock):
    open_study_of(services, tmp_path, n_places=1)
    slow = come(services, "slow")
    clock.move(minutes=9)
    come(services, "quick", address=SOMEBODY)
    taking_steps.take_step(services, slow, "consent", {"agree": "yes"})
    assert taking_steps.current_step(services, slow).name == "expired"
