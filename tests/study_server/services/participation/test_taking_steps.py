"""A participant's way, from the link to the handoff."""

from __future__ import annotations

import hashlib

import pytest

from study_server.errors import FormError, UnknownTokenError
from study_server.recruiters.base import GiveBack, Redirect, ShowCode
from study_server.services import Services
from study_server.services.participation import leases, responding, taking_steps
from study_server.services.participation.steps import (
    ComprehensionStep,
    ConsentStep,
    DebriefingStep,
    ExpiredStep,
    FailedStep,
    FinishStep,
    InstructionsStep,
    PracticeStep,
    SurveyStep,
    TrialsStep,
    WithdrawnStep,
)
from study_server.services.studies.life import study_progress
from study_server.store import export_rows
from study_server.store.participation import people
from tests.study_server.conftest import FakeClock, open_things
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import (
    do_block,
    enter,
    go_all_the_way,
    go_to_practice,
    recruitment,
)


def step_of(services, token):
    return taking_steps.current_step(services, token)


def test_the_whole_way_leads_from_consent_to_the_handoff(opened_on_both: Services):
    token = enter(opened_on_both)
    consent = step_of(opened_on_both, token)
    assert isinstance(consent, ConsentStep)
    assert consent.sha256 == hashlib.sha256(consent.text.encode()).hexdigest()
    taking_steps.take_step(opened_on_both, token, "consent", {"agree": "yes"})
    assert isinstance(
        step_of(opened_on_both, token), InstructionsStep
    )  # no content warning
    taking_steps.take_step(opened_on_both, token, "instructions")
    assert isinstance(step_of(opened_on_both, token), ComprehensionStep)
    taking_steps.take_step(
        opened_on_both, token, "comprehension", {"question_0": "0", "question_1": "1"}
    )
    practice = step_of(opened_on_both, token)
    assert isinstance(practice, PracticeStep)
    assert practice.n_trials == 2
    receipts = do_block(opened_on_both, token)
    assert [r.feedback.is_right for r in receipts if r.feedback] == [True, True]
    trials = step_of(opened_on_both, token)
    assert isinstance(trials, TrialsStep)
    assert trials.n_trials == 6  # 4 main trials, 2 catches
    receipts = do_block(opened_on_both, token)
    assert [r.n_done for r in receipts] == [1, 2, 3, 4, 5, 6]
    assert all(receipt.feedback is None for receipt in receipts)
    assert isinstance(step_of(opened_on_both, token), SurveyStep)
    taking_steps.take_step(
        opened_on_both, token, "survey", {"gender": "woman", "comments": " x "}
    )
    assert isinstance(step_of(opened_on_both, token), DebriefingStep)
    taking_steps.take_step(opened_on_both, token, "debriefing")
    finish = step_of(opened_on_both, token)
    assert isinstance(finish, FinishStep)
    assert finish.handoff == Redirect(
        url="https://app.prolific.com/submissions/complete?cc=C1ABCDEF",
        code="C1ABCDEF",
    )


def test_consent_is_kept_with_its_hash_version_and_time(opened, clock: FakeClock):
    token = enter(opened)
    shown = step_of(opened, token)
    clock.move(seconds=40)
    taking_steps.take_step(opened, token, "consent", {"agree": "yes"})
    with opened.store.read() as tx:
        kept = people.find_enrolment(tx, token)
    assert kept is not None
    assert kept.consent_sha256 == shown.sha256
    assert kept.consent_version == "1"
    assert kept.consented_at == clock.now


def test_consent_needs_the_tick(opened):
    token = enter(opened)
    with pytest.raises(FormError, match="tick the box"):
        taking_steps.take_step(opened, token, "consent", {})
    assert isinstance(step_of(opened, token), ConsentStep)


def test_trials_are_no_step_that_a_form_takes(opened):
    token = enter(opened)
    for step in ("practice", "trials", "finish"):
        with pytest.raises(ValueError, match="no step that takes a form"):
            taking_steps.take_step(opened, token, step)


def test_a_content_warning_is_shown_where_there_is_one(services, stimuli, tmp_path):
    more = '[texts]\ncontent_warning = "Some pictures show spiders."'
    open_things(services, stimuli, folder=tmp_path, more=more)
    token = enter(services)
    taking_steps.take_step(services, token, "consent", {"agree": "yes"})
    assert step_of(services, token).name == "warning"
    taking_steps.take_step(services, token, "warning")
    assert step_of(services, token).name == "instructions"


def test_steps_sent_twice_or_out_of_order_change_nothing(opened):
    token = enter(opened)
    taking_steps.take_step(opened, token, "survey", {"gender": "woman"})
    taking_steps.take_step(opened, token, "debriefing")
    taking_steps.take_step(opened, token, "instructions")
    assert isinstance(step_of(opened, token), ConsentStep)
    for _ in range(2):
        taking_steps.take_step(opened, token, "consent", {"agree": "yes"})
    assert isinstance(step_of(opened, token), InstructionsStep)
    for _ in range(2):
        taking_steps.take_step(opened, token, "instructions")
    assert isinstance(step_of(opened, token), ComprehensionStep)


