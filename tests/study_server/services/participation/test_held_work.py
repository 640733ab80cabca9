"""Nobody is paid for saying that no image showed; nobody is refused for it either."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from study_server.recruiters.base import Redirect, Wait
from study_server.services import Services
from study_server.services.image_request_log import ImageRequestLog
from study_server.services.participation import (
    held_work,
    responding,
    stimulus_images,
    taking_steps,
)
from study_server.services.participation.steps import FinishStep, HeldStep
from study_server.services.participation.trial_pages import MEDIA_PATH, TrialPage
from study_server.services.studies.life import study_progress
from study_server.store.participation.image_requests import (
    ImageDeliveries,
    RequestedImage,
)
from study_server.store.tables import ImageRequest, SessionTrial, Trial
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_to_practice,
    keys_of,
    payload,
)

Ask = Callable[[Services, TrialPage], None]


def nothing(_services: Services, _trial: TrialPage) -> None:
    """The browser asks for no image."""


def once(services: Services, trial: TrialPage) -> None:
    """The browser asks once for each image, and gets it."""
    for url in trial.images:
        token, _, by = url.removeprefix(MEDIA_PATH).partition("?by=")
        stimulus_images.media_file(services, token, session=by)


def again_and_again(services: Services, trial: TrialPage) -> None:
    """The browser asks as often as our page does before it gives up."""
    for _ in range(3):
        once(services, trial)


def refused(services: Services, trial: TrialPage) -> None:
    """The server has the image no more."""
    for url in trial.images:
        token, _, by = url.removeprefix(MEDIA_PATH).partition("?by=")
        asked = RequestedImage(session=by, media_token=token)
        services.images.note(asked, is_sent=False)


def is_main(services: Services, trial: TrialPage) -> bool:
    with services.store.read() as tx:
        query = select(Trial.role).join(SessionTrial, SessionTrial.trial_id == Trial.id)
        return tx.scalar(query.where(SessionTrial.token == trial.token)) == "main"


def work(
    services: Services, person: str = "anna", *, n_given: int = 0, ask: Ask = nothing
) -> str:
    """Do a block; all but so many main trials are said to have shown nothing."""
    token = enter(services, person)
    go_to_practice(services, token)
    do_block(services, token)
    page = responding.load_block(services, token)
    right = keys_of(services, page)
    for trial in page.trials:
        if is_main(services, trial) and (n_given := n_given - 1) < 0:
            ask(services, trial)
            body = failed_payload(trial.token)
        else:
            body = payload(trial.token, right[trial.token])
        responding.take_response(services, token, body)
    taking_steps.take_step(services, token, "survey", {})
    taking_steps.take_step(services, token, "debriefing")
    return token


def end(services: Services) -> tuple[str, str | None]:
    (group,) = study_progress(services, "things").sessions
    return group.validity, group.reason


def test_work_without_any_response_is_held_and_shows_no_code(opened):
    token = work(opened)
    step = taking_steps.current_step(opened, token)
    assert isinstance(step, HeldStep)
    assert isinstance(step.handoff, Wait)
    assert end(opened) == ("invalid", "hardly_any_response")
    (held,) = held_work.list_held_work(opened, "things")
    assert (held.n_given, held.n_main, held.n_failed, held.n_recorded) == (0, 4, 4, 0)
    taking_steps.withdraw(opened, token)
    withdrawn = taking_steps.current_step(opened, token)
    assert "C1ABCDEF" not in str(withdrawn)


def test_whoever_is_accepted_by_a_person_gets_the_code(opened):
    token = work(opened)
    (held,) = held_work.list_held_work(opened, "things")
    assert held_work.accept(opened, "things", participant=held.participant) == 1
    step = taking_steps.current_step(opened, token)
    assert isinstance(step, FinishStep)
    assert isinstance(step.handoff, Redirect)
    assert step.handoff.code == "C1ABCDEF"
    assert end(opened) == ("invalid", "hardly_any_response")  # paid, and not counted
    with pytest.raises(held_work.NotHeldError, match="nothing of participant"):
        held_work.accept(opened, "things", participant=held.participant)


@pytest.mark.parametrize(
    ("ask", "n_given", "reason"),
    [
        (nothing, 1, "failures_not_in_our_records"),  # 3 of 4 by the page's word
        (once, 1, "failures_not_in_our_records"),  # sent, and given up at once
        (again_and_again, 1, None),
        (refused, 1, None),
        (nothing, 2, None),  # half of 4: any browser may have a bad day
        (refused, 0, "hardly_any_response"),  # our fault, and still nothing to pay
    ],
)
def test_what_failed_is_believed_where_our_own_records_allow_it(
    opened, clock, ask, n_given, reason
):
    def ask_and_wait(services: Services, trial: TrialPage) -> None:
        ask(services, trial)
        clock.move(seconds=2)

    token = work(opened, n_given=n_given, ask=ask_and_wait)
    held = held_work.list_held_work(opened, "things")
    assert [each.reason for each in held] == ([] if reason is None else [reason])
    step = taking_steps.current_step(opened, token)
    assert step.name == ("finish" if reason is None else "held")


def test_giving_up_sooner_than_our_page_can_is_not_believed(opened):
    work(opened, n_given=1, ask=again_and_again)  # the clock stands still
    (held,) = held_work.list_held_work(opened, "things")
    assert held.reason == "failures_not_in_our_records"


def test_a_session_with_one_image_that_failed_is_like_any_other(opened):
    token = work(opened, n_given=3)
    assert taking_steps.current_step(opened, token).name == "finish"
    assert end(opened) == ("valid", None)


def test_requests_for_images_are_written_with_the_next_response(opened_on_both):
    token = enter(opened_on_both)
    go_to_practice(opened_on_both, token)
    first, second = responding.load_block(opened_on_both, token).trials[:2]
    once(opened_on_both, first)
    again_and_again(opened_on_both, second)
    for trial in (first, second):
        responding.take_response(opened_on_both, token, payload(trial.token))
        once(opened_on_both, first)
    with opened_on_both.store.read() as tx:
        rows = tx.scalars(select(ImageRequest)).all()
    assert sorted((row.n_sent, row.n_refused) for row in rows) == [(2, 0), (3, 0)]


def test_an_image_of_a_session_that_is_not_there_is_not_recorded(opened):
    log = ImageRequestLog()
    log.note(RequestedImage(session="no-such-session", media_token="t"), is_sent=True)
    with opened.store.write() as tx:
        log.write(tx)
        assert tx.scalars(select(ImageRequest)).all() == []
    assert ImageDeliveries() == ImageDeliveries(n_sent=0, n_refused=0)
