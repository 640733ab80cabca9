"""An id in an address is a claim: what it began goes on in its own browser only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from study_server.errors import OtherBrowserError, UnknownTokenError
from study_server.services import Services
from study_server.services.accounts.activity import list_activity
from study_server.services.participation import admission, browser_binding, taking_steps
from study_server.services.participation.erasure import (
    UnknownParticipantError,
    find_participant,
)
from study_server.services.studies.life import create_study, freeze_study, open_study
from study_server.store.tables import Session
from tests.study_server.conftest import write_study
from tests.study_server.walking import recruitment

ANNAS = {"PROLIFIC_PID": "anna", "SESSION_ID": "annas-visit"}


def come(services: Services, *, held: tuple[str, ...] = (), **incoming: str) -> str:
    link = recruitment(services).token
    fields = {**ANNAS, **incoming}
    return admission.enter(services, link, incoming=fields, kept=held).token


def look(services: Services, *held: str) -> admission.Landing:
    link = recruitment(services).token
    return admission.look_at(services, link, incoming=ANNAS, resume=held)


def visits(services: Services) -> list[tuple[dict[str, str], int]]:
    with services.store.read() as tx:
        query = select(Session.recruiter_ids, Session.attempt)
        return [(row[0], row[1]) for row in tx.execute(query)]


def test_an_id_alone_neither_shows_nor_changes_what_it_began(opened_on_both):
    anna = come(opened_on_both)
    with pytest.raises(OtherBrowserError, match="another browser") as refused:
        come(opened_on_both, SESSION_ID="thiefs-visit")
    assert anna not in str(refused.value)
    assert visits(opened_on_both) == [({"session": "annas-visit"}, 1)]
    landing = look(opened_on_both)
    assert (landing.resumes, landing.offers_another) == ("elsewhere", False)
    assert look(opened_on_both, anna).resumes == "running"


def test_a_finished_persons_page_is_not_opened_by_their_id(opened):
    anna = come(opened)
    taking_steps.withdraw(opened, anna)
    with pytest.raises(OtherBrowserError):
        come(opened)
    # Whether they have finished is nobody's business either.
    assert look(opened).resumes == "elsewhere"


def test_the_same_browser_goes_on_also_under_a_new_visit(opened):
    anna = come(opened)
    assert come(opened, held=("nobodys-token", anna)) == anna
    assert come(opened, held=(anna,), SESSION_ID="accepted-again") == anna
    assert visits(opened) == [({"session": "accepted-again"}, 2)]


def test_the_names_of_a_visit_are_never_rewritten(opened):
    anna = come(opened, STUDY_ID="the-study")
    assert come(opened, held=(anna,), STUDY_ID="another-study") == anna
    names = {"session": "annas-visit", "study": "the-study"}
    assert visits(opened) == [(names, 1)]


def test_a_lost_reply_to_the_landing_page_shuts_nobody_out(opened):
    key = "the-key-of-one-landing-page"
    anna = come(opened, visit=key)
    assert come(opened, visit=key) == anna
    for other in ("", "short", "the-key-of-another-landing-page"):
        with pytest.raises(OtherBrowserError):
            come(opened, visit=other)


def test_a_released_visit_goes_on_once_and_closes_the_old_pages(opened_on_both):
    old = come(opened_on_both)
    name = find_participant(opened_on_both, "prolific", external_id="anna")
    assert browser_binding.release(opened_on_both, name, study="things") == 1
    noted = list_activity(opened_on_both, n=1)[0]
    assert (noted.action, noted.subject) == ("participant released", "things")
    assert name not in str(noted)
    with pytest.raises(UnknownTokenError):
        taking_steps.current_step(opened_on_both, old)
    assert look(opened_on_both).resumes == "running"

    def take_over(number: int) -> str | None:
        try:
            return come(opened_on_both, visit=f"landing-page-number-{number}")
        except OtherBrowserError:
            return None

    with ThreadPoolExecutor(6) as pool:
        (new,) = filter(None, pool.map(take_over, range(6)))
    assert new != old
    assert taking_steps.current_step(opened_on_both, new).name == "consent"


def test_only_who_is_in_the_study_is_released(opened):
    come(opened)
    with pytest.raises(UnknownParticipantError):
        browser_binding.release(opened, "nobody")


@pytest.mark.parametrize(("rule", "may"), [("ask", False), ("same-visit", True)])
def test_the_very_visit_goes_on_elsewhere_only_where_the_study_says_so(
    services, stimuli, tmp_path, rule, may
):
    open_with(services, stimuli, tmp_path, line=f'other_browser = "{rule}"')
    anna = come(services)
    with pytest.raises(OtherBrowserError):
        come(services, SESSION_ID="thiefs-visit")
    if may:
        assert come(services) == anna
    else:
        with pytest.raises(OtherBrowserError):
            come(services)


def test_a_personal_link_goes_on_in_any_browser(services, stimuli, tmp_path):
    path = write_study(tmp_path)
    text = path.read_text().replace('link = "open"', 'link = "personal"\nn_links = 1')
    path.write_text(text)
    open_file(services, path, stimuli)
    lab = recruitment(services, "lab")
    (own,) = (url.rsplit("/", 1)[1] for url in lab.personal_urls)
    first = admission.enter(services, lab.token, incoming={}, personal=own)
    landing = admission.look_at(services, lab.token, incoming={}, personal=own)
    assert landing.resumes == "running"
    again = admission.enter(services, lab.token, incoming={}, personal=own)
    assert again.token == first.token


def open_with(services: Services, stimuli: Path, folder: Path, *, line: str) -> None:
    path = write_study(folder)
    profile = 'profile = "prolific"'
    path.write_text(path.read_text().replace(profile, f"{profile}\n{line}"))
    open_file(services, path, stimuli)


def open_file(services: Services, path: Path, stimuli: Path) -> None:
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