def test_a_second_try_is_given_and_its_double_click_forgiven(opened):
    token = enter(opened)
    taking_steps.take_step(opened, token, "consent", {"agree": "yes"})
    taking_steps.take_step(opened, token, "instructions")
    wrong = {"question_0": "0", "question_1": "0", "try": "0"}
    for _ in range(2):
        taking_steps.take_step(opened, token, "comprehension", wrong)
    step = step_of(opened, token)
    assert (step.n_used, step.n_tries, step.wrong) == (1, 2, (1,))
    right = {"question_0": "0", "question_1": "1", "try": "1"}
    taking_steps.take_step(opened, token, "comprehension", right)
    assert isinstance(step_of(opened, token), PracticeStep)


def test_a_question_left_out_is_no_try(opened):
    token = enter(opened)
    taking_steps.take_step(opened, token, "consent", {"agree": "yes"})
    taking_steps.take_step(opened, token, "instructions")
    with pytest.raises(FormError, match="question 2"):
        taking_steps.take_step(opened, token, "comprehension", {"question_0": "0"})
    assert step_of(opened, token).n_used == 0


def test_failing_the_check_twice_gives_the_place_back(opened_on_both):
    token = enter(opened_on_both)
    taking_steps.take_step(opened_on_both, token, "consent", {"agree": "yes"})
    taking_steps.take_step(opened_on_both, token, "instructions")
    for number in ("0", "1"):
        form = {"question_0": "1", "question_1": "0", "try": number}
        taking_steps.take_step(opened_on_both, token, "comprehension", form)
    assert isinstance(step_of(opened_on_both, token), FailedStep)
    progress = study_progress(opened_on_both, "things")
    assert progress.n_failed_comprehension == 1
    assert sum(block.n_reserved for block in progress.blocks) == 0
    (ended,) = progress.sessions
    assert (ended.state, ended.reason) == ("returned", "failed_comprehension")
    assert enter(opened_on_both) == token  # coming again does not give a third try
    failed = step_of(opened_on_both, token)
    assert isinstance(failed, FailedStep)
    assert isinstance(failed.handoff, GiveBack)


def test_whoever_failed_the_check_may_withdraw_their_consent(opened_on_both):
    token = enter(opened_on_both)
    taking_steps.take_step(opened_on_both, token, "consent", {"agree": "yes"})
    taking_steps.take_step(opened_on_both, token, "instructions")
    for number in ("0", "1"):
        form = {"question_0": "1", "question_1": "0", "try": number}
        taking_steps.take_step(opened_on_both, token, "comprehension", form)
    assert step_of(opened_on_both, token).can_withdraw
    taking_steps.withdraw(opened_on_both, token)
    left = step_of(opened_on_both, token)
    assert isinstance(left, WithdrawnStep)
    assert isinstance(left.handoff, GiveBack)
    assert not left.can_withdraw
    with opened_on_both.store.read() as tx:
        flow = export_rows.flow(
            tx, export_rows.ExportScope(study_id=1, environment="live")
        )
    assert (flow["failed_comprehension"], flow["withdrawn"]) == (1, 1)
    assert study_progress(opened_on_both, "things").n_failed_comprehension == 1


def test_who_did_a_block_keeps_the_code_when_withdrawing_at_the_end(opened_on_both):
    token = go_all_the_way(opened_on_both, "anna")
    taking_steps.take_step(opened_on_both, token, "survey", {})
    taking_steps.take_step(opened_on_both, token, "debriefing")
    finish = step_of(opened_on_both, token)
    taking_steps.withdraw(opened_on_both, token)
    left = step_of(opened_on_both, token)
    assert isinstance(left, WithdrawnStep)
    assert left.handoff == finish.handoff
    assert isinstance(left.handoff, Redirect | ShowCode)
    assert left.handoff.code == "C1ABCDEF"


def test_who_withdraws_within_the_first_block_gets_no_code(opened_on_both):
    token = enter(opened_on_both)
    go_to_practice(opened_on_both, token)
    do_block(opened_on_both, token)
    taking_steps.withdraw(opened_on_both, token)
    left = step_of(opened_on_both, token)
    assert isinstance(left, WithdrawnStep)
    assert isinstance(left.handoff, GiveBack)
    assert "C1ABCDEF" not in repr(left)


def test_who_withdraws_within_the_second_block_is_paid_for_the_first(
    services, tmp_path
):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=20))
    open_things(
        services, stimuli, folder=tmp_path, design="max_blocks_per_participant = 2"
    )
    token = go_all_the_way(services, "anna")
    taking_steps.take_another_block(services, token)
    taking_steps.withdraw(services, token)
    left = step_of(services, token)
    assert isinstance(left, WithdrawnStep)
    assert left.handoff == Redirect(
        url="https://app.prolific.com/submissions/complete?cc=C1ABCDEF",
        code="C1ABCDEF",
    )


@pytest.mark.parametrize("n_steps", range(5))
def test_one_can_withdraw_at_any_step(services, stimuli, tmp_path, n_steps):
    open_things(services, stimuli, folder=tmp_path)
    token = enter(services)
    steps = [
        lambda: taking_steps.take_step(services, token, "consent", {"agree": "yes"}),
        lambda: go_to_practice(services, token),
        lambda: do_block(services, token),
        lambda: do_block(services, token),
    ]
    for take_step in steps[:n_steps]:
        take_step()
    for _ in range(2):
        taking_steps.withdraw(services, token)
    assert isinstance(step_of(services, token), WithdrawnStep)
    progress = study_progress(services, "things")
    assert sum(block.n_reserved + block.n_valid for block in progress.blocks) == 0
    (ended,) = progress.sessions
    assert (ended.validity, ended.reason) == ("invalid", "withdrawn")
    assert ended.state == ("completed" if n_steps == 4 else "withdrawn")


def test_withdrawing_keeps_the_responses_but_stops_them_counting(opened_on_both):
    token = go_all_the_way(opened_on_both, "anna")
    assert study_progress(opened_on_both, "things").responses_per_trial == {0: 4, 1: 4}
    taking_steps.withdraw(opened_on_both, token)
    assert study_progress(opened_on_both, "things").responses_per_trial == {0: 8}
    assert enter(opened_on_both, "anna") == token


def test_when_the_time_is_over_the_page_says_so(opened, clock):
    token = enter(opened)
    go_to_practice(opened, token)
    clock.move(minutes=60)
    step = step_of(opened, token)
    assert isinstance(step, ExpiredStep)
    assert step.can_return
    taking_steps.take_step(opened, token, "consent", {"agree": "yes"})
    assert isinstance(step_of(opened, token), ExpiredStep)


def test_coming_again_takes_an_expired_session_up_where_it_stopped(
    opened_on_both, clock
):
    token = enter(opened_on_both)
    go_to_practice(opened_on_both, token)
    do_block(opened_on_both, token)
    before = responding.load_block(opened_on_both, token)
    clock.move(minutes=61)
    assert leases.sweep(opened_on_both) == 1
    assert isinstance(step_of(opened_on_both, token), ExpiredStep)
    assert enter(opened_on_both) == token
    after = responding.load_block(opened_on_both, token)
    assert [t.token for t in after.trials] == [t.token for t in before.trials]
    do_block(opened_on_both, token)
    assert isinstance(step_of(opened_on_both, token), SurveyStep)


def test_an_expired_session_stays_so_when_its_place_is_taken(opened_on_both, clock):
    token = enter(opened_on_both)
    clock.move(minutes=61)
    others = [enter(opened_on_both, f"other-{number}") for number in range(4)]
    assert len(set(others)) == 4  # 2 x 2 blocks, all taken now
    assert enter(opened_on_both) == token
    step = step_of(opened_on_both, token)
    assert isinstance(step, ExpiredStep)
    assert not step.can_return


def test_the_survey_may_be_left_empty_but_not_filled_with_other_choices(opened):
    token = go_all_the_way(opened, "anna")
    with pytest.raises(FormError, match="choose one"):
        taking_steps.take_step(opened, token, "survey", {"gender": "a'; DROP TABLE"})
    with pytest.raises(FormError, match="at most 2000"):
        taking_steps.take_step(opened, token, "survey", {"comments": "x" * 2001})
    taking_steps.take_step(opened, token, "survey", {})
    assert isinstance(step_of(opened, token), DebriefingStep)


def test_an_unknown_address_belongs_to_nobody(opened):
    with pytest.raises(UnknownTokenError):
        taking_steps.current_step(opened, "nobody")
    with pytest.raises(UnknownTokenError):
        taking_steps.withdraw(opened, "nobody")


def test_lab_people_are_thanked(opened):
    from study_server.recruiters.base import ThankYou
    from study_server.services.participation import admission

    entry = admission.enter(
        opened, recruitment(opened, "lab").token, incoming={"visit": "v" * 20}
    )
    go_to_practice(opened, entry.token)
    do_block(opened, entry.token)
    do_block(opened, entry.token)
    taking_steps.take_step(opened, entry.token, "survey", {})
    taking_steps.take_step(opened, entry.token, "debriefing")
    finish = step_of(opened, entry.token)
    assert isinstance(finish, FinishStep)
    assert finish.handoff == ThankYou()
